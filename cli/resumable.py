"""A film sent by tus: what a lost connection had brought stays there, and the rest follows, in this run or in the next."""

import base64
import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import httpx

from cli.client import Client
from cli.output import CommandError

_TUS = {"Tus-Resumable": "1.0.0"}
_CREATE = "/api/uploads/tus"
_PIECE = 1024 * 1024
_PAUSES = (1, 2, 4, 8, 15, 30, 30, 30, 30, 30)
"""Seconds between tries that bring nothing; whatever arrives begins them anew."""
_TRY_AGAIN = {409, 429, 500, 502, 503, 504}
_OTHERWISE = {401, 403, 429, 500, 502, 503, 504}
"""Refusals that say nothing of the upload itself."""
_KEPT = 50

Moved = Callable[[int], None]


def send(client: Client, file: Path, target: dict[str, str], moved: Moved) -> str:
    """Upload ``file`` for ``target`` (``chapterId`` or ``videoId``); the id of the video.

    ``moved`` is told how many bytes are there. Raises CommandError where it is refused, or nothing comes through any
    more; OSError where the file cannot be read.
    """
    about = file.stat()
    mark = json.dumps([client.url, str(file.resolve()), about.st_size, about.st_mtime_ns, target], sort_keys=True)
    begun = _Begun(mark)
    address = begun.address
    if address is None or _stands(client, address) is None:
        address = begun.address = _create(client, file.name, about.st_size, target)
    with file.open("rb") as film:
        video = _send_rest(client, address, film, about.st_size, moved)
    begun.address = None
    return video


def _create(client: Client, name: str, size: int, target: dict[str, str]) -> str:
    said = {**target, "filename": name}
    pairs = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
    answer = client.answer("POST", _CREATE, headers=_TUS | {"Upload-Length": str(size), "Upload-Metadata": pairs})
    # The path alone: behind a proxy the gateway may be called otherwise there than it is here.
    return httpx.URL(answer.headers["Location"]).path


def _stands(client: Client, address: str) -> int | None:
    """How much is there; None where the upload is not known any more."""
    try:
        answer = client.answer("HEAD", address, headers=_TUS)
    except CommandError as refusal:
        if refusal.status is not None and refusal.status not in _OTHERWISE:
            # It came to nothing: for a reason that may have been mended since, and is told again if not.
            return None
        raise
    return int(answer.headers["Upload-Offset"])


def _send_rest(client: Client, address: str, film: IO[bytes], size: int, moved: Moved) -> str:
    tries, before = 0, -1
    while True:
        try:
            answer = client.answer("HEAD", address, headers=_TUS, lost=True)
            offset = int(answer.headers["Upload-Offset"])
            moved(offset)
            if offset < size:
                tries, before = (0 if offset > before >= 0 else tries), offset
                answer = client.answer(
                    "PATCH", address, content=_pieces(film, offset, moved), lost=True,
                    headers=_TUS | {
                        "Upload-Offset": str(offset), "Content-Length": str(size - offset),
                        "Content-Type": "application/offset+octet-stream",
                    },
                )  # fmt: skip
            return str(answer.headers["Lectern-Video-Id"])
        except httpx.TransportError as error:
            reason = CommandError(f"The connection to {client.url} broke ({error or type(error).__name__}): try again.")
        except CommandError as refusal:
            if refusal.status not in _TRY_AGAIN:
                raise
            reason = refusal
        if tries == len(_PAUSES):
            raise reason
        time.sleep(_PAUSES[tries])
        tries += 1


def _pieces(film: IO[bytes], offset: int, moved: Moved) -> Iterator[bytes]:
    film.seek(offset)
    while piece := film.read(_PIECE):
        yield piece
        offset += len(piece)
        moved(offset)


class _Begun:
    """The addresses of uploads that were begun here and are not complete, in a file of this user's."""

    def __init__(self, mark: str) -> None:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        self._path = Path(state) / "lectern" / "uploads.json"
        self._mark = mark

    @property
    def address(self) -> str | None:
        address = self._read().get(self._mark)
        return address if isinstance(address, str) else None

    @address.setter
    def address(self, address: str | None) -> None:
        known = {mark: one for mark, one in self._read().items() if mark != self._mark}
        if address is not None:
            known[self._mark] = address
        # It is a convenience: where it cannot be kept, an upload that is cut off begins anew.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(dict(list(known.items())[-_KEPT:])))
            fresh.replace(self._path)

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
