"""What a viewer asks for before it is made: a chunk of its own, in the lane that is kept free for such wishes."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from services.transcoder.ladder.schema import ChunkPlan, Plan
from services.transcoder.pipeline.repository import URGENT_LANE, chunk_values, note
from shared.db import Session
from shared.db.models.transcoding import Chunk, ProcessingJob

MOST_SEGMENTS = 4
"""A viewer who goes on from a wish gets more segments at once, up to this many: starting FFmpeg costs time too."""
CHUNKS_AHEAD = 3
_INDEX_BASE, _INDEX_STEP = 1_000_000, 100_000


async def wish(session: Session, version_id: UUID, rendition: str, index: int) -> bool:
    """Enter a chunk for a segment that is not made; False where there is nothing to do.

    However many ask for it, it is one chunk. The ordinary chunks from there on go before others of their lane.
    """
    job = await session.scalar(
        select(ProcessingJob).where(ProcessingJob.version_id == version_id, ProcessingJob.state == "encoding")
    )
    if job is None or job.plan is None:
        return False
    plan = Plan.model_validate(job.plan)
    if rendition not in plan.rendition_names or not 0 <= index < plan.segment_count:
        return False
    around = await _around(session, job.id, rendition, index)
    if around["is_made"] or around["is_asked_for"]:
        return False
    await _hurry(session, job.id, index)
    wished = 1 if around["before"] is None else min(MOST_SEGMENTS, 2 * int(around["before"]))
    after = min(index + wished, plan.segment_count, around["next_made"] or plan.segment_count)
    chunk = ChunkPlan(
        kind="video" if rendition in plan.video_names else "audio",
        index=_INDEX_BASE + _INDEX_STEP * plan.rendition_names.index(rendition) + index,
        first_segment=index,
        segment_count=after - index,
        renditions=(rendition,),
    )
    lowest = plan.video_names[-1:] == (rendition,) or chunk.kind == "audio"
    entered = await session.execute(
        insert(Chunk)
        .values(
            **chunk_values(job, plan, chunk),
            lane=URGENT_LANE,
            on_demand=True,
            wanted_at=text("now()"),
            position=0 if lowest else 1,
        )
        .on_conflict_do_update(
            # It was made or given up before: where its segment is missing all the same, it is to be made again.
            index_elements=["job_id", "kind", "index"],
            set_={"state": "waiting", "attempts": 0, "wanted_at": text("now()"), "not_before": None},
            where=text("transcoding.chunks.state IN ('done', 'failed')"),
        )
        .returning(Chunk.id)
    )
    if entered.scalar() is None:
        return False
    await note(session, job.id, "asked for by a viewer", chunk=f"{rendition} segment {index}")
    return True


async def _around(session: Session, job_id: UUID, rendition: str, index: int) -> Any:
    rows = await session.execute(
        text("""
        SELECT EXISTS (SELECT 1 FROM transcoding.segments WHERE job_id = :job AND rendition = :name AND index = :index)
                   AS is_made,
               EXISTS (SELECT 1 FROM transcoding.chunks WHERE job_id = :job AND on_demand AND :name = ANY(renditions)
                       AND state IN ('waiting', 'active') AND first_segment <= :index
                       AND first_segment + segment_count > :index) AS is_asked_for,
               (SELECT max(segment_count) FROM transcoding.chunks WHERE job_id = :job AND on_demand
                AND :name = ANY(renditions) AND first_segment + segment_count = :index) AS before,
               (SELECT min(index) FROM transcoding.segments
                WHERE job_id = :job AND rendition = :name AND index > :index) AS next_made
        """),
        {"job": job_id, "name": rendition, "index": index},
    )
    return rows.mappings().one()


async def _hurry(session: Session, job_id: UUID, index: int) -> None:
    await session.execute(
        text("""
        UPDATE transcoding.chunks SET wanted_at = now()
        WHERE wanted_at IS NULL AND id IN (
            SELECT id FROM transcoding.chunks
            WHERE job_id = :job AND NOT on_demand AND kind <> 'thumbnails' AND state = 'waiting'
              AND first_segment + segment_count > :index
            ORDER BY first_segment, position LIMIT :ahead)
        """),
        {"job": job_id, "index": index, "ahead": CHUNKS_AHEAD},
    )
