"""The ledger in Postgres, as workers use it: who works on what, until when, and what came of it.

A claim is a lease. It is renewed by heartbeats; when its holder dies it runs out and the work is anybody's again.
Every claim has a name of its own, and every write of a result is conditional on it, so who lost a lease changes nothing,
not even what another slot of the same process has in hand by now. Segments are written
down one by one, as soon as they are in storage: an attempt goes on where the one before it was cut off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.transcoder.ladder.schema import ChunkPlan, Plan
from shared.contracts.captions import EmbeddedCaptions
from shared.contracts.outline import Images
from shared.db import Session, new_id
from shared.db.models.media import ContentKey, Video, VideoVersion
from shared.db.models.transcoding import Chunk, JobEvent, ProcessingJob

LEASE_SECONDS = 20
HEARTBEAT_SECONDS = 2.0
MOST_ATTEMPTS = 5

URGENT_LANE, ORDINARY_LANE = 0, 1


@dataclass(frozen=True)
class Source:
    """A version that is still wanted, with all that is needed to work on it. ``run`` is the one media has followed."""

    video_id: UUID
    version_id: UUID
    container: str
    key: str
    bytes: int
    public_secret: str
    key_epoch: int
    run: int
    dropped: bool = False
    """Whether its file was let go: nothing can be made from it any more."""


@dataclass(frozen=True)
class PlanClaim:
    owner: str
    job_id: UUID
    version_id: UUID
    attempts: int


@dataclass(frozen=True)
class ChunkClaim:
    owner: str
    id: UUID
    job_id: UUID
    version_id: UUID
    run: int
    attempts: int
    lane: int
    on_demand: bool
    chunk: ChunkPlan
    plan: Plan

    @property
    def worker(self) -> str:
        """The process that holds it."""
        return worker_of(self.owner)

    @property
    def label(self) -> str:
        """How people speak of it."""
        return chunk_label(self.chunk, on_demand=self.on_demand)


def _new_owner(worker: str) -> str:
    """The name of a claim: its worker's, and a part of its own."""
    return f"{worker}/{new_id().hex[-8:]}"


def worker_of(owner: str) -> str:
    return owner.rpartition("/")[0] or owner


def chunk_label(chunk: ChunkPlan, *, on_demand: bool = False) -> str:
    """``video 3``; a chunk made for a viewer is named by its first segment: ``video at segment 17``."""
    return f"{chunk.kind} at segment {chunk.first_segment}" if on_demand else f"{chunk.kind} {chunk.index}"


CLAIM_PLAN = text("""
WITH next AS (
    SELECT id, lease_owner AS holder FROM transcoding.video_processing_jobs
    WHERE state = 'planning' AND NOT paused AND (lease_until IS NULL OR lease_until < now())
      AND (not_before IS NULL OR not_before <= now())
    ORDER BY priority, id FOR UPDATE SKIP LOCKED LIMIT 1)
UPDATE transcoding.video_processing_jobs j SET attempts = attempts + 1, lease_owner = :owner,
       lease_until = now() + make_interval(secs => :lease), updated_at = now()
FROM next WHERE j.id = next.id
RETURNING j.id, j.version_id, j.attempts, next.holder
""")

GIVE_PLAN_BACK = text("""
UPDATE transcoding.video_processing_jobs SET attempts = greatest(attempts - :unspent, 0), lease_owner = NULL,
       lease_until = NULL, not_before = now() + make_interval(secs => :wait), updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'planning' RETURNING id
""")

# Viewers' wishes first, then what starts a film, then one film after the other: ten films half done help nobody.
CLAIM_CHUNK = text("""
WITH next AS (
    SELECT c.id, c.state AS was, c.lease_owner AS holder, j.run FROM transcoding.chunks c
    JOIN transcoding.video_processing_jobs j ON j.id = c.job_id
    WHERE j.state = 'encoding' AND NOT j.paused AND c.lane <= :lane AND c.state IN ('waiting', 'active')
      AND (NOT :light OR c.kind <> 'video')
      AND ((c.state = 'waiting' AND (c.not_before IS NULL OR c.not_before <= now()))
           OR (c.state = 'active' AND c.lease_until < now()))
    ORDER BY c.lane, c.wanted_at NULLS LAST, c.priority, c.job_id, c.position
    FOR UPDATE OF c SKIP LOCKED LIMIT 1)
UPDATE transcoding.chunks c SET state = 'active', attempts = attempts + 1, lease_owner = :owner, speed = NULL,
       lease_until = now() + make_interval(secs => :lease), updated_at = now()
FROM next WHERE c.id = next.id
RETURNING c.id, c.job_id, c.kind, c.index, c.first_segment, c.segment_count, c.renditions, c.attempts, c.lane,
          c.on_demand, next.was, next.holder, next.run
""")


