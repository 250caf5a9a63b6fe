"""HTTP by hand, for what a well-behaved client would never send."""

import json
import socket
from collections.abc import Iterable
from typing import Any

BOUNDARY = "lectern-e2e-boundary"


class Wire:
    """One raw connection to the gateway."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def head(self, method: str, path: str, headers: dict[str, str]) -> None:
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def body(self, pieces: Iterable[bytes]) -> None:
        """Stops where the other side has closed: what it said before can be read then, as browsers do it."""
        try:
            for piece in pieces:
                self._socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return

    def chunked(self, pieces: Iterable[bytes]) -> None:
        """Body pieces of a chunked transfer, without its end. Stops where the other side has closed."""
        self.body(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)

    def end_chunks(self) -> None:
        self.body([b"0\r\n\r\n"])

    def answer(self) -> tuple[int, str, dict[str, Any]]:
        """Status, content type and JSON document of the answer."""
        data = bytearray()
        while b"\r\n\r\n" not in data:
            data += self._more(data)
        head, _, body = bytes(data).partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        whole = bytearray(body)
        while len(whole) < int(headers["content-length"]):
            whole += self._more(whole)
        return int(lines[0].split()[1]), headers.get("content-type", ""), json.loads(whole)

    def cut(self) -> None:
        """Break the connection off, as a pulled cable or a closed laptop does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()

    def end_of_sending(self) -> None:
        """End our side only: what the other side says can still be read."""
        self._socket.shutdown(socket.SHUT_WR)

    def _more(self, so_far: bytes | bytearray) -> bytes:
        piece = self._socket.recv(65536)
        assert piece, f"the connection was closed in the middle of an answer: {bytes(so_far)[:500]!r}"
        return piece


def form_head(chapter: str | None, name: str | None = "film.mp4") -> bytes:
    """A form up to where the film's bytes begin; without a chapter or a film part where they are None."""
    text = ""
    if chapter is not None:
        text += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="chapterId"\r\n\r\n{chapter}\r\n'
    if name is not None:
        text += (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="video"; filename="{name}"\r\n'
            "Content-Type: video/mp4\r\n\r\n"
        )
    return text.encode()


def form_tail() -> bytes:
    return f"\r\n--{BOUNDARY}--\r\n".encode()


def form_type() -> str:
    return f"multipart/form-data; boundary={BOUNDARY}"
