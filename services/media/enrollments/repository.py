"""The table of enrolments. Many are written by one statement, in the order of the key, so that two imports at once take
turns instead of waiting for each other."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, text

from services.media.enrollments.schemas import EnrollmentRow, WithdrawalRow
from shared.db import Session

KNOWN_COURSES = text("SELECT id FROM catalog.courses WHERE id = ANY(:ids)")

PUT = text("""
INSERT INTO catalog.enrollments (course_id, user_id, starts_at, ends_at)
SELECT * FROM unnest(CAST(:courses AS text[]), CAST(:users AS text[]), CAST(:starts AS timestamptz[]),
                     CAST(:ends AS timestamptz[])) AS wanted(course_id, user_id, starts_at, ends_at)
ORDER BY 1, 2
ON CONFLICT (course_id, user_id) DO UPDATE SET starts_at = excluded.starts_at, ends_at = excluded.ends_at
""")

WITHDRAW = text("""
DELETE FROM catalog.enrollments e USING (
    SELECT course_id, user_id FROM catalog.enrollments
    WHERE (course_id, user_id) IN (SELECT * FROM unnest(CAST(:courses AS text[]), CAST(:users AS text[])))
    ORDER BY course_id, user_id FOR UPDATE) gone
WHERE e.course_id = gone.course_id AND e.user_id = gone.user_id
""")

PAGE = text("""
SELECT course_id, user_id, starts_at, ends_at, created_at,
       (starts_at IS NULL OR starts_at <= now()) AND (ends_at IS NULL OR ends_at > now()) AS is_running
FROM catalog.enrollments
WHERE (CAST(:course AS text) IS NULL OR course_id = :course) AND (CAST(:user AS text) IS NULL OR user_id = :user)
  AND (course_id, user_id) > (:after_course, :after_user)
ORDER BY course_id, user_id LIMIT :limit
""")


async def known_courses(session: Session, ids: set[str]) -> set[str]:
    return set((await session.scalars(KNOWN_COURSES, {"ids": list(ids)})).all())


async def put(session: Session, rows: Sequence[EnrollmentRow]) -> None:
    """Of each course and user at most one row."""
    values = {
        "courses": [row.course_id for row in rows],
        "users": [row.user_id for row in rows],
        "starts": [row.starts_at for row in rows],
        "ends": [row.ends_at for row in rows],
    }
    await session.execute(PUT, values)


async def withdraw(session: Session, rows: Sequence[WithdrawalRow]) -> int:
    """How many of them there were."""
    values = {"courses": [row.course_id for row in rows], "users": [row.user_id for row in rows]}
    gone: int = (await session.execute(WITHDRAW, values)).rowcount  # type: ignore[attr-defined]
    return gone


async def page(
    session: Session, course_id: str | None, user_id: str | None, after: tuple[str, str], limit: int
) -> Sequence[RowMapping]:
    values = {
        "course": course_id,
        "user": user_id,
        "after_course": after[0],
        "after_user": after[1],
        "limit": limit,
    }
    return (await session.execute(PAGE, values)).mappings().all()
