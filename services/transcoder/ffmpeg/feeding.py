"""A pipe that a child reads and we fill, so that what it reads never has to lie on a disk."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator

_ROOMY = 1024 * 1024  # bytes a pipe should hold, where the system lets it: fewer turns of the event loop


class FeedPipe:
    """Name it `pipe.url` as an input of the child; `pieces` come out there, one after the other, and then its end.

    A child that stops reading ends the feeding without a word: what it thinks of that, its exit status says.
    What `pieces` raises comes out of `pump`.
    """

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        self._pieces = pieces
        self.child_fd, self._write_fd = os.pipe()
        os.set_blocking(self._write_fd, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):
                fcntl.fcntl(self._write_fd, fcntl.F_SETPIPE_SZ, _ROOMY)

    @property
    def url(self) -> str:
        return f"pipe:{self.child_fd}"

    def close_child_end(self) -> None:
        if self.child_fd >= 0:
            os.close(self.child_fd)
            self.child_fd = -1

    def close(self) -> None:
        self.close_child_end()
        self._close_own_end()

    def _close_own_end(self) -> None:
        if self._write_fd >= 0:
            os.close(self._write_fd)
            self._write_fd = -1

    async def pump(self) -> None:
        try:
            async with contextlib.aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    await self._write(memoryview(piece))
        except BrokenPipeError:
            return
        finally:
            self._close_own_end()

    async def _write(self, left: memoryview) -> None:
        while left:
            try:
                left = left[os.write(self._write_fd, left) :]
            except BlockingIOError:
                await self._room()

    async def _room(self) -> None:
        room = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_writer(self._write_fd, room.set)
        try:
            await room.wait()
        finally:
            loop.remove_writer(self._write_fd)
