"""Bodies for the storage tests."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator

MIB = 1024 * 1024


def content(size: int, seed: int = 0) -> bytes:
    """`size` bytes in which no two stretches are alike, so that a part in the wrong place shows."""
    block = hashlib.shake_256(seed.to_bytes(8)).digest(min(size, MIB))
    blocks = (number.to_bytes(8) + block[8:] for number in range(-(-size // MIB)))
    return b"".join(blocks)[:size]


async def stream(data: bytes, chunk: int = 64 * 1024 + 7) -> AsyncIterator[bytes]:
    for position in range(0, len(data), chunk):
        yield data[position : position + chunk]


async def joined(chunks: AsyncIterable[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
