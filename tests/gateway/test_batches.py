"""Many questions in one statement: everybody gets the own answer, nothing is remembered, and what was lost is asked again."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.gateway.sessions.batches import LANES, MOST, BatchedQuery
from shared.db import Database

SQUARES = """
SELECT q.place, q.number * q.number FROM unnest($1::bigint[]) WITH ORDINALITY AS q (number, place) WHERE q.number > 0
"""


class Server:
    """What asyncpg would be; ``broken`` are what the next statements raise."""

    def __init__(self) -> None:
        self.opened = 0
        self.statements: list[int] = []
        self.broken: list[BaseException] = []
        self.holds: asyncio.Event | None = None

    async def connect(self) -> Any:
        self.opened += 1
        return self

    async def fetch(self, _: str, numbers: list[int], timeout: float) -> list[tuple[int, int]]:
        self.statements.append(len(numbers))
        if self.holds is not None:
            await self.holds.wait()
        if self.broken:
            raise self.broken.pop(0)
        return [(place, number * number) for place, number in enumerate(numbers, 1) if number > 0]

    def terminate(self) -> None:
        pass


async def test_in_postgres_everybody_gets_the_own_row_or_none(owner: Database) -> None:
    squares = BatchedQuery(owner.connect, SQUARES)
    rows = await asyncio.gather(*(squares.ask(number) for number in range(-200, 200)))
    assert [row and row[1] for row in rows] == [number**2 if number > 0 else None for number in range(-200, 200)]
    await squares.close()


async def test_who_asks_together_is_answered_together() -> None:
    server = Server()
    squares = BatchedQuery(server.connect, "")
    rows = await asyncio.gather(*(squares.ask(number) for number in range(1, 2 * MOST + 11)))
    assert [row and row[1] for row in rows] == [number**2 for number in range(1, 2 * MOST + 11)]
    assert sorted(server.statements) == [10, MOST, MOST]
    assert server.opened <= LANES
    # Nothing is kept: the same question is asked again.
    assert (await squares.ask(3) or ())[1] == 9
    assert len(server.statements) == 4


async def test_who_asks_while_an_answer_is_on_its_way_is_not_given_that_one() -> None:
    server = Server()
    server.holds = asyncio.Event()
    squares = BatchedQuery(server.connect, "")
    early = [asyncio.create_task(squares.ask(5)) for _ in range(3)]
    while not server.statements:
        await asyncio.sleep(0)
    late = asyncio.create_task(squares.ask(5))
    while len(server.statements) < 2:
        await asyncio.sleep(0)
    server.holds.set()
    await asyncio.gather(*early, late)
    assert server.statements == [3, 1]


@pytest.mark.parametrize("error", [asyncpg.ConnectionDoesNotExistError("gone"), TimeoutError(), OSError("no route")])
async def test_a_lost_connection_is_opened_anew_and_asked_again(error: Exception) -> None:
    server = Server()
    squares = BatchedQuery(server.connect, "")
    await squares.ask(1)
    server.broken = [error]
    assert (await squares.ask(4) or ())[1] == 16
    assert server.statements == [1, 1, 1]


async def test_a_server_that_stays_away_fails_all_who_ask_and_no_later_one() -> None:
    server = Server()
    squares = BatchedQuery(server.connect, "")
    await squares.ask(1)
    server.broken = [ConnectionRefusedError(), ConnectionRefusedError()]
    failed = await asyncio.gather(*(squares.ask(number) for number in range(5)), return_exceptions=True)
    assert {type(one) for one in failed} == {ConnectionRefusedError}
    assert (await squares.ask(2) or ())[1] == 4


async def test_what_the_server_refuses_is_not_asked_again() -> None:
    server = Server()
    squares = BatchedQuery(server.connect, "")
    await squares.ask(1)
    server.broken = [asyncpg.QueryCanceledError("too slow")]
    with pytest.raises(asyncpg.QueryCanceledError):
        await squares.ask(1)
    assert server.statements == [1, 1]


async def test_who_hangs_up_takes_nobodys_answer_away() -> None:
    server = Server()
    server.holds = asyncio.Event()
    squares = BatchedQuery(server.connect, "")
    asking = [asyncio.create_task(squares.ask(number)) for number in (1, 2, 3)]
    while not server.statements:
        await asyncio.sleep(0)
    asking[1].cancel()
    server.holds.set()
    first, second, third = await asyncio.gather(*asking, return_exceptions=True)
    assert (first, third) == ((1, 1), (3, 9))
    assert isinstance(second, asyncio.CancelledError)


async def test_at_the_end_nobody_is_left_waiting() -> None:
    server = Server()
    server.holds = asyncio.Event()
    squares = BatchedQuery(server.connect, "")
    asking = asyncio.create_task(squares.ask(1))
    while not server.statements:
        await asyncio.sleep(0)
    await squares.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
