"""Group commit: what comes in while one transaction is on its way is written by the next one, together.

Under load a small write costs what its transaction costs: the ways to Postgres and back, and the flush at the end. So
writes that wait anyway wait for one transaction, and are answered when it is committed, none before. Alone, a write goes
at once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.db.away import is_away

Item = TypeVar("Item")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

LANES = 2
"""Transactions on their way at once: while Postgres flushes for one, Python works for the other."""
MOST = 128
"""Items in one transaction: the first of them waits for the last."""


class GroupCommit(Generic[Item, Result]):
    """``write`` takes items in the order they came, and answers each with its result, or with the exception that is
    its own (a problem of that item, which changed nothing). Where it raises, everything was rolled back."""

    def __init__(
        self,
        write: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        lanes: int = LANES,
        most: int = MOST,
    ) -> None:
        self._write = write
        self._most = most
        self._free = lanes
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._working: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """The result of ``item`` once it is durable. Raises its own exception, or what made its transaction fail."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._free:
            self._free -= 1
            # It begins when the loop has handed out what else came in with this request.
            task = asyncio.create_task(self._work())
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._settle(batch)
        finally:
            self._free += 1

    async def _settle(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._write([item for item, _ in batch])
        except Exception as error:
            if len(batch) == 1 or is_away(error):
                for _, answer in batch:
                    _answer(answer, error)
                return
            # One of them may be to blame: the others must not suffer for it.
            log.warning("a transaction of %d writes failed (%s); each is written alone", len(batch), error)
            for one in batch:
                await self._settle([one])
            return
        except asyncio.CancelledError:
            for _, answer in batch:
                answer.cancel()
            raise
        for (_, answer), result in zip(batch, results, strict=True):
            _answer(answer, result)

    async def close(self) -> None:
        """Wait for what is on its way; nobody may submit any more."""
        await asyncio.gather(*self._working, return_exceptions=True)


def _answer(answer: "asyncio.Future[Result]", result: Result | Exception) -> None:
    if answer.done():
        # Who hung up meanwhile waits no longer; the write stands.
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
