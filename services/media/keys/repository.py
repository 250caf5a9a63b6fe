"""Content keys by version and epoch, and the rotations that lead from one epoch to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, text

from shared.db import Session
from shared.db.models.media import ContentKey, KeyRotation

LEASE_SECONDS = 60

# A film that can be rotated: viewers have it, all of it is in storage, and nobody is making a part of it again.
_ROTATABLE = """
FROM media.videos x
JOIN media.video_versions v ON v.id = x.current_version_id AND v.status = 'ready'
JOIN media.content_keys k ON k.version_id = v.id AND k.epoch = v.key_epoch
JOIN transcoding.video_processing_jobs j ON j.version_id = v.id AND j.state = 'done'
LEFT JOIN access.key_fetches f ON f.version_id = v.id
WHERE x.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM media.key_rotations r WHERE r.version_id = v.id AND r.state = 'running')
"""
ROTATABLE = text(f"""
SELECT v.id {_ROTATABLE} AND (:everything OR k.key_rotation_at <= now())
  AND (CAST(:video AS uuid) IS NULL OR x.id = :video)
ORDER BY k.key_rotation_at LIMIT :limit
""")
ONE = text(f"""
SELECT v.id, v.key_epoch, coalesce(f.fetched_at > k.created_at, false) AS is_watched,
       -- Of a rotation that was given up the key is forgotten in time, its row is not: no epoch has two lives.
       greatest((SELECT max(epoch) FROM media.content_keys e WHERE e.version_id = v.id),
                (SELECT max(epoch) FROM media.key_rotations e WHERE e.version_id = v.id)) AS last_epoch
{_ROTATABLE} AND v.id = :version FOR UPDATE OF x, v
""")  # noqa: S608 - our own text

CLAIM = text("""
UPDATE media.key_rotations SET lease_owner = :owner, lease_until = now() + make_interval(secs => :lease)
WHERE version_id = :version AND state = 'running' AND (lease_until IS NULL OR lease_until < now())
RETURNING epoch, created_at
""")

# Whether the film is still the one that viewers get stands in the same statement, so that work for nothing ends.
RENEW = text("""
UPDATE media.key_rotations r
SET lease_until = now() + make_interval(secs => :lease), objects = r.objects + :objects, bytes = r.bytes + :bytes
FROM media.videos x
WHERE r.version_id = :version AND r.epoch = :epoch AND r.lease_owner = :owner AND r.state = 'running'
  AND x.current_version_id = r.version_id AND x.deleted_at IS NULL
RETURNING r.epoch
""")

RELEASE = text("""
UPDATE media.key_rotations SET lease_owner = NULL, lease_until = now() + make_interval(secs => :wait),
       attempts = attempts + CASE WHEN CAST(:error AS text) IS NULL THEN 0 ELSE 1 END,
       last_error = coalesce(:error, last_error)
