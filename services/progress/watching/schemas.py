"""Progress as the API speaks of it; ``currentPosition``, ``watchPercentage`` and ``isCompleted`` are the seeds' names."""

from datetime import datetime
from typing import Annotated
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
    intervals: list[Interval] = Field(default_factory=list, max_length=1000)
    position: Seconds | None = None


class ProgressInput(Document):
    """What the seeds' clients send. The percentage is theirs to believe; ours is counted."""

    current_position: Seconds
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
    is_completed: bool
    completed_at: Moment | None
    frontier: float
    max_seek: float | None
    gaps: list[Gap]
    watched_seconds: float
    next_chapter_id: str | None
    next_chapter_unlocked: bool
    updated_at: Moment | None
