"""The doorbells that a worker rings."""

import logging
from uuid import UUID

from shared.contracts.jobs import (
    MEDIA_QUEUE,
    TRANSCODER_QUEUE,
    ChunksWaiting,
    Job,
    SyncDownload,
    SyncDraft,
    SyncVersion,
)
from shared.jobs import Doorbell

log = logging.getLogger(__name__)


class Bells:
    """Both queues' doorbells. A ring that fails is logged and forgotten: the reconciler finds the work."""

    def __init__(self, redis_url: str) -> None:
        self._own, self._media = Doorbell(redis_url, TRANSCODER_QUEUE), Doorbell(redis_url, MEDIA_QUEUE)

    async def tell_media(self, version_id: UUID) -> None:
        await self._ring(self._media, SyncVersion(version_id=version_id))

    async def tell_media_of_download(self, download_id: UUID) -> None:
        await self._ring(self._media, SyncDownload(download_id=download_id))

    async def tell_media_of_draft(self, draft_id: UUID) -> None:
        await self._ring(self._media, SyncDraft(draft_id=draft_id))

    async def tell_workers(self) -> None:
        await self._ring(self._own, ChunksWaiting())

    async def _ring(self, bell: Doorbell, job: Job) -> None:
        try:
            await bell.ring(job)
        except Exception:
            log.warning("a doorbell could not be rung; the reconciler will find the work", exc_info=True)

    async def close(self) -> None:
        await self._own.close()
        await self._media.close()
