"""Courses as the API speaks of them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.contracts.model import Document, ExternalId, GivenMoment, Moment, Text

Title = Annotated[Text, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class ChapterInput(Document):
    id: ExternalId
    title: Title
    is_free: bool = False
    first_watch_restricted: bool = False
    position: int | None = Field(default=None, ge=0, le=1_000_000)
    """Where it stands; the place in the list where it is left out."""


class CourseInput(Document):
    title: Title
    is_sequential: bool = False
    chapters: list[ChapterInput] = Field(default_factory=list, max_length=2000)


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
    progress: ChapterProgress


class CourseAnswer(Document):
    id: str
    title: str
    is_sequential: bool
    is_enrolled: bool
    chapters: list[ChapterAnswer]


class CourseSummary(Document):
    id: str
    title: str
    chapter_count: int
    is_enrolled: bool
    progress: float
    """Per cent of the chapters with a video that the caller completed."""
    poster_url: str | None
    """A picture of the first film that the caller may open."""


class CourseList(Document):
    courses: list[CourseSummary]


class EnrollmentInput(Document):
    starts_at: GivenMoment | None = None
    ends_at: GivenMoment | None = None


class EnrollmentAnswer(Document):
    course_id: str
    user_id: str
    starts_at: Moment | None
    ends_at: Moment | None
