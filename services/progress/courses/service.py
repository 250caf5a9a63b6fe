"""How far a student is, in a course and altogether."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import RowMapping
from sqlalchemy.exc import DBAPIError

from services.progress.courses import repository
from services.progress.courses.schemas import (
    ChapterState,
    CourseFigures,
    CourseProgress,
    DayOfWatching,
    GoOn,
    GoOnList,
    LastWatched,
    Stats,
)
from services.progress.watching import credit
from shared.contracts.access import Actor
from shared.db import Database
from shared.http import Problem

DAYS_SHOWN = 60
INVALID_PARAMETER = "22023"
"""SQLSTATE: what Postgres says of a time zone that it does not know."""


class CourseProgressService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def course(
        self, actor: Actor, course_id: str, user_id: str | None = None, right: bool | None = None
    ) -> CourseProgress:
        """The actor's own way, or for who teaches the course, an admin or a back end that of ``user_id``.

        ``right``: what the platform says of the actor's part in it, in place of an enrolment.
        """
        student = user_id or actor.user_id
        async with self._database.session_scope() as session:
            rows = await repository.overview(session, course_id, student, actor, right)
        teaches = any(row["is_staff"] for row in rows)
        sees_all = teaches or actor.role.sees_all
        if student != actor.user_id and not sees_all:
            raise _not_shown()
        part = right or any(row["is_free"] or (row["has_enrollment"] and right is None) for row in rows)
        if not rows or not (sees_all or part):
            raise Problem(404, "course_not_found", f"There is no course {course_id}, or you have no part in it.")
        chapters = [_chapter(row, staff=teaches and student == actor.user_id) for row in rows]
        countable = [chapter for chapter, row in zip(chapters, rows, strict=True) if row["has_video"]]
        completed = sum(chapter.is_completed for chapter in countable)
        touched = max((row for row in rows if row["watched_at"]), key=lambda row: row["watched_at"], default=None)
        return CourseProgress(
            course_id=course_id,
            title=rows[0]["course_title"],
            overall_percentage=round(100 * completed / len(countable), 1) if countable else 0.0,
            chapters_completed=completed,
            chapters_total=len(countable),
            total_watch_time=sum(row["watch_time_ms"] for row in rows) / 1000,
            last_watched=LastWatched(
                chapter_id=touched["chapter_id"], current_position=round(touched["position_ms"] / 1000, 3)
            )
            if touched
            else None,
            chapters=chapters,
        )

    async def stats(self, actor: Actor, tz: str, user_id: str | None = None) -> Stats:
        """The actor's own figures, or for an admin or a back end those of ``user_id``: they are of all courses."""
        student = user_id or actor.user_id
        if student != actor.user_id and not actor.role.sees_all:
            raise _not_shown()
        try:
            ZoneInfo(tz)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise _unknown_zone() from None
        try:
            async with self._database.session_scope() as session:
                courses = await repository.courses(session, student)
                totals = await repository.totals(session, student)
                days = await repository.days(session, student, tz)
                today = await repository.today(session, tz)
        except DBAPIError as error:
            # Postgres has a list of its own, and does not know all of Python's (localtime, or what is newer than it).
            if getattr(error.orig, "sqlstate", None) == INVALID_PARAMETER:
                raise _unknown_zone() from None
            raise
        return Stats(
            total_watch_time=totals["watch_time_ms"] / 1000,
            chapters_completed=totals["chapters_completed"],
            courses_started=totals["courses_started"],
            courses_completed=totals["courses_completed"],
            current_streak=streak([day for day, _ in days], today),
            longest_streak=longest_streak([day for day, _ in days]),
            courses=[_figures(row) for row in courses],
            days=[DayOfWatching(date=day, seconds=round(seconds, 1)) for day, seconds in days[:DAYS_SHOWN]],
        )

    async def going_on(self, actor: Actor, limit: int, user_id: str | None = None) -> GoOnList:
        """What the actor, or for an admin or a back end ``user_id``, would go on watching, the last course first."""
        student = user_id or actor.user_id
        if student != actor.user_id and not actor.role.sees_all:
            raise _not_shown()
        async with self._database.session_scope() as session:
            rows = await repository.going_on(session, student, actor, limit)
        return GoOnList(chapters=[_go_on(row) for row in rows])


def _unknown_zone() -> Problem:
    return Problem(400, "unknown_time_zone", "tz must be a time zone's name, such as Asia/Tbilisi.")


def streak(days: list[date], today: date) -> int:
    """Days in a row, newest first, up to today; a streak is not broken until today is over."""
    expected = today if days and days[0] == today else today - timedelta(days=1)
    count = 0
    for day in days:
        if day != expected:
            break
        count += 1
        expected -= timedelta(days=1)
    return count


def longest_streak(days: list[date]) -> int:
    """The most days in a row of ``days``, newest first and each once."""
    longest = count = 0
    for newer, day in zip([None, *days], days, strict=False):
        count = count + 1 if newer is not None and newer - day == timedelta(days=1) else 1
        longest = max(longest, count)
    return longest


def _not_shown() -> Problem:
    return Problem(
        403, "role_required", "Only who teaches the course, an admin or a back end sees somebody else's progress."
    )


def _chapter(row: RowMapping, *, staff: bool) -> ChapterState:
    reason = None if staff else row["locked_reason"]
    duration = row["duration_ms"] or 0
    percentage = credit.percentage(row["watched_ms"], duration)
    begun = row["watched_ms"] > 0 or row["position_ms"] > 0
    state = "completed" if row["is_completed"] else "in_progress" if begun else "not_started"
    return ChapterState(
        chapter_id=row["chapter_id"],
        title=row["title"],
        state=state,
        watch_percentage=percentage,
        watched_seconds=round(row["watched_ms"] / 1000, 3),
        total_duration=duration / 1000 if duration else None,
        current_position=round(row["position_ms"] / 1000, 3),
        is_completed=row["is_completed"],
        completed_at=row["completed_at"],
        is_locked=reason is not None,
        locked_reason=reason,
    )


def _figures(row: RowMapping) -> CourseFigures:
    total = row["chapters_total"]
    return CourseFigures(
        course_id=row["course_id"],
        title=row["title"],
        overall_percentage=round(100 * row["chapters_completed"] / total, 1) if total else 0.0,
        chapters_completed=row["chapters_completed"],
        chapters_total=total,
        total_watch_time=row["watch_time_ms"] / 1000,
        last_watched_at=row["last_watched_at"],
        completed_at=row["completed_at"],
    )


def _go_on(row: RowMapping) -> GoOn:
    duration = row["duration_ms"] or 0
    return GoOn(
        course_id=row["course_id"],
        course_title=row["course_title"],
        chapter_id=row["chapter_id"],
        title=row["title"],
        video_id=str(row["video_id"]),
        state="in_progress" if row["watched_ms"] > 0 or row["position_ms"] > 0 else "not_started",
        current_position=round(row["position_ms"] / 1000, 3),
        total_duration=duration / 1000 if duration else None,
        watch_percentage=credit.percentage(row["watched_ms"], duration),
        last_watched_at=row["last_watched_at"],
    )
