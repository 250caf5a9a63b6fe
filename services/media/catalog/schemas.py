"""Courses as the API speaks of them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.contracts.model import Document, ExternalId, Moment, Text

Title = Annotated[Text, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


Completion = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
"""Per cent of a film that has to be watched for its chapter to be completed."""


class ChapterInput(Document):
    id: ExternalId
    title: Title
    is_free: bool = False
    first_watch_restricted: bool = False
    position: int | None = Field(default=None, ge=0, le=1_000_000)
    """Where it stands; the place in the list where it is left out."""
    completion_percentage: Completion | None = None
    """As of the course, for this chapter; what the course says where it is left out."""


class CourseInput(Document):
    title: Title
    is_sequential: bool = False
    chapters: list[ChapterInput] = Field(default_factory=list, max_length=2000)
    downloads: Literal["off", "enrolled"] | None = None
    """Who may take its films home. It stays as it is where this is left out, and is off in a new course."""
    instructors: list[ExternalId] | None = Field(default=None, max_length=1000)
    """Who teaches it; they stay as they are where this is left out."""
    completion_percentage: Completion | None = None
    """It stays as it is where this is left out, or null, and is 90 in a new course."""
    students_may_complete: bool | None = None
    """Whether students may mark chapters as completed themselves. It stays as it is where this is left out."""


class ChapterProgress(Document):
    watch_percentage: float
    current_position: float
    is_completed: bool


class ChapterAnswer(Document):
    id: str
    title: str
    position: int
    is_free: bool
    first_watch_restricted: bool
    video_id: str | None
    video_status: str | None
    video_percent: float | None
    duration: float | None
    poster_url: str | None
    is_locked: bool
    locked_reason: str | None
    requires_chapter_id: str | None
    completion_percentage: float
    """How much of its film has to be watched for it to be completed."""
    download_policy: str | None
    """What the film says of itself: inherit, off or enrolled; null for who does not teach the course."""
    can_download: bool
    """Whether the caller may take the film home now."""
    progress: ChapterProgress


class CourseAnswer(Document):
    id: str
    title: str
    is_sequential: bool
    downloads: str
    completion_percentage: float
    students_may_complete: bool
    is_enrolled: bool
    enrollment_starts_at: Moment | None
    """When the caller's own enrolment begins; null where there is none, it has no such bound, or the platform decides."""
    enrollment_ends_at: Moment | None
    """The same of its end."""
    is_staff: bool
    """Whether the caller may upload, replace and delete its films and see its students' progress."""
    instructors: list[str] | None
    """Who teaches it; null for who does not."""
    chapters: list[ChapterAnswer]


class CourseSummary(Document):
    id: str
    title: str
    chapter_count: int
    is_enrolled: bool
    is_staff: bool
    progress: float
    """Per cent of the chapters with a video that the caller completed."""
    poster_url: str | None
    """A picture of the first film that the caller may open."""


class CourseList(Document):
    courses: list[CourseSummary]
