"""The audit log's table: written in batches, read by pages from the newest on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Text, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.db import Session
from shared.db.models.access import AuditEntry

FORGET = text("""
DELETE FROM access.audit_log WHERE id IN (SELECT id FROM access.audit_log WHERE at < :before LIMIT :most)
""")

_WRITE = insert(AuditEntry)
# Written a second time, an entry has been counted further; nothing else of it changes.
_WRITE = _WRITE.on_conflict_do_update(index_elements=["id"], set_={"count": _WRITE.excluded.count})


async def write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    await session.execute(_WRITE, list(rows))


async def page(
    session: Session,
    *,
    limit: int,
    before: UUID | None = None,
    user_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    **equal: Any,
) -> Sequence[RowMapping]:
    """The newest entries that all filters which are not None apply to, below the id ``before``.

    ``user_id`` is whose access it is about, or who asked; ``equal`` has columns and their values.
    """
    columns = [column for column in AuditEntry.__table__.columns if column.name != "client_ip"]
    network = cast(func.abbrev(AuditEntry.client_ip), Text).label("client_ip")
    query = select(*columns, network).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if user_id is not None:
        query = query.where(or_(AuditEntry.user_id == user_id, AuditEntry.actor_id == user_id))
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    for name, value in equal.items():
        if value is not None:
            query = query.where(getattr(AuditEntry, name) == value)
    return (await session.execute(query)).mappings().all()


async def forget(session: Session, before: datetime, most: int) -> int:
    """Remove at most so many entries from before a moment; how many there were."""
    gone: int = (await session.execute(FORGET, {"before": before, "most": most})).rowcount  # type: ignore[attr-defined]
    return gone
