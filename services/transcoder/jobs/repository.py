"""The ledger, read for people and steered by them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from services.transcoder.pipeline.repository import note
from shared.db import Session
from shared.db.models.transcoding import Chunk, JobEvent, ProcessingJob

# One word for where a job stands, as a queue's page has it.
OVERVIEW = """
SELECT j.id, j.version_id, j.video_id, j.priority, j.error_code, j.error_message, j.error_detail, j.created_at,
       j.finished_at, coalesce(c.chunks, 0) AS chunks, coalesce(c.chunks_done, 0) AS chunks_done,
       coalesce(c.chunks_active, 0) AS chunks_active, coalesce(c.encode_seconds, 0) AS encode_seconds, c.speed,
       CASE WHEN j.state = 'done' THEN 100 ELSE least(99.9, 100 * coalesce(c.made / nullif(c.whole, 0), 0)) END
           AS percent,
       CASE WHEN j.state = 'encoding' AND NOT j.paused AND c.speed > 0 THEN c.left_to_do / c.speed END AS eta,
       CASE WHEN j.state = 'failed' THEN 'failed' WHEN j.state = 'done' THEN 'completed' WHEN j.paused THEN 'paused'
            WHEN c.chunks_active > 0 OR (j.state = 'planning' AND j.lease_until >= now()) THEN 'active'
            WHEN j.state = 'planning' AND j.not_before > now() THEN 'delayed'
            WHEN c.chunks_delayed > 0 AND c.chunks_delayed = c.chunks_waiting THEN 'delayed'
            ELSE 'waiting' END AS state
FROM transcoding.video_processing_jobs j LEFT JOIN LATERAL (
    SELECT count(*) AS chunks, count(*) FILTER (WHERE c.state = 'done') AS chunks_done,
           count(*) FILTER (WHERE c.state = 'active') AS chunks_active,
           count(*) FILTER (WHERE c.state = 'waiting') AS chunks_waiting,
           count(*) FILTER (WHERE c.state = 'waiting' AND c.not_before > now()) AS chunks_delayed,
           sum(c.encode_seconds) AS encode_seconds,
           sum(c.speed) FILTER (WHERE c.state = 'active' AND c.kind = 'video') AS speed,
           sum(c.seconds * cardinality(c.renditions)) AS whole,
           sum(c.encoded_seconds * cardinality(c.renditions)) AS made,
           sum(c.seconds - c.encoded_seconds) FILTER (WHERE c.kind = 'video' AND c.state <> 'done') AS left_to_do
    FROM transcoding.chunks c WHERE c.job_id = j.id AND NOT c.on_demand) c ON true
"""


async def jobs(session: Session, state: str | None, limit: int) -> Sequence[RowMapping]:
    """The newest first; of one state where one is named."""
    query = f"SELECT * FROM ({OVERVIEW}) o WHERE CAST(:state AS text) IS NULL OR state = :state ORDER BY id DESC LIMIT :limit"  # noqa: S608 - our own text
    return (await session.execute(text(query), {"state": state, "limit": limit})).mappings().all()


async def counts(session: Session) -> dict[str, int]:
    rows = await session.execute(text(f"SELECT state, count(*) FROM ({OVERVIEW}) o GROUP BY state"))  # noqa: S608 - our own text
    return {row[0]: row[1] for row in rows}


async def overview(session: Session, job_id: UUID) -> RowMapping | None:
    query = text(f"SELECT * FROM ({OVERVIEW}) o WHERE id = :id")  # noqa: S608 - our own text
    return (await session.execute(query, {"id": job_id})).mappings().first()


async def job(session: Session, job_id: UUID) -> ProcessingJob | None:
    """The job, locked until the end of the transaction."""
    return await session.scalar(select(ProcessingJob).where(ProcessingJob.id == job_id).with_for_update())


async def chunks(session: Session, job_id: UUID) -> Sequence[Chunk]:
    query = select(Chunk).where(Chunk.job_id == job_id).order_by(Chunk.on_demand, Chunk.position, Chunk.id)
    return (await session.scalars(query)).all()


async def timeline(session: Session, job_id: UUID, limit: int = 1000) -> Sequence[JobEvent]:
    """The last ``limit`` lines of a job's history, oldest first."""
    query = select(JobEvent).where(JobEvent.job_id == job_id).order_by(JobEvent.id.desc()).limit(limit)
    return list(reversed((await session.scalars(query)).all()))


async def begin_anew(session: Session, standing: ProcessingJob, by: str) -> None:
    """A failed job from the start, as a new run: media gives it a new place in storage before anything is written."""
    job_id = standing.id
    standing.run += 1
    standing.state = "planning" if standing.plan is None else "encoding"
    standing.attempts = 0
    standing.paused = False
    standing.error_code = standing.error_message = standing.error_detail = None
    standing.finished_at = standing.not_before = standing.lease_owner = standing.lease_until = None
    values = {"job": job_id}
    await session.execute(text("DELETE FROM transcoding.segments WHERE job_id = :job"), values)
    await session.execute(text("DELETE FROM transcoding.chunks WHERE job_id = :job AND on_demand"), values)
    await session.execute(text(f"UPDATE transcoding.chunks SET {_AFRESH} WHERE job_id = :job"), values)  # noqa: S608 - our own text
    await note(session, job_id, "begun anew", worker=by)


_AFRESH = """state = 'waiting', attempts = 0, not_before = NULL, lease_owner = NULL, lease_until = NULL, images = NULL,
             encoded_seconds = 0, speed = NULL, error_code = NULL, error_message = NULL, error_detail = NULL,
             updated_at = now()"""


async def make_again(
    session: Session, standing: ProcessingJob, picked: Sequence[Chunk], by: str, what: str, only: str | None = None
) -> None:
    """These chunks of a job that did not fail; what they made is forgotten, and overwritten as it is made again.

    ``only`` names the rendition that is meant; the others that the chunks made stay as they are.
    """
    for chunk in picked:
        await session.execute(
            text("""DELETE FROM transcoding.segments WHERE job_id = :job AND rendition = ANY(:names)
                    AND index >= :first AND index < :after"""),
            {
                "job": standing.id,
                "names": [only] if only else chunk.renditions,
                "first": chunk.first_segment,
                "after": chunk.first_segment + chunk.segment_count,
            },
        )
        await session.execute(text(f"UPDATE transcoding.chunks SET {_AFRESH} WHERE id = :id"), {"id": chunk.id})  # noqa: S608 - our own text
    standing.state = "encoding"
    standing.finished_at = None
    await note(session, standing.id, "to be made again", chunk=what, worker=by)


async def set_priority(session: Session, standing: ProcessingJob, priority: int) -> None:
    standing.priority = priority
    await session.execute(
        text("UPDATE transcoding.chunks SET priority = :priority WHERE job_id = :job"),
        {"priority": priority, "job": standing.id},
    )
