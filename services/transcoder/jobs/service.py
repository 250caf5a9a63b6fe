"""What an admin may do with a job: look at it, stop it, hold it, hurry it, make it again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.transcoder.jobs import errors, repository
from services.transcoder.jobs.schemas import ChunkAnswer, EventAnswer, JobAnswer, JobDetail, JobList, JobState
from services.transcoder.pipeline.repository import fail_job, note, wanted_source, worker_of
from shared.contracts.jobs import ChunksWaiting, SyncVersion
from shared.db import Database, Session
from shared.db.models.transcoding import Chunk, ProcessingJob
from shared.jobs import Doorbell

RUNNING = ("planning", "encoding")


class JobService:
    """``workers`` and ``media`` are the doorbells of the two queues."""

    def __init__(self, database: Database, workers: Doorbell, media: Doorbell) -> None:
        self._database = database
        self._workers = workers
        self._media = media

    async def list(self, state: JobState | None, limit: int) -> JobList:
        async with self._database.session_scope() as session:
            rows = await repository.jobs(session, state, limit)
            counts = await repository.counts(session)
        return JobList(
            jobs=[JobAnswer(**_named(dict(row))) for row in rows], counts={one: counts.get(one, 0) for one in JobState}
        )

    async def get(self, job_id: UUID) -> JobDetail:
        async with self._database.session_scope() as session:
            row = await repository.overview(session, job_id)
            if row is None:
                raise errors.job_not_found(job_id)
            chunks = await repository.chunks(session, job_id)
            events = await repository.timeline(session, job_id)
        return JobDetail(
            **_named(dict(row)),
            chunk_list=[_chunk(chunk) for chunk in chunks],
            timeline=[EventAnswer.model_validate(event, from_attributes=True) for event in events],
        )

    async def cancel(self, job_id: UUID, by: str) -> None:
        async with self._database.session_scope() as session:
            standing = await self._standing(session, job_id)
            sentence = "The processing of this film was cancelled. Retry it, or upload the film again."
            if not await fail_job(session, job_id, "cancelled", sentence, by=by):
                raise errors.already_ended(standing.state)
            self._ring(session, standing)

    async def pause(self, job_id: UUID, by: str, *, paused: bool) -> None:
        """Hold a job, or let it go on. Asked twice, the same. A chunk in hand is given back within seconds."""
        async with self._database.session_scope() as session:
            standing = await self._standing(session, job_id)
            if standing.state not in RUNNING:
                raise errors.already_ended(standing.state)
            if standing.paused != paused:
                standing.paused = paused
                await note(session, job_id, "paused" if paused else "resumed", worker=by)
            self._ring(session, standing)

    async def prioritise(self, job_id: UUID, by: str, priority: int) -> None:
        async with self._database.session_scope() as session:
            standing = await self._standing(session, job_id)
            await repository.set_priority(session, standing, priority)
            await note(session, job_id, f"priority {priority}", worker=by)

    async def retry(self, job_id: UUID, by: str, chunk_id: str | None, rendition: str | None) -> None:
        """Make a chunk, a rendition or everything again.

        A failed job begins anew whatever is named: what was published of it is gone from storage.
        """
        async with self._database.session_scope() as session:
            standing = await self._standing(session, job_id)
            source = await wanted_source(session, standing.version_id)
            if source is None:
                raise errors.not_wanted()
            if source.dropped:
                raise errors.source_dropped()
            picked = _picked(await repository.chunks(session, job_id), chunk_id, rendition)
            if standing.state == "failed":
                await repository.begin_anew(session, standing, by)
            elif any(chunk.state == "active" for chunk in picked) or standing.state == "planning":
                raise errors.still_running()
            else:
                what = chunk_id or rendition or "everything"
                only = rendition if chunk_id is None else None
                await repository.make_again(session, standing, picked, by, what, only)
            self._ring(session, standing)

    def _ring(self, session: Session, standing: ProcessingJob) -> None:
        version_id = standing.version_id
        session.ring_after_commit(lambda: self._media.ring(SyncVersion(version_id=version_id)))
        session.ring_after_commit(lambda: self._workers.ring(ChunksWaiting()))

    async def _standing(self, session: Session, job_id: UUID) -> ProcessingJob:
        standing = await repository.job(session, job_id)
        if standing is None:
            raise errors.job_not_found(job_id)
        return standing


def _picked(chunks: Sequence[Chunk], chunk_id: str | None, rendition: str | None) -> list[Chunk]:
    ordinary = [chunk for chunk in chunks if not chunk.on_demand]
    if chunk_id is not None:
        picked = [chunk for chunk in ordinary if str(chunk.id) == chunk_id]
        if not picked:
            raise errors.chunk_not_found(chunk_id)
        return picked
    if rendition is not None:
        picked = [chunk for chunk in ordinary if rendition in chunk.renditions]
        if not picked:
            raise errors.rendition_not_found(rendition)
        return picked
    return ordinary


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its ids as text."""
    return {**row, **{name: str(row[name]) for name in ("id", "video_id", "version_id")}}


def _chunk(chunk: Chunk) -> ChunkAnswer:
    return ChunkAnswer(
        id=str(chunk.id),
        kind=chunk.kind,
        index=chunk.index,
        renditions=chunk.renditions,
        first_segment=chunk.first_segment,
        segment_count=chunk.segment_count,
        seconds=chunk.seconds,
        encoded_seconds=chunk.encoded_seconds,
        state=chunk.state,
        on_demand=chunk.on_demand,
        attempts=chunk.attempts,
        worker=worker_of(chunk.lease_owner) if chunk.lease_owner else None,
        error_code=chunk.error_code,
        error_message=chunk.error_message,
        error_detail=chunk.error_detail,
    )
