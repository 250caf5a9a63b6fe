"""One way to make and run a service's app."""

import gc
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from shared.http.described import with_our_refusals
from shared.http.middleware import RequestLog
from shared.http.problems import install_problem_handlers
from shared.http.protocol import Protocol
from shared.observability import configure_logging
from shared.settings import ListenSettings

UVICORN: dict[str, Any] = {
    "http": Protocol,
    # The access log is our own: uvicorn's would print credentials in paths.
    "access_log": False,
    "log_config": None,
    "server_header": False,
    "proxy_headers": False,
    "timeout_keep_alive": 75,
    "timeout_graceful_shutdown": 8,
}
"""How uvicorn runs an app of ours."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class _App(FastAPI):
    """With the refusals in its description that it really gives."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = with_our_refusals(super().openapi())
        return self.openapi_schema


def new_app(title: str, lifespan: Lifespan) -> FastAPI:
    """A FastAPI app with problem documents, request ids and ``/health/live``.

    It tells nobody its own description: an inner service answers the gateway only, and that describes them all.
    """
    app = _App(
        title=title,
        version=version("lectern"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    install_problem_handlers(app)
    app.add_middleware(RequestLog)

    @app.get("/health/live", tags=["health"], summary="Whether the process runs")
    async def live() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    return app


def serve(app: FastAPI, settings: ListenSettings) -> None:
    """Run ``app`` until a signal ends it."""
    configure_logging(settings.log_level)
    # What was imported and wired stays: a full collection that walks through it again and again stops every request for
    # a tenth of a second.
    gc.collect()
    gc.freeze()
    uvicorn.run(app, host=settings.listen_host, port=settings.listen_port, **UVICORN)
