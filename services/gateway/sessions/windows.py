"""Key windows on the film's clock, and how many of them a student who came so far may open. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from shared.contracts.video import SEGMENTS_PER_KEY_WINDOW

AHEAD_MS = 90_000
"""How far beyond the frontier a window may begin and be open: what a player wants to have in its buffer at twice the
speed, with beats ten seconds apart."""


@dataclass(frozen=True)
class Windows:
    """``starts`` has the first millisecond of each window, ``duration_ms`` the end of the last."""

    starts: tuple[int, ...]
    duration_ms: int

    @classmethod
    def of(cls, durations: Sequence[float]) -> "Windows":
        """The windows of a film whose segments last so many seconds."""
        borders = [0.0, *accumulate(durations)]
        starts = tuple(round(start * 1000) for start in borders[:-1:SEGMENTS_PER_KEY_WINDOW])
        return cls(starts, round(borders[-1] * 1000))

    def released(self, frontier_ms: int) -> int:
        """How many windows are open, from the first on."""
        return bisect_right(self.starts, frontier_ms + AHEAD_MS)

    def until(self, count: int) -> int:
        """The millisecond at which the first ``count`` windows end."""
        return self.starts[count] if count < len(self.starts) else self.duration_ms