WHERE version_id = :version AND lease_owner = :owner AND state = 'running' RETURNING attempts
""")

# Who makes a chunk of the film again meanwhile writes into the old epoch: then what was copied may be what was mended.
UNCHANGED = text("""
SELECT j.state = 'done' AND j.finished_at < :since AND x.deleted_at IS NULL AND x.current_version_id = j.version_id
FROM transcoding.video_processing_jobs j JOIN media.videos x ON x.id = j.video_id WHERE j.version_id = :version
""")

WAITING = text("""
SELECT version_id FROM media.key_rotations
WHERE state = 'running' AND (lease_until IS NULL OR lease_until < now()) ORDER BY created_at LIMIT :limit
""")

FORGET = text("DELETE FROM media.content_keys WHERE retired_at < now() - CAST(:older AS interval)")

LOG = text("""
SELECT v.video_id, r.epoch, r.state, r.reason, r.objects, r.bytes, r.created_at, r.finished_at, r.last_error AS error
FROM media.key_rotations r JOIN media.video_versions v ON v.id = r.version_id
ORDER BY r.created_at DESC LIMIT :limit
""")

WRAPPED_BY = text("SELECT kid, count(*) FROM media.content_keys GROUP BY kid ORDER BY kid")
DUE = text(f"SELECT count(*) {_ROTATABLE} AND k.key_rotation_at <= now()")
RUNNING = text("SELECT count(*) FROM media.key_rotations WHERE state = 'running'")


@dataclass(frozen=True)
class Rotatable:
    """``is_watched``: whether somebody fetched keys of the epoch that ends."""

    id: UUID
    key_epoch: int
    last_epoch: int
    is_watched: bool


async def rotatable(session: Session, video_id: UUID | None, *, everything: bool, limit: int) -> Sequence[UUID]:
    """Versions that may be rotated: all of them, or those that are due."""
    values = {"video": video_id, "everything": everything, "limit": limit}
    return (await session.execute(ROTATABLE, values)).scalars().all()


async def lock_rotatable(session: Session, version_id: UUID) -> Rotatable | None:
    """The version, locked, if it still may be rotated."""
    row = (await session.execute(ONE, {"version": version_id})).mappings().first()
    return Rotatable(**row) if row else None


async def move_on(session: Session, version_id: UUID, epoch: int, when: datetime) -> None:
    row = await session.get(ContentKey, (version_id, epoch))
    if row is not None:
        row.key_rotation_at = when


async def claim(session: Session, version_id: UUID, owner: str) -> tuple[int, datetime] | None:
    """Take a rotation in hand: the epoch it leads to, and since when. None where it is done or somebody else's."""
    values = {"version": version_id, "owner": owner, "lease": LEASE_SECONDS}
    row = (await session.execute(CLAIM, values)).first()
    return (row[0], row[1]) if row else None


async def renew(session: Session, version_id: UUID, epoch: int, owner: str, objects: int, size: int) -> bool:
    """Hold the lease and count what was written; False where it is lost or nobody wants the film any more."""
    values: dict[str, Any] = {"version": version_id, "epoch": epoch, "owner": owner, "lease": LEASE_SECONDS}
    renewed = await session.execute(RENEW, values | {"objects": objects, "bytes": size})
    return renewed.scalar() is not None


async def release(session: Session, version_id: UUID, owner: str, wait: float, error: str | None = None) -> int:
    """Give a rotation back, to be taken on after ``wait`` seconds; how often it failed."""
    values = {"version": version_id, "owner": owner, "wait": wait, "error": error}
    failed: int | None = (await session.execute(RELEASE, values)).scalar()
    return failed or 0


async def is_unchanged(session: Session, version_id: UUID, since: datetime) -> bool:
    """Whether viewers still get this version, and nothing of it was made again since."""
    return bool((await session.execute(UNCHANGED, {"version": version_id, "since": since})).scalar())


async def rotation(session: Session, version_id: UUID, epoch: int) -> KeyRotation | None:
    return await session.get(KeyRotation, (version_id, epoch), with_for_update=True)


async def waiting(session: Session, limit: int) -> Sequence[UUID]:
    """Versions whose rotation nobody has in hand."""
    return (await session.execute(WAITING, {"limit": limit})).scalars().all()


async def forget(session: Session, older: timedelta) -> int:
    """Remove the secrets of epochs whose ciphertext left storage; how many."""
    return (await session.execute(FORGET, {"older": older})).rowcount  # type: ignore[attr-defined,no-any-return]


async def log(session: Session, limit: int) -> Sequence[RowMapping]:
    return (await session.execute(LOG, {"limit": limit})).mappings().all()


async def wrapped_by(session: Session) -> dict[str, int]:
    return {row[0]: row[1] for row in await session.execute(WRAPPED_BY)}


async def standing(session: Session) -> tuple[int, int]:
    """How many films are due, and how many are being rotated."""
    return (await session.execute(DUE)).scalar_one(), (await session.execute(RUNNING)).scalar_one()


async def wrapped_otherwise(session: Session, kid: str, limit: int) -> Sequence[ContentKey]:
    """Content keys that another master key than ``kid`` wraps, locked."""
    query = select(ContentKey).where(ContentKey.kid != kid).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(query)).all()


async def now(session: Session) -> datetime:
    """The database's clock."""
    moment: datetime = (await session.execute(select(func.now()))).scalar_one()
    return moment
