"""How large a request may be that is no film. Whatever a body's length is said to be, what comes is counted."""

import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.limits.errors import too_large
from services.gateway.proxy.passing import LingeringRefusal
from shared.http.middleware import first_header

MOST = 1024 * 1024


class BodySizes:
    """Refuses bodies of more than ``MOST`` bytes with 413. ``larger`` names the paths that take more, and how much;
    None for films, which have limits of their own. An endpoint that reads a body whole can not be made to hold more."""

    def __init__(self, app: ASGIApp, larger: Sequence[tuple[re.Pattern[str], int | None]]) -> None:
        self._app = app
        self._larger = tuple(larger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = self._most(scope["path"]) if scope["type"] == "http" and _has_body(scope) else None
        if most is None:
            await self._app(scope, receive, send)
            return
        declared = first_header(scope, b"content-length")
        if declared.isdigit() and int(declared) > most:
            await LingeringRefusal(too_large(most))(scope, receive, send)
            return
        seen, started = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # The app is told that there will be no more; what it makes of that is thrown away below.
            return message if seen <= most else {"type": "http.disconnect"}

        async def unless_refused(message: Message) -> None:
            nonlocal started
            if seen <= most or started:
                started = True
                await send(message)

        try:
            await self._app(scope, counted, unless_refused)
        except Exception:
            if seen <= most or started:
                raise
        if seen > most and not started:
            await LingeringRefusal(too_large(most))(scope, receive, send)

    def _most(self, path: str) -> int | None:
        return next((most for pattern, most in self._larger if pattern.match(path)), MOST)


def _has_body(scope: Scope) -> bool:
    """Without one of these, HTTP/1.1 has none: what follows is the next request (RFC 9112, 6.3)."""
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