async def note(
    session: Session,
    job_id: UUID,
    event: str,
    *,
    chunk: str | None = None,
    attempt: int | None = None,
    worker: str | None = None,
    code: str | None = None,
    message: str | None = None,
) -> None:
    """Write a line of the job's history."""
    values = {"event": event, "chunk": chunk, "attempt": attempt, "worker": worker, "code": code, "message": message}
    await session.execute(insert(JobEvent).values(id=new_id(), job_id=job_id, **values))


async def enter(session: Session, version_id: UUID) -> bool:
    """Write a version into the ledger, to be planned; False when it stands there or nobody wants it."""
    source = await wanted_source(session, version_id)
    if source is None:
        return False
    job_id = new_id()
    statement = insert(ProcessingJob).values(
        id=job_id, version_id=version_id, video_id=source.video_id, state="planning", run=source.run
    )
    entered = await session.execute(statement.on_conflict_do_nothing().returning(ProcessingJob.id))
    if entered.scalar() is None:
        return False
    await note(session, job_id, "entered")
    return True


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
        run=row.run,
        dropped=row.source_dropped_at is not None,
    )


async def content_key(session: Session, version_id: UUID, epoch: int) -> ContentKey | None:
    return await session.get(ContentKey, (version_id, epoch))


async def claim_plan(session: Session, worker: str) -> PlanClaim | None:
    owner = _new_owner(worker)
    row = (await session.execute(CLAIM_PLAN, {"owner": owner, "lease": LEASE_SECONDS})).mappings().first()
    if row is None:
        return None
    claim = PlanClaim(owner, row["id"], row["version_id"], row["attempts"])
    if row["holder"] is not None:
        await _note_lost(session, claim.job_id, row["holder"])
    return claim


async def put_plan_back(session: Session, claim: PlanClaim, code: str, message: str, wait: float) -> None:
    """Give a plan back, to be tried again after ``wait`` seconds."""
    if await _give_plan_back(session, claim, wait, unspent=0):
        await note(
            session,
            claim.job_id,
            "to be tried again",
            worker=worker_of(claim.owner),
            attempt=claim.attempts,
            code=code,
            message=message,
        )


async def return_plan(session: Session, claim: PlanClaim, wait: float = 0.0) -> None:
    """Give a plan back as it was: that costs no attempt."""
    await _give_plan_back(session, claim, wait, unspent=1)


async def _give_plan_back(session: Session, claim: PlanClaim, wait: float, *, unspent: int) -> bool:
    """False when the lease was not ours any more."""
    values = {"id": claim.job_id, "owner": claim.owner, "wait": wait, "unspent": unspent}
    return (await session.execute(GIVE_PLAN_BACK, values)).scalar() is not None


async def _note_lost(session: Session, job_id: UUID, holder: str, chunk: str | None = None) -> None:
    message = f"Nothing was heard of the worker {worker_of(holder)} for {LEASE_SECONDS} seconds."
    await note(session, job_id, "lease expired", code="lease_expired", message=message, chunk=chunk)


async def write_plan(session: Session, claim: PlanClaim, plan: Plan, outline: dict[str, Any]) -> bool:
    """Store the plan and its chunks, if the lease is still ours."""
    job = await session.scalar(select(ProcessingJob).where(ProcessingJob.id == claim.job_id).with_for_update())
    if job is None or job.state != "planning" or job.lease_owner != claim.owner:
        return False
    job.plan = plan.model_dump(mode="json")
    job.outline = outline
    job.state = "encoding"
    job.lease_owner = job.lease_until = None
    for position, chunk in enumerate(plan.chunks):
        lane = URGENT_LANE if chunk.starts_film else ORDINARY_LANE
        session.add(Chunk(**chunk_values(job, plan, chunk), lane=lane, position=position))
    await note(session, job.id, "planned", attempt=claim.attempts, worker=worker_of(claim.owner))
    return True


def chunk_values(job: ProcessingJob, plan: Plan, chunk: ChunkPlan) -> dict[str, Any]:
    """A chunk as a new row of the ledger; lane and place in the queue are the caller's."""
    return {
        "id": new_id(),
        "job_id": job.id,
        "kind": chunk.kind,
        "index": chunk.index,
        "first_segment": chunk.first_segment,
        "segment_count": chunk.segment_count,
        "renditions": list(plan.chunk_renditions(chunk)),
        "seconds": chunk_seconds(plan, chunk),
        "priority": job.priority,
        "state": "waiting",
    }


def chunk_seconds(plan: Plan, chunk: ChunkPlan) -> float:
    """Seconds of the film that a chunk covers."""
    durations = plan.segment_durations(plan.rendition_names[0])
    return sum(durations[segment] for segment in chunk.segments)


