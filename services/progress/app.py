"""Progress: what each student watched, what follows from it, and the figures of each view."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.progress.analytics.endpoints import router as analytics_router
from services.progress.analytics.service import AnalyticsService
from services.progress.courses.endpoints import router as courses_router
from services.progress.courses.service import CourseProgressService
from services.progress.dashboards.endpoints import router as dashboards_router
from services.progress.dashboards.service import DashboardService
from services.progress.settings import ProgressSettings
from services.progress.watching.endpoints import router as watching_router
from services.progress.watching.service import WatchingService
from shared.auth import ServiceTokens
from shared.db import Database
from shared.http import new_app
from shared.http.health import Check, add_readiness


def create_app(settings: ProgressSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(
            settings.database_url.get_secret_value(),
            application="lectern-progress",
            pool_size=settings.database_pool_size,
        )
        app.state.database = database
        app.state.watching = WatchingService(database)
        app.state.courses = CourseProgressService(database)
        app.state.analytics = AnalyticsService(database, settings.analytics_policy)
        app.state.dashboards = DashboardService(database, settings.egress_price_per_gb)
        try:
            yield
        finally:
            await database.close()

    app = new_app("Lectern progress", lifespan)
    app.state.service_tokens = ServiceTokens("progress", settings.progress_service_secret.get_secret_value())

    def checks() -> dict[str, Check]:
        return {"postgres": app.state.database.ping}

    add_readiness(app, checks)
    for router in (watching_router, courses_router, analytics_router, dashboards_router):
        app.include_router(router)
    return app
