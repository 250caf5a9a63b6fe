"""The sources a host keeps: how many fit its budget, and which one goes when another has to come."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.transcoder.pipeline.block_file import BlockFile, DiskFull, is_same, size_of

MARGIN = 64 * 1024 * 1024
"""Bytes of the disk that sources leave free."""


@dataclass(frozen=True)
class _Kept:
    name: str
    promised: int
    on_disk: int
    used_at: float


class SourceCache:
    """``directory`` is shared by all workers of the host; ``budget`` is what its sources may hold together, in bytes.

    All methods block on the disk.
    """

    def __init__(self, directory: Path, budget: int) -> None:
        self._directory = directory
        self._budget = budget

    def open(self, name: str, size: int) -> BlockFile | None:
        """The source, begun where it is not there; None while those in use leave it no room.

        Others go for it, the one first that was not used for longest. Raises DiskFull where it will never fit.
        """
        if size > self._budget:
            raise DiskFull(
                f"The film has {size} bytes, and all sources of a worker together may have {self._budget}: "
                "raise the budget of its source cache."
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        with self._alone():
            if not self._make_room(name, size):
                return None
            try:
                file = BlockFile(self._directory, name, size)
            except FileExistsError:
                return None
            file.touch()
            return file

    def _make_room(self, name: str, size: int) -> bool:
        others = sorted(self._kept(except_for=name), key=lambda kept: kept.used_at)
        held = _on_disk(self._directory / f"{name}.film")
        anybody = False
        while True:
            fits = sum(kept.promised for kept in others) + size <= self._budget
            # What others were promised is not on the disk yet, and will be.
            owed = sum(max(0, kept.promised - kept.on_disk) for kept in others) + size - held
            free = shutil.disk_usage(self._directory).free - MARGIN
            if fits and owed <= free:
                return True
            gone = next((kept for kept in others if self._remove(kept.name)), None)
            if gone is None:
                anybody = bool(others)
                break
            others.remove(gone)
        if not anybody:
            raise DiskFull(
                f"The film needs {size - held} bytes on the worker's disk, and {max(0, free)} are free: make room there."
            )
        return False

    def _kept(self, except_for: str) -> Iterator[_Kept]:
        for path in self._directory.glob("*.map"):
            if path.stem == except_for:
                continue
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                size, used_at = size_of(descriptor), os.fstat(descriptor).st_mtime
            finally:
                os.close(descriptor)
            on_disk = _on_disk(path.with_suffix(".film"))
            # Of another boot: goes first, and counts for what it holds until then.
            yield _Kept(path.stem, on_disk if size is None else size, on_disk, 0.0 if size is None else used_at)

    def _remove(self, name: str) -> bool:
        """False while somebody uses it."""
        path = self._directory / f"{name}.map"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_same(descriptor, path):
                path.with_suffix(".film").unlink(missing_ok=True)
                path.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time decides who goes; it takes as long as a listing."""
        descriptor = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _on_disk(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0
