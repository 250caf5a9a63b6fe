"""The gateway: the one service that the world talks to. It knows who asks, and passes on what it does not do itself."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import text
from starlette.middleware import Middleware

from services.gateway.apikeys.endpoints import router as api_keys_router
from services.gateway.apikeys.service import ApiKeyService
from services.gateway.audit.endpoints import router as audit_router
from services.gateway.audit.service import AuditLog
from services.gateway.audit.trail import watch_decisions
from services.gateway.devices.endpoints import router as devices_router
from services.gateway.devices.service import DeviceService
from services.gateway.downloads.endpoints import router as downloads_router
from services.gateway.downloads.service import DownloadService
from services.gateway.identity.endpoints import router as identity_router
from services.gateway.identity.jwks import KeySet
from services.gateway.identity.jwt import PlatformJwts
from services.gateway.limits import cors
from services.gateway.limits.bodies import BodySizes
from services.gateway.limits.counters import Counters
from services.gateway.limits.headers import SecurityHeaders, page_policy
from services.gateway.limits.rates import Limits
from services.gateway.privacy.endpoints import router as privacy_router
from services.gateway.privacy.service import PrivacyService
from services.gateway.proxy.routes import LARGER_BODIES, proxy_router
from services.gateway.proxy.upstream import Upstream
from services.gateway.rights.platform import PlatformClient
from services.gateway.rights.service import PlatformRights
from services.gateway.sessions.endpoints import router as sessions_router
from services.gateway.sessions.film import router as film_router
from services.gateway.sessions.playlists import Playlists
from services.gateway.sessions.service import Rules, SessionService
from services.gateway.sessions.short_way import ShortWay
from services.gateway.settings import GatewaySettings
from services.gateway.site.api_document import router as document_router
from services.gateway.site.embed import add_embed, embed_headers
from services.gateway.site.public_files import router as public_router
from services.gateway.site.web import add_web
from services.gateway.tokens.endpoints import router as tokens_router
from services.gateway.tokens.entitlement import Entitlement
from services.gateway.tokens.service import TokenService
from shared.crypto import KeyRing
from shared.db import Database
from shared.db.migrate import newest
from shared.http import new_app
from shared.http.health import Check, run_checks
from shared.storage import open_store

log = logging.getLogger(__name__)

SWEEP_EVERY = 3600.0
WORKER_SEEN_WITHIN = 30


def create_app(settings: GatewaySettings) -> FastAPI:
    expected_revision = newest()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _wire(app, settings)
        audit: AuditLog = app.state.audit
        swept = (app.state.tokens, app.state.rights, app.state.downloads, audit)
        beside = [
            asyncio.create_task(_sweep_for_ever(*(one.sweep for one in swept if one is not None))),
            asyncio.create_task(audit.write_for_ever()),
        ]
        if app.state.key_set is not None:
            beside.append(asyncio.create_task(app.state.key_set.keep_fresh()))
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await audit.close()
            await app.state.counters.close()
            for upstream in app.state.upstreams.values():
                await upstream.close()
            if app.state.rights is not None:
                await app.state.rights.close()
            await app.state.public_store.close()
            await app.state.sessions.close()
            await app.state.database.close()

    app = new_app("Lectern gateway", lifespan)
    app.state.settings = settings
    _add_edges(app, settings)

    @app.get("/health/ready", tags=["health"], summary="Whether the whole suite can do its work")
    async def ready() -> JSONResponse:
        upstreams: dict[str, Upstream] = app.state.upstreams
        asked = [asyncio.create_task(upstream.checks()) for upstream in upstreams.values()]
        _, named = await run_checks(_checks(app, expected_revision))
        for answer in asked:
            named |= await answer
        fine = all(state == "ok" for state in named.values())
        document = {
            "status": "ok" if fine else "unavailable",
            "checks": named,
            "sandbox": await _sandbox(app.state.database),
        }
        return JSONResponse(document, 200 if fine else 503)

    for router in (identity_router, api_keys_router, tokens_router, sessions_router, film_router, devices_router):
        app.include_router(router)
    app.include_router(audit_router)
    for router in (privacy_router, downloads_router, proxy_router(), public_router, document_router):
        app.include_router(router)
    add_embed(app, settings.web_root, settings.ancestors)
    add_web(app, settings.web_root)
    return app


def _add_edges(app: FastAPI, settings: GatewaySettings) -> None:
    """What every request passes, from the outside in: CORS, headers, (request ids,) the body's size, the audit log,
    and the short way to what is asked for most."""
    app.add_middleware(
        SecurityHeaders,
        policy=page_policy(settings.page_sources),
        embed=embed_headers(settings.page_sources, settings.ancestors),
        hsts=settings.hsts_seconds,
        proxies=settings.proxy_networks,
    )
    if settings.origins:
        app.add_middleware(
            cors.ApiCors,
            allow_origins=settings.origins,
            allow_methods=cors.METHODS,
            allow_headers=cors.ASKED,
            expose_headers=cors.SHOWN,
            max_age=600,
        )
    app.user_middleware.append(Middleware(BodySizes, larger=LARGER_BODIES))
    watch_decisions(app)
    app.user_middleware.append(Middleware(ShortWay))


def _wire(app: FastAPI, settings: GatewaySettings) -> None:
    state = app.state
    state.database = Database(
        settings.database_url.get_secret_value(), application="lectern-gateway", pool_size=settings.database_pool_size
    )
    state.public_store = open_store(settings.public_storage_url, settings.s3)
    state.key_set = KeySet(settings.platform_jwks_url) if settings.platform_jwks_url else None
    state.jwts = PlatformJwts(
        settings.platform_jwt_secret.get_secret_value(),
        settings.platform_jwt_issuer,
        settings.platform_jwt_audience,
        keys=settings.platform_keys,
        key_set=state.key_set,
        claims=settings.claim_map,
    )
    state.counters = Counters(settings.redis_url.get_secret_value() if settings.redis_url else None)
    state.limits = Limits(state.counters, settings.rates)
    state.audit = AuditLog(
        state.database, settings.ip_policy, full_ip=settings.audit_full_ip, keep=settings.audit_retention
    )
    state.api_keys = ApiKeyService(state.database)
    state.rights = _rights(settings, state.database)
    state.entitlement = Entitlement(state.database, state.rights)
    state.tokens = TokenService(state.database, state.entitlement, settings.ip_policy)
    keyring = KeyRing.parse(settings.master_keys.get_secret_value())
    rules = Rules(
        settings.ip_policy,
        timedelta(hours=settings.session_max_hours),
        settings.max_streams,
        settings.watermark_parts,
    )
    state.sessions = SessionService(state.database, state.tokens, state.entitlement, keyring, rules)
    state.devices = DeviceService(state.database)
    state.upstreams = {
        "media": Upstream("media", settings.media_url, settings.media_service_secret.get_secret_value()),
        "progress": Upstream("progress", settings.progress_url, settings.progress_service_secret.get_secret_value()),
        "transcoder": Upstream(
            "transcoder", settings.transcoder_url, settings.transcoder_service_secret.get_secret_value()
        ),
    }
    state.privacy = PrivacyService(state.database, state.audit, state.upstreams)
    state.playlists = Playlists(state.upstreams["media"])
    state.downloads = DownloadService(
        state.database, state.entitlement, state.upstreams["media"], state.upstreams["progress"], settings.ip_policy
    )


def _rights(settings: GatewaySettings, database: Database) -> PlatformRights | None:
    """The platform's word on who may watch, where the operator wants it to be asked."""
    if not settings.entitlement_url:
        return None
    secret = settings.entitlement_secret.get_secret_value()
    return PlatformRights(database, PlatformClient(settings.entitlement_url, secret))


