"""Which part of a file a request is for (RFC 9110, 13 and 14). Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

_ONE = re.compile(r"bytes=[ \t]*(?:([0-9]{1,19})-([0-9]{0,19})|-([0-9]{1,19}))[ \t]*", re.IGNORECASE)


class Unsatisfiable(Exception):
    """None of the bytes that are asked for exist."""


@dataclass(frozen=True)
class Part:
    """Bytes ``start`` to ``end``, the latter not included."""

    start: int
    end: int


def asked_part(header: str | None, size: int) -> Part | None:
    """The one part that ``Range`` asks for; None for the whole, which is also the answer to what cannot be read and to
    several parts at once. Raises Unsatisfiable."""
    found = _ONE.fullmatch(header or "")
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise Unsatisfiable
    return Part(start, end)


def is_same(condition: str | None, etag: str, modified: datetime) -> bool:
    """Whether ``If-Range`` speaks of this very file, so that a part of it may be sent; without it, it does."""
    if condition is None:
        return True
    if condition.lstrip().startswith(('"', "W/")):
        # A weak tag compares with nothing: bytes are to be put together.
        return condition.strip() == etag
    try:
        return parsedate_to_datetime(condition) == modified.replace(microsecond=0)
    except (ValueError, TypeError):
        return False


def is_known(condition: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names this file: then its holder has it already."""
    if condition is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in condition.split(",")]
    return etag in tags or tags == ["*"]
