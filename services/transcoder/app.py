"""The transcoder's API: what is in the ledger, for admins. The work itself is the workers'."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.transcoder.jobs.endpoints import router as jobs_router
from services.transcoder.jobs.service import JobService
from services.transcoder.privacy.repository import PEOPLE
from services.transcoder.settings import TranscoderSettings
from shared.auth import ServiceTokens
from shared.contracts.jobs import MEDIA_QUEUE, TRANSCODER_QUEUE
from shared.db import Database
from shared.db.people import People
from shared.http import new_app
from shared.http.health import Check, add_readiness
from shared.http.people import router as people_router
from shared.jobs import Doorbell


def create_app(settings: TranscoderSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = Database(settings.database_url.get_secret_value(), application="lectern-transcoder")
        redis_url = settings.redis_url.get_secret_value()
        app.state.bell, media = Doorbell(redis_url, TRANSCODER_QUEUE), Doorbell(redis_url, MEDIA_QUEUE)
        app.state.people = People(app.state.database, PEOPLE)
        app.state.jobs = JobService(app.state.database, app.state.bell, media)
        try:
            yield
        finally:
            await app.state.bell.close()
            await media.close()
            await app.state.database.close()

    app = new_app("Lectern transcoder", lifespan)
    app.state.service_tokens = ServiceTokens("transcoder", settings.transcoder_service_secret.get_secret_value())

    def checks() -> dict[str, Check]:
        return {"postgres": app.state.database.ping, "redis": app.state.bell.ping}

    add_readiness(app, checks)
    app.include_router(jobs_router)
    app.include_router(people_router)
    return app
