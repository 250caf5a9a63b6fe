"""The ledger of drafts of captions: who transcribes which, until when, and what came of it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from services.transcoder.ladder.schema import Plan
from services.transcoder.pipeline.errands import ErrandLedger
from shared.db import Session

MOST_ATTEMPTS = 3

PLAN = text("SELECT plan FROM transcoding.video_processing_jobs WHERE version_id = :version_id AND state = 'done'")

_LEDGER = ErrandLedger("transcriptions", "caption_drafts", "language", finished="text = :text,")
enter, settled, forget_unwanted = _LEDGER.enter, _LEDGER.settled, _LEDGER.forget_unwanted
heartbeat, put_back, fail = _LEDGER.heartbeat, _LEDGER.put_back, _LEDGER.fail


@dataclass(frozen=True)
class TranscriptionClaim:
    owner: str
    id: UUID
    version_id: UUID
    language: str
    attempts: int


async def claim(session: Session, worker: str) -> TranscriptionClaim | None:
    found = await _LEDGER.claim(session, worker)
    return TranscriptionClaim(found[0], **found[1]) if found else None


async def plan_of(session: Session, version_id: UUID) -> Plan | None:
    """The plan of a version of which everything is made."""
    plan = (await session.execute(PLAN, {"version_id": version_id})).scalar()
    return None if plan is None else Plan.model_validate(plan)


async def finish(session: Session, held: TranscriptionClaim, said: str) -> bool:
    """Write down what the command wrote; False when the lease was not ours any more."""
    return await _LEDGER.finish(session, held, text=said)
