"""Progress as the API speaks of it; ``currentPosition``, ``watchPercentage`` and ``isCompleted`` are the seeds' names."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.contracts.model import Document, Moment

Seconds = Annotated[float, Field(ge=0, le=360_000, allow_inf_nan=False)]


class Interval(Document):
    """A stretch of the film that was played, at ``rate`` times its speed."""

    from_: Seconds = Field(alias="from")
    to: Seconds
    rate: Annotated[float, Field(gt=0, le=16)] = 1.0


class Beat(Document):
    seq: Annotated[int, Field(ge=0, le=2**53)] = 0
    sent_at: datetime | None = None
    """By the player's own clock: for whoever reads a log, and for nothing else."""
    intervals: list[Interval] = Field(default_factory=list, max_length=1000)
    """In the order in which they were played."""
    position: Seconds | None = None
    state: Literal["playing", "paused", "ended"] | None = None
    """What the player does after these intervals; ``ended``: the viewer left, or the film is over and closed."""
    age: Annotated[float, Field(ge=0, le=30 * 86_400, allow_inf_nan=False)] = 0.0
    """Seconds since the beat was made: more than none where it waited for a network."""


class ProgressInput(Document):
    """What the seeds' clients send. The percentage is theirs to believe; ours is counted."""

    current_position: Seconds | None = None
    """Where it is left out, the percentage says where the viewer is."""
    total_duration: Seconds | None = None
    watch_percentage: Annotated[float, Field(ge=0, le=100)] | None = None


class OpenedSession(BaseModel):
    """The playback session that the gateway vouches for when a position comes in."""

    id: UUID
    opened_at: datetime


class Gap(Document):
    from_: float = Field(alias="from")
    to: float


class ProgressAnswer(Document):
    chapter_id: str
    course_id: str
    video_id: str | None
    current_position: float
    total_duration: float | None
    watch_percentage: float
    completion_percentage: float
    """How much has to be watched for the chapter to be completed."""
    is_completed: bool
    completed_at: Moment | None
    started_at: Moment | None
    frontier: float
    max_seek: float | None
    gaps: list[Gap]
    watched_seconds: float
    next_chapter_id: str | None
    next_chapter_unlocked: bool
    updated_at: Moment | None


class PastProgress(Document):
    """What progress was when it was reset."""

    reset_at: Moment
    reset_by: str
    watch_percentage: float
    watched_seconds: float
    current_position: float
    total_watch_time: float
    is_completed: bool
    completed_at: Moment | None
    started_at: Moment | None


class HistoryAnswer(Document):
    history: list[PastProgress]
