"""One statement of Postgres for all who ask it at the same time.

Under load what a question costs is the way there and back, and the driver: so whoever asks while a connection is on its
way is answered together with all others who do, by the next. Nothing is remembered between two answers, and nobody is
given one that was read before the question came. Alone, a question goes at once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import asyncpg

from shared.db.away import CONNECTION_LOST

Question = tuple[object, ...]
Asked = tuple[Question, "asyncio.Future[asyncpg.Record | None]"]

LANES = 2
"""Connections: while the answers of one are read and passed on, Postgres works for the other."""
MOST = 100
"""Questions in one statement: the first of them waits for the last."""
TIMEOUT = 10.0
"""Seconds for an answer, of what takes a few milliseconds: a backend that hangs is left, and the read asked elsewhere."""


class BatchedQuery:
    """``statement`` reads, takes an array for each value of a question, and answers at most one row for each of them,
    whose first column is the question's ordinal number from 1 (``unnest(...) WITH ORDINALITY``)."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], statement: str) -> None:
        self._connect = connect
        self._statement = statement
        self._waiting: deque[Asked] = deque()
        self._free: list[_Lane] = [_Lane() for _ in range(LANES)]
        self._working: set[asyncio.Task[None]] = set()

    async def ask(self, *question: object) -> asyncpg.Record | None:
        """The row of one question, None where there is none. Raises what asyncpg or the connection did."""
        answer: asyncio.Future[asyncpg.Record | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._free:
            # It begins when the loop has handed out what else came in with this request.
            task = asyncio.create_task(self._work(self._free.pop()))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return await answer

    async def _work(self, lane: "_Lane") -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                await self._answer(lane, [asked for asked in batch if not asked[1].done()])
        finally:
            self._free.append(lane)

    async def _answer(self, lane: "_Lane", batch: list[Asked]) -> None:
        if not batch:
            return
        try:
            rows = await self._rows(lane, [question for question, _ in batch])
        except BaseException as error:
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error) if isinstance(error, Exception) else answer.cancel()
            if not isinstance(error, Exception):
                raise
            return
        found = {row[0]: row for row in rows}
        for place, (_, answer) in enumerate(batch, 1):
            # Who hung up meanwhile waits no longer.
            if not answer.done():
                answer.set_result(found.get(place))

    async def _rows(self, lane: "_Lane", questions: list[Question]) -> list[asyncpg.Record]:
        columns = [list(column) for column in zip(*questions, strict=True)]
        was_open = lane.connection is not None
        try:
            return await self._fetch(lane, columns)
        except (*CONNECTION_LOST, OSError):  # of which a time-out is one
            # The server may have been started anew since the connection was used last; a read may be asked again.
            if not was_open:
                raise
            return await self._fetch(lane, columns)

    async def _fetch(self, lane: "_Lane", columns: list[list[object]]) -> list[asyncpg.Record]:
        try:
            if lane.connection is None:
                lane.connection = await self._connect()
            rows: list[asyncpg.Record] = await lane.connection.fetch(self._statement, *columns, timeout=TIMEOUT)
        except BaseException:
            lane.drop()
            raise
        return rows

    async def close(self) -> None:
        """To be called when nobody asks any more; who still does is cancelled."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        for lane in self._free:
            lane.drop()


class _Lane:
    """A connection that is opened when it is needed first, and again when it was lost."""

    connection: asyncpg.Connection | None = None

    def drop(self) -> None:
        if self.connection is not None:
            self.connection.terminate()
            self.connection = None
