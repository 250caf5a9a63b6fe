"""Who may act on a course: an admin, the platform's back end, and the instructors of just this course."""

from sqlalchemy import text

from services.media.catalog import errors
from shared.contracts.access import Actor
from shared.db import Session

IS_STAFF = text("SELECT catalog.is_staff(:course_id, :user_id, :role)")


async def is_staff(session: Session, course_id: str, actor: Actor) -> bool:
    values = {"course_id": course_id, "user_id": actor.user_id, "role": actor.role.value}
    return actor.role.sees_all or bool(await session.scalar(IS_STAFF, values))


async def require_staff(session: Session, course_id: str, actor: Actor) -> None:
    """Problem ``not_your_course`` where the actor does not teach it."""
    if not await is_staff(session, course_id, actor):
        raise errors.not_your_course(course_id)
