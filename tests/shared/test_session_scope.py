"""The session scope: it alone commits, and bells ring after the commit or not at all."""

import pytest
from sqlalchemy import text

from shared.db import Database


async def _exists(database: Database, course: str) -> bool:
    async with database.session_scope() as session:
        found = await session.execute(text("SELECT 1 FROM catalog.courses WHERE id = :id"), {"id": course})
        return found.scalar() is not None


def _insert(course: str) -> object:
    return text(f"INSERT INTO catalog.courses (id, title, is_sequential) VALUES ('{course}', 't', false)")


async def test_a_bell_finds_the_work_committed(owner: Database) -> None:
    seen: list[bool] = []

    async def bell() -> None:
        seen.append(await _exists(owner, "scope-1"))

    async with owner.session_scope() as session:
        await session.execute(_insert("scope-1"))  # type: ignore[call-overload]
        session.ring_after_commit(bell)
        assert seen == []
    assert seen == [True]


async def test_what_fails_is_rolled_back_and_rings_nothing(owner: Database) -> None:
    rung: list[int] = []

    async def bell() -> None:
        rung.append(1)

    with pytest.raises(RuntimeError):
        async with owner.session_scope() as session:
            await session.execute(_insert("scope-2"))  # type: ignore[call-overload]
            session.ring_after_commit(bell)
            raise RuntimeError
    assert rung == []
    assert not await _exists(owner, "scope-2")


async def test_a_broken_bell_does_not_undo_the_work(owner: Database) -> None:
    async def bell() -> None:
        raise ConnectionError

    async with owner.session_scope() as session:
        await session.execute(_insert("scope-3"))  # type: ignore[call-overload]
        session.ring_after_commit(bell)
    assert await _exists(owner, "scope-3")
