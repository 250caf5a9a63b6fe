"""Overviews: each is one statement."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import RowMapping, text

from shared.contracts.access import Actor
from shared.db import Session

# What was told of a film that was replaced since is on the old film's clock: fractions stay.
_CLOCK = """
CROSS JOIN LATERAL (SELECT CASE WHEN p.version_id IS DISTINCT FROM v.id AND p.duration_ms > 0 AND v.duration IS NOT NULL
    THEN v.duration * 1000 / p.duration_ms ELSE 1 END AS factor) clock
"""

# When somebody was last in a chapter. A mark of staff or a reset is no watching.
_WATCHED_AT = "coalesce(p.position_at, CASE WHEN p.watched <> '{}' OR p.position_ms > 0 THEN p.updated_at END)"

_OVERVIEW = """
SELECT catalog.is_staff(ch.course_id, :actor_id, :role) AS is_staff, ch.course_title, ch.chapter_id, ch.title, ch.is_free, ch.video_id IS NOT NULL AS has_video,
       e.user_id IS NOT NULL AS has_enrollment, catalog.locked_reason(ch, :user_id, CAST(:right AS boolean)) AS locked_reason,
       coalesce(p.is_completed, false) AS is_completed, coalesce(p.position_ms * clock.factor, 0)::float8 AS position_ms,
       coalesce(p.watch_time_ms, 0) AS watch_time_ms, {watched_at} AS watched_at, p.completed_at, p.user_id IS NOT NULL AS has_progress,
       coalesce(v.duration * 1000, p.duration_ms)::float8 AS duration_ms,
       coalesce(clock.factor * (SELECT sum(upper(r) - lower(r)) FROM unnest(p.watched) r), 0)::float8 AS watched_ms
FROM catalog.current_chapters ch
LEFT JOIN media.video_versions v ON v.id = ch.version_id
LEFT JOIN catalog.enrollments e ON e.course_id = ch.course_id AND e.user_id = :user_id
LEFT JOIN learning.progress p ON p.user_id = :user_id AND p.chapter_id = ch.chapter_id
{clock}
WHERE ch.course_id = :course_id ORDER BY ch.position
"""
OVERVIEW = text(_OVERVIEW.replace("{clock}", _CLOCK).replace("{watched_at}", _WATCHED_AT))

TOTALS = text("""
SELECT coalesce(sum(p.watch_time_ms), 0)::float8 AS watch_time_ms,
       count(*) FILTER (WHERE p.is_completed) AS chapters_completed,
       count(DISTINCT p.course_id) AS courses_started,
       (SELECT count(*) FROM (
            SELECT ch.course_id FROM catalog.current_chapters ch
            LEFT JOIN learning.progress done ON done.user_id = :user_id AND done.chapter_id = ch.chapter_id
            WHERE ch.video_id IS NOT NULL
              AND ch.course_id IN (SELECT course_id FROM learning.progress WHERE user_id = :user_id)
            GROUP BY ch.course_id HAVING bool_and(coalesce(done.is_completed, false))) whole) AS courses_completed
FROM learning.progress p WHERE p.user_id = :user_id
""")

_COURSES = """
SELECT ch.course_id, ch.course_title AS title, count(ch.video_id) AS chapters_total,
       count(*) FILTER (WHERE p.is_completed AND ch.video_id IS NOT NULL) AS chapters_completed,
       coalesce(sum(p.watch_time_ms), 0)::float8 AS watch_time_ms, max({watched_at}) AS last_watched_at, done.completed_at
