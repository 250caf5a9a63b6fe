"""Keys and playlists go past the table of routes, and nothing about them is different for it."""

import threading
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.clients import ELSEWHERE, Course, Platform, View, good, refused
from tests.support.gateways import GATEWAY, another_gateway
from tests.support.patience import until
from tests.support.running import run_async

Shown = tuple[Course, str]
STRANGER = "A" * 43
PLAYER_DOOR = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


def said(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """All of an answer but what is different each time."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    body = answer.json() | {"requestId": ""} if answer.is_error else answer.content
    headers.pop("content-length")
    return answer.status_code, headers, body


def last_active(platform: Platform, view: View) -> tuple[Any, Any]:
    session = view.document["sessionId"]
    (row,) = platform.suite.query(
        "SELECT last_active_at, expires_at FROM access.playback_sessions WHERE id = $1::text::uuid", session
    )
    return row["last_active_at"], row["expires_at"]


def test_either_way_a_key_is_answered_alike(platform: Platform, shown: Shown) -> None:
    """A number with seven digits is one that no player writes: it goes by the routes."""
    course, video = shown
    view = platform.watch(platform.student(course), video)
    here, there = platform.client(), platform.client(address=ELSEWHERE)
    cases = [
        (here, view.path("key/{}/0.key"), 200),
        (here, view.path("key/{}/99.key"), 404),
        (there, view.path("key/{}/0.key"), 403),
        (here, f"/api/playback/{STRANGER}/key/{{}}/0.key", 401),
    ]
    for client, path, status in cases:
        short, long = client.get(path.format("1")), client.get(path.format("0000001"))
        assert short.status_code == status, short.text
        assert said(short) == said(long)
    good(platform.admin.post("/api/admin/sessions/revoke", json={"sessionId": view.document["sessionId"]}))
    short, long = (here.get(view.path(f"key/{epoch}/0.key")) for epoch in ("1", "0000001"))
    refused(short, 401, "session_revoked")
    assert said(short) == said(long)


def test_what_is_no_key_or_playlist_is_refused_as_ever(platform: Platform, shown: Shown) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    here = platform.client()
    for name in ("key/1/x.key", "key/-1/0.key", "key/1/1000001.key", f"{'r' * 33}.m3u8"):
        refused(here.get(view.path(name)), 422, "invalid_request")
    refused(here.get("/api/playback/short/key/1/0.key"), 422, "invalid_request")
    for name in ("key/1/0.key", "180p.m3u8", "full/180p.m3u8"):
        refused(here.post(view.path(name)), 405, "method_not_allowed")
        assert here.head(view.path(name)).status_code == 404
    refused(here.get(view.path("key/1/0.key/")), 404, "not_found")
    refused(here.request("GET", view.path("key/1/0.key"), content=b"x" * 2_000_000), 413, "too_large")


@pytest.mark.parametrize(
    ("name", "kind", "cache"),
    [
        ("key/1/0.key", "application/octet-stream", "no-store"),
        ("180p.m3u8", "application/vnd.apple.mpegurl", "private, max-age=3600"),
        ("full/180p.m3u8", "application/vnd.apple.mpegurl", "private, max-age=3600"),
    ],
)
def test_every_answer_carries_what_the_door_gives_it(
    platform: Platform, shown: Shown, name: str, kind: str, cache: str
) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    answer = platform.client().get(view.path(name), headers={"X-Request-Id": "asked-by-a-test"})
    expected = {"content-type": kind, "cache-control": cache, "content-length": str(len(answer.content))}
    headers = dict(answer.headers)
    assert headers.pop("date")
    assert headers == PLAYER_DOOR | expected | {"x-request-id": "asked-by-a-test"}
    again = platform.client().get(view.path(name))
    assert again.content == answer.content
    assert again.headers["x-request-id"] != "asked-by-a-test"

    answer = platform.client().get(f"/api/playback/{STRANGER}/{name}", headers={"X-Request-Id": "refused-to-a-test"})
    document = refused(answer, 401, "session_invalid")
    assert document["requestId"] == answer.headers["x-request-id"] == "refused-to-a-test"
    assert answer.headers["cache-control"] == "no-store"
    assert PLAYER_DOOR.items() <= dict(answer.headers).items()


def test_a_refusal_is_told_to_the_audit_log(platform: Platform, shown: Shown) -> None:
    course, video = shown
    user = platform.new_id("student")
    view = platform.watch(platform.student(course, user), video)
    there = platform.client(address=ELSEWHERE)
    for name in ("key/1/0.key", "180p.m3u8"):
        refused(there.get(view.path(name)), 403, "ip_changed")

    def told() -> bool:
        page = good(platform.admin.get("/api/admin/audit", params={"userId": user, "decision": "refused"}))
        entries = {(one["action"], one["code"], one["sessionId"], one["videoId"]) for one in page["entries"]}
        session = view.document["sessionId"]
        return {(what, "ip_changed", session, video) for what in ("key", "playlist")} <= entries

    until(told, "both refusals in the audit log")


def test_a_revocation_holds_at_the_next_answer_of_every_gateway(platform: Platform, shown: Shown) -> None:
    """While both are asked without a pause, so that questions are answered together."""
    course, video = shown
    view = platform.watch(platform.student(course), video)
    ended = threading.Event()
    after: list[int] = []
    wrong: list[str] = []

    def ask(gateway: str, name: str) -> None:
        with httpx.Client(base_url=gateway, timeout=60) as client:
            while True:
                was_ended = ended.is_set()
                answer = client.get(view.path(name))
                if was_ended:
                    after.append(answer.status_code)
                    return
                if answer.status_code not in (200, 401):
                    wrong.append(answer.text)

    with another_gateway(platform.suite) as other:
        asking = [
            threading.Thread(target=ask, args=(gateway, name))
            for gateway in (platform.suite.url, other)
            for name in ("key/1/0.key", "180p.m3u8", "full/180p.m3u8", "key/1/0.key")
        ]
        for one in asking:
            one.start()
        assert platform.key(view)
        good(platform.admin.post("/api/admin/sessions/revoke", json={"sessionId": view.document["sessionId"]}))
        ended.set()
        for one in asking:
            one.join()
    assert after == [401] * len(asking)
    assert not wrong


def test_keys_keep_a_session_alive_and_are_noted_once_in_ten_seconds(platform: Platform, shown: Shown) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    assert last_active(platform, view)[0] is None
    platform.key(view)
    noted = last_active(platform, view)
    assert noted[0] is not None
    platform.grow_older(view, "11 seconds")
    before = last_active(platform, view)
    platform.key(view)
    again = last_active(platform, view)
    assert again[0] > before[0]
    assert again[1] > before[1]
    for _ in range(5):
        platform.key(view)
    # Whoever was faster than ten seconds wrote nothing.
    now = last_active(platform, view)
    assert now == again or now[0] - again[0] >= timedelta(seconds=10)


def test_a_database_that_hung_up_is_asked_again(platform: Platform, shown: Shown) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    key = platform.key(view)
    assert run_async(end_connections(platform.suite.process(GATEWAY).environ()["DATABASE_URL"])) > 0
    assert platform.key(view) == key


async def end_connections(database_url: str) -> int:
    """End all connections of a role, as it may itself."""
    connection = await asyncpg.connect(database_url)
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            " AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    return len(ended)
