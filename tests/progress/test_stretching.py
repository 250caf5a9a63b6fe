"""What was watched of a film is stretched to the one that took its place: the fraction stays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from services.progress.watching.stretching import stretch
from shared.db import Database
from tests.conftest import TestDatabase


@dataclass
class Film:
    """A chapter's film in two versions of so many seconds, the second of which is current."""

    owner: asyncpg.Connection
    database: Database
    chapter: str = field(default_factory=lambda: f"chapter-{uuid4()}")
    id: UUID = field(default_factory=uuid4)
    old: UUID = field(default_factory=uuid4)
    new: UUID = field(default_factory=uuid4)

    async def make(self, old: float, new: float) -> None:
        await self.owner.execute(
            "INSERT INTO media.videos (id, course_id, chapter_id, created_by, current_version_id) VALUES ($1, 'c', $2, 'me', $3)",
            *(self.id, self.chapter, self.new),
        )
        for number, (version, seconds) in enumerate(((self.old, old), (self.new, new))):
            await self.owner.execute(
                "INSERT INTO media.video_versions (id, video_id, number, status, original_name, container, source_key, "
                "source_bytes, source_sha256, public_secret, duration) VALUES ($1, $2, $3, 'ready', '', 'mov', '', 1, 'x', '', $4)",
                *(version, self.id, number, seconds),
            )

    async def watched(self, watched: str, duration: int | None, version: UUID | None, **more: Any) -> str:
        user = f"user-{uuid4()}"
        await self.owner.execute(
            "INSERT INTO learning.progress (user_id, chapter_id, course_id, video_id, version_id, watched, frontier_ms, "
            "duration_ms, position_ms, is_completed) VALUES ($1, $2, 'c', $3, $4, $5::text::int8multirange, $6, $7, $8, $9)",
            *(user, self.chapter, self.id, version, watched, more.get("frontier", 0), duration),
            *(more.get("position", 0), more.get("completed", False)),
        )
        return user

    async def stretch(self) -> int:
        async with self.database.session_scope() as session:
            return await stretch(session, self.id)

    async def row(self, user: str) -> asyncpg.Record:
        return await self.owner.fetchrow(
            "SELECT watched::text, frontier_ms, position_ms, duration_ms, version_id, is_completed "
            "FROM learning.progress WHERE user_id = $1", user,
        )  # fmt: skip


@pytest_asyncio.fixture
async def film(postgres: TestDatabase) -> AsyncIterator[Film]:
    owner = await asyncpg.connect(postgres.owner)
    database = Database(postgres.services["progress"], application="tests", pool_size=2)
    yield Film(owner, database)
    await database.close()
    await owner.close()


@pytest.mark.parametrize(
    ("new", "watched", "expected"),
    [
        (20.0, "{[0,5000),[7000,10000)}", "{[0,10000),[14000,20000)}"),
        (5.0, "{[0,5000),[7000,10000)}", "{[0,2500),[3500,5000)}"),
        # Rounded, so that nothing is lost at the seams, and never beyond the end.
        (10.001, "{[0,3333),[3334,10000)}", "{[0,3333),[3334,10001)}"),
        (0.01, "{[0,100),[101,200),[9000,10000)}", "{[9,10)}"),
        (20.0, "{}", "{}"),
        # More than the film had, as an older row may say.
        (20.0, "{[0,12000)}", "{[0,20000)}"),
    ],
)
async def test_the_fraction_stays(film: Film, new: float, watched: str, expected: str) -> None:
    await film.make(10.0, new)
    user = await film.watched(watched, 10_000, film.old, frontier=5000, position=10_000, completed=True)
    assert await film.stretch() == 1
    row = await film.row(user)
    length = round(new * 1000)
    assert (row["watched"], row["duration_ms"], row["version_id"]) == (expected, length, film.new)
    assert (row["frontier_ms"], row["position_ms"]) == (round(length / 2 + 0.01), length)
    assert row["is_completed"], "what is completed stays so"
    assert await film.stretch() == 0
    assert await film.row(user) == row


async def test_who_is_on_the_new_clock_already_or_never_was_on_any_stays(film: Film) -> None:
    await film.make(10.0, 20.0)
    there = await film.watched("{[0,5000)}", 20_000, film.new)
    unknown = await film.watched("{}", None, None)
    before = [await film.row(there), await film.row(unknown)]
    old = await film.watched("{[0,5000)}", 10_000, None)
    assert await film.stretch() == 1
    assert [await film.row(there), await film.row(unknown)] == before
    assert (await film.row(old))["watched"] == "{[0,10000)}"


async def test_a_film_that_is_gone_stretches_nothing(film: Film) -> None:
    await film.make(10.0, 20.0)
    await film.owner.execute("UPDATE media.videos SET deleted_at = now() WHERE id = $1", film.id)
    user = await film.watched("{[0,5000)}", 10_000, film.old)
    assert await film.stretch() == 0
    assert (await film.row(user))["watched"] == "{[0,5000)}"
