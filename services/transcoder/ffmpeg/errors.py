"""Why a child did not do its work."""

from __future__ import annotations

from collections.abc import Sequence


class FFmpegFailed(Exception):
    """FFmpeg did not finish its work. `message` is for a person, `stderr_tail` for an admin."""

    def __init__(self, code: str, message: str, stderr_tail: Sequence[str] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.stderr_tail = list(stderr_tail)


class CageBroken(Exception):
    """The worker could not shut a child in: a fault of the machine, and none of the film."""
