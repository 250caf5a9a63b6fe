"""The ledger in Postgres: who works on what, until when, and what came of it.

A claim is a lease. It is renewed by heartbeats; when its holder dies it runs out and the work is anybody's again.
Every write of a result is conditional on the lease, so a worker that lost it changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.transcoder.ladder.schema import ChunkPlan, Plan
from shared.db import Session, new_id
from shared.db.models.media import ContentKey, Video, VideoVersion
from shared.db.models.transcoding import Chunk, ProcessingJob

LEASE_SECONDS = 20
HEARTBEAT_SECONDS = 4.0
MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Source:
    """A version that is still wanted, with all that is needed to work on it."""

    video_id: UUID
    version_id: UUID
    container: str
    key: str
    bytes: int
    public_secret: str
    key_epoch: int


@dataclass(frozen=True)
class PlanClaim:
    job_id: UUID
    version_id: UUID
    attempts: int


@dataclass(frozen=True)
class ChunkClaim:
    id: UUID
    job_id: UUID
    version_id: UUID
    attempts: int
    chunk: ChunkPlan
    plan: Plan


CLAIM_PLAN = text("""
UPDATE transcoding.video_processing_jobs SET attempts = attempts + 1, lease_owner = :owner,
       lease_until = now() + make_interval(secs => :lease), updated_at = now()
