"""Servers of a test's own on loopback ports: any ASGI app, and a gateway with nothing behind it."""

import threading
from pathlib import Path
from typing import Any

import uvicorn

from services.gateway.settings import GatewaySettings
from shared.http.server import UVICORN
from tests.conftest import TestDatabase
from tests.support.patience import until
from tests.support.running import free_port

PLATFORM_SECRET = "p" * 40
INNER_SECRET = "m" * 40


class Served:
    """An ASGI app on a loopback port, in a thread of its own."""

    def __init__(self, app: Any) -> None:
        self.port = free_port()
        self._server = uvicorn.Server(uvicorn.Config(app, port=self.port, lifespan="on", **UVICORN))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        until(lambda: self._server.started, "the start of a server")
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=30)


def gateway_settings(postgres: TestDatabase, public: Path, **settings: Any) -> GatewaySettings:
    """Settings of a gateway whose services are all away, but for what ``settings`` say."""
    away = {f"{name}_url": f"http://127.0.0.1:{free_port()}" for name in ("media", "progress", "transcoder")}
    secrets = {f"{name}_service_secret": INNER_SECRET for name in ("media", "progress", "transcoder")}
    given: dict[str, Any] = {
        "listen_port": 0,
        "database_url": postgres.services["gateway"],
        "public_storage_url": public.as_uri(),
        "platform_jwt_secret": PLATFORM_SECRET,
        "master_keys": "1:" + "A" * 43 + "=",
        **away,
        **secrets,
        **settings,
    }
    return GatewaySettings(**given)
