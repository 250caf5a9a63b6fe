"""``python -m services.transcoder.worker``: plans films and encodes their chunks.

Slots take work from the ledger in Postgres. arq only wakes them: a slot also looks by itself every two seconds, so a
lost ring costs two seconds and a lost Redis costs nothing else. Two slots are kept for what somebody waits for: the
start of a film, and what a viewer asked for before it was made (a picture and its sound, at the same time). One takes
sound and stills only, which leave a core idle where they are made alone: they are made beside the picture. One makes
films to take home, which is work for disk and network; and one drafts captions, where there is a command for it.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from services.transcoder.bells import Bells
from services.transcoder.downloads import repository as downloads
from services.transcoder.downloads.service import DownloadMaker
from services.transcoder.ffmpeg.encoders import EncoderUnavailable, choose
from services.transcoder.ffmpeg.process import sandbox_facts
from services.transcoder.pipeline import repository, upkeep, wishes
from services.transcoder.pipeline.brake import Brake
from services.transcoder.pipeline.encoding import Encoder, Workshop
from services.transcoder.pipeline.planning import Planner
from services.transcoder.pipeline.sources import Sources
from services.transcoder.pipeline.workplace import clear_the_dead, workplace
from services.transcoder.settings import TranscoderWorkerSettings
from services.transcoder.transcriptions import repository as transcriptions
from services.transcoder.transcriptions.command import TranscribeCommand
from services.transcoder.transcriptions.service import Transcriber
from shared.contracts.jobs import (
    TRANSCODER_QUEUE,
    CancelVersion,
    ChunksWaiting,
    DraftCaptions,
    MakeDownload,
    PlanVersion,
    SegmentWanted,
)
from shared.crypto import KeyRing
from shared.db import Database
from shared.jobs import every, run_until_stopped, run_worker, worker_for
from shared.observability import configure_logging
from shared.settings import read
from shared.storage import open_store

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
AFTER_FAULT = 2.0
SEEN_EVERY = 5.0
CLEAR_EVERY = 20.0
URGENT_SLOTS = 2
EVERY_TEN_SECONDS = set(range(5, 60, 10))


class WorkerProcess:
    """All of one worker: its slots, its ear for the doorbell, and the word that it lives."""

    def __init__(
        self,
        database: Database,
        planner: Planner,
        encoder: Encoder,
        maker: DownloadMaker,
        bells: Bells,
        name: str,
        facts: dict[str, Any],
        transcriber: Transcriber | None = None,
    ) -> None:
        self._database = database
        self._planner = planner
        self._encoder = encoder
        self._maker = maker
        self._transcriber = transcriber
        self._bells = bells
        self._name = name
        self._facts = facts
        self._sleeping: set[asyncio.Event] = set()

    def _wake(self) -> None:
        for event in self._sleeping:
            event.set()

    async def enter(self, job: PlanVersion) -> None:
        """A source was stored: write it into the ledger. A second ring finds it there."""
        async with self._database.session_scope() as session:
            await repository.enter(session, job.version_id)
        self._wake()

    async def look(self, job: ChunksWaiting) -> None:
        self._wake()

    async def wish(self, job: SegmentWanted) -> None:
        async with self._database.session_scope() as session:
            await wishes.wish(session, job.version_id, job.rendition, job.index)
        self._wake()

    async def enter_download(self, job: MakeDownload) -> None:
        """Somebody wants to take a film home: write it into the ledger. A second ring finds it there."""
        async with self._database.session_scope() as session:
            await downloads.enter(session, job.download_id)
        self._wake()

    async def enter_draft(self, job: DraftCaptions) -> None:
        """Staff want captions drafted: write it into the ledger. A second ring finds it there."""
        async with self._database.session_scope() as session:
            await transcriptions.enter(session, job.draft_id)
        self._wake()

    async def cancel(self, job: CancelVersion) -> None:
        async with self._database.session_scope() as session:
            standing = await repository.job_of(session, job.version_id)
            if standing is not None:
                await repository.fail_job(session, standing.id, "cancelled", "The film is not wanted any more.")

    async def reconcile(self, context: dict[str, Any]) -> None:
        """End what nobody wants or what is done, free what dead workers held, and ring for what waits."""
        async with self._database.session_scope() as session:
            for job_id in await upkeep.unwanted_jobs(session):
                await repository.fail_job(session, job_id, "cancelled", "The film is not wanted any more.")
            await upkeep.expire_ended(session)
            await upkeep.mend_running(session)
            await downloads.enter(session)
            await downloads.forget_unwanted(session)
            await transcriptions.enter(session)
            await transcriptions.forget_unwanted(session)
        async with self._database.session_scope() as session:
            ended = await repository.finalise(session)
            waits = await upkeep.work_waits(session)
            made = await downloads.settled(session)
            drafted = await transcriptions.settled(session)
        for version_id in ended:
            await self._bells.tell_media(version_id)
        for download_id in made:
            await self._bells.tell_media_of_download(download_id)
        for draft_id in drafted:
            await self._bells.tell_media_of_draft(draft_id)
        if waits:
            await self._bells.tell_workers()

    def slots(self, ordinary: int) -> Iterator[Coroutine[Any, Any, None]]:
        """All that work at the same time, ``ordinary`` of them on whatever there is."""
        for number in range(URGENT_SLOTS):
            # Files that are slow to examine leave the last one to viewers.
            yield self.slot(repository.URGENT_LANE, plans=number == 0)
        for _ in range(ordinary):
            yield self.slot(repository.ORDINARY_LANE)
        yield self.slot(repository.ORDINARY_LANE, light=True)
        yield self.download_slot()
        if self._transcriber is not None:
            yield self.transcription_slot(self._transcriber)

    async def slot(self, lane: int, *, light: bool = False, plans: bool = True) -> None:
        """Take work of ``lane`` or a more urgent one, piece after piece; then wait for the bell.

        ``light``: of the ordinary work only sound and stills. ``plans``: new films are examined, too.
        """
        await self._work_for_ever(lambda: self._one(lane, light, plans))

    async def download_slot(self) -> None:
        """Make films to take home, one after the other."""
        await self._work_for_ever(self._one_download)

    async def transcription_slot(self, transcriber: Transcriber) -> None:
        """Draft captions, one film after the other."""

        async def one() -> bool:
            async with self._database.session_scope() as session:
                held = await transcriptions.claim(session, self._name)
            if held is None:
                return False
            await transcriber.transcribe(held)
            await self._bells.tell_media_of_draft(held.id)
            return True

        await self._work_for_ever(one)

    async def _work_for_ever(self, one: Callable[[], Awaitable[bool]]) -> None:
        bell = asyncio.Event()
        self._sleeping.add(bell)
        while True:
            try:
                bell.clear()
                if not await one():
                    async with asyncio.timeout(LOOK_EVERY):
                        await bell.wait()
            except TimeoutError:
                continue
            except Exception:
                log.warning("a slot met a fault outside its work; it goes on", exc_info=True)
                await asyncio.sleep(AFTER_FAULT)

    async def _one(self, lane: int, light: bool, plans: bool) -> bool:
        """Do one piece of work; False when there is none."""
        async with self._database.session_scope() as session:
            chunk = await repository.claim_chunk(session, self._name, repository.URGENT_LANE)
            plan = await repository.claim_plan(session, self._name) if chunk is None and plans else None
            if chunk is None and plan is None and lane > repository.URGENT_LANE:
                chunk = await repository.claim_chunk(session, self._name, lane, light=light)
        if chunk is not None:
            await self._encoder.encode(chunk)
            await self._bells.tell_media(chunk.version_id)
            return True
        if plan is None:
            return False
        if await self._planner.plan(plan):
            self._wake()
            await self._bells.tell_workers()
        await self._bells.tell_media(plan.version_id)
        return True

    async def _one_download(self) -> bool:
        async with self._database.session_scope() as session:
            held = await downloads.claim(session, self._name)
        if held is None:
            return False
        await self._maker.make(held)
        await self._bells.tell_media_of_download(held.id)
        return True

    async def say_alive(self) -> None:
        while True:
            try:
                async with self._database.session_scope() as session:
                    await upkeep.seen(session, self._name, self._facts)
            except Exception:
                log.warning("this worker could not say that it lives", exc_info=True)
            await asyncio.sleep(SEEN_EVERY)

    async def clear_up(self, root: Path) -> None:
        """Where several work on one host, one that was killed may never be started again."""
        while True:
            await asyncio.sleep(CLEAR_EVERY)
            try:
                await asyncio.to_thread(clear_the_dead, root)
            except OSError:
                log.warning("what a killed worker left could not be cleared away", exc_info=True)


async def working_encoder(settings: TranscoderWorkerSettings) -> str:
    """The encoder to work with, shown by encoding a picture.

    A worker without a working FFmpeg would take films and break them, and blame the films; it says so and ends instead.
    """
    try:
        return await choose(settings.ffmpeg_path, settings.video_encoder)
    except EncoderUnavailable as error:
        raise SystemExit(
            f"This worker cannot encode with FFMPEG_PATH={settings.ffmpeg_path} and "
            f"VIDEO_ENCODER={settings.video_encoder}. {error}"
        ) from None


async def work(settings: TranscoderWorkerSettings) -> None:
    command = TranscribeCommand.set_by(settings.transcribe_command, settings.transcribe_timeout)
    encoder = await working_encoder(settings)
    name = f"{socket.gethostname()}-{os.getpid()}"
    redis_url = settings.redis_url.get_secret_value()
    async with contextlib.AsyncExitStack() as stack:
        database = Database(settings.database_url.get_secret_value(), application="lectern-transcoder-worker")
        stack.push_async_callback(database.close)
        private = open_store(settings.private_storage_url, settings.s3)
        stack.push_async_callback(private.close)
        public = open_store(settings.public_storage_url, settings.s3)
        stack.push_async_callback(public.close)
        kept = open_store(settings.downloads_url, settings.s3)
        stack.push_async_callback(kept.close)
        bells = Bells(redis_url)
        stack.push_async_callback(bells.close)
        directory = stack.enter_context(workplace(settings.work_dir, name))
        sources = Sources(private, settings.work_dir / "sources", budget=settings.source_cache_bytes)
        stack.push_async_callback(sources.close)
        shop = Workshop(
            database=database,
            keyring=KeyRing.parse(settings.master_keys.get_secret_value()),
            sources=sources,
            public=public,
            brake=Brake(),
            name=name,
            directory=directory,
            ffmpeg=settings.ffmpeg_path,
            encoder=encoder,
            disk_bytes=settings.chunk_disk_bytes,
            tell_media=bells.tell_media,
        )
        facts = {
            "slots": settings.transcoder_slots,
            "encoder": shop.encoder,
            "transcribes": command is not None,
            "sandbox": await sandbox_facts(),
        }
        planner, maker = Planner(database, sources), DownloadMaker(shop, kept)
        transcriber = None if command is None else Transcriber(shop, command)
        process = WorkerProcess(database, planner, Encoder(shop), maker, bells, name, facts, transcriber)
        async with asyncio.TaskGroup() as group:
            group.create_task(process.say_alive())
            group.create_task(process.clear_up(settings.work_dir))
            group.create_task(run_worker(lambda: _ear(redis_url, process)))
            for slot in process.slots(settings.transcoder_slots):
                group.create_task(slot)


def _ear(redis_url: str, process: WorkerProcess) -> Any:
    return worker_for(
        redis_url,
        TRANSCODER_QUEUE,
        [
            (PlanVersion, process.enter),
            (ChunksWaiting, process.look),
            (SegmentWanted, process.wish),
            (MakeDownload, process.enter_download),
            (DraftCaptions, process.enter_draft),
            (CancelVersion, process.cancel),
        ],
        cron_jobs=[every(process.reconcile, "reconcile", second=EVERY_TEN_SECONDS)],
    )


if __name__ == "__main__":
    worker_settings = read(TranscoderWorkerSettings)
    configure_logging(worker_settings.log_level)
    asyncio.run(run_until_stopped(work(worker_settings)))
