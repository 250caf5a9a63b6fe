"""The catalog's tables, and the one query that says how a course looks to one person."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.contracts.access import Actor
from shared.db import Session, new_id
from shared.db.models.catalog import Chapter, Course, CourseInstructor, CourseVersion, current_chapters

COURSES = text("""
SELECT c.id, c.title,
       count(ch.chapter_id) AS chapter_count,
       e.user_id IS NOT NULL AS is_enrolled, :everything OR catalog.is_staff(c.id, :user_id, :role) AS is_staff,
       coalesce(100.0 * count(*) FILTER (WHERE p.is_completed AND ch.video_id IS NOT NULL)
                / nullif(count(ch.video_id), 0), 0)::float8 AS progress,
       (SELECT v.poster_key FROM catalog.current_chapters open
        JOIN media.videos video ON video.id = open.video_id
        JOIN media.video_versions v ON v.id = video.current_version_id
        WHERE open.course_id = c.id AND v.poster_key IS NOT NULL
          AND (:everything OR catalog.is_staff(c.id, :user_id, :role)
               OR catalog.locked_reason(open, :user_id) IS NULL)
        ORDER BY open.position LIMIT 1) AS poster_key
FROM catalog.courses c
LEFT JOIN catalog.current_chapters ch ON ch.course_id = c.id
LEFT JOIN catalog.enrollments e ON e.course_id = c.id AND e.user_id = :user_id
    AND (e.starts_at IS NULL OR e.starts_at <= now()) AND (e.ends_at IS NULL OR e.ends_at > now())
LEFT JOIN learning.progress p ON p.user_id = :user_id AND p.chapter_id = ch.chapter_id
GROUP BY c.id, c.title, e.user_id
HAVING :everything OR e.user_id IS NOT NULL OR bool_or(ch.is_free) OR catalog.is_staff(c.id, :user_id, :role)
ORDER BY c.title, c.id
""")

CHAPTERS = text("""
SELECT ch.course_title, ch.is_sequential, ch.chapter_id, ch.title, ch.position, ch.is_free, ch.first_watch_restricted,
       ch.video_id, v.status AS video_status, v.percent AS video_percent, v.duration, v.poster_key,
       ch.requires_chapter_id, video.download_policy, catalog.download_policy(ch) AS downloads,
       catalog.locked_reason(ch, :user_id, CAST(:right AS boolean)) AS locked_reason, e.user_id IS NOT NULL AS has_enrollment,
       e.starts_at AS enrollment_starts_at, e.ends_at AS enrollment_ends_at,
       (e.starts_at IS NULL OR e.starts_at <= now()) AND (e.ends_at IS NULL OR e.ends_at > now()) AS enrollment_runs,
       coalesce(own.completion_percentage, c.completion_percentage) AS completion_percentage, p.is_completed,
       -- On the clock of the film that it was told of, which may have been replaced.
       CASE WHEN p.version_id IS DISTINCT FROM v.id AND p.duration_ms > 0 AND v.duration IS NOT NULL
            THEN p.position_ms * v.duration * 1000 / p.duration_ms ELSE p.position_ms END::float8 AS position_ms,
       CASE WHEN p.duration_ms > 0 THEN least(100.0, 100.0 * (
           SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(p.watched) r) / p.duration_ms)::float8
       END AS watch_percentage
FROM catalog.current_chapters ch
JOIN catalog.courses c ON c.id = ch.course_id
JOIN catalog.chapters own ON own.course_version_id = c.current_version_id AND own.id = ch.chapter_id
LEFT JOIN media.videos video ON video.id = ch.video_id
LEFT JOIN media.video_versions v ON v.id = coalesce(video.current_version_id, video.pending_version_id)
LEFT JOIN catalog.enrollments e ON e.course_id = ch.course_id AND e.user_id = :user_id
LEFT JOIN learning.progress p ON p.user_id = :user_id AND p.chapter_id = ch.chapter_id
WHERE ch.course_id = :course_id
ORDER BY ch.position
""")


async def courses_for(session: Session, actor: Actor) -> Sequence[RowMapping]:
    """A row per course that the actor may see. ``poster_key`` is that of the first film that they may open."""
    values = {"user_id": actor.user_id, "role": actor.role.value, "everything": actor.role.sees_all}
    return (await session.execute(COURSES, values)).mappings().all()


async def find_course(session: Session, course_id: str) -> Course | None:
    return await session.get(Course, course_id)


async def chapters_for(
    session: Session, course_id: str, user_id: str, right: bool | None = None
) -> Sequence[RowMapping]:
    """A row per chapter in order, with the video, the enrolment and the progress of ``user_id``.

    ``right``: what the platform says in place of the enrolment, where it was asked.
    """
    values = {"course_id": course_id, "user_id": user_id, "right": right}
    return (await session.execute(CHAPTERS, values)).mappings().all()


async def chapter(session: Session, chapter_id: str) -> RowMapping | None:
    """The chapter as its course has it now, with its live video."""
    query = select(current_chapters).where(current_chapters.c.chapter_id == chapter_id)
    return (await session.execute(query)).mappings().first()


async def lock_catalog(session: Session) -> None:
    """One writer at a time: chapter ids are unique across courses, and no constraint spans versions."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('lectern.catalog'))"))


async def owners_elsewhere(session: Session, course_id: str, chapter_ids: Sequence[str]) -> Sequence[RowMapping]:
    query = select(current_chapters.c.chapter_id, current_chapters.c.course_id).where(
        current_chapters.c.chapter_id.in_(chapter_ids), current_chapters.c.course_id != course_id
    )
    return (await session.execute(query)).mappings().all()


async def chapters_with_video(session: Session, course_id: str) -> Sequence[RowMapping]:
    query = select(current_chapters.c.chapter_id, current_chapters.c.video_id).where(
        current_chapters.c.course_id == course_id, current_chapters.c.video_id.is_not(None)
    )
    return (await session.execute(query)).mappings().all()


async def current_chapter_list(session: Session, version_id: UUID) -> list[dict[str, Any]]:
    """The chapters in order, with the columns that a request names."""
    columns = [column for column in Chapter.__table__.columns if column.name != "course_version_id"]
    query = select(*columns).where(Chapter.course_version_id == version_id).order_by(Chapter.position)
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def write_version(session: Session, course: Course, chapters: list[dict[str, Any]]) -> None:
    """Make a new immutable chapter list the course's current one."""
    highest = await session.scalar(
        select(func.coalesce(func.max(CourseVersion.number), 0)).where(CourseVersion.course_id == course.id)
    )
    version = CourseVersion(id=new_id(), course_id=course.id, number=(highest or 0) + 1)
    session.add(version)
    await session.flush()
    session.add_all(Chapter(course_version_id=version.id, **fields) for fields in chapters)
    course.current_version_id = version.id
    await session.flush()


async def instructors(session: Session, course_id: str) -> list[str]:
    query = select(CourseInstructor.user_id).where(CourseInstructor.course_id == course_id)
    return list((await session.scalars(query.order_by(CourseInstructor.user_id))).all())


async def add_instructors(session: Session, course_id: str, user_ids: Iterable[str]) -> None:
    rows = [{"course_id": course_id, "user_id": user_id} for user_id in sorted(set(user_ids))]
    if rows:
        await session.execute(insert(CourseInstructor).values(rows).on_conflict_do_nothing())


async def remove_instructors(session: Session, course_id: str, user_ids: Iterable[str]) -> None:
    gone = CourseInstructor.course_id == course_id, CourseInstructor.user_id.in_(list(user_ids))
    await session.execute(delete(CourseInstructor).where(*gone))
