"""The audit log over a real gateway: each decision with its reason, for admins, and nothing secret in it."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.gateway import app as gateway_app
from services.gateway.app import create_app
from services.gateway.audit import service
from services.gateway.audit.actions import decided
from services.gateway.audit.schemas import Wanted
from services.gateway.audit.service import AuditLog
from shared.db import Database
from tests.conftest import TestDatabase
from tests.support.clients import ELSEWHERE, good, refused
from tests.support.lone_gateway import Gateway, jwt_of
from tests.support.patience import until
from tests.support.running import run_async
from tests.support.served import Served, gateway_settings

NONE = "A" * 43
Entries = list[dict[str, Any]]
Open = Callable[..., Gateway]


@pytest.fixture(scope="module")
def gateway(postgres: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    settings = gateway_settings(postgres, tmp_path_factory.mktemp("public"), trusted_proxies="127.0.9.0/24")
    with Served(create_app(settings)) as url:
        yield Gateway(url, postgres.owner)


@pytest.fixture
def open_gateway(postgres: TestDatabase, tmp_path: Path) -> Iterator[Open]:
    """Starts gateways for one test, with settings of its own."""
    with ExitStack() as opened:

        def make(**settings: Any) -> Gateway:
            made = create_app(gateway_settings(postgres, tmp_path, **settings))
            return Gateway(opened.enter_context(Served(made)), postgres.owner)

        yield make


@pytest.fixture
def sam() -> str:
    """A student of one test alone, so that the log of another is not read."""
    return f"sam-{uuid.uuid4().hex[:8]}"


def asked(gateway: Gateway, **filters: Any) -> Entries:
    found: Entries = good(gateway.person("admin").get("/api/admin/audit", params=filters))["entries"]
    return found


def until_told(gateway: Gateway, count: int, **filters: Any) -> Entries:
    """The newest ``count`` entries, the oldest of them first, once there are so many: they are written beside us."""
    until(lambda: len(asked(gateway, **filters)) >= count, f"{count} entries for {filters}")
    return asked(gateway, **filters)[:count][::-1]


def short(entries: Entries) -> list[tuple[str, str, str | None]]:
    return [(entry["action"], entry["decision"], entry["code"]) for entry in entries]


def opened(gateway: Gateway, video: str, user: str) -> tuple[str, dict[str, Any]]:
    """A token that was spent, and the session."""
    token = str(good(gateway.person("student", user).get(f"/api/videos/{video}/access-token"))["token"])
    return token, good(gateway.spend(token))


# --- What is written ---


def test_a_view_is_told_from_the_token_to_its_end(gateway: Gateway, sam: str) -> None:
    video = gateway.film(sam)
    token, session = opened(gateway, video, sam)
    refused(gateway.spend(token), 401, "token_spent")
    key = session["masterUrl"].replace("master.m3u8", "key/1/0.key")
    refused(gateway.client(None, ELSEWHERE).get(key), 403, "ip_changed")
    good(gateway.person("student", sam).post(session["renewUrl"]))
    refused(gateway.person("student", "eva").post(session["renewUrl"]), 403, "not_your_session")
    good(gateway.person("student", sam).delete(f"/api/sessions/{session['sessionId']}"), 204)
    refused(gateway.client(None).get(key), 401, "session_revoked")

    told = until_told(gateway, 8, userId=sam)
    assert short(told) == [
        ("token_issue", "granted", None),
        ("token_spend", "granted", None),
        ("token_spend", "refused", "token_spent"),
        ("key", "refused", "ip_changed"),
        ("session_renew", "granted", None),
        ("session_renew", "refused", "not_your_session"),
        ("session_end", "granted", "signed_out"),
        ("key", "refused", "session_revoked"),
    ]
    assert {entry["videoId"] for entry in told[:6]} == {video}
    assert {entry["sessionId"] for entry in told[3:]} | {told[1]["sessionId"]} == {session["sessionId"]}
    assert {entry["userId"] for entry in told} == {sam}
    assert [entry["actorId"] for entry in told] == [sam, None, None, None, sam, "eva", sam, None]
    assert {entry["role"] for entry in told} == {"student"}
    assert {entry["deviceId"] for entry in told[:4]} == {told[0]["deviceId"]} != {None}
    assert told[0]["chapterId"] is not None
    assert [entry["clientIp"] for entry in told[:4]] == ["127.0.0.0/24"] * 3 + ["127.0.1.0/24"]
    assert all(entry["count"] == 1 and entry["requestId"] and entry["at"].endswith("Z") for entry in told)


def test_a_key_before_its_time_is_told(gateway: Gateway, sam: str) -> None:
    video = gateway.film(sam, windows=4)
    _, session = opened(gateway, video, sam)
    refused(
        gateway.client(None).get(session["masterUrl"].replace("master.m3u8", "key/1/3.key")), 403, "not_watched_yet"
    )
    told = until_told(gateway, 3, userId=sam)
    assert short(told)[-1] == ("key", "refused", "not_watched_yet")
    assert (told[-1]["videoId"], told[-1]["sessionId"]) == (video, session["sessionId"])


def test_who_may_not_watch_is_told_with_the_reason(gateway: Gateway, sam: str) -> None:
    video = gateway.film()
    student = gateway.person("student", sam)
    refused(student.get(f"/api/videos/{video}/access-token"), 403, "not_entitled")
    refused(student.get(f"/api/videos/{video}/thumbnails"), 403, "not_entitled")
    refused(student.get(f"/api/videos/{uuid.uuid4()}/access-token"), 404, "video_not_found")
    refused(student.get("/api/admin/audit"), 403, "role_required")
    assert short(until_told(gateway, 4, userId=sam)) == [
        ("token_issue", "refused", "not_entitled"),
        ("call", "refused", "not_entitled"),
        ("token_issue", "refused", "video_not_found"),
        ("call", "refused", "role_required"),
    ]


def test_a_back_end_and_its_student_stand_in_the_same_entry(gateway: Gateway, sam: str) -> None:
    video = gateway.film(sam)
    made = gateway.make("tokens")
    back_end = gateway.client(made["key"])
    good(back_end.post("/api/access-tokens", json={"userId": sam, "videoId": video}), 201)
    refused(back_end.post("/api/access-tokens", json={"userId": f"{sam}x", "videoId": video}), 403, "not_entitled")
    refused(back_end.get(f"/api/videos/{video}/status"), 403, "scope_required")
    actor = f"apikey:{made['id']}"
    told = until_told(gateway, 3, userId=actor)
    assert [(entry["userId"], entry["code"]) for entry in told] == [
        (sam, None),
        (f"{sam}x", "not_entitled"),
        (None, "scope_required"),
    ]
    assert {(entry["actorId"], entry["role"], entry["apiKeyId"]) for entry in told} == {(actor, "service", made["id"])}
    assert until_told(gateway, 1, userId=sam) == told[:1]


def test_api_keys_are_told_from_making_to_revoking(gateway: Gateway, sam: str) -> None:
    admin = gateway.person("admin", sam)
    made = good(admin.post("/api/admin/api-keys", json={"name": "x", "scopes": ["courses"]}), 201)
    good(admin.delete(f"/api/admin/api-keys/{made['id']}"), 204)
    told = until_told(gateway, 2, userId=sam)
    assert short(told) == [("api_key_create", "granted", None), ("api_key_revoke", "granted", None)]
    assert {(entry["actorId"], entry["apiKeyId"], entry["userId"]) for entry in told} == {(sam, made["id"], None)}
    refused(gateway.client(made["key"]).get("/api/courses"), 401, "api_key_revoked")
    told = until_told(gateway, 1, userId=f"apikey:{made['id']}")
    assert short(told) == [("sign_in", "refused", "api_key_revoked")]


def test_sessions_that_an_admin_ends_and_devices_that_are_signed_out_are_told(gateway: Gateway, sam: str) -> None:
    video = gateway.film(sam)
    _, session = opened(gateway, video, sam)
    good(gateway.person("admin", "boss").post("/api/admin/sessions/revoke", json={"userId": sam}))
    [device] = good(gateway.person("student", sam).get("/api/devices"))["devices"]
    good(gateway.person("student", sam).delete(f"/api/devices/{device['id']}"), 204)
    refused(gateway.person("student", sam).delete(f"/api/devices/{device['id']}"), 404, "device_not_found")
    told = until_told(gateway, 5, userId=sam)[2:]
    assert short(told) == [
        ("session_end", "granted", "ended_by_admin"),
        ("device_sign_out", "granted", "signed_out"),
        ("device_sign_out", "refused", "device_not_found"),
    ]
    assert [(entry["actorId"], entry["role"]) for entry in told] == [
        ("boss", "admin"), (sam, "student"), (sam, "student"),
    ]  # fmt: skip
    assert {entry["deviceId"] for entry in told[1:]} == {device["id"]}
    assert session["sessionId"]


def test_of_a_sign_in_that_nobody_vouches_for_only_the_network_is_told(gateway: Gateway) -> None:
    forged = jwt_of("admin", "mallory", secret="f" * 40)
    refused(gateway.client(forged, "127.0.44.1").get("/api/me"), 401, "invalid_jwt")
    refused(gateway.client(None, "127.0.44.1").get("/api/me"), 401, "sign_in_required")

    def from_there() -> Entries:
        return [one for one in asked(gateway, action="sign_in") if one["clientIp"] == "127.0.44.0/24"]

    until(from_there, "the entry")
    assert [(one["actorId"], one["userId"], one["code"]) for one in from_there()] == [(None, None, "invalid_jwt")]
    assert asked(gateway, userId="mallory") == asked(gateway, code="sign_in_required") == []


def test_what_a_player_tries_again_and_again_is_one_entry_a_minute(
    open_gateway: Open, sam: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MINUTE", 3.0)
    gateway = open_gateway()
    video = gateway.film(sam)
    _, session = opened(gateway, video, sam)
    key = session["masterUrl"].replace("master.m3u8", "key/1/0.key")
    with gateway.client(None, ELSEWHERE) as player:
        for _ in range(30):
            refused(player.get(key), 403, "ip_changed")
    # Written at once, and with its count when the minute is over.
    until(lambda: len(asked(gateway, userId=sam, code="ip_changed")) >= 1, "the first of them")
    until(lambda: sum(one["count"] for one in asked(gateway, userId=sam, code="ip_changed")) == 30, "all of them")
    assert len(asked(gateway, userId=sam, code="ip_changed")) < 10
    refused(gateway.client(None, ELSEWHERE).get(key), 403, "ip_changed")
    until(lambda: sum(one["count"] for one in asked(gateway, userId=sam, code="ip_changed")) == 31, "the next minute")


def test_one_too_many_is_told(open_gateway: Open, sam: str) -> None:
    gateway = open_gateway(rate_access_tokens=1)
    video = gateway.film(sam)
    good(gateway.person("student", sam).get(f"/api/videos/{video}/access-token"))
    for _ in range(3):
        refused(gateway.person("student", sam).get(f"/api/videos/{video}/access-token"), 429, "rate_limited")
    assert short(until_told(gateway, 2, userId=sam)) == [
        ("token_issue", "granted", None), ("token_issue", "refused", "rate_limited"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({}, "198.51.100.0/24"),
        ({"ip_policy": "off"}, "198.51.100.0/24"),
        ({"ip_policy": "exact"}, "198.51.100.77"),
        ({"audit_full_ip": True}, "198.51.100.77"),
    ],
)
def test_the_address_is_kept_as_far_as_a_session_is_bound(
    open_gateway: Open, sam: str, settings: dict[str, Any], shown: str
) -> None:
    gateway = open_gateway(trusted_proxies="127.0.0.1/32", **settings)
    student = gateway.person("student", sam)
    for address in ("198.51.100.77", "2001:db8:1:2::3"):
        refused(
            student.get(f"/api/videos/{uuid.uuid4()}/access-token", headers={"X-Forwarded-For": address}),
            404, "video_not_found",
        )  # fmt: skip
    assert until_told(gateway, 1, userId=sam)[0]["clientIp"] == shown


# --- How it is read ---


def test_it_is_for_admins_alone(gateway: Gateway) -> None:
    for role in ("student", "instructor", "service"):
        refused(gateway.person(role).get("/api/admin/audit"), 403, "role_required")
    refused(gateway.client(None).get("/api/admin/audit"), 401, "sign_in_required")
    refused(gateway.client(gateway.make("*")["key"]).get("/api/admin/audit"), 403, "scope_required")
    assert gateway.person("admin").get("/api/admin/audit").headers["cache-control"] == "no-store"


def test_filters_all_have_to_fit(gateway: Gateway, sam: str) -> None:
    videos = [gateway.film(sam), gateway.film()]
    began = datetime.now(UTC)
    for video in videos:
        gateway.person("student", sam).get(f"/api/videos/{video}/access-token")
    until_told(gateway, 2, userId=sam)
    ended = datetime.now(UTC)
    for filters, expected in [
        ({"videoId": videos[0]}, ["granted"]),
        ({"decision": "refused"}, ["refused"]),
        ({"decision": "refused", "videoId": videos[0]}, []),
        ({"code": "not_entitled"}, ["refused"]),
        ({"action": "token_issue"}, ["refused", "granted"]),
        ({"action": "key"}, []),
        ({"from": began.isoformat(), "to": ended.isoformat()}, ["refused", "granted"]),
        ({"from": ended.isoformat()}, []),
        ({"to": began.isoformat()}, []),
    ]:
        assert [one["decision"] for one in asked(gateway, userId=sam, **filters)] == expected, filters
    for wrong in ({"videoId": "x"}, {"decision": "maybe"}, {"limit": "0"}, {"limit": "501"}, {"from": "yesterday"},
                  {"cursor": "x"}, {"code": "' OR 1=1"}, {"userId": "a/b"}, {"from": "2026-01-01T00:00:00"}):  # fmt: skip
        document = refused(
            gateway.person("admin").get("/api/admin/audit", params=wrong), 422, "invalid_request"
        )  # fmt: skip
        assert document["errors"][0]["field"] == next(iter(wrong))


def test_pages_follow_one_another_without_gap_and_repetition(gateway: Gateway, sam: str) -> None:
    student = gateway.person("student", sam)
    video = gateway.film(sam)
    for _ in range(7):
        good(student.get(f"/api/videos/{video}/access-token"))
    whole = until_told(gateway, 7, userId=sam)[::-1]
    read, cursor = [], None
    for _ in range(3):
        page = good(
            gateway.person("admin").get(
                "/api/admin/audit", params={"userId": sam, "limit": 3, **({"cursor": cursor} if cursor else {})}
            )
        )
        read += page["entries"]
        cursor = page["nextCursor"]
        # What comes in between is on no page that follows.
        good(student.get(f"/api/videos/{video}/access-token"))
    assert read == whole
    assert cursor is None


# --- How it is kept ---


def test_nothing_secret_stands_in_it(gateway: Gateway, sam: str) -> None:
    video = gateway.film(sam)
    jwt = jwt_of("student", sam)
    token, session = opened(gateway, video, sam)
    made = gateway.make("tokens")
    credential = session["masterUrl"].split("/")[3]
    for secret in (token, NONE, jwt, made["key"], credential):
        gateway.spend(secret)
        gateway.client(secret).get("/api/me")
        gateway.client(secret, ELSEWHERE).get(f"/api/playback/{credential}/key/1/0.key")
        gateway.client(secret, ELSEWHERE).get(f"/api/playback/{secret[:100]}/key/1/0.key")
        gateway.client(jwt).get(f"/api/videos/{secret[:100]}/access-token")
    until(lambda: asked(gateway, userId=sam, code="ip_changed"), "the last of it")
    whole = str(gateway.query("SELECT a::text FROM access.audit_log a"))
    assert sam in whole
    for secret in (token, jwt, jwt.rpartition(".")[2], made["key"], made["key"][26:], credential):
        assert secret not in whole


async def _locked(owner: str, held: asyncio.Event, free: asyncio.Event) -> None:
    connection = await asyncpg.connect(owner)
    async with connection.transaction():
        await connection.execute("LOCK TABLE access.audit_log IN ACCESS EXCLUSIVE MODE")
        held.set()
        await free.wait()
    await connection.close()


def test_a_log_that_can_not_be_written_holds_nobody_up_and_loses_nothing(gateway: Gateway, sam: str) -> None:
    video = gateway.film(sam)

    async def scene() -> None:
        held, free = asyncio.Event(), asyncio.Event()
        locking = asyncio.create_task(_locked(gateway.owner, held, free))
        await held.wait()
        headers = {"Authorization": f"Bearer {jwt_of('student', sam)}"}
        async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=60) as client:
            for _ in range(20):
                assert (await client.get(f"/api/videos/{video}/access-token")).status_code == 200
            assert (await client.get(f"/api/videos/{uuid.uuid4()}/access-token")).status_code == 404
        free.set()
        await locking

    run_async(scene())
    told = until_told(gateway, 21, userId=sam)
    assert short(told)[-1] == ("token_issue", "refused", "video_not_found")


def test_what_is_waiting_is_written_when_the_gateway_stops(
    postgres: TestDatabase, tmp_path: Path, sam: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PAUSE", 3600.0)
    settings = gateway_settings(postgres, tmp_path)
    with Served(create_app(settings)) as url:
        gateway = Gateway(url, postgres.owner)
        student = gateway.person("student", sam)
        for _ in range(5):
            refused(student.get(f"/api/videos/{uuid.uuid4()}/access-token"), 404, "video_not_found")
        assert gateway.query("SELECT 1 FROM access.audit_log WHERE user_id = $1", sam) == []
    assert gateway.query("SELECT count, code FROM access.audit_log WHERE user_id = $1", sam) == [
        {"count": 5, "code": "video_not_found"}
    ]


def test_entries_leave_after_their_time(open_gateway: Open, sam: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(days: str, age: str) -> None:
        gateway.query(
            "INSERT INTO access.audit_log (id, at, user_id, action, decision, count)"
            f" VALUES ($1, now() - interval '{age}', $2, 'key', 'refused', 1)", uuid.uuid4(), f"{sam}-{days}",
        )  # fmt: skip

    monkeypatch.setattr(gateway_app, "SWEEP_EVERY", 0.1)
    monkeypatch.setattr(service, "FORGET_AT_ONCE", 2)
    gateway = open_gateway(audit_retention_days=30)
    for _ in range(5):
        keep("old", "31 days")
    keep("new", "29 days")
    until(lambda: not asked(gateway, userId=f"{sam}-old"), "the old ones to be gone")
    assert len(asked(gateway, userId=f"{sam}-new")) == 1


def test_nought_days_are_for_ever(postgres: TestDatabase, tmp_path: Path) -> None:
    assert gateway_settings(postgres, tmp_path, audit_retention_days=0).audit_retention is None
    assert gateway_settings(postgres, tmp_path).audit_retention == timedelta(days=90)


def refusal_of(log: AuditLog, user: str, code: str = "not_entitled") -> None:
    made = decided("GET", "/api/videos/{video_id}/access-token", 403, code)
    assert made is not None
    log.note(made, "127.0.0.1", "-", {"user_id": user})


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that never comes back takes no more memory than that."""
    monkeypatch.setattr(service, "MOST_WAITING", 10)
    log = AuditLog(None, "prefix")  # type: ignore[arg-type]
    for number in range(50):
        refusal_of(log, f"user-{number}")
    assert len(log._waiting) == 10


async def test_no_repetition_is_lost_where_one_minute_meets_the_next(owner: Database, sam: str) -> None:
    """Counted over minutes that end between two refusals; of the first, a part was written meanwhile."""
    moment = 0.0
    log = AuditLog(owner, "prefix", clock=lambda: moment)
    for second in range(0, 300, 7):
        moment = float(second)
        refusal_of(log, sam)
        refusal_of(log, sam, "chapter_locked")
        if second == 28:
            await log._write()
    await log.close()
    page = await log.page(Wanted(user_id=sam))
    counts = [entry.count for entry in page.entries if entry.code == "not_entitled"]
    assert (sum(counts), len(counts)) == (43, 5)
