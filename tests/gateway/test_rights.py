"""The platform's word on who may watch: asked once, kept ten seconds, and what holds while it cannot be asked."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import ValidationError
from sqlalchemy import text

from services.gateway.rights.platform import PlatformClient
from services.gateway.rights.schemas import Question
from services.gateway.rights.service import FRESH_SECONDS, PAUSE_SECONDS, PlatformRights
from shared.db import Database
from shared.http import Problem
from tests.conftest import TestDatabase
from tests.support.running import free_port
from tests.support.school import SECRET, School
from tests.support.served import Served, gateway_settings


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def school() -> School:
    return School()


@pytest.fixture
def url(school: School) -> Iterator[str]:
    with Served(school) as address:
        yield f"{address}/entitlement?key=in-the-address"


@pytest_asyncio.fixture
async def database(postgres: TestDatabase) -> AsyncIterator[Database]:
    made = Database(postgres.services["gateway"], application="tests", pool_size=2)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def rights(database: Database, url: str, clock: Clock) -> AsyncIterator[PlatformRights]:
    made = PlatformRights(database, PlatformClient(url, SECRET), clock)
    yield made
    await made.close()


def question(user: str | None = None) -> Question:
    return Question(user or f"student-{uuid4().hex}", "physics", "intro", uuid4())


async def refusal(rights: PlatformRights, asked: Question, *, running: bool = False) -> Problem:
    with pytest.raises(Problem) as caught:
        await rights.require(asked, running=running)
    return caught.value


async def age(owner: Database, asked: Question, by: timedelta) -> None:
    async with owner.session_scope() as session:
        moved = text(
            "UPDATE access.platform_answers SET answered_at = now() - CAST(:by AS interval) WHERE user_id = :who"
        )
        await session.execute(moved, {"by": by, "who": asked.user_id})


async def test_what_is_asked_is_signed_and_names_person_and_film(rights: PlatformRights, school: School) -> None:
    asked = question()
    await rights.require(asked, running=False)
    assert school.questions == [
        {"userId": asked.user_id, "courseId": "physics", "chapterId": "intro", "videoId": str(asked.video_id)}
    ]
    assert school.forged == 0


async def test_a_no_is_a_refusal_with_the_platforms_reason(rights: PlatformRights, school: School) -> None:
    asked = question()
    school.refused[asked.user_id] = "payment_overdue " + "x" * 1000
    problem = await refusal(rights, asked)
    assert (problem.status, problem.code, problem.members["reason"]) == (403, "not_entitled", "refused_by_platform")
    assert problem.members["platformReason"].startswith("payment_overdue")
    assert len(problem.members["platformReason"]) == 200
    assert rights.known(asked) is False


async def test_an_answer_is_good_for_ten_seconds(rights: PlatformRights, school: School, clock: Clock) -> None:
    asked = question()
    assert rights.known(asked) is None
    await rights.require(asked, running=False)
    school.refused[asked.user_id] = None
    clock.now += FRESH_SECONDS - 0.1
    await rights.require(asked, running=True)
    assert (rights.known(asked), school.asked(asked.user_id)) == (True, 1)
    clock.now += 0.2
    assert rights.known(asked) is None
    assert (await refusal(rights, asked, running=True)).code == "not_entitled"
    assert school.asked(asked.user_id) == 2


async def test_of_a_hundred_who_wait_one_asks(rights: PlatformRights, school: School) -> None:
    asked = question()
    await asyncio.gather(*(rights.require(asked, running=False) for _ in range(100)))
    assert school.asked(asked.user_id) == 1


async def test_who_leaves_takes_the_answer_from_nobody(rights: PlatformRights, school: School) -> None:
    asked = question()
    impatient = asyncio.create_task(rights.require(asked, running=False))
    patient = asyncio.create_task(rights.require(asked, running=False))
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    assert school.asked(asked.user_id) == 1


async def test_a_yes_ends_when_it_says(rights: PlatformRights, school: School) -> None:
    asked = question()
    school.until = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    assert (await refusal(rights, asked)).code == "not_entitled"
    later = question()
    school.until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await rights.require(later, running=False)
    assert rights.known(later) is True


NONSENSE = [
    (200, b""), (200, b"yes"), (200, b"[]"), (200, b"null"), (200, b"{}"), (200, b'{"allowed": "true"}'),
    (200, b'{"allowed": 1}'), (200, b'{"allowed": null}'), (200, b'{"allowed": true, "until": "tomorrow"}'),
    (200, b'{"allowed": true, "until": "2099-01-01T00:00:00"}'), (200, b'{"allowed": true, "reason": {}}'),
    (200, b'{"allowed": true' + b" " * 70_000 + b"}"), (200, b"[" * 50_000), (200, b'\xff\xfe{"allowed": true}'),
    (201, b'{"allowed": true}'), (204, b""), (302, b'{"allowed": true}'), (403, b'{"allowed": true}'),
    (404, b'{"allowed": true}'), (500, b'{"allowed": true}'),
]  # fmt: skip


@pytest.mark.parametrize("nonsense", NONSENSE, ids=[f"{status} {body[:24]!r}" for status, body in NONSENSE])
async def test_nonsense_is_no_answer(rights: PlatformRights, school: School, nonsense: tuple[int, bytes]) -> None:
    school.mood, school.nonsense = "nonsense", nonsense
    asked = question()
    problem = await refusal(rights, asked)
    assert (problem.status, problem.code, problem.headers) == (503, "entitlement_unavailable", {"Retry-After": "5"})
    assert (rights.known(asked), len(school.questions)) == (None, 1)


async def test_a_platform_that_says_nothing_is_not_waited_for(
    rights: PlatformRights, school: School, clock: Clock
) -> None:
    school.mood = "silent"
    asked = question()
    assert (await refusal(rights, asked)).code == "entitlement_unavailable"
    assert len(school.questions) == 1
    # Nobody is made to wait for the next outage at once.
    assert (await refusal(rights, question())).code == "entitlement_unavailable"
    assert len(school.questions) == 1
    school.mood = "well"
    clock.now += PAUSE_SECONDS
    await rights.require(asked, running=False)
    assert len(school.questions) == 2


async def test_nobody_there_is_no_answer(database: Database, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = f"http://127.0.0.1:{free_port()}/entitlement?key=in-the-address"
    rights = PlatformRights(database, PlatformClient(address, SECRET), clock)
    assert (await refusal(rights, question())).code == "entitlement_unavailable"
    await rights.close()
    assert "ENTITLEMENT_URL" in caplog.text
    assert "in-the-address" not in caplog.text
    assert SECRET not in caplog.text


async def test_what_runs_goes_on_for_an_hour_by_the_last_yes_and_nothing_begins(
    rights: PlatformRights, school: School, clock: Clock, owner: Database, database: Database, url: str
) -> None:
    asked, refused, never = question(), question(), question()
    school.refused[refused.user_id] = None
    await rights.require(asked, running=False)
    await refusal(rights, refused)
    school.mood = "broken"
    clock.now += FRESH_SECONDS
    await rights.require(asked, running=True)
    assert (await refusal(rights, asked)).code == "entitlement_unavailable"
    for other in (refused, never):
        assert (await refusal(rights, other, running=True)).code == "entitlement_unavailable"
    # Another gateway, or this one after a restart, knows no less.
    another = PlatformRights(database, PlatformClient(url, SECRET))
    await another.require(asked, running=True)
    await age(owner, asked, timedelta(minutes=59))
    await another.require(asked, running=True)
    await age(owner, asked, timedelta(minutes=61))
    assert (await refusal(another, asked, running=True)).code == "entitlement_unavailable"
    await another.close()


async def test_a_yes_that_has_ended_carries_nobody_over_an_outage(
    rights: PlatformRights, school: School, clock: Clock, owner: Database
) -> None:
    asked = question()
    school.until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await rights.require(asked, running=False)
    async with owner.session_scope() as session:
        ended = text("UPDATE access.platform_answers SET until = now() WHERE user_id = :who")
        await session.execute(ended, {"who": asked.user_id})
    school.mood = "broken"
    clock.now += FRESH_SECONDS
    assert (await refusal(rights, asked, running=True)).code == "entitlement_unavailable"


async def test_a_no_outlives_a_yes(rights: PlatformRights, school: School, clock: Clock) -> None:
    asked = question()
    await rights.require(asked, running=False)
    clock.now += FRESH_SECONDS
    school.refused[asked.user_id] = None
    await refusal(rights, asked, running=True)
    clock.now += FRESH_SECONDS
    school.mood = "broken"
    assert (await refusal(rights, asked, running=True)).code == "entitlement_unavailable"


async def test_not_every_answer_is_kept(rights: PlatformRights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.rights.service.ANSWERS_KEPT", 3)
    asked = [question() for _ in range(4)]
    for one in asked:
        await rights.require(one, running=False)
    assert [rights.known(one) for one in asked] == [None, True, True, True]


@pytest.mark.parametrize(
    "settings",
    [
        {"entitlement_url": "http://school.example/entitlement", "entitlement_secret": SECRET},
        {"entitlement_url": "ftp://school.example/", "entitlement_secret": SECRET},
        {"entitlement_url": "https://school.example/entitlement"},
        {"entitlement_url": "https://school.example/entitlement", "entitlement_secret": "short"},
    ],
)
def test_settings_that_would_not_be_safe_are_refused(
    postgres: TestDatabase, tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        gateway_settings(postgres, tmp_path_factory.mktemp("public"), **settings)
    assert caught.value.errors()[0]["loc"][0] in ("entitlement_url", "entitlement_secret")