async def claim_chunk(
    session: Session, worker: str, lane: int = ORDINARY_LANE, *, light: bool = False
) -> ChunkClaim | None:
    """Take the next chunk of ``lane`` or a more urgent one; with ``light``, of sound or stills only."""
    owner = _new_owner(worker)
    values = {"owner": owner, "lease": LEASE_SECONDS, "lane": lane, "light": light}
    row = (await session.execute(CLAIM_CHUNK, values)).mappings().first()
    if row is None:
        return None
    job = await session.get(ProcessingJob, row["job_id"])
    assert job is not None and job.plan is not None
    claim = ChunkClaim(
        owner=owner,
        id=row["id"],
        job_id=job.id,
        version_id=job.version_id,
        run=row["run"],
        attempts=row["attempts"],
        lane=row["lane"],
        on_demand=row["on_demand"],
        chunk=_chunk_plan(row),
        plan=Plan.model_validate(job.plan),
    )
    if row["was"] == "active":
        await _note_lost(session, job.id, row["holder"], claim.label)
    if claim.attempts <= MOST_ATTEMPTS:
        await note(session, job.id, "started", chunk=claim.label, worker=claim.worker, attempt=claim.attempts)
    return claim


def _chunk_plan(row: RowMapping) -> ChunkPlan:
    return ChunkPlan(
        kind=row["kind"],
        index=row["index"],
        first_segment=row["first_segment"],
        segment_count=row["segment_count"],
        renditions=tuple(row["renditions"]),
        starts_film=row["lane"] == URGENT_LANE and not row["on_demand"],
    )


async def heartbeat_plan(session: Session, claim: PlanClaim) -> bool:
    """Renew the lease of a plan; False when it is not ours any more."""
    renewed = await session.execute(
        update(ProcessingJob)
        .where(
            ProcessingJob.id == claim.job_id,
            ProcessingJob.lease_owner == claim.owner,
            ProcessingJob.state == "planning",
            ProcessingJob.paused.is_(False),
        )
        .values(lease_until=func.now() + timedelta(seconds=LEASE_SECONDS))
        .returning(ProcessingJob.id)
    )
    return renewed.scalar() is not None


async def heartbeat_chunk(session: Session, claim: ChunkClaim, encoded: float, speed: float | None = None) -> bool:
    """Renew the lease of a chunk and say how many of its seconds are ``encoded``.

    False when it is not ours any more, when its film is paused, or when nobody wants it.
    """
    renewed = await session.execute(
        text("""
        UPDATE transcoding.chunks c SET lease_until = now() + make_interval(secs => :lease), speed = :speed,
               encoded_seconds = greatest(encoded_seconds, least(:encoded, seconds)), updated_at = now()
        FROM transcoding.video_processing_jobs j
        WHERE c.id = :id AND c.lease_owner = :owner AND c.state = 'active' AND j.id = c.job_id
          AND j.state = 'encoding' AND NOT j.paused
        RETURNING c.id
        """),
        {"id": claim.id, "owner": claim.owner, "encoded": encoded, "speed": speed, "lease": LEASE_SECONDS},
    )
    return renewed.scalar() is not None


async def made_segments(session: Session, claim: ChunkClaim) -> dict[str, set[int]]:
    """Which segments of the chunk are in storage already, by rendition."""
    names = claim.plan.chunk_renditions(claim.chunk)
    rows = await session.execute(
        text("""
        SELECT rendition, index FROM transcoding.segments
        WHERE job_id = :job AND rendition = ANY(:names) AND index >= :first AND index < :after
        """),
        {
            "job": claim.job_id,
            "names": list(names),
            "first": claim.chunk.segments.start,
            "after": claim.chunk.segments.stop,
        },
    )
    made: dict[str, set[int]] = {name: set() for name in names}
    for name, index in rows:
        made[name].add(index)
    return made


async def record_segment(session: Session, claim: ChunkClaim, rendition: str, index: int, size: int) -> None:
    """Write down that a segment is in storage. The first one stands; one of an earlier run is not written down."""
    await session.execute(
        text("""
        INSERT INTO transcoding.segments (job_id, rendition, index, bytes)
        SELECT id, :rendition, :index, :size FROM transcoding.video_processing_jobs
        WHERE id = :job AND run = :run AND state = 'encoding'
        ON CONFLICT DO NOTHING
        """),
        {"job": claim.job_id, "run": claim.run, "rendition": rendition, "index": index, "size": size},
    )


async def forget_segments(session: Session, claim: ChunkClaim, written: Sequence[tuple[str, int]]) -> None:
    """What stands where nobody will look for it is to be made again."""
    for rendition, index in written:
        await session.execute(
            text("DELETE FROM transcoding.segments WHERE job_id = :job AND rendition = :rendition AND index = :index"),
            {"job": claim.job_id, "rendition": rendition, "index": index},
        )


