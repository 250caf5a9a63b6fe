"""The events there are. docs/webhooks.md says when each happens and what it tells."""

from typing import Literal, get_args

EventType = Literal[
    "video.playable",
    "video.ready",
    "video.failed",
    "video.replaced",
    "video.deleted",
    "chapter.started",
    "chapter.completed",
    "course.completed",
    "progress.suspicious",
]
TYPES: frozenset[str] = frozenset(get_args(EventType))
TEST = "webhook.test"
"""Made for one endpoint, when somebody tries it: nobody else hears of it."""
