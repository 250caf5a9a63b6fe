"""One line per event, with the request id in every line; path credentials and tokens are masked."""

import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="-")

_CREDENTIAL_PATH = re.compile(r"(/playback/)[^/?\s\"']+")
# Ids and storage keys have shorter parts; what is this long in a path is a token that somebody put in a wrong place.
_LONG_PART = re.compile(r"(?<=/)[A-Za-z0-9_-]{40,}(?=[/?\s\"']|$)")
_TOKEN_QUERY = re.compile(r"([?&](?:token|signature)=)[^&\s\"']+", re.IGNORECASE)
_API_KEY = re.compile(r"(?<![A-Za-z0-9])lk_[A-Za-z0-9_-]{20,}")
_BEARER = re.compile(r"(Bearer\s+)[A-Za-z0-9._~+/=-]+", re.IGNORECASE)


def mask_path(path: str) -> str:
    """``path`` without the session credential, without API keys and without tokens in its query."""
    without = _API_KEY.sub("lk_***", _CREDENTIAL_PATH.sub(r"\1***", path))
    return _TOKEN_QUERY.sub(r"\1***", _LONG_PART.sub("***", without))


def request_id() -> str:
    """The id of the request that is being answered, ``-`` outside of one."""
    return _request_id.get()


def new_request_id() -> str:
    return secrets.token_hex(8)


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

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id()
        # The whole line is masked, tracebacks too: a credential may stand in an exception's text.
        return _BEARER.sub(r"\1***", mask_path(super().format(record)))


def configure_logging(level: str) -> None:
    """Send everything to standard error, one line each; the supervisor or the platform keeps it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("botocore", "aiobotocore", "urllib3", "asyncio", "arq", "httpx"):
        logging.getLogger(noisy).setLevel("WARNING")
    for own in ("uvicorn", "uvicorn.error"):
        logging.getLogger(own).handlers.clear()
        logging.getLogger(own).propagate = True