def _checks(app: FastAPI, expected_revision: str) -> dict[str, Check]:
    database: Database = app.state.database

    async def migrations() -> None:
        head = await database.head()
        if head != expected_revision:
            raise RuntimeError(f"the database stands at {head}, the code expects {expected_revision}: lectern migrate")

    async def worker() -> None:
        async with database.session_scope() as session:
            seen = await session.scalar(
                text("SELECT count(*) FROM transcoding.workers WHERE seen_at > now() - make_interval(secs => :within)"),
                {"within": WORKER_SEEN_WITHIN},
            )
        if not seen:
            raise RuntimeError(f"no transcoder worker was seen in the last {WORKER_SEEN_WITHIN} s")

    return {
        "postgres": database.ping,
        "migrations": migrations,
        "worker": worker,
    }


async def _sandbox(database: Database) -> dict[str, bool] | None:
    """Which walls stand around FFmpeg on every worker's host; None where that cannot be said."""
    try:
        async with database.session_scope() as session:
            rows = await session.execute(
                text("""
                SELECT wall.key, bool_and(wall.value::boolean) FROM transcoding.workers w,
                       jsonb_each_text(w.facts -> 'sandbox') wall
                WHERE w.seen_at > now() - make_interval(secs => :within) GROUP BY wall.key ORDER BY wall.key
                """),
                {"within": WORKER_SEEN_WITHIN},
            )
            return {row[0]: row[1] for row in rows} or None
    except Exception:
        return None


async def _sweep_for_ever(*sweeps: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        for sweep in sweeps:
            with contextlib.suppress(Exception):
                await sweep()
