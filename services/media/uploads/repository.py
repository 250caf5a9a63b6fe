"""Uploads under way, and those that ended lately."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, and_, delete, func, or_, select, update

from shared.db import Session
from shared.db.models.uploads import Upload

QUIET = timedelta(seconds=60)
"""For so long nothing is heard of an upload that a worker feeds before another takes it up."""


async def begin_form(session: Session, upload_id: UUID, source_key: str, created_by: str) -> None:
    session.add(Upload(id=upload_id, source_key=source_key, created_by=created_by))


async def end_form(session: Session, upload_id: UUID) -> None:
    await session.execute(delete(Upload).where(Upload.id == upload_id))


async def abandoned_forms(session: Session, age: timedelta) -> Sequence[Upload]:
    """Forms that began more than ``age`` ago: their process died, for a living one ends them itself."""
    old = Upload.kind == "form", Upload.created_at < datetime.now(UTC) - age
    return (await session.scalars(select(Upload).where(*old).with_for_update(skip_locked=True))).all()


async def find(session: Session, upload_id: UUID, *, lock: bool = False) -> Upload | None:
    query = select(Upload).where(Upload.id == upload_id, Upload.kind != "form")
    return await session.scalar(query.with_for_update() if lock else query)


async def several(session: Session, ids: Sequence[UUID]) -> dict[UUID, Upload]:
    found = await session.scalars(select(Upload).where(Upload.id.in_(ids)))
    return {upload.id: upload for upload in found}


async def keep(session: Session, ids: Sequence[UUID], until: datetime) -> None:
    """Partial uploads, for as long as the one that joins them may take."""
    await session.execute(update(Upload).where(Upload.id.in_(ids)).values(expires_at=until))


async def claim(session: Session, upload_id: UUID, received: int) -> Upload | None:
    """The upload, for a request that goes on at ``received``: from now on no older one may commit."""
    mine = Upload.id == upload_id, Upload.state == "receiving", Upload.received == received
    return await session.scalar(
        update(Upload)
        .where(*mine)
        .values(epoch=Upload.epoch + 1)
        .returning(Upload)
        .execution_options(populate_existing=True)
    )


async def advance(session: Session, upload_id: UUID, epoch: int, **values: Any) -> bool:
    """Write down how far it is; False where another request has taken over, or it ended."""
    mine = Upload.id == upload_id, Upload.epoch == epoch, Upload.state == "receiving"
    result = await session.execute(update(Upload).where(*mine).values(**values))
    return cast("CursorResult[Any]", result).rowcount == 1


async def whole(session: Session) -> Sequence[UUID]:
    """Uploads of which every byte is here and that are not settled: whoever brought the last one did not get to it."""
    waiting = Upload.state == "receiving", Upload.kind != "form", Upload.received == Upload.length
    quiet = Upload.updated_at < datetime.now(UTC) - timedelta(seconds=5)
    return (await session.scalars(select(Upload.id).where(*waiting, quiet))).all()


async def unfed(session: Session) -> Sequence[UUID]:
    """Uploads that a worker feeds, and none does now."""
    fed = or_(Upload.kind == "ingest", Upload.joined.is_not(None))
    now = datetime.now(UTC)
    due = or_(
        and_(Upload.not_before.is_not(None), Upload.not_before <= now),
        and_(Upload.not_before.is_(None), Upload.updated_at < now - QUIET),
    )
    more = or_(Upload.length.is_(None), Upload.received < Upload.length)
    query = select(Upload.id).where(Upload.state == "receiving", fed, due, more)
    return (await session.scalars(query)).all()


async def expired(session: Session) -> Sequence[Upload]:
    unused = and_(Upload.is_partial, Upload.state == "complete")
    query = select(Upload).where(or_(Upload.state == "receiving", unused), Upload.expires_at < func.now())
    return (await session.scalars(query.limit(100).with_for_update(skip_locked=True))).all()


async def undropped(session: Session) -> Sequence[Upload]:
    """Uploads that came to nothing, and of which storage may still hold something."""
    query = select(Upload).where(Upload.state.in_(("refused", "ended")), Upload.part_size > 0)
    return (await session.scalars(query.limit(100))).all()


async def dropped(session: Session, upload_id: UUID) -> None:
    values = {"part_size": 0, "multipart_id": None, "tail_key": None}
    await session.execute(update(Upload).where(Upload.id == upload_id).values(**values))


async def forget_ended(session: Session, age: timedelta) -> None:
    old = Upload.ended_at < datetime.now(UTC) - age, Upload.state != "receiving"
    await session.execute(delete(Upload).where(*old, or_(Upload.state == "complete", Upload.part_size == 0)))