async def finish_chunk(
    session: Session,
    claim: ChunkClaim,
    images: Images | None = None,
    seconds: float = 0.0,
    captions: EmbeddedCaptions | None = None,
) -> bool:
    """Mark a chunk done; False when the lease was not ours any more."""
    done = await session.execute(
        text("""
        UPDATE transcoding.chunks c SET state = 'done', encoded_seconds = c.seconds, speed = NULL, images = CAST(:images AS jsonb),
               captions = CAST(:captions AS jsonb),
               encode_seconds = coalesce(encode_seconds, 0) + :took, lease_owner = NULL, lease_until = NULL,
               error_code = NULL, error_message = NULL, error_detail = NULL, updated_at = now()
        FROM transcoding.video_processing_jobs j
        WHERE c.id = :id AND c.lease_owner = :owner AND c.state = 'active' AND j.id = c.job_id
          AND j.state = 'encoding' AND j.run = :run
        RETURNING c.id
        """),
        {
            "id": claim.id,
            "owner": claim.owner,
            "run": claim.run,
            "took": seconds,
            "images": images.model_dump_json() if images else None,
            "captions": captions.model_dump_json() if captions else None,
        },
    )
    if done.scalar() is None:
        return False
    await note(session, claim.job_id, "finished", chunk=claim.label, worker=claim.worker, attempt=claim.attempts)
    return True


async def finalise(session: Session, job_id: UUID | None = None) -> Sequence[UUID]:
    """End the jobs (or this one) of which nothing is left to do; answers their versions.

    One conditional statement, asked after a chunk's end is committed: of two workers that finish the last two chunks
    at once, at least one sees both. Asked by the reconciler too, for a worker that died in between.
    """
    rows = await session.execute(
        text("""
        UPDATE transcoding.video_processing_jobs j SET state = 'done', finished_at = now(), updated_at = now()
        WHERE j.state = 'encoding' AND (CAST(:job AS uuid) IS NULL OR j.id = :job) AND NOT EXISTS (
            SELECT 1 FROM transcoding.chunks c WHERE c.job_id = j.id AND NOT c.on_demand AND c.state <> 'done')
        RETURNING j.id, j.version_id
        """),
        {"job": job_id},
    )
    ended = rows.all()
    for ended_id, _ in ended:
        await note(session, ended_id, "done")
        await session.execute(
            update(Chunk).where(Chunk.job_id == ended_id, Chunk.state == "waiting").values(state="done")
        )
    return [version_id for _, version_id in ended]


async def put_back(
    session: Session, claim: ChunkClaim, code: str, message: str, wait: float, detail: str | None = None
) -> None:
    """Give a chunk back, to be tried again after ``wait`` seconds."""
    given = await session.execute(
        text("""
        UPDATE transcoding.chunks SET state = 'waiting', lease_owner = NULL, lease_until = NULL, speed = NULL,
               not_before = now() + make_interval(secs => :wait), error_code = :code, error_message = :message,
               error_detail = :detail, updated_at = now()
        WHERE id = :id AND lease_owner = :owner AND state = 'active' RETURNING id
        """),
        {"id": claim.id, "owner": claim.owner, "wait": wait, "code": code, "message": message, "detail": detail},
    )
    if given.scalar() is not None:
        await note(
            session,
            claim.job_id,
            "to be tried again",
            chunk=claim.label,
            worker=claim.worker,
            attempt=claim.attempts,
            code=code,
            message=message,
        )


async def return_unspent(session: Session, claim: ChunkClaim, wait: float = 0.0) -> None:
    """Give a chunk back as it was, because its worker is stopping or its film is paused: that costs no attempt."""
    await session.execute(
        text("""
        UPDATE transcoding.chunks SET state = 'waiting', lease_owner = NULL, lease_until = NULL, speed = NULL,
               attempts = greatest(attempts - 1, 0), not_before = now() + make_interval(secs => :wait),
               updated_at = now()
        WHERE id = :id AND lease_owner = :owner AND state = 'active'
        """),
        {"id": claim.id, "owner": claim.owner, "wait": wait},
    )


async def fail_job(
    session: Session, job_id: UUID, code: str, message: str, detail: str | None = None, *, by: str | None = None
) -> bool:
    """End a job for good, with a code and a sentence; the first reason stands. ``by`` is the worker or person."""
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
    await note(session, job_id, "failed", code=code, message=message, worker=by)
    return True


async def release_failed(session: Session, claim: ChunkClaim) -> None:
    """Let go of a chunk that will not be made: from now on nobody writes for it."""
    await session.execute(
        update(Chunk)
        .where(Chunk.id == claim.id, Chunk.lease_owner == claim.owner, Chunk.state == "active")
        .values(state="failed", speed=None, lease_owner=None, lease_until=None)
    )


async def job_of(session: Session, version_id: UUID) -> ProcessingJob | None:
    return await session.scalar(select(ProcessingJob).where(ProcessingJob.version_id == version_id))
