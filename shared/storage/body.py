"""Cutting a body to measure: batches for a disk write, equal parts for S3."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterable
from pathlib import Path

from shared.storage.contract import MIB
from shared.storage.tasks import uninterrupted

# Large enough that the hop to a thread is lost in the write, small enough to be no memory to speak of.
_BATCH_BYTES = 2 * MIB
_BATCH_BUFFERS = 1000
_FILE_CHUNK = MIB


async def batches(source: AsyncIterable[bytes] | bytes) -> AsyncGenerator[list[memoryview], None]:
    """The source in lists of some 2 MiB, without copying."""
    if isinstance(source, bytes | bytearray | memoryview):
        view = memoryview(source)
        for position in range(0, len(view), _BATCH_BYTES):
            yield [view[position : position + _BATCH_BYTES]]
        return
    batch: list[memoryview] = []
    size = 0
    async for chunk in source:
        batch.append(memoryview(chunk))
        size += len(chunk)
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_BUFFERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def equal_parts(source: AsyncIterable[bytes] | bytes, size: int) -> AsyncGenerator[memoryview, None]:
    """The source in pieces of exactly `size` bytes, the last one shorter; nothing for an empty source."""
    if isinstance(source, bytes | bytearray | memoryview):
        whole = memoryview(source)
        for position in range(0, len(whole), size):
            yield whole[position : position + size]
        return
    part, filled = bytearray(size), 0
    async for chunk in source:
        view = memoryview(chunk)
        while view:
            taken = min(len(view), size - filled)
            part[filled : filled + taken] = view[:taken]
            filled, view = filled + taken, view[taken:]
            if filled == size:
                yield memoryview(part)
                part, filled = bytearray(size), 0
    if filled:
        yield memoryview(part)[:filled]


async def file_chunks(path: Path) -> AsyncGenerator[bytes, None]:
    """The bytes of a file, read in threads."""
    file = await asyncio.to_thread(path.open, "rb", 0)
    with file:
        # To its end, because closing the file beneath a reading thread would let it read another one.
        while chunk := await uninterrupted(asyncio.to_thread(file.read, _FILE_CHUNK)):
            yield chunk


class PartBody(io.RawIOBase):
    """A piece of memory as a file, read in slices: aiohttp then sends it without a second copy of the whole."""

    _SLICE = 256 * 1024

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._position = 0

    def release(self) -> None:
        """Let go of the memory. botocore's request objects form cycles, which would keep it until the next collection."""
        self._view = memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._view)}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        count = len(self._view) if size < 0 else min(size, self._SLICE)
        chunk = bytes(self._view[self._position : self._position + count])
        self._position += len(chunk)
        return chunk
