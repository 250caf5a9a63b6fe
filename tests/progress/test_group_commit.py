"""What comes in together is written together, and each is answered for itself."""

import asyncio

import pytest

from services.progress.batching import MOST, GroupCommit


class Ledger:
    """Writes numbers; a negative one breaks what it is written with."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.kept: list[int] = []
        self.may_go_on = asyncio.Event()

    async def write(self, numbers: list[int]) -> list[int]:
        self.groups.append(numbers)
        await self.may_go_on.wait()
        if min(numbers) < 0:
            raise ValueError(f"{min(numbers)} is below zero")
        self.kept += numbers
        return [2 * number for number in numbers]


async def test_who_comes_while_one_is_written_is_written_next_together() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.write, lanes=1)
    asked = [asyncio.create_task(group.submit(number)) for number in range(1, 6)]
    while not ledger.groups:
        await asyncio.sleep(0)
    asked += [asyncio.create_task(group.submit(number)) for number in range(6, 2 * MOST)]
    await asyncio.sleep(0)
    ledger.may_go_on.set()
    assert await asyncio.gather(*asked) == [2 * number for number in range(1, 2 * MOST)]
    assert len(ledger.groups) <= 4
    assert ledger.kept == list(range(1, 2 * MOST))


async def test_only_who_breaks_it_is_told_so() -> None:
    ledger = Ledger()
    ledger.may_go_on.set()
    group = GroupCommit(ledger.write)
    answers = await asyncio.gather(*(group.submit(number) for number in (1, -2, 3)), return_exceptions=True)
    assert (answers[0], answers[2]) == (2, 6)
    assert isinstance(answers[1], ValueError)
    assert ledger.kept == [1, 3]
    assert await group.submit(4) == 8


async def test_who_hangs_up_holds_up_nobody() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.write, lanes=1)
    first = asyncio.create_task(group.submit(1))
    while not ledger.groups:
        await asyncio.sleep(0)
    second = asyncio.create_task(group.submit(2))
    await asyncio.sleep(0)
    first.cancel()
    ledger.may_go_on.set()
    assert await second == 4
    assert ledger.kept == [1, 2]
    with pytest.raises(asyncio.CancelledError):
        await first
