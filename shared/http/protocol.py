"""HTTP as uvicorn reads it, with an answer that a client can act on where the request is broken.

uvicorn closes a connection whose client has ended its side in the middle of a body, although that client may still
listen, answers what is no HTTP with a line of plain text, and takes headers for as long as somebody sends them.
"""

import logging

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.http.problems import Problem, problem_response
from shared.observability import new_request_id, request_id_scope

log = logging.getLogger("lectern.access")

CUT = "lectern.cut"
"""A member of the scope's state: the rest of this request's body will never come."""

LONGEST_ADDRESS = 8 * 1024
LONGEST_HEAD = 32 * 1024
"""Bytes of a request's address, and of it and all headers: room for a large JWT and what proxies add to it."""


class _Refused(Exception):
    """Ends the reading of a request; the connection knows why."""


class Protocol(HttpToolsProtocol):
    _in_head = False
    _begun_now = False
    _head = 0
    """Bytes of the head that were read so far."""
    _unfinished = 0
    """Bytes of reads that ended within it: a header is told to nobody before it is whole."""
    _refusal: Problem | None = None

    def data_received(self, data: bytes) -> None:
        self._begun_now = False
        super().data_received(data)
        # Where a read began before this head, nobody knows how much of it was of the head.
        if self._in_head and not self._begun_now:
            self._unfinished += len(data)
            if self._unfinished > LONGEST_HEAD and not self.transport.is_closing():
                self._refusal = _head_too_large()
                self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._begun_now = True
        self._head = self._unfinished = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > LONGEST_ADDRESS:
            self._refuse(_address_too_long())
        self._count(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def _count(self, *parts: bytes) -> None:
        # With the four characters that HTTP writes around each: a thousand empty headers are large, too.
        self._head += sum(map(len, parts)) + 4
        if self._head > LONGEST_HEAD:
            self._refuse(_head_too_large())

    def _refuse(self, refusal: Problem) -> None:
        """From within the parser, which takes what is raised for a fault of the request."""
        self._refusal = refusal
        raise _Refused

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keeps the connection open for the answer where a body ends too early; RequestLog tells the app."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.more_body:
            return None
        cycle.scope["state"][CUT] = True
        cycle.keep_alive = False
        cycle.message_event.set()
        return True

    def send_400_response(self, msg: str) -> None:
        """Answers what can not be read as HTTP, and ends the connection: nobody knows where the next request begins."""
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            refusal = self._refusal or _malformed()
            with request_id_scope(new_request_id()):
                self.transport.write(_written(refusal))
                log.info("what a client sent is not read further: %s %d", refusal.code, refusal.status)
        self.transport.close()


def _malformed() -> Problem:
    return Problem(
        400,
        "malformed_request",
        "This can not be read as an HTTP request: its first line, a header, its length or a chunk is malformed.",
    )


def _address_too_long() -> Problem:
    return Problem(414, "address_too_long", f"The address has more than {LONGEST_ADDRESS:,} bytes.")


def _head_too_large() -> Problem:
    return Problem(431, "headers_too_large", f"The address and headers have more than {LONGEST_HEAD:,} bytes together.")


def _written(problem: Problem) -> bytes:
    answer = problem_response(problem)
    headers = [*answer.raw_headers, (b"x-content-type-options", b"nosniff"), (b"connection", b"close")]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return STATUS_LINE[problem.status] + lines + b"\r\n" + bytes(answer.body)
