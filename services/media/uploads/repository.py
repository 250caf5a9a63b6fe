"""The uploads that are under way."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from shared.db import Session
from shared.db.models.media import Upload


async def begin(session: Session, upload_id: UUID, source_key: str, created_by: str) -> None:
    session.add(Upload(id=upload_id, source_key=source_key, created_by=created_by))


async def end(session: Session, upload_id: UUID) -> None:
    await session.execute(delete(Upload).where(Upload.id == upload_id))


async def abandoned(session: Session, age: timedelta) -> Sequence[Upload]:
    """Uploads that began more than ``age`` ago: their process died, for a living one ends them itself."""
    query = select(Upload).where(Upload.created_at < datetime.now(UTC) - age).with_for_update(skip_locked=True)
    return (await session.scalars(query)).all()
