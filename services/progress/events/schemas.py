"""Events as the platform reads them."""

from typing import Any

from sqlalchemy import RowMapping

from shared.contracts.model import Document, Moment

MOST = 1000


class Event(Document):
    id: str
    type: str
    timestamp: Moment
    data: dict[str, Any]


class EventPage(Document):
    """``next`` goes into ``after`` of the next question, whether there is more by now or not."""

    events: list[Event]
    next: str
    has_more: bool


def data_of(row: RowMapping) -> dict[str, Any]:
    """What an event tells: whom and what it is about, then what is its type's own.

    ``row`` has ``user_id``, ``course_id``, ``chapter_id``, ``video_id`` and ``data`` of ``analytics.platform_events``.
    """
    about = {
        "userId": row["user_id"],
        "courseId": row["course_id"],
        "chapterId": row["chapter_id"],
        "videoId": str(row["video_id"]) if row["video_id"] else None,
    }
    return {name: value for name, value in about.items() if value is not None} | dict(row["data"])
