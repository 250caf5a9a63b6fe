"""A source on this host: the file itself where the store is a disk, a copy fetched once where it is not."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.transcoder.pipeline.repository import Source
from shared.storage import LocalPaths, Store


class Sources:
    """``cache`` is a directory of this worker alone; it keeps the sources of the films worked on last."""

    KEEP = 2

    def __init__(self, store: Store, cache: Path) -> None:
        self._store = store
        self._cache = cache
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}
        self._order: list[str] = []

    @asynccontextmanager
    async def local(self, source: Source) -> AsyncIterator[Path]:
        """The source as a file that stays for as long as the block runs."""
        if isinstance(self._store, LocalPaths):
            yield self._store.local_path(source.key)
            return
        name = str(source.version_id)
        self._users[name] = self._users.get(name, 0) + 1
        try:
            async with self._locks.setdefault(name, asyncio.Lock()):
                path = await self._fetched(source, name)
            yield path
        finally:
            self._users[name] -= 1
            await self._evict()

    async def _fetched(self, source: Source, name: str) -> Path:
        path = self._cache / name
        if name in self._order:
            self._order.remove(name)
        self._order.append(name)
        if await asyncio.to_thread(path.exists):
            return path
        part = path.with_suffix(".part")
        with await asyncio.to_thread(part.open, "wb") as file:
            async for piece in self._store.get(source.key):
                await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(part.rename, path)
        return path

    async def _evict(self) -> None:
        for name in self._order[: -self.KEEP]:
            if not self._users.get(name):
                self._order.remove(name)
                await asyncio.to_thread((self._cache / name).unlink, missing_ok=True)


async def fresh_directory(path: Path) -> Path:
    """``path`` as an empty directory."""

    def make() -> Path:
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    return await asyncio.to_thread(make)


async def drop_directory(path: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
