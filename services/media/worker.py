"""``python -m services.media.worker``: takes over what the transcoder made, and empties the outbox of removals."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

from services.media.parts import Parts, open_parts
from services.media.settings import MediaWorkerSettings
from services.media.sources.retention import Policy, Retention
from services.media.videos import outbox, repository
from shared.contracts.jobs import (
    MEDIA_QUEUE,
    FeedUpload,
    HashSource,
    ReconcileStorage,
    RetainSources,
    RotateKeys,
    SweepStorage,
    SyncDownload,
    SyncDraft,
    SyncVersion,
)
from shared.jobs import every, run_until_stopped, run_worker, worker_for
from shared.observability import configure_logging
from shared.settings import read

log = logging.getLogger(__name__)

FORGET_TOMBSTONES = timedelta(days=30)
FORGET_TOLD = timedelta(days=7)
EVERY_TEN_SECONDS = set(range(0, 60, 10))
EVERY_TEN_MINUTES = set(range(3, 60, 10))


async def work(settings: MediaWorkerSettings) -> None:
    async with open_parts(settings) as parts:
        await run_worker(lambda: _worker(settings, parts))


def _worker(settings: MediaWorkerSettings, parts: Parts) -> Any:
    policy = Policy(settings.source_retention, settings.source_retention_days, settings.cold_storage_class)
    retention = Retention(parts.database, parts.private, parts.media_bell, policy)

    async def sync(job: SyncVersion) -> None:
        await parts.takeover.sync(job.version_id)

    async def take_over(job: SyncDownload) -> None:
        await parts.downloads.take_over(job.download_id)

    async def feed(job: FeedUpload) -> None:
        await parts.feeder.feed(job.upload_id)

    async def take_over_draft(job: SyncDraft) -> None:
        await parts.caption_drafts.take_over(job.draft_id)

    async def sweep(job: SweepStorage) -> None:
        await parts.sweeper.sweep()

    async def rotate(job: RotateKeys) -> None:
        await parts.rotation.work(job.version_id)

    async def read_source(job: HashSource) -> None:
        await parts.twins.work(job.version_id)

    async def retain(job: RetainSources) -> None:
        await retention.work()

    async def report(job: ReconcileStorage) -> None:
        await parts.reconciler.work(job.report_id)

    async def reconcile(context: dict[str, Any]) -> None:
        await parts.takeover.reconcile()
        await parts.upload_ledger.settle_waiting()
        await parts.upload_ledger.sweep()
        await parts.feeder.ring_waiting()
        await parts.downloads.reconcile()
        await parts.caption_drafts.reconcile()
        await parts.sweeper.sweep()
        await parts.rotation.ring_waiting()
        await parts.twins.ring_unread()
        await parts.reconciler.ring_waiting()

    async def rotate_due(context: dict[str, Any]) -> None:
        await parts.keys.rotate_due()

    async def look_after_storage(context: dict[str, Any]) -> None:
        await parts.twins.ring_stored_twice()
        await retention.ring()
        await parts.reconciler.wish_daily()
        await parts.reconciler.sweep_leftovers()

    async def tidy(context: dict[str, Any]) -> None:
        await parts.uploads.sweep_abandoned()
        await parts.links.forget()
        await parts.keys.forget()
        await parts.downloads.expire(timedelta(days=settings.download_keep_days))
        async with parts.database.session_scope() as session:
            await repository.forget_done_tombstones(session, FORGET_TOMBSTONES)
            await outbox.forget(session, FORGET_TOLD)

    return worker_for(
        settings.redis_url.get_secret_value(),
        MEDIA_QUEUE,
        [
            *((SyncVersion, sync), (SyncDownload, take_over), (SweepStorage, sweep), (RotateKeys, rotate)),
            *((HashSource, read_source), (RetainSources, retain), (ReconcileStorage, report)),
            *((FeedUpload, feed), (SyncDraft, take_over_draft)),
        ],
        cron_jobs=[
            every(reconcile, "reconcile", second=EVERY_TEN_SECONDS),
            every(rotate_due, "rotate_due", minute=EVERY_TEN_MINUTES),
            every(look_after_storage, "look_after_storage", minute=EVERY_TEN_MINUTES),
            every(tidy, "tidy", minute={7}),
        ],
    )


if __name__ == "__main__":
    worker_settings = read(MediaWorkerSettings)
    configure_logging(worker_settings.log_level)
    asyncio.run(run_until_stopped(work(worker_settings)))
