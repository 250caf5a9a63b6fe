"""Progress: what each student watched, what follows from it, and the figures of each view."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.progress.analytics.endpoints import router as analytics_router
from services.progress.analytics.service import AnalyticsService
from services.progress.costs.endpoints import router as costs_router
from services.progress.costs.service import CostService
from services.progress.courses.endpoints import router as courses_router
from services.progress.courses.service import CourseProgressService
from services.progress.dashboards.endpoints import router as dashboards_router
from services.progress.dashboards.service import DashboardService
from services.progress.events.endpoints import router as events_router
from services.progress.events.service import EventService
from services.progress.privacy.repository import PEOPLE
from services.progress.settings import ProgressSettings
from services.progress.statements.endpoints import router as statements_router
from services.progress.watching.endpoints import router as watching_router
from services.progress.watching.reports import Clock, Reports
from services.progress.watching.service import WatchingService
from services.progress.webhooks.endpoints import router as webhooks_router
from services.progress.webhooks.errors import ADDRESSES
from services.progress.webhooks.service import WebhookService
from services.progress.webhooks.signing import Secrets
from shared.auth import ServiceTokens
from shared.contracts.jobs import PROGRESS_QUEUE, EventsWaiting
from shared.db import Database
from shared.db.people import People
from shared.http import new_app
from shared.http.addresses import Allowed
from shared.http.health import Check, add_readiness
from shared.http.people import router as people_router
from shared.jobs import Doorbell


def create_app(settings: ProgressSettings, clock: Clock | None = None) -> FastAPI:
    """``clock``: where a test says what time it is; else it is the database's."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(
            settings.database_url.get_secret_value(),
            application="lectern-progress",
            pool_size=settings.database_pool_size,
        )
        bell = Doorbell(settings.redis_url.get_secret_value(), PROGRESS_QUEUE)

        async def ring() -> None:
            bell.ring_soon(EventsWaiting())

        app.state.database = database
        reports = Reports(database, settings.home_page, ring, clock)
        app.state.bell = bell
        app.state.watching = WatchingService(database, reports)
        app.state.courses = CourseProgressService(database)
        app.state.people = People(database, PEOPLE)
        app.state.costs = CostService(database, settings.key_rotation_days)
        app.state.events = EventService(database)
        allowed = Allowed(settings.webhook_allow, ADDRESSES)
        secrets = Secrets(settings.webhook_secret_key.get_secret_value())
        app.state.webhooks = WebhookService(database, allowed, secrets, bell)
        app.state.analytics = AnalyticsService(database, settings.analytics_policy)
        app.state.dashboards = DashboardService(database, settings.egress_price_per_gb)
        try:
            yield
        finally:
            await reports.close()
            await app.state.analytics.close()
            await bell.close()
            await database.close()

    app = new_app("Lectern progress", lifespan)
    app.state.service_tokens = ServiceTokens("progress", settings.progress_service_secret.get_secret_value())

    def checks() -> dict[str, Check]:
        return {"postgres": app.state.database.ping, "redis": app.state.bell.ping}

    add_readiness(app, checks)
    for router in (
        watching_router,
        courses_router,
        analytics_router,
        dashboards_router,
        events_router,
        webhooks_router,
        statements_router,
        costs_router,
        people_router,
    ):
        app.include_router(router)
    return app
