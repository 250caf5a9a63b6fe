"""A source on this host's disk, there in blocks of 1 MiB, shared by all worker processes.

Two files: `NAME.film`, sparse and of the source's full size, and `NAME.map`, a header and one byte for each block,
1 where the block is there. A byte is set only after its block was written. What the processes have to tell each
other they tell by locks on the map, which the kernel lets go of however a process ends:

    flock, shared             somebody uses the source; whoever removes it takes it exclusively
    record lock on byte 0     who fetches the rest of the source in the background
    record lock on byte 1     shared by those who wait for bytes just now: the background stands back
    record lock on a block    who fetches it

The record locks belong to the open file (F_OFD_SETLK), so two entries of one process exclude each other as well. After
a restart of the machine nothing says which writes had reached the disk: the header holds the boot's id, and a map of
another boot counts for nothing. The directory has to be on a local disk.
"""

import errno
import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 1024 * 1024
_HEADER = struct.Struct("<8sQI36s")
_MAGIC = b"LECTERN1"
_FIRST = 64
"""Where the blocks' bytes begin in the map."""
_FILLING, _URGENT = 0, 1
# Linux's number, for the type checker's sake elsewhere.
_OFD_SETLK = getattr(fcntl, "F_OFD_SETLK", 37)
_THERE = b"\x01"


class DiskFull(Exception):
    """There is no room for a source on the worker's disk. `message` is for an admin."""

    code = "disk_full"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BlockFile:
    """An open source, of `size` bytes; in use until it is closed. Methods block on the disk but where they say not."""

    def __init__(self, directory: Path, name: str, size: int) -> None:
        """Opens the source, or begins it where it is not there, or not of this boot and size, and nobody uses it.

        Raises FileExistsError where one of another size is in use.
        """
        self.path = directory / f"{name}.film"
        self.map_path = directory / f"{name}.map"
        self.size = size
        self.blocks = -(-size // BLOCK)
        self._descriptor = -1
        self._waiting = 0
        self._map_descriptor = self._opened_map()
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            self._map = mmap.mmap(self._map_descriptor, _FIRST + self.blocks)
        except BaseException:
            self._close_descriptors()
            raise

    def close(self) -> None:
        self._map.close()
        self._close_descriptors()

    def touch(self) -> None:
        """Note that it was used now."""
        os.utime(self._map_descriptor)

    def has(self, first: int, after: int) -> bool:
        """Whether all of the blocks are there. Waits for nothing."""
        return self.missing(first, after) is None

    def missing(self, first: int, after: int) -> int | None:
        """The first block that is not there. Waits for nothing."""
        found = self._map.find(b"\0", _FIRST + first, _FIRST + min(after, self.blocks))
        return None if found < 0 else found - _FIRST

    @property
    def complete(self) -> bool:
        return self.has(0, self.blocks)

    def write(self, block: int, data: bytes) -> None:
        """Store one block, which is there from now on for everybody. Raises DiskFull."""
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._descriptor, data[written:], block * BLOCK + written)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull("The worker's disk is full: make room, or give the sources less of it.") from error
            raise
        self._map[_FIRST + block : _FIRST + block + 1] = _THERE

    def claim(self, block: int) -> bool:
        """Take it on to fetch this block; False where another process does. Waits for nothing."""
        return self._lock(_FIRST + block, fcntl.F_WRLCK)

    def release(self, block: int) -> None:
        self._lock(_FIRST + block, fcntl.F_UNLCK)

    def claim_filling(self) -> bool:
        return self._lock(_FILLING, fcntl.F_WRLCK)

    def release_filling(self) -> None:
        self._lock(_FILLING, fcntl.F_UNLCK)

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """Somebody waits for bytes. Waits for nothing."""
        self._waiting += 1
        if self._waiting == 1:
            self._lock(_URGENT, fcntl.F_RDLCK)
        try:
            yield
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._lock(_URGENT, fcntl.F_UNLCK)

    @property
    def is_urgent(self) -> bool:
        """Whether anybody on this host waits for bytes of it. Waits for nothing."""
        if self._waiting:
            return True
        if not self._lock(_URGENT, fcntl.F_WRLCK):
            return True
        self._lock(_URGENT, fcntl.F_UNLCK)
        return False

    def _lock(self, byte: int, kind: int) -> bool:
        # struct flock of 64-bit Linux; the process id has to be 0.
        wanted = struct.pack("@hhqqi4x", kind, os.SEEK_SET, byte, 1, 0)
        try:
            fcntl.fcntl(self._map_descriptor, _OFD_SETLK, wanted)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise
        return True

    def _opened_map(self) -> int:
        """The map, open and marked as in use, begun anew where it has to be."""
        while True:
            descriptor = os.open(self.map_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH)
                if not is_same(descriptor, self.map_path):  # it was removed while we waited
                    os.close(descriptor)
                    continue
                if self._is_ours(descriptor):
                    return descriptor
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise FileExistsError(f"{self.map_path} is in use with another size") from None
                self._begin(descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    def _is_ours(self, descriptor: int) -> bool:
        header = os.pread(descriptor, _HEADER.size, 0)
        return header == self._header() and self.path.exists() and self.path.stat().st_size == self.size

    def _header(self) -> bytes:
        return _HEADER.pack(_MAGIC, self.size, BLOCK, _boot_id())

    def _begin(self, descriptor: int) -> None:
        os.ftruncate(descriptor, 0)
        film = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(film, self.size)
        finally:
            os.close(film)
        # Written, not truncated to size: a hole of the map that finds no room later would end us by a signal.
        os.pwrite(descriptor, bytes(_FIRST + self.blocks), 0)
        os.pwrite(descriptor, self._header(), 0)

    def _close_descriptors(self) -> None:
        for descriptor in (self._descriptor, self._map_descriptor):
            if descriptor >= 0:
                os.close(descriptor)


def is_same(descriptor: int, path: Path) -> bool:
    """Whether what is open is still what is called so."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def size_of(descriptor: int) -> int | None:
    """The size of the source whose map this is; None if it is none of this boot."""
    header = os.pread(descriptor, _HEADER.size, 0)
    if len(header) < _HEADER.size:
        return None
    magic, size, block, boot = _HEADER.unpack(header)
    return int(size) if (magic, block, boot) == (_MAGIC, BLOCK, _boot_id()) else None


def _boot_id() -> bytes:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()[:36]
    except OSError:
        return b"-" * 36
