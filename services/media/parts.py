"""Media's parts, wired once: the API and the worker are made of the same ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from services.media.captions.drafts import CaptionDrafts
from services.media.captions.service import CaptionService
from services.media.catalog.service import CatalogService
from services.media.direct.service import DirectService
from services.media.downloads.service import DownloadService
from services.media.enrollments.service import EnrollmentService
from services.media.ingest.errors import ADDRESSES
from services.media.ingest.fetching import Fetcher
from services.media.keys.periods import Periods
from services.media.keys.rotation import Rotation
from services.media.keys.service import KeyService
from services.media.library.service import LibraryService
from services.media.links.service import LinkService
from services.media.playback.service import PlaybackService
from services.media.playback.wanted import WantedSegments
from services.media.posters.service import PosterService
from services.media.quotas.service import Quota
from services.media.settings import MediaSettings, MediaWorkerSettings
from services.media.sources.service import SourceService
from services.media.sources.twins import Twins
from services.media.storage.places import shelves
from services.media.storage.reconcile import Reconciler
from services.media.storage.service import StorageService
from services.media.tus.service import TusService
from services.media.uploads.containers import Sniffer
from services.media.uploads.feeding import Feeder
from services.media.uploads.ledger import UploadLedger
from services.media.uploads.reception import Reception, UploadStore
from services.media.uploads.service import UploadService
from services.media.videos.events import StatusFeed
from services.media.videos.outbox import Outbox
from services.media.videos.rollback import Rollback
from services.media.videos.service import VideoService
from services.media.videos.sweeper import Sweeper
from services.media.videos.takeover import Takeover
from shared.contracts.jobs import MEDIA_QUEUE, PROGRESS_QUEUE, TRANSCODER_QUEUE
from shared.crypto import KeyRing
from shared.db import Database
from shared.http.addresses import Allowed
from shared.jobs import Doorbell
from shared.storage import Store, open_store


@dataclass(frozen=True)
class Parts:
    database: Database
    private: Store
    public: Store
    kept: Store
    """Films to take home."""
    media_bell: Doorbell
    catalog: CatalogService
    enrollments: EnrollmentService
    videos: VideoService
    uploads: UploadService
    upload_ledger: UploadLedger
    quota: Quota
    tus: TusService
    direct: DirectService
    links: LinkService
    library: LibraryService
    posters: PosterService
    feeder: Feeder
    fetcher: Fetcher
    playback: PlaybackService
    downloads: DownloadService
    captions: CaptionService
    caption_drafts: CaptionDrafts
    status_feed: StatusFeed
    takeover: Takeover
    rollback: Rollback
    sources: SourceService
    twins: Twins
    storage: StorageService
    reconciler: Reconciler
    sweeper: Sweeper
    keys: KeyService
    rotation: Rotation


@asynccontextmanager
async def open_parts(settings: MediaSettings | MediaWorkerSettings) -> AsyncIterator[Parts]:
    database = Database(
        settings.database_url.get_secret_value(), application="lectern-media", pool_size=settings.database_pool_size
    )
    private = open_store(settings.private_storage_url, settings.s3)
    public = open_store(settings.public_storage_url, settings.s3)
    kept = open_store(settings.downloads_url, settings.s3)
    redis_url = settings.redis_url.get_secret_value()
    transcoder_bell, media_bell = Doorbell(redis_url, TRANSCODER_QUEUE), Doorbell(redis_url, MEDIA_QUEUE)
    progress_bell = Doorbell(redis_url, PROGRESS_QUEUE)
    outbox = Outbox(progress_bell)
    keyring = KeyRing.parse(settings.master_keys.get_secret_value())
    periods = Periods(settings.rotate_keys_after, settings.longest_session)
    videos = VideoService(database, keyring, transcoder_bell, media_bell, outbox, settings.public_base_url, periods)
    sniffer, quota = Sniffer(webm=settings.accept_webm), Quota(database, settings.course_quota_bytes)
    taking = cast("UploadStore", private)
    ledger = UploadLedger(database, taking, videos, quota, sniffer, settings.max_upload_bytes, settings.uploads_live)
    reception = Reception(database, taking, sniffer, settings.uploads_live)
    fetcher = Fetcher(Allowed(settings.ingest_allow, ADDRESSES))
    feeder = Feeder(database, ledger, reception, private, fetcher, media_bell)
    try:
        yield Parts(
            database=database,
            private=private,
            public=public,
            kept=kept,
            media_bell=media_bell,
            catalog=CatalogService(database, settings.public_base_url),
            enrollments=EnrollmentService(database),
            videos=videos,
            uploads=UploadService(database, private, videos, quota, sniffer, settings.max_upload_bytes),
            upload_ledger=ledger,
            quota=quota,
            tus=TusService(database, ledger, reception, feeder),
            direct=DirectService(database, ledger, private),
            links=LinkService(database, videos, settings.public_url, settings.max_upload_bytes),
            library=LibraryService(database, settings.public_base_url),
            posters=PosterService(database, public, media_bell, settings.public_base_url),
            feeder=feeder,
            fetcher=fetcher,
            playback=PlaybackService(
                database, keyring, WantedSegments(database, transcoder_bell), settings.public_base_url
            ),
            downloads=DownloadService(database, kept, transcoder_bell),
            captions=CaptionService(database),
            caption_drafts=CaptionDrafts(database, transcoder_bell),
            status_feed=StatusFeed(videos),
            takeover=Takeover(database, transcoder_bell, outbox, settings.keep_replaced),
            sources=SourceService(database, private, videos, quota),
            twins=Twins(database, private, media_bell),
            storage=StorageService(database, media_bell, settings.storage_quota_bytes),
            reconciler=Reconciler(
                database,
                shelves(
                    {
                        "private": (settings.private_storage_url, private),
                        "public": (settings.public_storage_url, public),
                        "downloads": (settings.downloads_url, kept),
                    }
                ),
                media_bell,
                settings.storage_quota_bytes,
            ),
            rollback=Rollback(database, outbox, settings.keep_replaced),
            sweeper=Sweeper(database, {"private": private, "public": public, "downloads": kept}),
            keys=KeyService(database, keyring, media_bell, periods),
            rotation=Rotation(database, keyring, public, media_bell, periods),
        )
    finally:
        await transcoder_bell.close()
        await media_bell.close()
        await progress_bell.close()
        await private.close()
        await public.close()
        await kept.close()
        await database.close()
