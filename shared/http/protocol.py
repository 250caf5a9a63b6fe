"""HTTP as uvicorn reads it, with an answer that a client can act on where the request is broken.

uvicorn closes a connection whose client has ended its side in the middle of a body, although that client may still
listen, and answers what is no HTTP with a line of plain text.
"""

import logging

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.http.problems import Problem, problem_response
from shared.observability import new_request_id, request_id_scope

log = logging.getLogger("lectern.access")

CUT = "lectern.cut"
"""A member of the scope's state: the rest of this request's body will never come."""


class Protocol(HttpToolsProtocol):
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
            with request_id_scope(new_request_id()):
                self.transport.write(_malformed())
                log.info("what a client sent is not HTTP 400")
        self.transport.close()


def _malformed() -> bytes:
    problem = Problem(
        400,
        "malformed_request",
        "This can not be read as an HTTP request: its first line, a header, its length or a chunk is malformed.",
    )
    answer = problem_response(problem)
    headers = [*answer.raw_headers, (b"connection", b"close")]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return STATUS_LINE[400] + lines + b"\r\n" + bytes(answer.body)
