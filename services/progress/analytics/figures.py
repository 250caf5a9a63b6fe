"""What the events of a session come to; no database."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import RowMapping

from services.progress.analytics.schemas import Event

MOST_BYTES = 2**44
"""Of one session: more is a mistake or a lie, and sums have to stay what they are."""
BYTES_A_SECOND = 5_000_000
BYTES_AT_ONCE = 100_000_000
"""What a session can have loaded since it was opened: 40 Mbit/s, which is several times what the highest rendition at
twice the speed takes, and one full buffer. Nobody makes a course's traffic look dear by claiming more."""
MOST_MS = 86_400_000
MOST_NAMES = 24
"""Different names that are kept of one session, of errors and of renditions each; the rest are ``other``."""
OTHER = "other"


@dataclass
class Figures:
    """Of one session, as its row has them."""

    quality_selected: str | None = None
    bandwidth_used: int = 0
    bytes_by_rendition: dict[str, int] = field(default_factory=dict)
    startup_ms: int | None = None
    stall_count: int = 0
    stall_ms: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    speed: float | None = None
    event_counts: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def most_bytes(seconds: float) -> int:
        """That a session of so many seconds can have loaded."""
        return min(MOST_BYTES, BYTES_AT_ONCE + int(BYTES_A_SECOND * max(0.0, seconds)))

    @classmethod
    def of(cls, row: RowMapping) -> "Figures":
        figures = cls()
        for name in vars(figures):
            setattr(figures, name, row[name])
        return figures

    @property
    def events(self) -> int:
        return sum(self.event_counts.values())

    def add(self, events: Iterable[Event], most_bytes: int = MOST_BYTES) -> None:
        for event in events:
            self.event_counts[event.type] = self.event_counts.get(event.type, 0) + 1
            if event.quality is not None:
                self.quality_selected = event.quality
            if event.bytes:
                self._bytes(event.rendition or event.quality or OTHER, event.bytes, most_bytes)
            duration_ms = milliseconds(event)
            if event.type == "startup" and self.startup_ms is None and duration_ms is not None:
                # The first one is what the viewer waited for; a player that is made anew tells of another.
                self.startup_ms = duration_ms
            elif event.type == "stall":
                self.stall_count += 1
                self.stall_ms = min(self.stall_ms + (duration_ms or 0), MOST_MS)
            elif event.type == "error":
                _count(self.errors, event.code or OTHER, 1)
            elif event.type == "speed" and event.rate is not None:
                self.speed = event.rate

    def _bytes(self, rendition: str, more: int, most: int) -> None:
        more = max(0, min(more, most - self.bandwidth_used))
        self.bandwidth_used += more
        _count(self.bytes_by_rendition, rendition, more)


def milliseconds(event: Event) -> int | None:
    return None if event.duration is None else min(round(event.duration * 1000), MOST_MS)


def _count(named: dict[str, int], name: str, more: int) -> None:
    kept = name if name in named or len(named) < MOST_NAMES else OTHER
    named[kept] = named.get(kept, 0) + more
