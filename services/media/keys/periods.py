"""How often keys are rotated, and how long what they leave behind is kept."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SPARE = timedelta(hours=1)
"""Added to the longest session: clocks differ, and a segment may be on its way."""


@dataclass(frozen=True)
class Periods:
    """``rotate_after`` None: by command only."""

    rotate_after: timedelta | None
    longest_session: timedelta

    @property
    def next(self) -> datetime:
        """When keys that are made now are to be rotated."""
        return datetime.now(UTC) + (self.rotate_after or timedelta(days=7))

    @property
    def retired(self) -> timedelta:
        """For how long what an epoch left behind may still be asked for."""
        return self.longest_session + SPARE
