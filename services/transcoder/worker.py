"""``python -m services.transcoder.worker``: plans films and encodes their chunks.

Slots take work from the ledger in Postgres. arq only wakes them: a slot also looks by itself every two seconds, so a
lost ring costs two seconds and a lost Redis costs nothing else.
"""

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import Any
from uuid import UUID

from services.transcoder.pipeline import repository
from services.transcoder.pipeline.encoding import Encoder
from services.transcoder.pipeline.planning import Planner
from services.transcoder.pipeline.sources import Sources
from services.transcoder.pipeline.workplace import workplace
from services.transcoder.settings import TranscoderWorkerSettings
from shared.contracts.jobs import (
    MEDIA_QUEUE,
    TRANSCODER_QUEUE,
    CancelVersion,
    ChunksWaiting,
    PlanVersion,
    SyncVersion,
)
from shared.crypto import KeyRing
from shared.db import Database
from shared.jobs import Doorbell, every, run_until_stopped, run_worker, worker_for
from shared.observability import configure_logging
from shared.settings import read
from shared.storage import open_store

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
AFTER_FAULT = 2.0
SEEN_EVERY = 5.0
EVERY_TEN_SECONDS = set(range(5, 60, 10))


class WorkerProcess:
    """All of one worker: its slots, its ear for the doorbell, and the word that it lives."""

    def __init__(
        self,
        database: Database,
        planner: Planner,
        encoder: Encoder,
        bells: tuple[Doorbell, Doorbell],
        name: str,
    ) -> None:
        self._database = database
        self._planner = planner
        self._encoder = encoder
        self._own_bell, self._media_bell = bells
        self._name = name
        self._wake = asyncio.Event()

    async def enter(self, job: PlanVersion) -> None:
        """A source was stored: write it into the ledger. A second ring finds it there."""
        async with self._database.session_scope() as session:
            await repository.enter(session, job.version_id)
        self._wake.set()

    async def look(self, job: ChunksWaiting) -> None:
        self._wake.set()

    async def cancel(self, job: CancelVersion) -> None:
        async with self._database.session_scope() as session:
            standing = await repository.job_of(session, job.version_id)
            if standing is not None:
                await repository.fail_job(session, standing.id, "cancelled", "The film is not wanted any more.")

    async def reconcile(self, context: dict[str, Any]) -> None:
        """End work that nobody wants, and free what dead workers held of ended jobs."""
        async with self._database.session_scope() as session:
            for job_id in await repository.unwanted_jobs(session):
                await repository.fail_job(session, job_id, "cancelled", "The film is not wanted any more.")
            await repository.expire_ended(session)

    async def slot(self) -> None:
        """Take work, one piece after the other, for as long as there is any; then wait for the bell."""
        while True:
            try:
                if not await self._one():
                    self._wake.clear()
                    async with asyncio.timeout(LOOK_EVERY):
                        await self._wake.wait()
            except TimeoutError:
                continue
            except Exception:
                log.warning("a slot met a fault outside its work; it goes on", exc_info=True)
                await asyncio.sleep(AFTER_FAULT)

    async def _one(self) -> bool:
        """Do one piece of work; False when there is none."""
        async with self._database.session_scope() as session:
            plan = await repository.claim_plan(session, self._name)
        if plan is not None:
            if await self._planner.plan(plan):
                await self._ring(self._own_bell, ChunksWaiting())
            await self._tell_media(plan.version_id)
            return True
        async with self._database.session_scope() as session:
            chunk = await repository.claim_chunk(session, self._name)
        if chunk is None:
            return False
        await self._encoder.encode(chunk)
        await self._tell_media(chunk.version_id)
        return True

    async def _tell_media(self, version_id: UUID) -> None:
        await self._ring(self._media_bell, SyncVersion(version_id=version_id))

    async def _ring(self, bell: Doorbell, job: SyncVersion | ChunksWaiting) -> None:
        try:
            await bell.ring(job)
        except Exception:
            log.warning("a doorbell could not be rung; the reconciler will find the work", exc_info=True)

    async def say_alive(self) -> None:
        while True:
            try:
                async with self._database.session_scope() as session:
                    await repository.seen(session, self._name)
            except Exception:
                log.warning("this worker could not say that it lives", exc_info=True)
            await asyncio.sleep(SEEN_EVERY)


async def require_ffmpeg(path: Path) -> None:
    """A worker without FFmpeg would take work and break it; it says so and ends instead."""
    try:
        child = await asyncio.create_subprocess_exec(
            path, "-hide_banner", "-version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
        )
        code = await child.wait()
    except OSError as error:
        raise SystemExit(
            f"FFMPEG_PATH is {path}, which cannot be run ({error.strerror}): name a working FFmpeg."
        ) from None
    if code != 0:
        raise SystemExit(f"FFMPEG_PATH is {path}, which ended with {code}: name a working FFmpeg.")


async def work(settings: TranscoderWorkerSettings) -> None:
    await require_ffmpeg(settings.ffmpeg_path)
    name = f"{socket.gethostname()}-{os.getpid()}"
    redis_url = settings.redis_url.get_secret_value()
    database = Database(settings.database_url.get_secret_value(), application="lectern-transcoder-worker")
    private = open_store(settings.private_storage_url, settings.s3)
    public = open_store(settings.public_storage_url, settings.s3)
    own_bell, media_bell = Doorbell(redis_url, TRANSCODER_QUEUE), Doorbell(redis_url, MEDIA_QUEUE)
    try:
        with workplace(settings.work_dir, name) as directory:
            sources = Sources(private, directory)
            encoder = Encoder(
                database,
                KeyRing.parse(settings.master_keys.get_secret_value()),
                sources,
                public,
                worker=name,
                workplace=directory,
                ffmpeg=settings.ffmpeg_path,
            )
            process = WorkerProcess(database, Planner(database, sources, name), encoder, (own_bell, media_bell), name)
            async with asyncio.TaskGroup() as group:
                group.create_task(process.say_alive())
                group.create_task(run_worker(lambda: _ear(redis_url, process)))
                for _ in range(settings.transcoder_slots):
                    group.create_task(process.slot())
    finally:
        await own_bell.close()
        await media_bell.close()
        await private.close()
        await public.close()
        await database.close()


def _ear(redis_url: str, process: WorkerProcess) -> Any:
    return worker_for(
        redis_url,
        TRANSCODER_QUEUE,
        [(PlanVersion, process.enter), (ChunksWaiting, process.look), (CancelVersion, process.cancel)],
        cron_jobs=[every(process.reconcile, "reconcile", second=EVERY_TEN_SECONDS)],
    )


if __name__ == "__main__":
    worker_settings = read(TranscoderWorkerSettings)
    configure_logging(worker_settings.log_level)
    asyncio.run(run_until_stopped(work(worker_settings)))
