"""Request ids and the access log, as plain ASGI so that bodies stream through untouched."""

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability import mask_path, new_request_id, request_id_scope

log = logging.getLogger("lectern.access")

REQUEST_ID_HEADER = "x-request-id"
_ACCEPTABLE = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class RequestLog:
    """Gives each request an id (the caller's where it is a sane one) and writes one line when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        identifier = given if _ACCEPTABLE.match(given) else new_request_id()
        started = time.perf_counter()
        status = 0

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = identifier
            await send(message)

        with request_id_scope(identifier):
            try:
                await self._app(scope, receive, with_id)
            finally:
                path = scope["path"]
                if not path.startswith("/health"):
                    elapsed = (time.perf_counter() - started) * 1000
                    log.info("%s %s %s %.1f ms", scope["method"], mask_path(path), status or "aborted", elapsed)
