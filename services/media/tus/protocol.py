"""tus 1.0 as headers: https://tus.io/protocols/resumable-upload."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from services.media.tus import errors

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"
ALGORITHMS = {"md5": hashlib.md5, "sha1": hashlib.sha1, "sha256": hashlib.sha256}
MOST_METADATA = 8 * 1024
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def number(name: str, value: str) -> int:
    """A header that counts bytes; Problem ``bad_tus_header`` where it does not."""
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise errors.bad_header(name, "it is a number of bytes")
    return int(value)


def metadata(value: str) -> dict[str, str]:
    """Upload-Metadata: ``key base64, key base64``; a key may stand alone."""
    found: dict[str, str] = {}
    if len(value) > MOST_METADATA:
        raise errors.bad_header("Upload-Metadata", f"it has more than {MOST_METADATA} characters")
    for pair in filter(None, (part.strip() for part in value.split(","))):
        key, _, encoded = pair.partition(" ")
        if key in found:
            raise errors.bad_header("Upload-Metadata", f"{key[:64]} stands there twice")
        try:
            found[key] = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise errors.bad_header("Upload-Metadata", f"{key[:64]} is not UTF-8 in base64") from None
        if "\0" in found[key]:
            raise errors.bad_header("Upload-Metadata", f"{key[:64]} contains the character U+0000")
    return found


@dataclass(frozen=True)
class Concat:
    """Upload-Concat: a part that is joined later, or the parts that are joined now."""

    is_partial: bool
    parts: Sequence[UUID] = ()


def concat(value: str) -> Concat | None:
    if not value:
        return None
    if value == "partial":
        return Concat(is_partial=True)
    kind, _, listed = value.partition(";")
    if kind != "final" or not listed.strip():
        raise errors.bad_header("Upload-Concat", "it is partial, or final; with the addresses of the parts")
    # Addresses may be absolute or not; whichever way they came, they end in the id.
    last = [address.rstrip("/").rpartition("/")[2] for address in listed.split()]
    for address, name in zip(listed.split(), last, strict=True):
        if not _ID.fullmatch(name):
            raise errors.no_partial(address[:200])
    return Concat(is_partial=False, parts=[UUID(name) for name in last])


class Checksum:
    """Of one request's body, as Upload-Checksum says it."""

    def __init__(self, value: str) -> None:
        name, _, encoded = value.partition(" ")
        if name not in ALGORITHMS:
            raise errors.unknown_checksum(name[:32], ", ".join(ALGORITHMS))
        try:
            self._wanted = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error:
            raise errors.bad_header("Upload-Checksum", "the checksum is not base64") from None
        self._hash: Any = ALGORITHMS[name](usedforsecurity=False)

    def update(self, piece: bytes) -> None:
        self._hash.update(piece)

    def verify(self) -> None:
        if self._hash.digest() != self._wanted:
            raise errors.checksum_mismatch()


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
