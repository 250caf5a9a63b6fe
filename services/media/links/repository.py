"""Links by which a film is uploaded without a sign-in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update

from services.media.links import errors
from shared.db import Session
from shared.db.models.uploads import Upload, UploadLink


async def add(session: Session, link: UploadLink) -> None:
    session.add(link)


async def by_hash(session: Session, secret_hash: bytes) -> UploadLink | None:
    return await session.scalar(select(UploadLink).where(UploadLink.secret_hash == secret_hash))


async def by_id(session: Session, link_id: UUID) -> UploadLink | None:
    return await session.get(UploadLink, link_id)


async def of_course(session: Session, course_id: str) -> Sequence[UploadLink]:
    """The links that are still good, the newest first."""
    good = UploadLink.revoked_at.is_(None), UploadLink.spent_at.is_(None), UploadLink.expires_at > func.now()
    query = select(UploadLink).where(UploadLink.course_id == course_id, *good).order_by(UploadLink.id.desc()).limit(500)
    return (await session.scalars(query)).all()


async def spend(session: Session, link_id: UUID) -> None:
    """Of two uploads of one link, one is the first to be complete; the other is refused."""
    link = await session.scalar(select(UploadLink).where(UploadLink.id == link_id).with_for_update())
    if link is None or link.revoked_at is not None:
        raise errors.link_expired()
    if link.spent_at is not None:
        raise errors.link_spent()
    link.spent_at = datetime.now(UTC)


async def revoke(session: Session, link_id: UUID) -> None:
    good = UploadLink.id == link_id, UploadLink.revoked_at.is_(None)
    await session.execute(update(UploadLink).where(*good).values(revoked_at=datetime.now(UTC)))


async def unfinished(session: Session, link_id: UUID) -> Sequence[UUID]:
    """What was begun with the link, is not complete, and was no part of another upload."""
    query = select(Upload.id).where(Upload.link_id == link_id, Upload.state == "receiving", ~Upload.is_partial)
    return (await session.scalars(query)).all()


async def forget(session: Session, age: timedelta) -> None:
    await session.execute(delete(UploadLink).where(UploadLink.expires_at < datetime.now(UTC) - age))
