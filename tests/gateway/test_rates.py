"""How often somebody may do something, over a real gateway: with a Redis, without one, and with one that goes away."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.gateway.app import create_app
from services.gateway.limits.counters import Counters
from tests.conftest import TestDatabase
from tests.support.clients import ELSEWHERE, good, refused
from tests.support.lone_gateway import Gateway, jwt_of
from tests.support.patience import until
from tests.support.redises import TarPit, Valkey, running_valkey
from tests.support.served import Served, gateway_settings

Open = Callable[..., Gateway]
NONE = "A" * 43


async def _fine(request: Request) -> Response:
    return JSONResponse({"fine": True})


@pytest.fixture(scope="module")
def media() -> Iterator[str]:
    with Served(Starlette(routes=[Route("/{rest:path}", _fine, methods=["GET", "POST", "PUT"])])) as url:
        yield url


@pytest.fixture
def open_gateway(postgres: TestDatabase, tmp_path: Path, media: str) -> Iterator[Open]:
    """Starts gateways for one test, with settings of its own."""
    with ExitStack() as opened:

        def make(**settings: Any) -> Gateway:
            made = create_app(gateway_settings(postgres, tmp_path, media_url=media, progress_url=media, **settings))
            return Gateway(opened.enter_context(Served(made)), postgres.owner)

        yield make


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with running_valkey(tmp_path) as running:
        yield running


def over(answer: httpx.Response) -> None:
    """The answer to one too many."""
    document = refused(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == str(document["retryAfter"])
    assert 1 <= document["retryAfter"] <= 61
    assert f"Try again in {document['retryAfter']} s." in document["detail"]


# --- What is limited ---


@pytest.mark.parametrize("with_redis", [True, False])
def test_access_tokens_are_limited_by_the_user_they_are_for(
    open_gateway: Open, valkey: Valkey, with_redis: bool
) -> None:
    gateway = open_gateway(rate_access_tokens=3, redis_url=valkey.url if with_redis else None)
    video = gateway.film("sam", "eva")
    ask = f"/api/videos/{video}/access-token"
    for _ in range(3):
        good(gateway.person("student", "sam").get(ask))
    over(gateway.person("student", "sam").get(ask))
    # Nor by the back end, which has not used up anything of its other students.
    back_end = gateway.client(gateway.make("tokens")["key"])
    over(back_end.post("/api/access-tokens", json={"userId": "sam", "videoId": video}))
    good(back_end.post("/api/access-tokens", json={"userId": "eva", "videoId": video}), 201)
    assert bool(valkey.content()) is with_redis


def test_calls_are_limited_by_user_and_those_of_a_back_end_by_its_key(open_gateway: Open) -> None:
    gateway = open_gateway(rate_calls=4, rate_back_end_calls=6)
    first, second = (gateway.client(gateway.make("courses")["key"]) for _ in range(2))
    for who, most in ((gateway.person("student", "sam"), 4), (gateway.person("instructor", "leo"), 4), (first, 6)):
        for _ in range(most):
            good(who.get("/api/courses"))
        over(who.get("/api/courses"))
    good(second.get("/api/courses"))


def test_calls_that_need_no_sign_in_are_limited_by_network(open_gateway: Open) -> None:
    gateway = open_gateway(rate_calls=2, demo_sign_in=True)
    good(gateway.client(None).get("/api/demo"))
    good(gateway.client(None).post("/api/demo/sign-in", json={"role": "student"}))
    over(gateway.client(None).get("/api/demo"))
    good(gateway.client(None, ELSEWHERE).get("/api/demo"))
    good(gateway.person("student", "sam").get("/api/me"))


def test_uploads_are_limited_by_user(open_gateway: Open) -> None:
    gateway = open_gateway(rate_uploads=2)
    films = {"chapterId": (None, "c"), "video": ("film.mp4", b"x" * 10)}
    replace = f"/api/videos/{gateway.film()}/replace"
    good(gateway.person("admin", "ana").post("/api/videos/upload", files=films))
    good(gateway.person("admin", "ana").put(replace, files=films))
    over(gateway.person("admin", "ana").post("/api/videos/upload", files=films))
    over(gateway.person("admin", "ana").put(replace, files=films))
    good(gateway.person("admin", "nino").post("/api/videos/upload", files=films))


def test_who_guesses_tokens_is_told_to_wait_and_who_has_one_is_not(open_gateway: Open) -> None:
    gateway = open_gateway(rate_refused_tokens=3)
    video = gateway.film("sam")
    ask = f"/api/videos/{video}/access-token"
    first, second = (str(good(gateway.person("student", "sam").get(ask))["token"]) for _ in range(2))
    good(gateway.spend(first))
    for _ in range(5):
        # That was a token once: nobody guessed it.
        refused(gateway.spend(first), 401, "token_spent")
    for _ in range(3):
        refused(gateway.spend(NONE), 401, "token_invalid")
    over(gateway.spend(NONE))
    over(gateway.spend("x" * 5000))
    refused(gateway.spend(NONE, ELSEWHERE), 401, "token_invalid")
    good(gateway.spend(second))


def test_who_guesses_sign_ins_is_told_to_wait_and_who_is_signed_in_is_not(open_gateway: Open) -> None:
    gateway = open_gateway(rate_refused_sign_ins=3)
    key = gateway.make("courses")["key"]
    forged, expired = jwt_of("admin", "ana", secret="f" * 40), jwt_of("admin", "ana", lives=-60)
    for _ in range(5):
        # It was signed by the platform once, and a page that slept has a hundred of these.
        document = refused(gateway.client(expired).get("/api/courses"), 401, "invalid_jwt")
        assert document["reason"] == "expired"
        refused(gateway.client(None).get("/api/courses"), 401, "sign_in_required")
    refused(gateway.client(forged).get("/api/courses"), 401, "invalid_jwt")
    refused(gateway.client(key[:-2] + "xx").get("/api/courses"), 401, "invalid_api_key")
    refused(gateway.client("nonsense").get("/api/courses"), 401, "invalid_jwt")
    for wrong in (forged, key[:-2] + "xx", "nonsense"):
        over(gateway.client(wrong).get("/api/courses"))
    refused(gateway.client(forged, ELSEWHERE).get("/api/courses"), 401, "invalid_jwt")
    good(gateway.person("student", "sam").get("/api/courses"))
    good(gateway.client(key).get("/api/courses"))
    refused(gateway.client(expired).get("/api/courses"), 401, "invalid_jwt")


def test_nought_is_no_limit(open_gateway: Open) -> None:
    names = ("access_tokens", "refused_tokens", "refused_sign_ins", "uploads", "calls", "back_end_calls")
    gateway = open_gateway(**{f"rate_{name}": 0 for name in names})
    video = gateway.film("sam")
    for _ in range(70):
        good(gateway.person("student", "sam").get(f"/api/videos/{video}/access-token"))
        refused(gateway.client("nonsense").get("/api/me"), 401, "invalid_jwt")


# --- Where it is counted ---


def test_gateways_count_together(open_gateway: Open, valkey: Valkey) -> None:
    first, second = (open_gateway(rate_calls=4, redis_url=valkey.url) for _ in range(2))
    for gateway in (first, second, first, second):
        good(gateway.person("student", "sam").get("/api/me"))
    over(first.person("student", "sam").get("/api/me"))
    over(second.person("student", "sam").get("/api/me"))
    assert all(key.startswith(("lectern:limits:", "{lectern:limits:")) for key in valkey.content())


async def test_a_minute_later_one_begins_anew() -> None:
    moments = iter([5.0, 6.0, 30.0, 59.0, 60.0, 61.0])
    counters = Counters(None, clock=lambda: next(moments))
    assert [await counters.hit("calls", "sam", 2) for _ in range(6)] == [0, 0, 30, 1, 0, 0]


async def test_what_was_refused_is_not_counted(valkey: Valkey) -> None:
    """Who tries too early does not push the time further away."""
    counters = Counters(valkey.url)
    assert [await counters.hit("calls", "sam", 2) for _ in range(2)] == [0, 0]
    assert all([1 <= await counters.hit("calls", "sam", 2) <= 61 for _ in range(20)])
    assert list(valkey.content().values()) == ["2"]
    await counters.close()


# --- When Redis is away ---


def test_a_redis_that_dies_locks_nobody_out_and_counts_again_when_it_is_back(
    open_gateway: Open, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = (open_gateway(rate_calls=10, redis_url=valkey.url) for _ in range(2))
    for _ in range(10):
        good(first.person("student", "sam").get("/api/me"))
    over(second.person("student", "sam").get("/api/me"))
    valkey.kill()
    # Each counts for itself now, and keeps to the limit.
    for gateway in (first, second):
        for _ in range(10):
            good(gateway.person("student", "eva").get("/api/me"))
        over(gateway.person("student", "eva").get("/api/me"))
    assert len([line for line in caplog.messages if line.startswith("Redis is away")]) == 2
    valkey.start()
    until(lambda: len([line for line in caplog.messages if line.startswith("Redis is back")]) == 2, "it to be noticed")
    for _ in range(5):
        good(first.person("student", "leo").get("/api/me"))
        good(second.person("student", "leo").get("/api/me"))
    over(first.person("student", "leo").get("/api/me"))


def test_a_redis_that_hangs_is_asked_by_hardly_anybody(open_gateway: Open, caplog: pytest.LogCaptureFixture) -> None:
    pit = TarPit()
    gateway = open_gateway(redis_url=pit.url)
    with gateway.person("student", "sam") as student:
        for _ in range(60):
            good(student.get("/api/me"))
    # The first request met it; then only the look whether it is back, once in a while.
    assert 1 <= pit.connections < 30
    assert len([line for line in caplog.messages if line.startswith("Redis is away")]) == 1
    pit.close()


def test_what_a_session_asks_for_is_neither_counted_nor_limited(open_gateway: Open) -> None:
    """Whatever the limits are: and it costs no way to Redis, which would be met here."""
    pit = TarPit()
    gateway = open_gateway(redis_url=pit.url, rate_access_tokens=0, rate_calls=0)
    video = gateway.film("sam")
    token = good(gateway.person("student", "sam").get(f"/api/videos/{video}/access-token"))["token"]
    session = good(gateway.spend(token))
    base = session["masterUrl"].removesuffix("/master.m3u8")
    with gateway.client(None) as player:
        for _ in range(100):
            # The film is not in storage; that nobody is slowed shows all the same.
            refused(player.get(f"{base}/key/1/0.key"), 404, "key_not_found")
            good(player.get(f"{base}/master.m3u8"))
            good(player.post(f"{base}/beat", content="{}"))
            refused(player.get(f"/api/playback/{NONE}/key/1/0.key"), 401, "session_invalid")
    assert pit.connections == 0
    pit.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock", "rediss://127.0.0.1:1/0"])
async def test_a_redis_that_is_not_there_is_no_error(url: str) -> None:
    counters = Counters(url)
    assert await counters.hit("calls", "sam", 1) == 0
    assert await counters.hit("calls", "sam", 1) > 0
    await counters.close()
