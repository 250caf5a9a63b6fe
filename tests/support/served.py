"""Servers of a test's own on loopback ports: any ASGI app, a gateway with nothing behind it, and stand-ins for others'."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

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


class Asked(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class StandIn(ThreadingHTTPServer):
    """What somebody else would serve. It listens as soon as it is made, and answers within ``serving()``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []

    def reply(self, asked: Asked) -> Reply:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, self.path, dict(self.headers), body)
        self.server.asked.append(asked)
        reply = self.server.reply(asked)
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        # A client that has read enough hangs up.
        with suppress(ConnectionError):
            self.wfile.write(b"" if self.command == "HEAD" else reply.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        return
