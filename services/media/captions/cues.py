"""What captions are made of, and how much of it there may be. Pure."""

from dataclasses import dataclass, replace

MOST_BYTES = 2 * 1024 * 1024
"""Of one file: a day of talk has less."""
MOST_CUES = 20_000
MOST_TEXT = 2_000
"""Characters of one cue, with its markup."""
LATEST_MS = 24 * 3600 * 1000
"""No film is longer than half of that."""


class CaptionFault(Exception):
    """The text is no captions that can be shown. ``code`` is stable, ``message`` for whoever wrote it; ``line`` counts
    from 1 and is None where the fault is not on one line."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.line = line


@dataclass(frozen=True)
class Cue:
    """A text that is shown from ``start`` until ``end``, in milliseconds of the film.

    ``text`` is WebVTT cue text of known tags only, of one line or more; ``settings`` are WebVTT cue settings.
    """

    start: int
    end: int
    text: str
    settings: str = ""

    def moved(self, by: int) -> "Cue":
        return replace(self, start=self.start + by, end=self.end + by)

    def is_shown_between(self, start: int, end: int) -> bool:
        """Whether any moment of it lies in [start, end)."""
        return self.start < end and self.end > start
