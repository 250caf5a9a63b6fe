"""The ledger of films to take home: who makes which, until when, and what came of it. As that of chunks (ADR 2).

What is wanted stands in ``media.downloads``, which media writes. A row here is the work on one of those, under the same
id; it is entered by a ring or by the reconciler, and goes when nobody wants it any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.transcoder.pipeline.repository import LEASE_SECONDS
from shared.db import Session, new_id

MOST_ATTEMPTS = 4

ENTER = text("""
INSERT INTO transcoding.downloads (id, version_id, rendition, state)
SELECT d.id, d.version_id, d.rendition, 'waiting' FROM media.downloads d
WHERE d.state = 'preparing' AND (CAST(:id AS uuid) IS NULL OR d.id = :id)
ON CONFLICT DO NOTHING RETURNING id
""")

# Only of a film that is whole: one of which a part is made again waits until that is there.
CLAIM = text("""
UPDATE transcoding.downloads SET state = 'active', attempts = attempts + 1, percent = 0, lease_owner = :owner,
       lease_until = now() + make_interval(secs => :lease), updated_at = now()
WHERE id = (
    SELECT d.id FROM transcoding.downloads d
    JOIN transcoding.video_processing_jobs j ON j.version_id = d.version_id
    WHERE j.state = 'done' AND ((d.state = 'waiting' AND (d.not_before IS NULL OR d.not_before <= now()))
                                OR (d.state = 'active' AND d.lease_until < now()))
    ORDER BY d.id FOR UPDATE OF d SKIP LOCKED LIMIT 1)
RETURNING id, version_id, rendition, attempts
""")

HEARTBEAT = text("""
UPDATE transcoding.downloads d SET lease_until = now() + make_interval(secs => :lease), percent = :percent,
       updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
  AND EXISTS (SELECT 1 FROM media.downloads wanted WHERE wanted.id = d.id)
RETURNING id
""")

JOB = text("""
SELECT j.id, j.plan, (SELECT sum(s.bytes) FROM transcoding.segments s
                      WHERE s.job_id = j.id AND s.rendition = ANY(:renditions)) AS bytes
FROM transcoding.video_processing_jobs j WHERE j.version_id = :version_id AND j.state = 'done'
""")

FINISH = text("""
UPDATE transcoding.downloads SET state = 'done', key = :key, bytes = :bytes, sha256 = :sha256, percent = 100,
       lease_owner = NULL, lease_until = NULL, error_code = NULL, error_message = NULL, error_detail = NULL,
       updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active' RETURNING id
""")

PUT_BACK = text("""
UPDATE transcoding.downloads SET state = 'waiting', attempts = attempts - :unspent, lease_owner = NULL,
       lease_until = NULL, not_before = now() + make_interval(secs => :wait), error_code = :code,
       error_message = :message, error_detail = :detail, updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
""")

FAIL = text("""
UPDATE transcoding.downloads SET state = 'failed', lease_owner = NULL, lease_until = NULL, error_code = :code,
       error_message = :message, error_detail = :detail, updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
""")

# Not what somebody holds: the lease tells media that objects may still be written.
FORGET = text("""
DELETE FROM transcoding.downloads d
WHERE NOT EXISTS (SELECT 1 FROM media.downloads wanted WHERE wanted.id = d.id)
  AND (d.state <> 'active' OR d.lease_until < now())
""")

SETTLED = text("""
SELECT d.id FROM transcoding.downloads d JOIN media.downloads wanted ON wanted.id = d.id
WHERE d.state IN ('done', 'failed') AND wanted.state = 'preparing'
""")


@dataclass(frozen=True)
class DownloadClaim:
    owner: str
    id: UUID
    version_id: UUID
    rendition: str
    attempts: int


async def enter(session: Session, download_id: UUID | None = None) -> Sequence[UUID]:
    """Write what is wanted into the ledger, all of it or this one; what stands there already stays as it is."""
    return (await session.scalars(ENTER, {"id": download_id})).all()


async def claim(session: Session, worker: str) -> DownloadClaim | None:
    owner = f"{worker}/{new_id().hex[-8:]}"
    row = (await session.execute(CLAIM, {"owner": owner, "lease": LEASE_SECONDS})).mappings().first()
    return DownloadClaim(owner=owner, **row) if row else None


async def heartbeat(session: Session, held: DownloadClaim, percent: float) -> bool:
    """Renew the lease; False when it is not ours any more, or nobody wants the file."""
    values = {"id": held.id, "owner": held.owner, "percent": percent, "lease": LEASE_SECONDS}
    return (await session.execute(HEARTBEAT, values)).scalar() is not None


async def plan_of(session: Session, version_id: UUID) -> dict[str, Any] | None:
    """The plan of a version of which everything is made."""
    row = (await session.execute(JOB, {"version_id": version_id, "renditions": []})).mappings().first()
    return row["plan"] if row else None


async def bytes_of(session: Session, version_id: UUID, renditions: Sequence[str]) -> int:
    """What the segments of these renditions weigh together."""
    row = (await session.execute(JOB, {"version_id": version_id, "renditions": list(renditions)})).mappings().first()
    return int(row["bytes"] or 0) if row else 0


async def finish(session: Session, held: DownloadClaim, key: str, size: int, sha256: str) -> bool:
    """Mark the file as made; False when the lease was not ours any more."""
    values = {"id": held.id, "owner": held.owner, "key": key, "bytes": size, "sha256": sha256}
    return (await session.execute(FINISH, values)).scalar() is not None


async def put_back(
    session: Session,
    held: DownloadClaim,
    *,
    wait: float = 0.0,
    spent: bool = True,
    code: str | None = None,
    message: str | None = None,
    detail: str | None = None,
) -> None:
    """Give it back, to be tried again after ``wait`` seconds; not ``spent``: that attempt does not count."""
    told = {"code": code, "message": message, "detail": detail}
    values = {"id": held.id, "owner": held.owner, "wait": wait, "unspent": 0 if spent else 1}
    await session.execute(PUT_BACK, {**values, **told})


async def fail(session: Session, held: DownloadClaim, code: str, message: str, detail: str | None = None) -> None:
    values = {"id": held.id, "owner": held.owner, "code": code, "message": message, "detail": detail}
    await session.execute(FAIL, values)


async def forget_unwanted(session: Session) -> None:
    await session.execute(FORGET)


async def settled(session: Session) -> Sequence[UUID]:
    """What is made or given up, and media has not taken over."""
    return (await session.scalars(SETTLED)).all()
