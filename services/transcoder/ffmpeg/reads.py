"""Lets a child read a file that is not all there yet: each of its reads waits until its bytes have come.

The child runs under a seccomp filter that hands every call that could bring
bytes of a file into it to this process, before the kernel carries it out
(seccomp_unotify(2), Linux 5.5). Here the call's descriptor is looked up; if it
is the lazy file, the bytes are made present first. So whatever FFmpeg reads -
header, index, the end of a transport stream, a packet far ahead - is there when
it reads it, and no hole of a sparse file can be taken for a picture, in any
container and without guessing what a demuxer will want.

This is no wall against a hostile child, which Landlock is: who tricks it reads zeros of its own film.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import platform
import select
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

_NOTIFICATION = struct.Struct("=QIIiIQ6Q")  # id, pid, flags, call, architecture, instruction pointer, arguments
_ANSWER = struct.Struct("=QqiI")  # id, value, error, flags
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_SET_FLAGS, _SYNC_WAKE_UP = 0x40082104, 1
# read, pread64 and mmap, and the vectored calls, by architecture, as launch.py hands them over.
_CALLS = {"x86_64": (0, 17, 9), "aarch64": (63, 67, 222)}


class LazyFile(Protocol):
    """A sparse local file of its full size whose bytes come when they are asked for."""

    @property
    def path(self) -> Path: ...

    @property
    def size(self) -> int: ...

    async def ensure(self, offset: int, length: int) -> None:
        """Returns when the bytes at [offset, offset + length) are in the file; what lies past its end is none."""
        ...


class ReadGate:
    """One child's reads of one lazy file. Give `child_end` to the child, and `serve` for as long as it lives.

    `on_bytes` is called whenever a read that had to wait goes on.
    """

    def __init__(self, file: LazyFile, on_bytes: Callable[[], None]) -> None:
        self._file = file
        self._on_bytes = on_bytes
        self._own_end, self.child_end = socket.socketpair()
        self._own_end.setblocking(False)
        self._listener = -1
        self._inode = (0, 0)
        self.is_waiting = False
        """Whether the child stands still because bytes that it reads have not come yet."""

    def close(self) -> None:
        """For when the child is gone: a call that still waited would fail."""
        self._own_end.close()
        self.child_end.close()
        if self._listener >= 0:
            os.close(self._listener)
            self._listener = -1

    async def serve(self) -> None:
        """Answers the child's reads, one after the other, until it has ended.

        Raises what `ensure` raises. The read is then left unanswered, and the child has to be killed: demuxers take
        an error for the end of the film.
        """
        found = await asyncio.to_thread(self._file.path.stat)
        self._inode = (found.st_dev, found.st_ino)
        await _readable(self._own_end.fileno())
        _, descriptors, _, _ = socket.recv_fds(self._own_end, 1, 1)
        if not descriptors:  # it ended before it had a listener to give; its exit code tells the rest
            return
        self._listener = descriptors[0]
        with contextlib.suppress(OSError):  # Linux 6.6: the child is woken on this core, which is about to be free
            fcntl.ioctl(self._listener, _SET_FLAGS, _SYNC_WAKE_UP)
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while True:
            for _, events in poll.poll(0):
                if not events & select.POLLIN:  # hung up: all who ran under the filter are gone
                    return
                await self._answer_one()
                break
            else:
                await _readable(self._listener)

    async def _answer_one(self) -> None:
        asked = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, asked)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):  # it was killed meanwhile
                return
            raise
        call, pid, _, number, _, _, *arguments = _NOTIFICATION.unpack(asked)
        span = self._span(pid, number, arguments)
        if span is not None:
            self.is_waiting = True
            await self._file.ensure(*span)
            self.is_waiting = False
            self._on_bytes()
        with contextlib.suppress(FileNotFoundError):  # it was killed meanwhile
            fcntl.ioctl(self._listener, _SEND, bytearray(_ANSWER.pack(call, 0, 0, _CONTINUE)))

    def _span(self, pid: int, number: int, arguments: list[int]) -> tuple[int, int] | None:
        """(offset, length) of what the call wants of the lazy file; None if it reads something else.

        procfs answers from memory: nothing here waits for a disk.
        """
        read, pread, mmap = _CALLS[platform.machine()]
        descriptor = arguments[4] if number == mmap else arguments[0]
        descriptor &= 0xFFFFFFFF
        try:
            found = os.stat(f"/proc/{pid}/fd/{descriptor}")  # noqa: PTH116 - pathlib costs more than the call
            if (found.st_dev, found.st_ino) != self._inode:
                return None
            if number == mmap:
                return arguments[5], arguments[1]
            if number == pread:
                return arguments[3], arguments[2]
            position = _position(pid, descriptor)
        except (FileNotFoundError, ProcessLookupError):  # no such descriptor, or no such child any more
            return None
        except PermissionError:  # cannot be known, so it may be anything
            return 0, self._file.size
        # The lengths of a vectored read stand in the child's memory; it is rare enough to be given all there is.
        return (position, arguments[2]) if number == read else (0, self._file.size)


def _position(pid: int, descriptor: int) -> int:
    told = os.open(f"/proc/{pid}/fdinfo/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return int(os.read(told, 64).partition(b"\n")[0].removeprefix(b"pos:"))
    finally:
        os.close(told)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
