"""What a player tells about a viewing session."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.model import Document, Text

EventType = Literal[
    "session_start",
    "session_end",
    "quality_change",
    "stall",
    "startup",
    "error",
    "bandwidth",
    "fullscreen",
    "pip",
    "speed",
]


class Event(Document):
    """``at`` is the position in the film. Which further members matter depends on ``type``."""

    type: EventType
    at: Annotated[float, Field(ge=0, le=360_000)] | None = None
    quality: Annotated[Text, Field(max_length=32)] | None = None
    bytes: Annotated[int, Field(ge=0, le=2**50)] | None = None
    watch_duration: Annotated[float, Field(ge=0, le=360_000)] | None = None


class EventBatch(Document):
    session_id: UUID
    events: list[Event] = Field(min_length=1, max_length=500)


class TakenHome(Document):
    """By the gateway; ``id`` is that of the link, ``bytes`` of the whole file."""

    id: UUID
    video_id: UUID
    quality: str
    bytes: int


class Accepted(Document):
    accepted: int
