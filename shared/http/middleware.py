"""Request ids, the access log and the last resort, as plain ASGI so that bodies stream through untouched."""

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db.away import is_away
from shared.http.problems import database_away, internal_error, problem_response
from shared.http.protocol import CUT
from shared.observability import IS_MASKED, mask_path, new_request_id, request_id_scope

log = logging.getLogger("lectern.access")

REQUEST_ID_HEADER = b"x-request-id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9-]{8,36}")
"""Up to the length of a UUID: whoever sends a credential in its place does not find it in the log."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def first_header(scope: Scope, name: bytes) -> bytes:
    """The first value of a request's header, named in small letters; empty where it has none."""
    return next((value for key, value in scope["headers"] if key == name), b"")


class RequestLog:
    """Gives each request an id (the caller's where it is a sane one) and writes one line when it is answered.

    An error that nobody foresaw is answered here and not by Starlette's outermost layer, where the id is forgotten.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = first_header(scope, REQUEST_ID_HEADER).decode("latin-1")
        identifier = given if _ACCEPTABLE.fullmatch(given) else new_request_id()
        started = time.perf_counter()
        status = 0

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                others = [one for one in message["headers"] if one[0] != REQUEST_ID_HEADER]
                message["headers"] = [*others, (REQUEST_ID_HEADER, identifier.encode())]
            await send(message)

        async def whole_or_cut() -> Message:
            message = await receive()
            cut = scope.get("state", {}).get(CUT) and message["type"] == "http.request" and message["more_body"]
            # What came before the cut is of no use any more; uvicorn itself can not say so and still take the answer.
            return {"type": "http.disconnect"} if cut else message

        with request_id_scope(identifier):
            try:
                await self._app(scope, whole_or_cut, with_id)
            except Exception as error:
                if status:
                    # Breaking off is the only way to say that the answer is not whole.
                    raise
                if is_away(error):
                    log.warning("the database is away (%s)", type(error).__name__)
                    await problem_response(database_away())(scope, receive, with_id)
                else:
                    log.error("unhandled error", exc_info=error)
                    await problem_response(internal_error())(scope, receive, with_id)
            finally:
                path = scope["path"]
                if not path.startswith("/health"):
                    elapsed = (time.perf_counter() - started) * 1000
                    # In one line, whatever stands in the path: a line of its own would be a forgery.
                    shown = _CONTROL.sub(lambda found: f"%{ord(found.group()):02X}", mask_path(path))
                    line = f"{scope['method']} {shown} {status or 'aborted'} {elapsed:.1f} ms"
                    log.info(line, extra=IS_MASKED)
