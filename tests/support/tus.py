"""The tus protocol, spelled out: what a client sends and reads, so that tests see each header."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

VERSION = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> dict[str, str]:
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
    return {"Upload-Metadata": ",".join(pairs)}


@dataclass
class Tus:
    """``who`` asks at ``base``."""

    who: httpx.Client
    base: str = "/api/uploads/tus"

    def create(self, length: int | None, *, body: bytes | None = None, headers: Any = None, **about: str) -> Any:
        said = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        asked = VERSION | said | (metadata(**about) if about else {}) | (headers or {})
        if body is not None:
            asked |= BYTES
        return self.who.post(self.base, headers=asked, content=body)

    def begin(self, length: int | None, **about: str) -> str:
        """The path of a new upload."""
        answer = self.create(length, **about)
        assert answer.status_code == 201, answer.text
        return str(httpx.URL(answer.headers["Location"]).path)

    def patch(self, upload: str, offset: int, body: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.who.patch(upload, headers=VERSION | BYTES | {"Upload-Offset": str(offset)} | named, content=body)

    def head(self, upload: str) -> httpx.Response:
        return self.who.head(upload, headers=VERSION)

    def offset(self, upload: str) -> int:
        answer = self.head(upload)
        assert answer.status_code == 200, answer.status_code
        assert answer.headers["Cache-Control"] == "no-store"
        return int(answer.headers["Upload-Offset"])

    def delete(self, upload: str) -> httpx.Response:
        return self.who.delete(upload, headers=VERSION)

    def send(self, upload: str, film: bytes, piece: int) -> httpx.Response:
        """All of it, ``piece`` bytes a request; the last answer."""
        return self.send_from(upload, film, 0, piece)

    def send_from(self, upload: str, film: bytes, start: int, piece: int) -> httpx.Response:
        answer = None
        for offset in range(start, len(film), piece):
            answer = self.patch(upload, offset, film[offset : offset + piece])
            assert answer.status_code == 204, answer.text
            assert answer.headers["Upload-Offset"] == str(min(offset + piece, len(film)))
        assert answer is not None
        return answer


def checksum(body: bytes, name: str = "sha1") -> str:
    return f"{name} {base64.b64encode(hashlib.new(name, body).digest()).decode()}"
