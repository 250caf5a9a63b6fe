"""What never changes is read once for all who ask."""

import asyncio

import pytest

from services.gateway.sessions.kept import Kept


class Reading:
    def __init__(self) -> None:
        self.read: list[int] = []
        self.goes_on = asyncio.Event()

    async def load(self, number: int) -> int:
        self.read.append(number)
        await self.goes_on.wait()
        if number < 0:
            raise LookupError(number)
        return number * number


async def test_who_asks_at_once_waits_for_one_reading_which_nobody_takes_away() -> None:
    reading = Reading()
    kept = Kept(2, reading.load)
    asking = [asyncio.create_task(kept.get(3)) for _ in range(5)]
    while not reading.read:
        await asyncio.sleep(0)
    asking[0].cancel()
    reading.goes_on.set()
    assert await asyncio.gather(*asking[1:]) == [9] * 4
    assert await kept.get(3) == 9
    assert reading.read == [3]


async def test_no_more_are_kept_than_there_is_room_for() -> None:
    reading = Reading()
    reading.goes_on.set()
    kept = Kept(2, reading.load)
    for number in (1, 2, 3, 3, 2, 1):
        assert await kept.get(number) == number**2
    assert reading.read == [1, 2, 3, 1]


async def test_what_is_not_there_is_looked_for_again() -> None:
    reading = Reading()
    reading.goes_on.set()
    kept = Kept(2, reading.load)
    for _ in range(2):
        with pytest.raises(LookupError):
            await kept.get(-1)
    assert reading.read == [-1, -1]
