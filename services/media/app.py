"""Media: courses, uploads, videos and playlists. Called by the gateway only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.media.captions.endpoints import router as captions_router
from services.media.catalog.endpoints import router as catalog_router
from services.media.downloads.endpoints import router as downloads_router
from services.media.enrollments.endpoints import router as enrollments_router
from services.media.keys.endpoints import router as keys_router
from services.media.parts import open_parts
from services.media.playback.endpoints import router as playback_router
from services.media.settings import MediaSettings
from services.media.uploads.endpoints import router as uploads_router
from services.media.videos.endpoints import router as videos_router
from shared.auth import ServiceTokens
from shared.http import new_app
from shared.http.health import Check, add_readiness


def create_app(settings: MediaSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings) as parts:
            app.state.parts = parts
            app.state.catalog = parts.catalog
            app.state.enrollments = parts.enrollments
            app.state.videos = parts.videos
            app.state.uploads = parts.uploads
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
        videos_router,
        playback_router,
        downloads_router,
        captions_router,
        keys_router,
    ):
        app.include_router(router)
    return app
