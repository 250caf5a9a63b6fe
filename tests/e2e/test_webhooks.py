"""The platform is told by webhook: signed, at least once, in order, whatever dies meanwhile."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from standardwebhooks.webhooks import WebhookVerificationError

from tests.support.clients import Platform, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.receiver import Receiver, header, verified
from tests.support.running import ROOT, Suite
from tests.support.served import Reply
from tests.support.suites import suite_fixtures

WORKER = "services.progress.worker"
WEBHOOKS = "/api/admin/webhooks"
NOBODY = "0198c0de-0000-7000-8000-000000000000"


# A suite that may send to this machine, and whose day of attempts is some minutes.
suite, platform = suite_fixtures("module", WEBHOOK_ALLOW="127.0.0.0/8,receiver.invalid", WEBHOOK_RETRY_SCALE="0.002")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as server, server.serving():
        yield server


@pytest.fixture
def webhook(platform: Platform, receiver: Receiver) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes webhooks, each at a path of its own (``path``), for one test."""
    made: list[dict[str, Any]] = []

    def make(*types: str, **members: Any) -> dict[str, Any]:
        path = f"/{platform.new_id('hook')}"
        body = {"url": receiver.url + path, "types": list(types), **members}
        made.append({**good(platform.admin.post(WEBHOOKS, json=body), 201), "path": path})
        return made[-1]

    yield make
    for one in made:
        good(platform.admin.delete(f"{WEBHOOKS}/{one['id']}"), 204)


def happen(suite: Suite, kind: str = "chapter.completed", count: int = 1, user: str = "sam") -> None:
    """Events as progress writes them."""
    suite.query(
        "INSERT INTO analytics.platform_events (id, type, user_id, course_id, chapter_id, data) "
        "SELECT uuidv7(), $1, $2, 'physics', 'intro', jsonb_build_object('number', n) FROM generate_series(1, $3) n",
        *(kind, user, count),
    )


def call(
    platform: Platform, webhook: dict[str, Any], way: str, method: str = "GET", status: int = 200, **more: Any
) -> Any:
    return good(platform.admin.request(method, f"{WEBHOOKS}/{webhook['id']}{way}", **more), status)


def deliveries(platform: Platform, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(platform, webhook, "/deliveries", params=query)["deliveries"]
    return found


def settled(platform: Platform, webhook: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    """All deliveries, once there are ``count`` and none of them is pending."""

    def look() -> list[dict[str, Any]] | None:
        found = deliveries(platform, webhook)
        return found if len(found) >= count and all(one["state"] != "pending" for one in found) else None

    found = until(look, f"{count} deliveries to be settled")
    assert found is not None
    return found


# --- What a film brings


def test_what_becomes_of_a_film_is_told_and_the_published_library_believes_it(
    platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]], films: Path, short_film: Path
) -> None:
    hook = webhook()
    course = platform.new_course()
    video = platform.ready(course.chapters[0], short_film)
    longer = make_film(films / "longer.mp4", seconds=10, sound=False)
    good(platform.replace(video, longer), 202)
    until(lambda: platform.status(video)["duration"] == 10, "the replacement to be in place")
    broken = short_film.read_bytes()[:2000] + b"\0" * 5000
    good(platform.replace(video, broken), 202)
    until(lambda: (platform.status(video)["replacing"] or {}).get("status") == "failed", "the broken one to fail")
    good(platform.admin.post(f"/api/videos/{video}/rollback"))
    good(platform.admin.delete(f"/api/videos/{video}"), 204)

    expected = ["playable", "ready", "ready", "replaced", "failed", "replaced", "deleted"]
    until(lambda: len(receiver.got(hook["path"])) == len(expected), "all events to arrive")
    told = receiver.events(hook["path"])
    assert [one["type"] for one in told] == [f"video.{name}" for name in expected]
    about = {"courseId": course.id, "chapterId": course.chapters[0], "videoId": video}
    assert all({name: one["data"][name] for name in about} == about for one in told)
    first, second = told[1]["data"]["versionId"], told[2]["data"]["versionId"]
    assert [one["data"].get("duration") for one in told[:4]] == [8, 8, 10, 10]
    assert (told[3]["data"]["versionId"], told[3]["data"]["previousVersionId"]) == (second, first)
    assert told[4]["data"]["code"] and len(told[4]["data"]["message"]) > 20
    assert (told[5]["data"]["versionId"], told[5]["data"]["previousVersionId"]) == (first, second)
    assert set(told[6]) == {"type", "timestamp", "data"} and set(told[6]["data"]) == set(about)

    for asked in receiver.got(hook["path"]):
        assert header(asked, "content-type") == "application/json"
        assert verified(asked, hook["secret"])["type"].startswith("video.")
        with pytest.raises(WebhookVerificationError):
            verified(asked, hook["secret"], asked.body.replace(b"video.", b"vldeo."))
        with pytest.raises(WebhookVerificationError):
            verified(asked, "whsec_" + "A" * 43 + "=")
    ids = [header(one, "webhook-id") for one in receiver.got(hook["path"])]
    assert ids == [one["id"] for one in good(platform.admin.get("/api/progress/events"))["events"]]
    # A receiver has an event before the worker has written down that it does.
    until(lambda: {one["state"] for one in deliveries(platform, hook)} == {"delivered"}, "all to be written down")


