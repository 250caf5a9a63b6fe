"""Passing a request on and its answer back, both as streams: no body is ever whole in memory."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from services.gateway.audit.trail import concerns
from services.gateway.proxy.upstream import Upstream, bad_gateway
from shared.contracts.access import Actor
from shared.http import Problem, problem_response, request_interrupted

REQUEST_HEADERS = (
    "accept",
    "accept-language",
    "content-type",
    "content-length",
    "if-none-match",
    "if-range",
    "last-event-id",
    "range",
    "tus-resumable",
    "upload-checksum",
    "upload-concat",
    "upload-defer-length",
    "upload-length",
    "upload-metadata",
    "upload-offset",
    "user-agent",
)
RESPONSE_HEADERS = (
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-length",
    "content-type",
    "content-range",
    "etag",
    "last-modified",
    "lectern-video-id",
    "link",
    "location",
    "retry-after",
    "tus-resumable",
    "tus-version",
    "upload-concat",
    "upload-defer-length",
    "upload-expires",
    "upload-length",
    "upload-metadata",
    "upload-offset",
    "x-accel-redirect",
)
BODILESS = {"GET", "HEAD"}
LINGER_BYTES = 32 * 1024 * 1024
LINGER_SECONDS = 5.0
PIECE = 64 * 1024
FORM_OVERHEAD = 64 * 1024
"""What boundaries, headers and the other fields of a form may add to a film's size."""


@dataclass(frozen=True)
class BodyLimit:
    """How many bytes a request's body may have; a film's form may have a little more around the film itself."""

    most: int
    film: bool = False

    @property
    def passed(self) -> int:
        return self.most + (FORM_OVERHEAD if self.film else 0)

    def is_passed_by(self, request: Request) -> bool:
        """Whether the request says itself that its body is larger."""
        declared = request.headers.get("content-length", "")
        return declared.isdigit() and int(declared) > self.passed

    def too_large(self) -> Problem:
        what = "film" if self.film else "request"
        sentence = f"The {what} has more than {self.most:,} bytes, the most that is taken here."
        return Problem(413, "too_large", sentence, maxBytes=self.most)

    def interrupted(self) -> Problem:
        """A cut connection is the client's to mend. Who only ended its own side still reads this."""
        if not self.film:
            return request_interrupted()
        sentence = "The connection ended before the whole film was here. Send it again."
        return Problem(400, "upload_interrupted", sentence)


async def pass_on(
    request: Request, upstream: Upstream, actor: Actor, limit: BodyLimit, *, at: str | None = None, **claims: Any
) -> Response:
    """Ask ``upstream`` what the client asked, on behalf of ``actor``; ``claims`` go into the service token.

    ``at``: at this path instead, and without the client's query. A body above ``limit`` is refused with 413.
    """
    if limit.is_passed_by(request):
        return LingeringRefusal(limit.too_large())
    headers = chosen(request.headers, REQUEST_HEADERS) | upstream.headers(actor, **claims)
    body = None if request.method in BODILESS else _Body(request, limit)
    if body is None:
        # Of a body that is not passed on: on a connection that is kept, the next request would be read in its place.
        headers.pop("content-length", None)
    try:
        response = await upstream.open(
            request.method,
            at or request.url.path,
            headers=headers,
            params=None if at else request.query_params.multi_items() or None,
            data=body.pieces() if body is not None else None,
        )
    except Problem:
        if body is not None and body.fault is not None:
            raise body.fault from None
        raise
    if body is not None and not body.ended:
        await body.linger()
    if response.status == HTTPStatus.FORBIDDEN and request.method != "HEAD":
        return await _refusal(response, upstream)
    return relay(response, upstream)


async def _refusal(response: aiohttp.ClientResponse, upstream: Upstream) -> Response:
    """A service's refusal of somebody, read on its way: the audit log keeps its code."""
    try:
        body = await response.read()
        concerns(problem=str(json.loads(body)["code"]))
    except (TimeoutError, aiohttp.ClientError, ValueError, KeyError):
        raise bad_gateway(upstream.name) from None
    return Response(body, response.status, chosen(response.headers, RESPONSE_HEADERS))


def relay(response: aiohttp.ClientResponse, upstream: Upstream) -> Response:
    """An answer of a service, passed on as it comes."""

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in response.content.iter_chunked(PIECE):
                yield piece
        except (TimeoutError, aiohttp.ClientError):
            # The status is sent already; breaking off is the only way to say that this is not all.
            raise bad_gateway(upstream.name) from None
        finally:
            response.release()

    return StreamingResponse(pieces(), response.status, chosen(response.headers, RESPONSE_HEADERS))


def chosen(headers: Mapping[str, str], allowed: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in allowed if name in headers}


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

    def __init__(self, request: Request, limit: BodyLimit) -> None:
        self._stream = request.stream()
        self._limit = limit
        self._seen = 0
        self.ended = False
        self.fault: Problem | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._stream:
                self._seen += len(piece)
                if self._seen > self._limit.passed:
                    raise self._limit.too_large()
                if piece:
                    yield piece
            self.ended = True
        except ClientDisconnect:
            self.fault = self._limit.interrupted()
            raise
        except Problem as error:
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
