"""``python -m services.media.worker``: takes over what the transcoder made, and empties the outbox of removals."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

from services.media.parts import Parts, open_parts
from services.media.settings import MediaWorkerSettings
from services.media.videos import repository
from shared.contracts.jobs import MEDIA_QUEUE, RotateKeys, SweepStorage, SyncDownload, SyncDraft, SyncVersion
from shared.jobs import every, run_until_stopped, run_worker, worker_for
from shared.observability import configure_logging
from shared.settings import read

log = logging.getLogger(__name__)

FORGET_TOMBSTONES = timedelta(days=30)
EVERY_TEN_SECONDS = set(range(0, 60, 10))
EVERY_TEN_MINUTES = set(range(3, 60, 10))


async def work(settings: MediaWorkerSettings) -> None:
    async with open_parts(settings) as parts:
        await run_worker(lambda: _worker(settings, parts))


def _worker(settings: MediaWorkerSettings, parts: Parts) -> Any:
    async def sync(job: SyncVersion) -> None:
        await parts.takeover.sync(job.version_id)

    async def take_over(job: SyncDownload) -> None:
        await parts.downloads.take_over(job.download_id)

    async def take_over_draft(job: SyncDraft) -> None:
        await parts.caption_drafts.take_over(job.draft_id)

    async def sweep(job: SweepStorage) -> None:
        await parts.sweeper.sweep()

    async def rotate(job: RotateKeys) -> None:
        await parts.rotation.work(job.version_id)

    async def reconcile(context: dict[str, Any]) -> None:
        await parts.takeover.reconcile()
        await parts.downloads.reconcile()
        await parts.caption_drafts.reconcile()
        await parts.sweeper.sweep()
        await parts.rotation.ring_waiting()

    async def rotate_due(context: dict[str, Any]) -> None:
        await parts.keys.rotate_due()

    async def tidy(context: dict[str, Any]) -> None:
        await parts.uploads.sweep_abandoned()
        await parts.keys.forget()
        await parts.downloads.expire(timedelta(days=settings.download_keep_days))
        async with parts.database.session_scope() as session:
            await repository.forget_done_tombstones(session, FORGET_TOMBSTONES)

    return worker_for(
        settings.redis_url.get_secret_value(),
        MEDIA_QUEUE,
        [
            (SyncVersion, sync),
            (SyncDownload, take_over),
            (SyncDraft, take_over_draft),
            (SweepStorage, sweep),
            (RotateKeys, rotate),
        ],
        cron_jobs=[
            every(reconcile, "reconcile", second=EVERY_TEN_SECONDS),
            every(rotate_due, "rotate_due", minute=EVERY_TEN_MINUTES),
            every(tidy, "tidy", minute={7}),
        ],
    )


if __name__ == "__main__":
    worker_settings = read(MediaWorkerSettings)
    configure_logging(worker_settings.log_level)
    asyncio.run(run_until_stopped(work(worker_settings)))
