"""Multipart uploads on disk, without copying at the end.

All parts but the last have one size, so each is written where it belongs in one `data` file, and completing is a
rename. What is stored so far is told by empty marker files named `number-size-etag`: creating a name is atomic,
and a part counts only once its marker is there.

    .incoming/parts-<id>/upload.json     key, part size, start
    .incoming/parts-<id>/data            the bytes
    .incoming/parts-<id>/00001-8388608-<etag>
    .incoming/done-<id>                  the etag of the object it became: how a repeated complete knows
"""

import contextlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.storage.contract import OpenUpload, Part, StoredObject
from shared.storage.errors import InvalidParts, UploadNotFound
from shared.storage.local_files import CALL_BYTES, describe, move_into_place, stat_object, sync_folder

PARTS_PREFIX = "parts-"
DONE_PREFIX = "done-"
_ID = re.compile(r"[0-9a-f]{32}")
_MARKER = re.compile(r"(\d{5})-(\d+)-([0-9a-f]{32})")


class LocalUpload:
    """One multipart upload. Every method blocks; any process that sees the disk may call any of them."""

    def __init__(self, root: Path, incoming: Path, key: str, upload_id: str) -> None:
        if not _ID.fullmatch(upload_id):
            raise UploadNotFound(upload_id)
        self._root = root
        self._incoming = incoming
        self._key = key
        self._id = upload_id
        self._folder = incoming / f"{PARTS_PREFIX}{upload_id}"
        self._done = incoming / f"{DONE_PREFIX}{upload_id}"

    @classmethod
    def create(cls, root: Path, incoming: Path, key: str, part_size: int) -> str:
        upload = cls(root, incoming, key, uuid.uuid4().hex)
        # Built under another name, so that an upload is there with all it needs or not at all.
        nascent = incoming / f"put-{upload._id}.d"
        nascent.mkdir()
        try:
            about = {"key": key, "part_size": part_size, "started_at": datetime.now(UTC).isoformat()}
            _write_durably(nascent / "upload.json", json.dumps(about).encode())
            (nascent / "data").touch()
            sync_folder(nascent)
            nascent.rename(upload._folder)
            sync_folder(incoming)
        except BaseException:
            shutil.rmtree(nascent, ignore_errors=True)
            raise
        return upload._id

    def write_part(self, number: int, data: bytes | memoryview) -> Part:
        part_size = self._part_size()
        if not 0 < len(data) <= part_size:
            raise InvalidParts(f"part {number} has {len(data)} bytes, not 1 to {part_size}")
        try:
            fd = os.open(self._folder / "data", os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise UploadNotFound(self._id) from None
        # The old marker goes first: it must never vouch for half-replaced bytes.
        try:
            for old in self._folder.glob(f"{number:05}-*"):
                old.unlink(missing_ok=True)
            position, view = (number - 1) * part_size, memoryview(data)
            while view:
                written = os.pwrite(fd, view[:CALL_BYTES], position)
                position, view = position + written, view[written:]
            os.fdatasync(fd)
        finally:
            os.close(fd)
        # Not a hash, which would cost more than the write: an etag only has to tell this part from its predecessor.
        etag = uuid.uuid4().hex
        try:
            (self._folder / f"{number:05}-{len(data)}-{etag}").touch()
            sync_folder(self._folder)
        except FileNotFoundError:
            raise UploadNotFound(self._id) from None
        return Part(number, len(data), etag)

    def parts(self) -> list[Part]:
        try:
            names = sorted(path.name for path in self._folder.iterdir())
        except FileNotFoundError:
            raise UploadNotFound(self._id) from None
        self._part_size()
        found = (_MARKER.fullmatch(name) for name in names)
        return [Part(int(match[1]), int(match[2]), match[3]) for match in found if match]

    def complete(self, parts: Sequence[Part], target: Path) -> StoredObject:
        finished = self._finished(target)
        if finished:
            return finished
        self._validate(parts)
        data = self._folder / "data"
        with data.open("r+b") as file:
            # A longer part replaced by a shorter last one leaves bytes behind it.
            file.truncate(sum(part.size for part in parts))
            os.fsync(file.fileno())
            made = describe(self._key, os.fstat(file.fileno()))
        # Before the rename: whoever finds the object in place with this etag knows that we put it there.
        _write_durably(self._done, made.etag.encode())
        move_into_place(self._root, data, target)
        shutil.rmtree(self._folder, ignore_errors=True)
        return made

    def abort(self) -> None:
        if self._folder.exists():
            self._part_size()
            shutil.rmtree(self._folder, ignore_errors=True)
            sync_folder(self._incoming)

    def _finished(self, target: Path) -> StoredObject | None:
        with contextlib.suppress(FileNotFoundError):
            etag = self._done.read_text()
            there = stat_object(self._root, target, self._key)
            if there and there.etag == etag:
                shutil.rmtree(self._folder, ignore_errors=True)
                return there
        return None

    def _validate(self, parts: Sequence[Part]) -> None:
        stored = {part.number: part for part in self.parts()}
        part_size = self._part_size()
        if not parts or [part.number for part in parts] != list(range(1, len(parts) + 1)):
            raise InvalidParts("parts are numbered 1..n without a gap")
        for part in parts:
            if stored.get(part.number) != part:
                raise InvalidParts(f"part {part.number} is not stored as it is named")
            if part.size != part_size and part.number != len(parts):
                raise InvalidParts(f"part {part.number} has {part.size} bytes instead of {part_size}")

    def _part_size(self) -> int:
        """The part size; raises `UploadNotFound` where the id belongs to another key."""
        try:
            about = json.loads((self._folder / "upload.json").read_text())
        except FileNotFoundError:
            raise UploadNotFound(self._id) from None
        if about["key"] != self._key:
            raise UploadNotFound(self._id)
        return int(about["part_size"])


def open_uploads(incoming: Path, prefix: str) -> Iterator[OpenUpload]:
    for folder in sorted(incoming.glob(f"{PARTS_PREFIX}*")):
        with contextlib.suppress(FileNotFoundError):
            about = json.loads((folder / "upload.json").read_text())
            if about["key"].startswith(prefix):
                started_at = datetime.fromisoformat(about["started_at"])
                yield OpenUpload(about["key"], folder.name.removeprefix(PARTS_PREFIX), started_at)


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
