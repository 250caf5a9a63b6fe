"""API keys in Postgres. Read on every use, so that a revocation holds at once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from shared.db import Session
from shared.db.models.access import ApiKey

FIND = text("""
SELECT key_hash, scopes, revoked_at IS NOT NULL AS revoked, coalesce(expires_at <= now(), false) AS expired,
       coalesce(last_used_at < now() - make_interval(secs => :grain), true) AS to_note
FROM access.api_keys WHERE id = :id
""")

# The condition again: of many requests at once, one writes.
USED = text("""
UPDATE access.api_keys SET last_used_at = now()
WHERE id = :id AND (last_used_at IS NULL OR last_used_at < now() - make_interval(secs => :grain))
""")

REVOKE = text("UPDATE access.api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = :id RETURNING id")


async def find(session: Session, key_id: UUID, grain: int) -> RowMapping | None:
    return (await session.execute(FIND, {"id": key_id, "grain": grain})).mappings().first()


async def used(session: Session, key_id: UUID, grain: int) -> None:
    """Note the use, at most once per ``grain`` seconds: a request that reads stays one."""
    await session.execute(USED, {"id": key_id, "grain": grain})


async def add(session: Session, key: ApiKey) -> None:
    """Afterwards ``key`` knows when it was made, as Postgres has it."""
    session.add(key)
    await session.flush()
    await session.refresh(key)


async def everyone(session: Session) -> Sequence[ApiKey]:
    return (await session.scalars(select(ApiKey).order_by(ApiKey.id.desc()))).all()


async def revoke(session: Session, key_id: UUID) -> bool:
    """False where there is no such key; one that is revoked already stays as it is."""
    return (await session.execute(REVOKE, {"id": key_id})).scalar() is not None
