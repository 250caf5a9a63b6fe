"""Overviews: each is one statement."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import RowMapping, text

from shared.contracts.access import Actor
from shared.db import Session

OVERVIEW = text("""
SELECT catalog.is_staff(ch.course_id, :actor_id, :role) AS is_staff, ch.course_title, ch.chapter_id, ch.title, ch.is_free, ch.video_id IS NOT NULL AS has_video,
       e.user_id IS NOT NULL AS has_enrollment, catalog.locked_reason(ch, :user_id) AS locked_reason,
       coalesce(p.is_completed, false) AS is_completed, coalesce(p.position_ms, 0) AS position_ms,
       coalesce(p.watch_time_ms, 0) AS watch_time_ms, p.updated_at, p.user_id IS NOT NULL AS has_progress,
       coalesce(v.duration * 1000, p.duration_ms)::float8 AS duration_ms,
       coalesce((SELECT sum(upper(r) - lower(r)) FROM unnest(p.watched) r), 0)::float8 AS watched_ms
FROM catalog.current_chapters ch
LEFT JOIN media.video_versions v ON v.id = ch.version_id
LEFT JOIN catalog.enrollments e ON e.course_id = ch.course_id AND e.user_id = :user_id
LEFT JOIN learning.progress p ON p.user_id = :user_id AND p.chapter_id = ch.chapter_id
WHERE ch.course_id = :course_id ORDER BY ch.position
""")

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

DAYS = text("""
SELECT (starts_at AT TIME ZONE :tz)::date AS day, sum(watched_ms)::float8 / 1000 AS seconds
FROM learning.watch_quarters WHERE user_id = :user_id AND starts_at > now() - interval '400 days'
GROUP BY day HAVING sum(watched_ms) > 0 ORDER BY day DESC
""")


async def overview(session: Session, course_id: str, user_id: str, actor: Actor) -> Sequence[RowMapping]:
    """A row per chapter with the progress of ``user_id``; ``is_staff`` says whether ``actor`` teaches the course."""
    values = {"course_id": course_id, "user_id": user_id, "actor_id": actor.user_id, "role": actor.role.value}
    return (await session.execute(OVERVIEW, values)).mappings().all()


async def totals(session: Session, user_id: str) -> RowMapping:
    return (await session.execute(TOTALS, {"user_id": user_id})).mappings().one()


async def days(session: Session, user_id: str, tz: str) -> list[tuple[date, float]]:
    """Days on which something was watched, newest first, in the user's own days."""
    rows = await session.execute(DAYS, {"user_id": user_id, "tz": tz})
    return [(row[0], row[1]) for row in rows]


async def today(session: Session, tz: str) -> date:
    day: date = (await session.execute(text("SELECT (now() AT TIME ZONE :tz)::date"), {"tz": tz})).scalar_one()
    return day
