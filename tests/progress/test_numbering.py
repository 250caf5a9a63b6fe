"""Events are numbered when they are committed: whoever reads by cursor misses none, whatever order they commit in."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from services.progress.events import repository
from services.progress.events.errors import cursor_expired
from services.progress.events.numbering import Numbering
from services.progress.events.service import EventService
from services.progress.rounds import Waking
from shared.db import Database, new_id
from shared.http import Problem
from tests.conftest import TestDatabase

WRITE = "INSERT INTO analytics.platform_events (id, type, course_id, data) VALUES ($1, 'course.completed', $2, '{}')"


@pytest_asyncio.fixture
async def database(postgres: TestDatabase) -> AsyncIterator[Database]:
    made = Database(postgres.services["progress"], application="tests", pool_size=5)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def numbering(database: Database) -> Numbering:
    return Numbering(database, Waking(), timedelta(days=90))


class Writer:
    """Somebody who writes an event and takes their time to commit."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._transaction = connection.transaction()

    @classmethod
    async def begin(cls, url: str, course: str) -> "Writer":
        writer = cls(await asyncpg.connect(url))
        await writer._transaction.start()
        writer.id = new_id()
        await writer._connection.execute(WRITE, writer.id, course)
        return writer

    id: UUID

    async def commit(self) -> None:
        await self._transaction.commit()
        await self._connection.close()


class Reader:
    """Somebody who asks again and again from where they were."""

    def __init__(self, events: EventService, course: str) -> None:
        self._events, self._course = events, course
        self._cursor: str | None = None
        self.seen: list[UUID] = []

    async def read(self, limit: int = 1000) -> None:
        while True:
            page = await self._events.page(self._cursor, [], limit)
            self._cursor = page.next
            self.seen += [UUID(one.id) for one in page.events if one.data.get("courseId") == self._course]
            if not page.has_more:
                return


async def test_one_that_commits_late_is_read_late_and_not_missed(
    postgres: TestDatabase, database: Database, numbering: Numbering
) -> None:
    course = f"late-{uuid4()}"
    reader = Reader(EventService(database), course)
    early = await Writer.begin(postgres.services["progress"], course)
    late = await Writer.begin(postgres.services["progress"], course)
    await late.commit()
    await numbering.work()
    await reader.read()
    assert reader.seen == [late.id]
    await early.commit()
    await reader.read()
    assert reader.seen == [late.id], "what has no number yet is not shown"
    await numbering.work()
    await reader.read()
    assert reader.seen == [late.id, early.id]


@pytest.mark.parametrize("seed", range(8))
async def test_in_whatever_order_they_commit_each_is_read_once(
    postgres: TestDatabase, database: Database, numbering: Numbering, seed: int
) -> None:
    chance, course = random.Random(seed), f"any-{seed}-{uuid4()}"
    reader = Reader(EventService(database), course)
    # A second worker, which numbers at the same time.
    rival = Numbering(database, Waking(), timedelta(days=90))
    is_open: list[Writer] = []
    written: set[UUID] = set()
    for _ in range(40):
        step = chance.choice(["begin", "begin", "commit", "number", "race", "read"])
        if step == "begin" and len(is_open) < 6:
            is_open.append(await Writer.begin(postgres.services["progress"], course))
            written.add(is_open[-1].id)
        elif step == "commit" and is_open:
            await is_open.pop(chance.randrange(len(is_open))).commit()
        elif step == "number":
            await numbering.work()
        elif step == "race":
            committed = [is_open.pop().commit()] if is_open else []
            await asyncio.gather(numbering.work(), reader.read(chance.randint(1, 5)), rival.work(), *committed)
        else:
            await reader.read(chance.randint(1, 5))
    for writer in is_open:
        await writer.commit()
    await numbering.work()
    await reader.read()
    assert len(reader.seen) == len(set(reader.seen))
    assert set(reader.seen) == written


async def _owner(postgres: TestDatabase, sql: str, *values: object) -> object:
    connection = await asyncpg.connect(postgres.owner)
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


async def test_what_media_told_is_taken_over_once(
    postgres: TestDatabase, database: Database, numbering: Numbering
) -> None:
    told, film, course = new_id(), uuid4(), f"outbox-{uuid4()}"
    await _owner(
        postgres,
        "INSERT INTO media.outbox (id, type, video_id, course_id, chapter_id, data) VALUES ($1, 'video.ready', $2, $3, 'c', '{}')",
        *(told, film, course),
    )
    reader = Reader(EventService(database), course)
    await asyncio.gather(*(numbering.work() for _ in range(5)))
    await numbering.work()
    await reader.read()
    assert reader.seen == [told]


async def test_each_endpoint_gets_an_event_once_however_often_it_is_handed_out(
    postgres: TestDatabase, database: Database, numbering: Numbering
) -> None:
    endpoint = uuid4()
    make = "INSERT INTO analytics.webhook_endpoints (id, url, created_by) VALUES ($1, 'https://example.org', 'me')"
    await _owner(postgres, make, endpoint)
    writer = await Writer.begin(postgres.services["progress"], "handed-out")
    await writer.commit()
    await numbering.work()
    async with database.session_scope() as session:
        await repository.fan_out(session, [writer.id])
    count = "SELECT count(*) FROM analytics.webhook_deliveries WHERE endpoint_id = $1 AND event_id = $2"
    assert await _owner(postgres, count, endpoint, writer.id) == 1
    await _owner(postgres, "DELETE FROM analytics.webhook_endpoints WHERE id = $1", endpoint)
    assert await _owner(postgres, count, endpoint, writer.id) == 0


async def test_what_is_old_is_forgotten_and_its_number_is_never_given_again(
    postgres: TestDatabase, database: Database, numbering: Numbering
) -> None:
    course = f"old-{uuid4()}"
    events = EventService(database)
    before = (await events.page(None, [], 1000)).next
    for _ in range(2):
        await (await Writer.begin(postgres.services["progress"], course)).commit()
        await numbering.work()
    middle = await events.page(before, [], 1)
    await _owner(
        postgres,
        "UPDATE analytics.platform_events SET created_at = now() - interval '91 days' WHERE course_id = $1",
        course,
    )
    await numbering.forget()
    assert await _owner(postgres, "SELECT count(*) FROM analytics.platform_events WHERE course_id = $1", course) == 0
    for cursor in (before, middle.next):
        with pytest.raises(Problem) as refusal:
            await events.page(cursor, [], 10)
        assert refusal.value.code == cursor_expired().code
    end = (await events.page(None, [], 1000)).next
    writer = await Writer.begin(postgres.services["progress"], course)
    await writer.commit()
    await numbering.work()
    assert [UUID(one.id) for one in (await events.page(end, [], 10)).events] == [writer.id]
