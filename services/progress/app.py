"""Progress: what each student watched, what follows from it, and the figures of each view."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.progress.analytics.endpoints import router as analytics_router
from services.progress.courses.endpoints import router as courses_router
from services.progress.courses.service import CourseProgressService
from services.progress.events.endpoints import router as events_router
from services.progress.events.service import EventService
from services.progress.settings import ProgressSettings
from services.progress.statements.endpoints import router as statements_router
from services.progress.watching.endpoints import router as watching_router
from services.progress.watching.service import WatchingService
from services.progress.webhooks import errors as webhook_errors
from services.progress.webhooks.endpoints import router as webhooks_router
from services.progress.webhooks.service import WebhookService
from services.progress.webhooks.signing import Secrets
from shared.auth import ServiceTokens
from shared.contracts.jobs import PROGRESS_QUEUE
from shared.db import Database
from shared.http import new_app
from shared.http.addresses import Allowed
from shared.http.health import Check, add_readiness
from shared.jobs import Doorbell


def create_app(settings: ProgressSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(
            settings.database_url.get_secret_value(),
            application="lectern-progress",
            pool_size=settings.database_pool_size,
        )
        bell = Doorbell(settings.redis_url.get_secret_value(), PROGRESS_QUEUE)
        app.state.database = database
        app.state.bell = bell
        app.state.watching = WatchingService(database)
        app.state.courses = CourseProgressService(database)
        app.state.events = EventService(database)
        allowed = Allowed(settings.webhook_allow, webhook_errors)
        secrets = Secrets(settings.webhook_secret_key.get_secret_value())
        app.state.webhooks = WebhookService(database, allowed, secrets, bell)
        try:
            yield
        finally:
            await bell.close()
            await database.close()

    app = new_app("Lectern progress", lifespan)
    app.state.service_tokens = ServiceTokens("progress", settings.progress_service_secret.get_secret_value())

    def checks() -> dict[str, Check]:
        return {"postgres": app.state.database.ping, "redis": app.state.bell.ping}

    add_readiness(app, checks)
    routers = (watching_router, courses_router, analytics_router, events_router, webhooks_router, statements_router)
    for router in routers:
        app.include_router(router)
    return app
