"""The worker's tasks of analytics, as the role that the service has: each may come twice, and two at once."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.progress.analytics import jobs
from services.progress.analytics.policy import AnalyticsPolicy
from shared.db import Database
from tests.conftest import TestDatabase
from tests.support import past

POLICY = AnalyticsPolicy()
FOR_EVER = AnalyticsPolicy(retention_days=0)


@pytest_asyncio.fixture
async def database(postgres: TestDatabase, owner: Database) -> AsyncIterator[Database]:
    """As progress logs in; nothing of analytics is there at first."""
    async with owner.session_scope() as session:
        for table in ("video_analytics", "video_events", "video_days", "course_days", "rollup_due", "marks"):
            await session.execute(text(f"TRUNCATE analytics.{table}"))
        await session.execute(text("TRUNCATE learning.watch_sessions"))
    made = Database(postgres.services["progress"], application="tests", pool_size=3)
    yield made
    await made.close()


async def ask(database: Database, statement: str, **values: Any) -> list[dict[str, Any]]:
    async with database.session_scope() as session:
        found = await session.execute(text(statement), values)
        return [dict(row) for row in found.mappings()] if found.returns_rows else []


async def watch(database: Database, *days_ago: float, video: str | None = None, **given: Any) -> list[dict[str, Any]]:
    """One session of five seconds for each of these moments; what is there of them to start with."""
    video = video or str(uuid4())
    given = {"played": [(0, 5000)], "user": "somebody", **given}
    rows = [
        past.watched(past.days_ago(days), video=video, course="a-course", chapter="a-chapter", **given)
        for days in days_ago
    ]
    # Told just now, whenever they were opened: that is what is looked for.
    rows = [{**row, "last_beat_at": datetime.now(UTC).isoformat()} for row in rows]
    await ask(database, past.INSERT.replace("$1::jsonb", "CAST(:rows AS jsonb)"), rows=json.dumps(rows))
    return rows


async def days(database: Database) -> dict[str, int]:
    found = await ask(database, "SELECT day, sum(sessions) AS n FROM analytics.video_days GROUP BY day ORDER BY day")
    courses = await ask(database, "SELECT day, sum(sessions) AS n FROM analytics.course_days GROUP BY day ORDER BY day")
    assert courses == found, "the figures of films and of courses differ"
    return {row["day"].isoformat(): row["n"] for row in found}


def day(days_ago: float) -> str:
    return past.days_ago(days_ago).date().isoformat()


async def count(database: Database, table: str) -> int:
    [row] = await ask(database, f"SELECT count(*) AS n FROM {table}")
    return int(row["n"])


async def test_sessions_are_taken_over_once_by_however_many(database: Database) -> None:
    rows = await watch(database, *(number / 500 for number in range(2500)))
    taken = await asyncio.gather(*(jobs.settle(database, POLICY) for _ in range(3)))
    assert max(taken) <= 2500
    assert await count(database, "analytics.video_analytics") == len(rows)
    assert await jobs.settle(database, POLICY) == 0
    found = await ask(database, "SELECT sum(watch_duration) AS n FROM analytics.video_analytics")
    assert found[0]["n"] == 5 * len(rows)


async def test_days_are_made_once_and_anew_when_they_change(database: Database) -> None:
    await watch(database, 0, 1, 1, 3)
    await jobs.settle(database, POLICY)
    assert await jobs.roll_up(database) >= 3
    made = {day(3): 1, day(1): 2}
    assert await days(database) == made, "today is not over, and has no figures of its own"
    await jobs.roll_up(database)
    await asyncio.gather(*(jobs.roll_up(database) for _ in range(3)))
    assert await days(database) == made
    await watch(database, 3, 2, 1)
    await jobs.settle(database, POLICY)
    await asyncio.gather(*(jobs.roll_up(database) for _ in range(3)))
    assert await days(database) == {day(3): 2, day(2): 1, day(1): 3}
    assert await count(database, "analytics.rollup_due") == 0


async def test_a_change_while_a_day_is_made_is_not_forgotten(database: Database) -> None:
    """Sessions settle and days are made side by side: at the end each day has all of its sessions."""
    await watch(database, 2)
    await jobs.settle(database, POLICY)
    await jobs.roll_up(database)

    async def more() -> None:
        for _ in range(20):
            await watch(database, 2)
            await jobs.settle(database, POLICY)

    async def make() -> None:
        for _ in range(40):
            await jobs.roll_up(database)

    await asyncio.gather(more(), make())
    await jobs.settle(database, POLICY)
    await jobs.roll_up(database)
    assert await days(database) == {day(2): 21}


async def test_sessions_go_and_their_days_stay(database: Database) -> None:
    old = await watch(database, 100, 100, 120)
    kept = await watch(database, 1, 80)
    forgotten = [str(past.id_at(past.days_ago(400)))]
    event = "INSERT INTO analytics.video_events (session_id, seq, type) VALUES (CAST(:id AS uuid), 0, 'stall')"
    for session in [row["session_id"] for row in old + kept] + forgotten:
        await ask(database, event, id=session)
    # Nothing was settled or rolled up before: keeping does what has to be done first.
    await jobs.keep(database, POLICY)
    ids = {row["session_id"] for row in kept}
    for table in ("analytics.video_analytics", "analytics.video_events", "learning.watch_sessions"):
        found = await ask(database, f"SELECT CAST(session_id AS text) AS id FROM {table}")
        assert {row["id"] for row in found} == ids, table
    made = {day(120): 1, day(100): 2, day(80): 1, day(1): 1}
    assert await days(database) == made
    await jobs.keep(database, POLICY)
    assert await days(database) == made
    # A word that comes too late changes nothing of a day whose sessions are gone.
    await ask(
        database,
        "INSERT INTO analytics.rollup_due (day) VALUES (CAST(:day AS date))",
        day=datetime.fromisoformat(day(100)).date(),
    )
    assert await jobs.roll_up(database) == 1
    assert await days(database) == made


async def test_weeks_that_are_gone_are_dropped_and_those_to_come_are_there(database: Database) -> None:
    await jobs.keep(database, POLICY)
    await jobs.keep(database, POLICY)
    found = await ask(
        database,
        "SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = CAST('analytics.video_events' AS regclass) AND c.relname !~ 'default'",
    )
    weeks = sorted(datetime.strptime(row["name"][-8:], "%Y%m%d").replace(tzinfo=UTC) for row in found)
    now = datetime.now(UTC)
    assert weeks[0] + timedelta(days=7) > now - timedelta(days=98)
    assert weeks[-1] > now + timedelta(days=42)
    assert all(later - one == timedelta(days=7) for one, later in itertools.pairwise(weeks))


async def test_where_nothing_is_to_go_nothing_goes(database: Database) -> None:
    rows = await watch(database, 1, 100, 1000)
    await jobs.settle(database, FOR_EVER)
    await jobs.keep(database, FOR_EVER)
    assert (
        await count(database, "learning.watch_sessions")
        == await count(database, "analytics.video_analytics")
        == len(rows)
    )


@pytest.mark.parametrize(
    ("address", "network", "kept"),
    [
        ("truncated", "203.0.113.77/32", "203.0.113.0/24"),
        ("truncated", "203.0.112.0/20", "203.0.112.0/20"),
        ("truncated", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("truncated", None, None),
        ("off", "203.0.113.0/24", None),
    ],
)
def test_what_is_kept_of_an_address(address: Any, network: str | None, kept: str | None) -> None:
    assert AnalyticsPolicy(address=address).shown(network) == kept


def test_a_hashed_address_is_the_same_for_its_network_and_another_by_another_key() -> None:
    one, other = (AnalyticsPolicy(address="hashed", address_key=key) for key in (b"one", b"other"))
    assert one.shown("203.0.113.7/32") == one.shown("203.0.113.0/24") != one.shown("203.0.114.0/24")
    assert one.shown("203.0.113.7/32") != other.shown("203.0.113.7/32")
    assert "203" not in str(one.shown("203.0.113.7/32"))[:3]