FROM catalog.current_chapters ch
LEFT JOIN learning.progress p ON p.user_id = :user_id AND p.chapter_id = ch.chapter_id
LEFT JOIN learning.course_completions done ON done.user_id = :user_id AND done.course_id = ch.course_id
WHERE ch.course_id IN (SELECT course_id FROM learning.progress WHERE user_id = :user_id)
GROUP BY ch.course_id, ch.course_title, done.completed_at ORDER BY max({watched_at}) DESC NULLS LAST LIMIT 200
"""
COURSES = text(_COURSES.replace("{watched_at}", _WATCHED_AT))

# Of each course the chapter that was watched last, or where that one is completed the next one after it that has a film
# and is not: what a student would go on with.
_GOING_ON = """
WITH last AS (
    SELECT DISTINCT ON (p.course_id) p.course_id, p.chapter_id, {watched_at} AS updated_at
    FROM learning.progress p JOIN catalog.current_chapters ch ON ch.chapter_id = p.chapter_id
    WHERE p.user_id = :user_id AND ch.video_id IS NOT NULL AND {watched_at} IS NOT NULL
    ORDER BY p.course_id, {watched_at} DESC
), next AS (
    SELECT DISTINCT ON (last.course_id) last.updated_at AS last_watched_at, ch.course_id, ch.course_title, ch.chapter_id,
           ch.title, ch.video_id, coalesce(p.is_completed, false) AS is_completed, p.user_id IS NOT NULL AS is_begun,
           coalesce(p.position_ms * clock.factor, 0)::float8 AS position_ms,
           coalesce(v.duration * 1000, p.duration_ms)::float8 AS duration_ms,
           coalesce(clock.factor * (SELECT sum(upper(r) - lower(r)) FROM unnest(p.watched) r), 0)::float8 AS watched_ms,
           catalog.is_staff(ch.course_id, :actor_id, :role) AS is_staff,
           CASE WHEN e.user_id IS NULL THEN NULL ELSE catalog.locked_reason(ch, :user_id) END AS locked_reason
    FROM last
    JOIN catalog.current_chapters here ON here.chapter_id = last.chapter_id
    JOIN catalog.current_chapters ch ON ch.course_id = last.course_id AND ch.position >= here.position
    LEFT JOIN catalog.enrollments e ON e.course_id = ch.course_id AND e.user_id = :user_id
    LEFT JOIN media.video_versions v ON v.id = ch.version_id
    LEFT JOIN learning.progress p ON p.user_id = :user_id AND p.chapter_id = ch.chapter_id
    {clock}
    WHERE ch.video_id IS NOT NULL AND NOT coalesce(p.is_completed, false)
    ORDER BY last.course_id, ch.position
)
SELECT * FROM next WHERE locked_reason IS NULL ORDER BY last_watched_at DESC LIMIT :limit
"""
GOING_ON = text(_GOING_ON.replace("{clock}", _CLOCK).replace("{watched_at}", _WATCHED_AT))

DAYS = text("""
SELECT (starts_at AT TIME ZONE :tz)::date AS day, sum(watched_ms)::float8 / 1000 AS seconds
FROM learning.watch_quarters WHERE user_id = :user_id AND starts_at > now() - interval '400 days'
GROUP BY day HAVING sum(watched_ms) > 0 ORDER BY day DESC
""")


async def overview(
    session: Session, course_id: str, user_id: str, actor: Actor, right: bool | None
) -> Sequence[RowMapping]:
    """A row per chapter with the progress of ``user_id``; ``is_staff`` says whether ``actor`` teaches the course.

    ``right``: what the platform says in place of the enrolment, where it was asked.
    """
    who = {"user_id": user_id, "actor_id": actor.user_id, "role": actor.role.value}
    values = {"course_id": course_id, "right": right, **who}
    return (await session.execute(OVERVIEW, values)).mappings().all()


async def courses(session: Session, user_id: str) -> Sequence[RowMapping]:
    """The courses in which a user has progress, the last one first."""
    return (await session.execute(COURSES, {"user_id": user_id})).mappings().all()


async def going_on(session: Session, user_id: str, actor: Actor, limit: int) -> Sequence[RowMapping]:
    """A row per course that a user has begun and not ended, with the chapter to go on with."""
    values = {"user_id": user_id, "actor_id": actor.user_id, "role": actor.role.value, "limit": limit}
    return (await session.execute(GOING_ON, values)).mappings().all()


async def totals(session: Session, user_id: str) -> RowMapping:
    return (await session.execute(TOTALS, {"user_id": user_id})).mappings().one()


async def days(session: Session, user_id: str, tz: str) -> list[tuple[date, float]]:
    """Days on which something was watched, newest first, in the user's own days."""
    rows = await session.execute(DAYS, {"user_id": user_id, "tz": tz})
    return [(row[0], row[1]) for row in rows]


async def today(session: Session, tz: str) -> date:
    day: date = (await session.execute(text("SELECT (now() AT TIME ZONE :tz)::date"), {"tz": tz})).scalar_one()
    return day
