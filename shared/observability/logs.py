"""One line per event, with the request id in every line; path credentials and tokens are masked."""

import asyncio
import contextlib
import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

_request_id: ContextVar[str] = ContextVar("request_id", default="-")

_CREDENTIAL_PATH = re.compile(r"(/playback/)[\s\"']*[^/?\s\"']+")
# Ids and storage keys have shorter parts; what is this long in a path is a token that somebody put in a wrong place.
SHORTEST_TOKEN = 40
_LONG_PART = re.compile(rf"(?<=/)[A-Za-z0-9_-]{{{SHORTEST_TOKEN},}}(?=[/?\s\"']|$)")
_PERSON_PATH = re.compile(r"(/users/)[A-Za-z0-9._:-]+")
_TOKEN_QUERY = re.compile(r"([?&;](?:token|signature)=)[^&\s\"']+", re.IGNORECASE)
_API_KEY = re.compile(r"(?<![A-Za-z0-9])lk_[A-Za-z0-9_-]{20,}")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")
_BEARER = re.compile(r"(Bearer\s+)[A-Za-z0-9._~+/=-]+", re.IGNORECASE)


def mask_path(path: str) -> str:
    """``path``, or a whole line, without session credentials, API keys, JWTs, tokens in a query, and whom an admin looks at."""
    # Looking for what each needs costs a tenth of the substitution, and every request passes here.
    if "/playback/" in path:
        path = _CREDENTIAL_PATH.sub(r"\1***", path)
    if "/users/" in path:
        # Who was erased is to stand in no log.
        path = _PERSON_PATH.sub(r"\1***", path)
    if "lk_" in path:
        path = _API_KEY.sub("lk_***", path)
    if len(path) > SHORTEST_TOKEN:
        path = _LONG_PART.sub("***", path)
    if "bearer" in path.casefold():
        path = _BEARER.sub(r"\1***", path)
    if "eyJ" in path:
        path = _JWT.sub("***", path)
    return _TOKEN_QUERY.sub(r"\1***", path) if "token=" in path.casefold() or "signature=" in path.casefold() else path


def request_id() -> str:
    """The id of the request that is being answered, ``-`` outside of one."""
    return _request_id.get()


def new_request_id() -> str:
    return secrets.token_hex(8)


IS_MASKED = {"is_masked": True}
"""``extra`` of a line whose every part is known to hold no secret: it is written as it is."""


@contextmanager
def request_id_scope(value: str) -> Iterator[None]:
    mark = _request_id.set(value)
    try:
        yield
    finally:
        _request_id.reset(mark)


class _Line(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s", "%Y-%m-%dT%H:%M:%S")
        self._written = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id()
        line = super().format(record)
        if getattr(record, "is_masked", False) and record.exc_info is None:
            return line
        # The whole line is masked, tracebacks too: a credential may stand in an exception's text.
        return mask_path(line)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        # Lines come by the thousand in a second, and all of them have the same.
        second = int(record.created)
        if self._written[0] != second:
            self._written = (second, super().formatTime(record, datefmt))
        return self._written[1]


class _Gathered(logging.StreamHandler[TextIO]):
    """Writes what one turn of the event loop said at its end, in one piece: under load many requests end in one turn, and
    whoever reads the other end of the pipe is woken once. Warnings, and what is said outside of a loop, go at once."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.append(self.format(record) + self.terminator)
            if record.levelno >= logging.WARNING:
                self.flush()
            elif len(self._lines) == 1:
                asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:
            self.flush()
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        # Called by logging itself at the end of the process, too.
        with self.lock or contextlib.nullcontext():
            gathered, self._lines = "".join(self._lines), []
            if gathered:
                self.stream.write(gathered)
                self.stream.flush()


def configure_logging(level: str) -> None:
    """Send everything to standard error, one line each; the supervisor or the platform keeps it."""
    handler = _Gathered(sys.stderr)
    handler.setFormatter(_Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # What no line shows is not looked up for any (logging's own way to say so).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for noisy in ("botocore", "aiobotocore", "urllib3", "asyncio", "arq", "httpx"):
        logging.getLogger(noisy).setLevel("WARNING")
    for own in ("uvicorn", "uvicorn.error"):
        logging.getLogger(own).handlers.clear()
        logging.getLogger(own).propagate = True
