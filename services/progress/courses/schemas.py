"""A student's way through a course, and their figures."""

from datetime import date
from typing import Literal

from shared.contracts.model import Document, Moment


class ChapterState(Document):
    chapter_id: str
    title: str
    state: Literal["not_started", "in_progress", "completed"]
    watch_percentage: float
    watched_seconds: float
    total_duration: float | None
    current_position: float
    is_completed: bool
    completed_at: Moment | None
    is_locked: bool
    locked_reason: str | None


class LastWatched(Document):
    chapter_id: str
    current_position: float


class CourseProgress(Document):
    course_id: str
    title: str
    overall_percentage: float
    chapters_completed: int
    chapters_total: int
    total_watch_time: float
    last_watched: LastWatched | None
    chapters: list[ChapterState]


class DayOfWatching(Document):
    date: date
    seconds: float


class CourseFigures(Document):
    """How far a student is in one course; ``completed_at``: when the last of its chapters was completed first."""

    course_id: str
    title: str
    overall_percentage: float
    chapters_completed: int
    chapters_total: int
    total_watch_time: float
    last_watched_at: Moment | None
    completed_at: Moment | None


class GoOn(Document):
    """The chapter of a course to go on with: begun, or the next one after what was completed."""

    course_id: str
    course_title: str
    chapter_id: str
    title: str
    video_id: str
    state: Literal["in_progress", "not_started"]
    current_position: float
    total_duration: float | None
    watch_percentage: float
    last_watched_at: Moment
    """When the student was in this course last."""


class GoOnList(Document):
    chapters: list[GoOn]


class Stats(Document):
    total_watch_time: float
    chapters_completed: int
    courses_started: int
    courses_completed: int
    current_streak: int
    longest_streak: int
    courses: list[CourseFigures]
    days: list[DayOfWatching]
