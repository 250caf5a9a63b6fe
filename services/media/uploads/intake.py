"""A film's bytes on their way into the private store: counted, hashed, sniffed, and never whole in memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.media.uploads import errors
from services.media.uploads.containers import Sniffer
from services.media.uploads.sniff import HEAD_BYTES
from shared.contracts.video import Container
from shared.storage import Store

BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class StoredSource:
    key: str
    container: Container
    bytes: int
    sha256: str | None
    """Of the whole, where whoever took it in saw all of it."""


class Intake:
    """One source being stored under ``key``. ``limit`` is the most bytes it may have, inclusive."""

    def __init__(self, store: Store, key: str, limit: int, sniffer: Sniffer) -> None:
        self._sniffer = sniffer
        self._store = store
        self._key = key
        self._limit = limit
        self._size = 0
        self._hash = hashlib.sha256()
        self._container: Container | None = None

    async def take(self, body: AsyncIterator[bytes]) -> StoredSource:
        """Store ``body``. When it is refused or breaks off, the store holds nothing of it (``Store.put`` is atomic)."""
        await self._store.put(self._key, self._checked(body))
        assert self._container is not None
        return StoredSource(self._key, self._container, self._size, self._hash.hexdigest())

    async def _checked(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        # Blocks of a megabyte: one hop to a thread each, instead of one for each piece a socket happened to give.
        block = bytearray()
        async for piece in body:
            self._size += len(piece)
            if self._size > self._limit:
                raise errors.too_large(self._limit)
            block += piece
            if self._container is None and len(block) >= HEAD_BYTES:
                self._recognise(block)
            if len(block) >= BLOCK_BYTES:
                yield await self._hashed(block)
                block = bytearray()
        if self._size == 0:
            raise errors.empty_file()
        if self._container is None:
            self._recognise(block)
        if block:
            yield await self._hashed(block)

    async def _hashed(self, block: bytearray) -> bytes:
        whole = bytes(block)
        await asyncio.to_thread(self._hash.update, whole)
        return whole

    def _recognise(self, block: bytearray) -> None:
        self._container = self._sniffer.container(bytes(block[:HEAD_BYTES]))
