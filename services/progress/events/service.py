"""Events read by cursor."""

import base64
import binascii
import re
from collections.abc import Sequence

from services.progress.events import errors, repository
from services.progress.events.schemas import Event, EventPage, data_of
from services.progress.events.types import TYPES
from shared.db import Database

_CURSOR = re.compile(rb"1:(\d{1,18})")


class EventService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, after: str | None, types: Sequence[str], limit: int) -> EventPage:
        """Up to ``limit`` events behind the cursor ``after``, or from the oldest that is kept.

        Problems ``invalid_cursor``, ``cursor_expired``, ``unknown_event_type``.
        """
        place = 0 if after is None else place_of(after)
        for name in types:
            if name not in TYPES:
                raise errors.unknown_event_type(name)
        async with self._database.session_scope() as session:
            numbers = await repository.numbers(session)
            if after is not None and place < numbers["last_forgotten"]:
                raise errors.cursor_expired()
            last = numbers["last_given"]
            rows = await repository.page(session, place, last, types, limit + 1)
        has_more = len(rows) > limit
        shown = rows[:limit]
        # Where nothing is left, the next question begins behind all that was looked at, whatever its type.
        reached = shown[-1]["seq"] if has_more else max(last, place)
        return EventPage(
            events=[
                Event(id=str(row["id"]), type=row["type"], timestamp=row["created_at"], data=data_of(row))
                for row in shown
            ],
            next=cursor_of(reached),
            has_more=has_more,
        )


def cursor_of(place: int) -> str:
    return base64.urlsafe_b64encode(f"1:{place}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> int:
    """The number that a cursor stands for. Problem ``invalid_cursor``."""
    try:
        found = _CURSOR.fullmatch(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        raise errors.invalid_cursor()
    return int(found.group(1))
