"""A student's way through a course, and their figures."""

from datetime import date
from typing import Literal

from shared.contracts.model import Document


class ChapterState(Document):
    chapter_id: str
    title: str
    state: Literal["not_started", "in_progress", "completed"]
    watch_percentage: float
    watched_seconds: float
    current_position: float
    is_completed: bool
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


class Stats(Document):
    total_watch_time: float
    chapters_completed: int
    courses_started: int
    courses_completed: int
    current_streak: int
    days: list[DayOfWatching]