def test_only_what_is_wanted_is_told_and_in_order(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    some, none = webhook("chapter.completed"), webhook("course.completed")
    happen(suite, count=40)
    happen(suite, "chapter.started")
    until(lambda: len(receiver.got(some["path"])) == 40, "all to arrive")
    assert [one["data"]["number"] for one in receiver.events(some["path"])] == list(range(1, 41))
    assert receiver.events(some["path"])[0]["data"]["userId"] == "sam"
    assert deliveries(platform, none) == []
    pages, before = [], None
    while True:
        page = call(platform, some, "/deliveries", params={"limit": 15} | ({"before": before} if before else {}))
        pages.append(len(page["deliveries"]))
        if (before := page["next"]) is None:
            break
    assert pages == [15, 15, 10]


# --- What goes wrong


def test_what_is_refused_is_sent_again_with_the_same_id(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook = webhook("chapter.completed")
    receiver.answer(hook["path"], Reply(500, b"not now\0 " + b"x" * 3000), Reply(302, headers={"Location": "/other"}))
    happen(suite)
    [delivery] = settled(platform, hook)
    assert [one["status"] for one in delivery["attempts"]] == [500, 302, 200]
    assert delivery["attempts"][0]["answer"].startswith("not now\ufffd xxx")
    assert len(delivery["attempts"][0]["answer"]) == 1024
    assert "Redirects" in delivery["attempts"][1]["problem"]
    assert (delivery["state"], delivery["attempts"][2]["problem"]) == ("delivered", None)
    assert not receiver.got("/other")
    came = receiver.got(hook["path"])
    assert {header(one, "webhook-id") for one in came} == {delivery["eventId"]}
    assert all(verified(one, hook["secret"]) for one in came)


def test_after_the_last_attempt_it_failed_and_can_be_asked_for_again(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook = webhook("chapter.completed", description="our CRM")
    receiver.answer(hook["path"], *[Reply(503)] * 18)
    happen(suite, count=2)
    happened = until(lambda: deliveries(platform, hook), "a delivery")[0]["createdAt"]

    def hurry() -> bool:
        """As if the hours between the last attempts had passed."""
        suite.query(
            "UPDATE analytics.webhook_deliveries SET not_before = now() WHERE state = 'pending' AND attempts > 4"
        )
        return all(one["state"] == "failed" for one in deliveries(platform, hook))

    until(hurry, "both deliveries to fail")
    failed = deliveries(platform, hook, state="failed")
    assert [len(one["attempts"]) for one in failed] == [9, 9]
    again = call(platform, hook, f"/deliveries/{failed[0]['id']}/replay", "POST", 202)
    assert (again["eventId"], again["replay"], again["state"]) == (failed[0]["eventId"], 1, "pending")
    until(lambda: deliveries(platform, hook, state="delivered"), "the replay to arrive")
    assert call(platform, hook, "/replay", "POST", 202, params={"since": "2100-01-01T00:00:00Z"}) == {"replayed": 0}
    assert call(platform, hook, "/replay", "POST", 202, params={"since": happened}) in (
        {"replayed": 1},
        {"replayed": 0},
    )
    assert call(platform, hook, "/replay", "POST", 202) in ({"replayed": 1}, {"replayed": 0})
    until(lambda: len(deliveries(platform, hook, state="delivered")) == 2, "the rest to arrive")
    assert call(platform, hook, "/replay", "POST", 202) == {"replayed": 0}
    refused(platform.admin.post(f"{WEBHOOKS}/{hook['id']}/deliveries/{NOBODY}/replay"), 404, "delivery_not_found")


def test_a_receiver_may_ask_for_patience(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook = webhook("chapter.completed")
    receiver.answer(hook["path"], Reply(429, headers={"Retry-After": "3600"}))
    happen(suite)
    [delivery] = until(lambda: [one for one in deliveries(platform, hook) if one["attempts"]], "the first attempt")
    [waits] = suite.query(
        "SELECT not_before - now() > interval '50 minutes' AS long FROM analytics.webhook_deliveries "
        "WHERE id = $1::text::uuid", delivery["id"],
    )  # fmt: skip
    assert waits["long"] and delivery["state"] == "pending"
    refused(platform.admin.post(f"{WEBHOOKS}/{hook['id']}/deliveries/{delivery['id']}/replay"), 409, "delivery_pending")


def test_a_receiver_that_is_gone_is_told_nothing_more_until_somebody_enables_it(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook = webhook("chapter.completed")
    receiver.answer(hook["path"], Reply(410))
    happen(suite)
    [delivery] = settled(platform, hook)
    assert (delivery["state"], len(delivery["attempts"])) == ("failed", 1)
    shown = call(platform, hook, "")
    assert (shown["enabled"], "410" in shown["disabledReason"]) == (False, True)
    for way in ("/test", "/replay", f"/deliveries/{delivery['id']}/replay"):
        refused(platform.admin.post(f"{WEBHOOKS}/{hook['id']}{way}"), 409, "webhook_disabled")
    other = webhook("chapter.completed")
    happen(suite)
    settled(platform, other)
    assert len(deliveries(platform, hook)) == 1
    enabled = call(platform, hook, "", "PATCH", json={"enabled": True})
    assert (enabled["enabled"], enabled["disabledReason"]) == (True, None)
    call(platform, hook, f"/deliveries/{delivery['id']}/replay", "POST", 202)
    until(lambda: deliveries(platform, hook, state="delivered"), "the replay to arrive")


def test_one_that_says_nothing_holds_up_nobody_else(
    suite: Suite, receiver: Receiver, webhook: Callable[..., dict[str, Any]], platform: Platform
) -> None:
    silent, quick = webhook("chapter.completed"), webhook("chapter.completed")
    with receiver.holding(silent["path"]):
        happen(suite, count=30)
        until(lambda: len(receiver.got(quick["path"])) == 30, "all to arrive at the other")
        assert len(receiver.got(silent["path"])) == 1, "and the silent one is asked one thing at a time"
        [first] = until(
            lambda: [one for one in deliveries(platform, silent) if one["attempts"]], "the attempt to be given up"
        )
        assert "within 10 seconds" in first["attempts"][0]["problem"]
    settled(platform, silent, 30)


# --- What dies


@contextmanager
def another_worker(suite: Suite) -> Iterator["subprocess.Popen[bytes]"]:
    own = suite.process(WORKER).environ()
    environment = {name: value for name, value in own.items() if name != "LECTERN_SUPERVISED"}
    with (suite.home / "logs" / "another-progress-worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", WORKER], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def test_two_workers_that_are_rung_for_again_and_again_deliver_each_event_once(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hooks = [webhook("chapter.completed") for _ in range(3)]
    with another_worker(suite):
        with suite.held(WORKER):
            happen(suite, count=10)
            until(lambda: len(receiver.got(hooks[0]["path"])) == 10, "the other worker to do it all")
        for _ in range(9):
            happen(suite, count=10)
            good(platform.admin.post(f"{WEBHOOKS}/{hooks[0]['id']}/replay"), 202)
        for hook in hooks:
            settled(platform, hook, 100)
    for hook in hooks:
        ids = [header(one, "webhook-id") for one in receiver.got(hook["path"])]
        assert (len(ids), len(set(ids))) == (100, 100)


def test_what_a_killed_worker_had_in_hand_is_delivered_by_the_next(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook = webhook("chapter.completed")
    with receiver.holding(hook["path"]):
        happen(suite, count=3)
        until(lambda: receiver.got(hook["path"]), "the first to be in hand")
        victim = suite.process(WORKER)
        os.kill(victim.pid, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(victim.pid), "its end")
    assert [one["state"] for one in settled(platform, hook, 3)] == ["delivered"] * 3
    numbers = [one["data"]["number"] for one in receiver.events(hook["path"])]
    assert numbers == [1, 1, 2, 3]
    twice = receiver.got(hook["path"])[:2]
    assert header(twice[0], "webhook-id") == header(twice[1], "webhook-id")


def test_nothing_waits_for_redis(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook = webhook("chapter.completed")
    valkey = suite.server("valkey")
    valkey.suspend()
    try:
        happen(suite, count=5)
        until(lambda: len(receiver.got(hook["path"])) == 5, "all to arrive while Redis says nothing")
    finally:
        valkey.resume()
    url = suite.process("services.media").environ()["REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        until(client.ping, "Redis to be back")
        client.flushall()
    happen(suite)
    until(lambda: len(receiver.got(hook["path"])) == 6, "one more to arrive")


# --- Secrets


def test_for_a_day_after_a_rotation_both_secrets_sign(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook = webhook("chapter.completed")
    old = hook["secret"]
    assert call(platform, hook, "/secret") == {"secret": old, "previousSecretUntil": None}
    rotated = call(platform, hook, "/rotate-secret", "POST")
    assert rotated["secret"] != old and rotated["previousSecretUntil"] is not None
    assert call(platform, hook, "/secret") == rotated
    happen(suite)
    [asked] = until(lambda: receiver.got(hook["path"]), "the event")
    assert header(asked, "webhook-signature").count("v1,") == 2
    assert verified(asked, old) == verified(asked, rotated["secret"])
    # As if the day were over.
    over = "UPDATE analytics.webhook_endpoints SET previous_until = now() WHERE id = $1::text::uuid"
    suite.query(over, hook["id"])
    happen(suite)
    _, asked = until(
        lambda: [*receiver.got(hook["path"])][:2] if len(receiver.got(hook["path"])) > 1 else None, "one more"
    )  # type: ignore[misc]
    assert verified(asked, rotated["secret"])
    with pytest.raises(WebhookVerificationError):
        verified(asked, old)
    assert call(platform, hook, "/secret")["previousSecretUntil"] is None
    # No secret stands in the database.
    kept = str(suite.query("SELECT * FROM analytics.webhook_endpoints"))
    assert old not in kept and rotated["secret"] not in kept


def test_a_test_event_is_for_one_endpoint_alone(
    platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook, other = webhook("course.completed"), webhook()
    before = good(platform.admin.get("/api/progress/events", params={"limit": 1000}))
    sent = call(platform, hook, "/test", "POST", 202)
    assert (sent["type"], sent["state"]) == ("webhook.test", "pending")
    [delivery] = settled(platform, hook)
    [asked] = receiver.got(hook["path"])
    assert verified(asked, hook["secret"])["data"] == {"webhookId": hook["id"], "sentBy": "e2e-admin"}
    assert header(asked, "webhook-id") == delivery["eventId"] == sent["eventId"]
    assert deliveries(platform, other) == []
    after = good(platform.admin.get("/api/progress/events", params={"after": before["next"]}))
    assert after["events"] == []


# --- Who may, and where to


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://10.0.0.1/hook", "address_refused"),
        ("https://169.254.169.254/latest/meta-data", "address_refused"),
        ("https://[::ffff:10.0.0.1]/hook", "address_refused"),
        ("https://0x0a000001/hook", "address_refused"),
        ("https://no-such-host.invalid/hook", "host_not_found"),
        ("http://receiver.invalid/hook", "host_not_found"),
        ("http://example.org/hook", "invalid_url"),
        ("ftp://example.org/hook", "invalid_url"),
        ("https://user:secret@example.org/hook", "invalid_url"),
        ("https://", "invalid_url"),
    ],
)
def test_where_nothing_is_sent_to(
    platform: Platform, webhook: Callable[..., dict[str, Any]], url: str, code: str
) -> None:
    assert refused(platform.admin.post(WEBHOOKS, json={"url": url}), 422, code)["field"] == "url"
    hook = webhook()
    refused(platform.admin.patch(f"{WEBHOOKS}/{hook['id']}", json={"url": url}), 422, code)
    assert call(platform, hook, "")["url"] == hook["url"]


def test_an_address_is_looked_at_again_with_each_connection(
    suite: Suite, platform: Platform, receiver: Receiver, webhook: Callable[..., dict[str, Any]]
) -> None:
    """A name that led to the world when the webhook was made, and leads inside when it is sent to."""
    hook = webhook("chapter.completed")
    move = "UPDATE analytics.webhook_endpoints SET url = $1 WHERE id = $2::text::uuid"
    for url, said in (
        ("https://10.255.255.1/hook", "is no public address"),
        (f"http://localhost:{receiver.server_port}{hook['path']}", "begin with https://"),
    ):
        suite.query(move, url, hook["id"])
        happen(suite)
        found = until(
            lambda: [one for one in deliveries(platform, hook, state="pending") if one["attempts"]], "an attempt"
        )
        assert said in found[0]["attempts"][0]["problem"]
        assert found[0]["attempts"][0]["status"] is None
        suite.query("UPDATE analytics.webhook_deliveries SET state = 'failed' WHERE state = 'pending'")
    assert receiver.got(hook["path"]) == []


def test_only_admins_look_after_webhooks(platform: Platform, webhook: Callable[..., dict[str, Any]]) -> None:
    hook = webhook()
    key = good(platform.admin.post("/api/admin/api-keys", json={"name": "all", "scopes": ["*"]}), 201)["key"]
    one = f"{WEBHOOKS}/{hook['id']}"
    calls = [
        ("GET", WEBHOOKS), ("POST", WEBHOOKS), ("GET", one), ("PATCH", one), ("DELETE", one), ("GET", f"{one}/secret"),
        ("POST", f"{one}/rotate-secret"), ("POST", f"{one}/test"), ("GET", f"{one}/deliveries"),
        ("POST", f"{one}/replay"), ("POST", f"{one}/deliveries/{NOBODY}/replay"),
    ]  # fmt: skip
    for method, path in calls:
        body = {"url": "https://example.org/"} if method in ("POST", "PATCH") else None
        for role in ("student", "instructor", "service"):
            answer = platform.person(role, f"webhook-{role}").request(method, path, json=body)
            refused(answer, 403, "role_required")
        refused(platform.client(key).request(method, path, json=body), 403, "scope_required")
        refused(platform.client().request(method, path, json=body), 401, "sign_in_required")
    assert call(platform, hook, "")["types"] == []
    for method, path in calls[2:]:
        if method != "DELETE":
            body = {} if method in ("POST", "PATCH") else None
            answer = platform.admin.request(method, path.replace(hook["id"], NOBODY), json=body)
            refused(answer, 404, "webhook_not_found")


def test_a_webhook_is_changed_listed_and_deleted_and_the_log_says_who_did(
    platform: Platform, webhook: Callable[..., dict[str, Any]]
) -> None:
    hook = webhook("video.ready", "video.ready", description="one")
    assert (hook["types"], hook["description"], hook["createdBy"]) == (["video.ready"], "one", "e2e-admin")
    changed = call(platform, hook, "", "PATCH", json={"types": ["video.failed"], "description": None, "enabled": False})
    assert (changed["types"], changed["description"], changed["enabled"]) == (["video.failed"], None, False)
    assert "secret" not in changed
    assert changed in good(platform.admin.get(WEBHOOKS))["webhooks"]
    refused(platform.admin.post(WEBHOOKS, json={"url": hook["url"], "types": ["video.lost"]}), 422, "invalid_request")
    call(platform, hook, "", "DELETE", 204)
    refused(platform.admin.get(f"{WEBHOOKS}/{hook['id']}"), 404, "webhook_not_found")

    def written() -> set[str]:
        entries = good(platform.admin.get("/api/admin/audit", params={"userId": "e2e-admin"}))["entries"]
        return {one["action"] for one in entries}

    until(lambda: {"webhook_create", "webhook_change", "webhook_delete"} <= written(), "the audit log to say so")
