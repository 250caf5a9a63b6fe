"""The ledger of drafts of captions: who transcribes which, until when, and what came of it. As that of chunks (ADR 2).

What is wanted stands in ``media.caption_drafts``, which media writes. A row here is the work on one of those, under the
same id; it is entered by a ring or by the reconciler, and goes when nobody wants it any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from services.transcoder.ladder.schema import Plan
from services.transcoder.pipeline.repository import LEASE_SECONDS
from shared.db import Session, new_id

MOST_ATTEMPTS = 3

ENTER = text("""
INSERT INTO transcoding.transcriptions (id, version_id, language, state)
SELECT d.id, d.version_id, d.language, 'waiting' FROM media.caption_drafts d
WHERE d.state = 'preparing' AND (CAST(:id AS uuid) IS NULL OR d.id = :id)
ON CONFLICT DO NOTHING RETURNING id
""")

# Only of a film that is whole: one of which a part is made again waits until that is there.
CLAIM = text("""
UPDATE transcoding.transcriptions SET state = 'active', attempts = attempts + 1, lease_owner = :owner,
       lease_until = now() + make_interval(secs => :lease), updated_at = now()
WHERE id = (
    SELECT t.id FROM transcoding.transcriptions t
    JOIN transcoding.video_processing_jobs j ON j.version_id = t.version_id
    WHERE j.state = 'done' AND ((t.state = 'waiting' AND (t.not_before IS NULL OR t.not_before <= now()))
                                OR (t.state = 'active' AND t.lease_until < now()))
    ORDER BY t.id FOR UPDATE OF t SKIP LOCKED LIMIT 1)
RETURNING id, version_id, language, attempts
""")

HEARTBEAT = text("""
UPDATE transcoding.transcriptions t SET lease_until = now() + make_interval(secs => :lease), updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
  AND EXISTS (SELECT 1 FROM media.caption_drafts wanted WHERE wanted.id = t.id)
RETURNING id
""")

PLAN = text("SELECT plan FROM transcoding.video_processing_jobs WHERE version_id = :version_id AND state = 'done'")

FINISH = text("""
UPDATE transcoding.transcriptions SET state = 'done', text = :text, lease_owner = NULL, lease_until = NULL,
       error_code = NULL, error_message = NULL, error_detail = NULL, updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active' RETURNING id
""")

PUT_BACK = text("""
UPDATE transcoding.transcriptions SET state = 'waiting', attempts = attempts - :unspent, lease_owner = NULL,
       lease_until = NULL, not_before = now() + make_interval(secs => :wait), error_code = :code,
       error_message = :message, error_detail = :detail, updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
""")

FAIL = text("""
UPDATE transcoding.transcriptions SET state = 'failed', lease_owner = NULL, lease_until = NULL, error_code = :code,
       error_message = :message, error_detail = :detail, updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
""")

FORGET = text("""
DELETE FROM transcoding.transcriptions t
WHERE NOT EXISTS (SELECT 1 FROM media.caption_drafts wanted WHERE wanted.id = t.id)
""")

SETTLED = text("""
SELECT t.id FROM transcoding.transcriptions t JOIN media.caption_drafts wanted ON wanted.id = t.id
WHERE t.state IN ('done', 'failed') AND wanted.state = 'preparing'
""")


@dataclass(frozen=True)
class TranscriptionClaim:
    owner: str
    id: UUID
    version_id: UUID
    language: str
    attempts: int


async def enter(session: Session, draft_id: UUID | None = None) -> Sequence[UUID]:
    """Write what is wanted into the ledger, all of it or this one; what stands there already stays as it is."""
    return (await session.scalars(ENTER, {"id": draft_id})).all()


async def claim(session: Session, worker: str) -> TranscriptionClaim | None:
    owner = f"{worker}/{new_id().hex[-8:]}"
    row = (await session.execute(CLAIM, {"owner": owner, "lease": LEASE_SECONDS})).mappings().first()
    return TranscriptionClaim(owner=owner, **row) if row else None


async def heartbeat(session: Session, held: TranscriptionClaim) -> bool:
    """Renew the lease; False when it is not ours any more, or nobody wants the draft."""
    values = {"id": held.id, "owner": held.owner, "lease": LEASE_SECONDS}
    return (await session.execute(HEARTBEAT, values)).scalar() is not None


async def plan_of(session: Session, version_id: UUID) -> Plan | None:
    """The plan of a version of which everything is made."""
    plan = (await session.execute(PLAN, {"version_id": version_id})).scalar()
    return None if plan is None else Plan.model_validate(plan)


async def finish(session: Session, held: TranscriptionClaim, said: str) -> bool:
    """Write down what the command wrote; False when the lease was not ours any more."""
    values = {"id": held.id, "owner": held.owner, "text": said}
    return (await session.execute(FINISH, values)).scalar() is not None


async def put_back(
    session: Session,
    held: TranscriptionClaim,
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


async def fail(session: Session, held: TranscriptionClaim, code: str, message: str, detail: str | None = None) -> None:
    values = {"id": held.id, "owner": held.owner, "code": code, "message": message, "detail": detail}
    await session.execute(FAIL, values)


async def forget_unwanted(session: Session) -> None:
    await session.execute(FORGET)


async def settled(session: Session) -> Sequence[UUID]:
    """What is transcribed or given up, and media has not taken over."""
    return (await session.scalars(SETTLED)).all()
