"""A source on this host: the file itself where the store is a disk, else a copy that is fetched once for all workers.

    async with sources.reading(source) as film:                        # at once; the rest comes in the background
        await probe(film.path, container=..., limits=film.limits(PROBE_LIMITS))
    async with sources.whole(source) as film:                          # when all of it is here
        ...

A film opened by `reading` lies in a sparse file. A child that reads it with `film.limits(...)` waits at each read
until those bytes have come (see ffmpeg/reads.py), so it never meets a hole and costs what it reads and no more.
Where the kernel cannot do that, `reading` waits for the whole film.
"""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakValueDictionary

from services.transcoder.ffmpeg.process import ProcessLimits, sandbox_facts
from services.transcoder.ffmpeg.reads import LazyFile
from services.transcoder.ladder.model import Refused
from services.transcoder.pipeline.block_file import BlockFile
from services.transcoder.pipeline.fetching import Fetch
from services.transcoder.pipeline.repository import Source
from services.transcoder.pipeline.source_cache import SourceCache
from shared.storage import LocalPaths, ObjectNotFound, Store

log = logging.getLogger(__name__)

ROOM_WAIT = 2.0
"""Seconds after which work is to look again whether there is room for its source."""
DEFAULT_BUDGET = 64 * 1024**3
_LINGER = 20.0
"""Seconds an unused source stays open and goes on coming: the next chunk of the same film is often seconds away."""


class NoRoom(Exception):
    """The sources in use leave no room for this one: its turn comes when one of them is done with."""


def _gone() -> Refused:
    return Refused("source_missing", "The uploaded file is not in storage any more, or not in full. Upload it again.")


@dataclass(frozen=True)
class OpenSource:
    """A film to read: `reads` is what its bytes have to be waited for by, None where all of them are here."""

    path: Path
    reads: LazyFile | None = None

    def limits(self, limits: ProcessLimits | None = None, *, writable: tuple[Path, ...] = ()) -> ProcessLimits:
        """`limits` for a child that may read this film and nothing else, and write below `writable` only."""
        return replace(limits or ProcessLimits(), reads=self.reads, readable=(self.path,), writable=writable)


@dataclass
class _Held:
    fetch: Fetch
    users: int = 0
    closing: asyncio.Task[None] | None = None


class Sources:
    """``cache`` is a directory shared by all workers of the host, ``budget`` the bytes its sources may hold together.

    ``background`` fetches the rest of a film while its first chunks are made. ``close`` it in the end.
    """

    def __init__(self, store: Store, cache: Path, *, budget: int = DEFAULT_BUDGET, background: bool = True) -> None:
        self._store = store
        self._cache = SourceCache(cache, budget)
        self._background = background
        self._held: dict[str, _Held] = {}
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._gated: bool | None = None

    @asynccontextmanager
    async def reading(self, source: Source, *, in_part: bool = False) -> AsyncIterator[OpenSource]:
        """The film, readable from its first byte to its last by a child with the given limits, as soon as possible.

        ``in_part``: only what the child reads is fetched, and the rest not in the background.
        Raises Refused "source_missing", NoRoom, StorageError; DiskFull where there never will be room for it.
        """
        if isinstance(self._store, LocalPaths):
            yield OpenSource(await self._on_disk(self._store, source))
            return
        if not await self._can_be_read_lazily():
            async with self.whole(source) as opened:
                yield opened
            return
        async with self._fetching(source) as fetch:
            if fetch.file.complete:
                yield OpenSource(fetch.path)
                return
            if self._background and not in_part:
                fetch.fill()
            try:
                yield OpenSource(fetch.path, fetch)
            except ObjectNotFound:
                raise _gone() from None

    @asynccontextmanager
    async def whole(self, source: Source) -> AsyncIterator[OpenSource]:
        """The film, when all of it is here. Raises what `reading` does."""
        if isinstance(self._store, LocalPaths):
            yield OpenSource(await self._on_disk(self._store, source))
            return
        async with self._fetching(source) as fetch:
            try:
                await fetch.complete()
            except ObjectNotFound:
                raise _gone() from None
            yield OpenSource(fetch.path)

    async def _on_disk(self, store: LocalPaths, source: Source) -> Path:
        there = await self._store.stat(source.key)
        if there is None or there.size != source.bytes:
            raise _gone()
        return store.local_path(source.key)

    async def close(self) -> None:
        """Stops what is on its way; what has come stays for the next worker."""
        for name in list(self._held):
            held = self._held.pop(name)
            if held.closing is not None:
                held.closing.cancel()
            await held.fetch.close()

    async def _can_be_read_lazily(self) -> bool:
        if self._gated is None:
            self._gated = (await sandbox_facts())["gated_reads"]
            if not self._gated:
                log.warning(
                    "this kernel hands over no reads: films on S3 are fetched in full before they are worked on"
                )
        return self._gated

    @asynccontextmanager
    async def _fetching(self, source: Source) -> AsyncIterator[Fetch]:
        name = str(source.version_id)
        async with self._opening.setdefault(name, asyncio.Lock()):
            held = self._held.get(name)
            if held is None:
                held = self._held[name] = _Held(await self._opened(source, name))
            held.fetch.follow(source.key)
            held.users += 1
            if held.closing is not None:
                held.closing.cancel()
                held.closing = None
        try:
            yield held.fetch
        finally:
            held.users -= 1
            if held.users == 0 and self._held.get(name) is held:
                held.closing = asyncio.create_task(self._close_later(name, held))

    async def _opened(self, source: Source, name: str) -> Fetch:
        there = await self._store.stat(source.key)
        if there is None or there.size != source.bytes:
            raise _gone()
        file = await self._open_file(name, source.bytes)
        if file is None:
            await self._make_way()
            file = await self._open_file(name, source.bytes)
        if file is None:
            # Not waited for here: that would hold a slot which others could use, and one that viewers wait for.
            raise NoRoom(name)
        return Fetch(self._store, source.key, file)

    async def _open_file(self, name: str, size: int) -> BlockFile | None:
        """Cancelled, it leaves nothing open: that would count as in use for as long as this process lives."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._cache.open, name, size))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait({opening})
            if opening.exception() is None and (file := opening.result()) is not None:
                file.close()
            raise

    async def _make_way(self) -> None:
        """Close what only lingers."""
        for name, held in list(self._held.items()):
            if held.users == 0 and held.closing is not None:
                held.closing.cancel()
                await self._close_now(name, held)

    async def _close_later(self, name: str, held: _Held) -> None:
        await asyncio.sleep(_LINGER)
        await self._close_now(name, held)

    async def _close_now(self, name: str, held: _Held) -> None:
        if held.users == 0 and self._held.get(name) is held:
            del self._held[name]
            await held.fetch.close()


async def fresh_directory(path: Path) -> Path:
    """``path`` as an empty directory."""

    def make() -> Path:
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    return await asyncio.to_thread(make)


async def drop_directory(path: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
