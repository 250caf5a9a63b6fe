"""Brings a source to this host: the blocks somebody waits for first, the rest by parallel ranges in the background."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

from services.transcoder.pipeline.block_file import BLOCK, BlockFile
from shared.storage import ContentMismatch, Store

log = logging.getLogger(__name__)

PARALLEL = 4
RANGE_BLOCKS = 8
AHEAD_BLOCKS = 4
"""Fetched at once for one who reads on from what is there; who jumps gets one block."""
_OTHERS = 0.05
"""Seconds between two looks at what another process fetches."""


class Fetch:
    """One source on its way to this host: a `LazyFile` for the processes that read it meanwhile.

    Each block is fetched by one process of the host. One that dies lets go of its blocks, and whoever needs them next
    fetches them. What a store raises comes out of `ensure` and `complete`, and leaves all that can be tried again.
    """

    def __init__(self, store: Store, key: str, file: BlockFile) -> None:
        self._store = store
        self._key = key
        self.file = file
        self._runs: dict[int, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._filling: asyncio.Task[None] | None = None

    @property
    def path(self) -> Path:
        return self.file.path

    @property
    def size(self) -> int:
        return self.file.size

    def follow(self, key: str) -> None:
        """Fetch what is missing from there from now on: the same bytes, which were moved or are kept once for many."""
        self._key = key

    async def ensure(self, offset: int, length: int) -> None:
        first, after = offset // BLOCK, min(-(-(offset + length) // BLOCK), self.file.blocks)
        if length <= 0 or self.file.has(first, after):
            return
        with self.file.urgent():
            while (block := self.file.missing(first, after)) is not None:
                run = self._runs.get(block) or self._start(block, self._reach(block, after))
                await self._change(run)

    async def complete(self) -> None:
        """Returns when all of the source is here."""
        while not self.file.complete:
            await self._change(self.fill())

    def fill(self) -> asyncio.Task[None]:
        """Fetch the rest in the background, or let the process that does it go on."""
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._fill())
            self._filling.add_done_callback(_told)
        return self._filling

    async def close(self) -> None:
        """Stops what is on its way; what has come stays."""
        tasks = {task for task in (*self._runs.values(), self._filling) if task is not None}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.file.close)

    def _reach(self, block: int, after: int) -> int:
        """Up to where one request goes that begins at `block`: to the end of what is wanted, or some way ahead."""
        reads_on = block > 0 and self.file.has(block - 1, block)
        return min(max(after, block + (AHEAD_BLOCKS if reads_on else 1)), block + RANGE_BLOCKS, self.file.blocks)

    def _start(self, block: int, after: int) -> asyncio.Task[None] | None:
        """Fetch from `block` on, up to the first block that is here or on its way; None where another process does."""
        end = block
        while end < after and end not in self._runs and not self.file.has(end, end + 1) and self.file.claim(end):
            end += 1
        if end == block:
            return None
        if self.file.has(block, block + 1):  # another process finished it between our look and our claim
            for claimed in range(block, end):
                self.file.release(claimed)
            return None
        run = asyncio.create_task(self._run(block, end))
        run.add_done_callback(_told)
        self._runs |= dict.fromkeys(range(block, end), run)
        return run

    async def _run(self, first: int, after: int) -> None:
        done = first
        try:
            gathered = bytearray()
            async with aclosing(self._store.get(self._key, first * BLOCK, min(after * BLOCK, self.size))) as pieces:
                async for piece in pieces:
                    gathered += piece
                    while len(gathered) >= BLOCK:
                        await self._keep(done, bytes(gathered[:BLOCK]))
                        del gathered[:BLOCK]
                        done += 1
            if gathered and done == self.file.blocks - 1:
                await self._keep(done, bytes(gathered))
                done += 1
            if done < after:
                raise ContentMismatch(f"{self._key!r} has fewer than its {self.size} bytes")
        finally:
            for block in range(done, after):
                self._let_go(block)
            self._tell()

    async def _keep(self, block: int, data: bytes) -> None:
        if block == self.file.blocks - 1 and len(data) != self.size - block * BLOCK:
            raise ContentMismatch(f"{self._key!r} has fewer than its {self.size} bytes")
        # To its end, also when cancelled: the file must not be closed beneath a writing thread.
        writing = asyncio.ensure_future(asyncio.to_thread(self.file.write, block, data))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing})
            raise
        self._let_go(block)
        self._tell()

    def _let_go(self, block: int) -> None:
        self._runs.pop(block, None)
        self.file.release(block)

    async def _fill(self) -> None:
        """One process of the host does this at a time; the others stand by to take over."""
        while not self.file.complete:
            with self._claimed_filling() as claimed:
                if claimed:
                    await self._fill_all()
            await self._change(None)

    @contextmanager
    def _claimed_filling(self) -> Iterator[bool]:
        claimed = self.file.claim_filling()
        try:
            yield claimed
        finally:
            if claimed:
                self.file.release_filling()

    async def _fill_all(self) -> None:
        mine: set[asyncio.Task[None]] = set()
        position = 0
        while (position := self._next(position)) < self.file.blocks or mine:
            for run in [run for run in mine if run.done()]:
                mine.remove(run)
                run.result()
            if position < self.file.blocks and len(mine) < PARALLEL and not self.file.is_urgent:
                started = self._start(position, min(position + RANGE_BLOCKS, self.file.blocks))
                if started is None:  # on its way to another process; the next round looks whether it came
                    position += 1
                else:
                    mine.add(started)
                continue
            await self._change(None)

    def _next(self, position: int) -> int:
        """The first block from here on that is neither there nor on its way to this process."""
        while (block := self.file.missing(position, self.file.blocks)) is not None:
            if block not in self._runs:
                return block
            position = block + 1
        return self.file.blocks

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _change(self, run: asyncio.Task[None] | None) -> None:
        """Waits for anything to happen here, or some time in which it may have elsewhere. Raises what `run` does."""
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            waited: set[asyncio.Future[object]] = {changed} if run is None else {changed, run}  # type: ignore[arg-type]
            await asyncio.wait(waited, timeout=_OTHERS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        if run is not None and run.done():
            if run.cancelled():
                raise ConnectionAbortedError("the source was closed while it was read")
            run.result()


def _told(task: asyncio.Task[None]) -> None:
    """Whoever waited for it raises it; in the background it is only noted."""
    if not task.cancelled() and task.exception() is not None:
        log.info("a source did not come: %s", task.exception())
