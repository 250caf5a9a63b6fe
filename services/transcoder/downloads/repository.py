"""The ledger of films to take home: who makes which, until when, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.transcoder.pipeline.errands import ErrandLedger
from shared.db import Session

MOST_ATTEMPTS = 4

JOB = text("""
SELECT j.id, j.plan, (SELECT sum(s.bytes) FROM transcoding.segments s
                      WHERE s.job_id = j.id AND s.rendition = ANY(:renditions)) AS bytes
FROM transcoding.video_processing_jobs j WHERE j.version_id = :version_id AND j.state = 'done'
""")

_LEDGER = ErrandLedger(
    "downloads",
    "downloads",
    "rendition",
    claimed="percent = 0,",
    beaten="percent = :percent,",
    finished="key = :key, bytes = :bytes, sha256 = :sha256, percent = 100,",
    keeps_held=True,
)
enter, settled, forget_unwanted = _LEDGER.enter, _LEDGER.settled, _LEDGER.forget_unwanted
put_back, fail = _LEDGER.put_back, _LEDGER.fail


@dataclass(frozen=True)
class DownloadClaim:
    owner: str
    id: UUID
    version_id: UUID
    rendition: str
    attempts: int


async def claim(session: Session, worker: str) -> DownloadClaim | None:
    found = await _LEDGER.claim(session, worker)
    return DownloadClaim(found[0], **found[1]) if found else None


async def heartbeat(session: Session, held: DownloadClaim, percent: float) -> bool:
    """Renew the lease; False when it is not ours any more, or nobody wants the file."""
    return await _LEDGER.heartbeat(session, held, percent=percent)


async def finish(session: Session, held: DownloadClaim, key: str, size: int, sha256: str) -> bool:
    """Mark the file as made; False when the lease was not ours any more."""
    return await _LEDGER.finish(session, held, key=key, bytes=size, sha256=sha256)


async def plan_of(session: Session, version_id: UUID) -> dict[str, Any] | None:
    """The plan of a version of which everything is made."""
    row = (await session.execute(JOB, {"version_id": version_id, "renditions": []})).mappings().first()
    return row["plan"] if row else None


async def bytes_of(session: Session, version_id: UUID, renditions: Sequence[str]) -> int:
    """What the segments of these renditions weigh together."""
    row = (await session.execute(JOB, {"version_id": version_id, "renditions": list(renditions)})).mappings().first()
    return int(row["bytes"] or 0) if row else 0
