"""Media: courses, uploads, videos and playlists. Called by the gateway only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.media.captions.endpoints import router as captions_router
from services.media.catalog.endpoints import router as catalog_router
from services.media.direct.endpoints import router as direct_router
from services.media.downloads.endpoints import router as downloads_router
from services.media.enrollments.endpoints import router as enrollments_router
from services.media.ingest.endpoints import router as ingest_router
from services.media.keys.endpoints import router as keys_router
from services.media.library.endpoints import router as library_router
from services.media.links.endpoints import router as links_router
from services.media.parts import open_parts
from services.media.playback.endpoints import router as playback_router
from services.media.posters.endpoints import router as posters_router
from services.media.privacy.repository import PEOPLE
from services.media.quotas.endpoints import router as quotas_router
from services.media.settings import MediaSettings
from services.media.sources.endpoints import router as sources_router
from services.media.storage.endpoints import router as storage_router
from services.media.tus.endpoints import router as tus_router
from services.media.uploads.endpoints import router as uploads_router
from services.media.videos.endpoints import router as videos_router
from shared.auth import ServiceTokens
from shared.db.people import People
from shared.http import new_app
from shared.http.health import Check, add_readiness
from shared.http.people import router as people_router


def create_app(settings: MediaSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings) as parts:
            app.state.parts = parts
            app.state.people = People(parts.database, PEOPLE)
            app.state.catalog = parts.catalog
            app.state.enrollments = parts.enrollments
            app.state.videos = parts.videos
            app.state.uploads = parts.uploads
            app.state.upload_ledger = parts.upload_ledger
            app.state.quota = parts.quota
            app.state.tus = parts.tus
            app.state.direct = parts.direct
            app.state.links = parts.links
            app.state.feeder = parts.feeder
            app.state.fetcher = parts.fetcher
            app.state.playback = parts.playback
            app.state.downloads = parts.downloads
            app.state.captions = parts.captions
            app.state.caption_drafts = parts.caption_drafts
            app.state.status_feed = parts.status_feed
            yield

    app = new_app("Lectern media", lifespan)
    app.state.settings = settings
    app.state.service_tokens = ServiceTokens("media", settings.media_service_secret.get_secret_value())

    def checks() -> dict[str, Check]:
        parts = app.state.parts
        return {
            "postgres": parts.database.ping,
            "redis": parts.media_bell.ping,
            "private storage": parts.private.check,
            "public storage": parts.public.check,
            "download storage": parts.kept.check,
        }

    add_readiness(app, checks)
    for router in (
        catalog_router,
        enrollments_router,
        uploads_router,
        sources_router,
        tus_router,
        ingest_router,
        direct_router,
        links_router,
        quotas_router,
        videos_router,
        library_router,
        posters_router,
        playback_router,
        downloads_router,
        captions_router,
        keys_router,
        storage_router,
        people_router,
    ):
        app.include_router(router)
    return app