WHERE id = (
    SELECT id FROM transcoding.video_processing_jobs
    WHERE state = 'planning' AND (lease_until IS NULL OR lease_until < now())
    ORDER BY priority, id FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id, version_id, attempts
""")

CLAIM_CHUNK = text("""
UPDATE transcoding.chunks SET state = 'active', attempts = attempts + 1, lease_owner = :owner, percent = 0,
       lease_until = now() + make_interval(secs => :lease), updated_at = now()
WHERE id = (
    SELECT c.id FROM transcoding.chunks c
    JOIN transcoding.video_processing_jobs j ON j.id = c.job_id
    WHERE j.state = 'encoding'
      AND ((c.state = 'waiting' AND (c.not_before IS NULL OR c.not_before <= now()))
           OR (c.state = 'active' AND c.lease_until < now()))
    ORDER BY c.priority, c.position, c.id FOR UPDATE OF c SKIP LOCKED LIMIT 1)
RETURNING id, job_id, kind, index, first_segment, segment_count, attempts
""")


async def enter(session: Session, version_id: UUID) -> bool:
    """Write a version into the ledger, to be planned; False when it stands there or nobody wants it."""
    source = await wanted_source(session, version_id)
    if source is None:
        return False
    statement = insert(ProcessingJob).values(
        id=new_id(), version_id=version_id, video_id=source.video_id, state="planning"
    )
    entered = await session.execute(statement.on_conflict_do_nothing().returning(ProcessingJob.id))
    return entered.scalar() is not None


async def wanted_source(session: Session, version_id: UUID) -> Source | None:
    """The version, if it is a live video's current or pending one."""
    query = (
        select(VideoVersion)
        .join(Video, Video.id == VideoVersion.video_id)
        .where(
            VideoVersion.id == version_id,
            Video.deleted_at.is_(None),
            (Video.current_version_id == VideoVersion.id) | (Video.pending_version_id == VideoVersion.id),
        )
    )
    row = await session.scalar(query)
    if row is None:
        return None
    return Source(
        video_id=row.video_id,
        version_id=row.id,
        container=row.container,
        key=row.source_key,
        bytes=row.source_bytes,
        public_secret=row.public_secret,
        key_epoch=row.key_epoch,
    )


async def content_key(session: Session, version_id: UUID, epoch: int) -> ContentKey | None:
    return await session.get(ContentKey, (version_id, epoch))


async def claim_plan(session: Session, owner: str) -> PlanClaim | None:
    row = (await session.execute(CLAIM_PLAN, {"owner": owner, "lease": LEASE_SECONDS})).mappings().first()
    return PlanClaim(row["id"], row["version_id"], row["attempts"]) if row else None


async def write_plan(session: Session, claim: PlanClaim, owner: str, plan: Plan, outline: dict[str, Any]) -> bool:
    """Store the plan and its chunks, if the lease is still ours."""
    job = await session.scalar(select(ProcessingJob).where(ProcessingJob.id == claim.job_id).with_for_update())
    if job is None or job.state != "planning" or job.lease_owner != owner:
        return False
    job.plan = plan.model_dump(mode="json")
    job.outline = outline
    job.state = "encoding"
    job.lease_owner = job.lease_until = None
    for position, chunk in enumerate(plan.chunks):
        session.add(
            Chunk(
                id=new_id(),
                job_id=job.id,
                kind=chunk.kind,
                index=chunk.index,
                first_segment=chunk.first_segment,
                segment_count=chunk.segment_count,
                position=position,
                priority=job.priority,
                state="waiting",
            )
        )
    return True


async def claim_chunk(session: Session, owner: str) -> ChunkClaim | None:
    row = (await session.execute(CLAIM_CHUNK, {"owner": owner, "lease": LEASE_SECONDS})).mappings().first()
    if row is None:
        return None
    job = await session.get(ProcessingJob, row["job_id"])
    assert job is not None and job.plan is not None
    return ChunkClaim(
        id=row["id"],
        job_id=job.id,
        version_id=job.version_id,
        attempts=row["attempts"],
        chunk=_chunk_plan(row),
        plan=Plan.model_validate(job.plan),
    )


def _chunk_plan(row: RowMapping) -> ChunkPlan:
    return ChunkPlan(
        kind=row["kind"], index=row["index"], first_segment=row["first_segment"], segment_count=row["segment_count"]
    )


async def heartbeat_plan(session: Session, claim: PlanClaim, owner: str) -> bool:
    """Renew the lease of a plan; False when it is not ours any more."""
    renewed = await session.execute(
        update(ProcessingJob)
        .where(ProcessingJob.id == claim.job_id, ProcessingJob.lease_owner == owner, ProcessingJob.state == "planning")
        .values(lease_until=func.now() + timedelta(seconds=LEASE_SECONDS))
        .returning(ProcessingJob.id)
    )
    return renewed.scalar() is not None


async def heartbeat_chunk(session: Session, claim: ChunkClaim, owner: str, percent: float) -> bool:
    """Renew the lease of a chunk; False when it is not ours any more, or nobody wants its film."""
    renewed = await session.execute(
        text("""
        UPDATE transcoding.chunks c SET lease_until = now() + make_interval(secs => :lease), percent = :percent,
               updated_at = now()
        FROM transcoding.video_processing_jobs j
        WHERE c.id = :id AND c.lease_owner = :owner AND c.state = 'active' AND j.id = c.job_id AND j.state = 'encoding'
        RETURNING c.id
        """),
        {"id": claim.id, "owner": owner, "percent": percent, "lease": LEASE_SECONDS},
    )
    return renewed.scalar() is not None


async def finish_chunk(
    session: Session,
    claim: ChunkClaim,
    owner: str,
    segments: dict[str, list[int]] | None,
    images: list[dict[str, Any]] | None,
    seconds: float,
) -> bool:
    """Mark a chunk done, and the job when it was the last one; False when the lease was not ours any more.

    The job's row is locked first: two workers that finish the last two chunks at once would otherwise each see the
    other's as unfinished, and nobody would end the job.
    """
    job = await session.scalar(select(ProcessingJob).where(ProcessingJob.id == claim.job_id).with_for_update())
    chunk = await session.scalar(select(Chunk).where(Chunk.id == claim.id).with_for_update())
    if job is None or chunk is None or chunk.state != "active" or chunk.lease_owner != owner:
        return False
    if job.state != "encoding":
        chunk.state = "failed"
        return False
    chunk.state = "done"
    chunk.percent = 100.0
    chunk.segments = segments
    chunk.images = images
    chunk.encode_seconds = seconds
    chunk.lease_owner = chunk.lease_until = None
    chunk.error_code = chunk.error_message = None
    await session.flush()
    left = await session.scalar(
        select(func.count()).select_from(Chunk).where(Chunk.job_id == job.id, Chunk.state != "done")
    )
    if left == 0:
        job.state = "done"
        job.finished_at = func.now()
    return True


async def put_back(session: Session, claim: ChunkClaim, owner: str, code: str, message: str, wait: float) -> None:
    """Give a chunk back, to be tried again after ``wait`` seconds."""
    await session.execute(
        text("""
        UPDATE transcoding.chunks SET state = 'waiting', lease_owner = NULL, lease_until = NULL, percent = 0,
               not_before = now() + make_interval(secs => :wait), error_code = :code, error_message = :message,
               updated_at = now()
        WHERE id = :id AND lease_owner = :owner AND state = 'active'
        """),
        {"id": claim.id, "owner": owner, "wait": wait, "code": code, "message": message},
    )


async def return_unspent(session: Session, claim: ChunkClaim, owner: str) -> None:
    """Give a chunk back as it was, because its worker is stopping: that costs no attempt."""
    await session.execute(
        text("""
        UPDATE transcoding.chunks SET state = 'waiting', lease_owner = NULL, lease_until = NULL, percent = 0,
               attempts = greatest(attempts - 1, 0), updated_at = now()
        WHERE id = :id AND lease_owner = :owner AND state = 'active'
        """),
        {"id": claim.id, "owner": owner},
    )


async def fail_job(session: Session, job_id: UUID, code: str, message: str, detail: str | None = None) -> bool:
    """End a job for good, with a code and a sentence; the first reason stands."""
    failed = await session.execute(
        update(ProcessingJob)
        .where(ProcessingJob.id == job_id, ProcessingJob.state.in_(("planning", "encoding")))
        .values(
            state="failed",
            error_code=code,
            error_message=message,
            error_detail=detail,
            finished_at=func.now(),
            lease_owner=None,
            lease_until=None,
        )
        .returning(ProcessingJob.id)
    )
    if failed.scalar() is None:
        return False
    await session.execute(update(Chunk).where(Chunk.job_id == job_id, Chunk.state == "waiting").values(state="failed"))
    return True


async def release_failed(session: Session, claim: ChunkClaim, owner: str) -> None:
    """Let go of a chunk whose job has ended: from now on nobody writes for it."""
    await session.execute(
        update(Chunk)
        .where(Chunk.id == claim.id, Chunk.lease_owner == owner, Chunk.state == "active")
        .values(state="failed", lease_owner=None, lease_until=None)
    )


async def job_of(session: Session, version_id: UUID) -> ProcessingJob | None:
    return await session.scalar(select(ProcessingJob).where(ProcessingJob.version_id == version_id))


async def expire_ended(session: Session) -> None:
    """Chunks of ended jobs whose worker died are nobody's."""
    await session.execute(
        text("""
        UPDATE transcoding.chunks c SET state = 'failed', lease_owner = NULL, lease_until = NULL
        FROM transcoding.video_processing_jobs j
        WHERE j.id = c.job_id AND j.state IN ('failed', 'done') AND c.state = 'active' AND c.lease_until < now()
        """)
    )


async def unwanted_jobs(session: Session) -> Sequence[UUID]:
    """Jobs in hand whose video was deleted or whose version was given up."""
    rows = await session.execute(
        text("""
        SELECT j.id FROM transcoding.video_processing_jobs j
        WHERE j.state IN ('planning', 'encoding') AND NOT EXISTS (
            SELECT 1 FROM media.videos v WHERE v.id = j.video_id AND v.deleted_at IS NULL
               AND (v.current_version_id = j.version_id OR v.pending_version_id = j.version_id))
        """)
    )
    return [row[0] for row in rows]


async def seen(session: Session, worker: str) -> None:
    await session.execute(
        text("""
        INSERT INTO transcoding.workers (id, seen_at, started_at) VALUES (:id, now(), now())
        ON CONFLICT (id) DO UPDATE SET seen_at = now()
        """),
        {"id": worker},
    )
    await session.execute(text("DELETE FROM transcoding.workers WHERE seen_at < now() - interval '1 day'"))


async def recent_jobs(session: Session, limit: int) -> Sequence[RowMapping]:
    rows = await session.execute(
        text("""
        SELECT j.id, j.version_id, j.video_id, j.state, j.error_code, j.error_message, j.error_detail, j.created_at,
               j.finished_at, count(c.id) AS chunks, count(c.id) FILTER (WHERE c.state = 'done') AS chunks_done,
               count(c.id) FILTER (WHERE c.state = 'active') AS chunks_active,
               coalesce(sum(c.encode_seconds), 0)::float8 AS encode_seconds
        FROM transcoding.video_processing_jobs j LEFT JOIN transcoding.chunks c ON c.job_id = j.id
        GROUP BY j.id ORDER BY j.id DESC LIMIT :limit
        """),
        {"limit": limit},
    )
    return rows.mappings().all()
