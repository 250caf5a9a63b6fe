"""Passing a request on and its answer back, both as streams: no body is ever whole in memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from services.gateway.proxy.upstream import Upstream, bad_gateway
from shared.contracts.access import Actor
from shared.http import Problem, problem_response

REQUEST_HEADERS = (
    "accept",
    "accept-language",
    "content-type",
    "content-length",
    "if-none-match",
    "last-event-id",
    "range",
    "user-agent",
)
RESPONSE_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-length",
    "content-type",
    "content-range",
    "etag",
    "location",
    "retry-after",
)
BODILESS = {"GET", "HEAD"}
LINGER_BYTES = 32 * 1024 * 1024
LINGER_SECONDS = 5.0
PIECE = 64 * 1024


async def pass_on(request: Request, upstream: Upstream, actor: Actor, most_body: int) -> Response:
    """Ask ``upstream`` what the client asked, on behalf of ``actor``. ``most_body`` bytes of body, 413 above."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most_body:
        return LingeringRefusal(too_large(most_body))
    headers = _chosen(request.headers, REQUEST_HEADERS) | upstream.headers(actor)
    body = None if request.method in BODILESS else _Body(request, most_body)
    try:
        response = await upstream.open(
            request.method,
            request.url.path,
            headers=headers,
            params=request.query_params.multi_items() or None,
            data=body.pieces() if body is not None else None,
        )
    except Problem:
        if body is not None and body.fault is not None:
            raise body.fault from None
        raise
    if body is not None and not body.ended:
        await body.linger()
    return _answer(response, upstream)


def _answer(response: aiohttp.ClientResponse, upstream: Upstream) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in response.content.iter_chunked(PIECE):
                yield piece
        except (TimeoutError, aiohttp.ClientError):
            # The status is sent already; breaking off is the only way to say that this is not all.
            raise bad_gateway(upstream.name) from None
        finally:
            response.release()

    return StreamingResponse(pieces(), response.status, _chosen(response.headers, RESPONSE_HEADERS))


def _chosen(headers: Mapping[str, str], allowed: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in allowed if name in headers}


def too_large(limit: int) -> Problem:
    return Problem(
        413, "too_large", f"The request has more than {limit:,} bytes, the most this address takes.", maxBytes=limit
    )


class LingeringRefusal(Response):
    """A problem that is answered at once, while the body it refuses is still being sent.

    Closing a connection with bytes unread makes the kernel reset it, and a reset can overtake the answer: the client
    would see a broken connection instead of the reason. So the answer goes out whole, some of the body is read and
    thrown away, and only then the connection ends.
    """

    def __init__(self, problem: Problem) -> None:
        document = problem_response(problem)
        super().__init__(document.body, document.status_code, {**document.headers, "Connection": "close"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body), "more_body": True})
        drained = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while drained <= LINGER_BYTES:
                    message = await receive()
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        break
                    drained += len(message.get("body", b""))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Body:
    """The client's body on its way through. What went wrong on the client's side is kept in ``fault``."""

    def __init__(self, request: Request, most: int) -> None:
        self._stream = request.stream()
        self._most = most
        self._seen = 0
        self.ended = False
        self.fault: Exception | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._stream:
                self._seen += len(piece)
                if self._seen > self._most:
                    raise too_large(self._most)
                if piece:
                    yield piece
            self.ended = True
        except (Problem, ClientDisconnect) as error:
            self.fault = error
            raise

    async def linger(self) -> None:
        """Read on for a while after an early refusal of the service, for the reason ``LingeringRefusal`` gives."""
        drained = 0
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                async for piece in self._stream:
                    drained += len(piece)
                    if drained > LINGER_BYTES:
                        return
        except (TimeoutError, ClientDisconnect, RuntimeError):
            return
