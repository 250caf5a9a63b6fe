"""Statements reach a learning record store, whatever it says, and are kept for whoever reads them here."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clients import Platform, good, refused
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.served import Asked, Reply, StandIn
from tests.support.suites import platform_fixture, running_suite

VERB = "https://w3id.org/xapi/video/verbs/played"
PASSWORD = "a-password-of-the-store"
SESSION = "0198c0de-0000-7000-8000-000000000001"


class Store(StandIn):
    """As xAPI says: a batch is taken whole or not at all, an id that is there already is a conflict."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, Any] = {}
        self.times: dict[str, int] = {}
        self.away: list[Reply] = []
        self._lock = threading.Lock()

    def reply(self, asked: Asked) -> Reply:
        with self._lock:
            return self._answer(asked)

    def _answer(self, asked: Asked) -> Reply:
        credentials = base64.b64encode(f"lectern:{PASSWORD}".encode()).decode()
        assert (asked.method, asked.path) == ("POST", "/xapi/statements")
        assert asked.headers["Authorization"] == f"Basic {credentials}"
        assert asked.headers["X-Experience-API-Version"] == "1.0.3"
        assert asked.headers["Content-Type"] == "application/json"
        if self.away:
            return self.away.pop(0)
        batch = json.loads(asked.body)
        assert 1 <= len(batch) <= 50
        if any(one["verb"]["id"] == "nonsense" for one in batch):
            return Reply(400, b"a verb is no IRI\0")
        if any(one["id"] in self.kept for one in batch):
            return Reply(409)
        for one in batch:
            self.kept[one["id"]] = one
            self.times[one["id"]] = self.times.get(one["id"], 0) + 1
        return Reply(200, json.dumps([one["id"] for one in batch]).encode())


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store() as server, server.serving():
        yield server


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Suite]:
    settings = {"LRS_URL": f"{store.url}/xapi/", "LRS_USERNAME": "lectern", "LRS_PASSWORD": PASSWORD}
    with running_suite(tmp_path_factory.mktemp("lectern") / "home", PASSWORD, **settings) as running:
        yield running


platform = platform_fixture("module")


def made(suite: Suite, user: str, count: int, verb: str = VERB) -> list[str]:
    """Statements as they are kept; their ids."""
    rows = suite.query(
        "WITH fresh AS (SELECT uuidv7() AS id FROM generate_series(1, $3)) "
        "INSERT INTO analytics.statements (id, user_id, session_id, verb, statement) "
        "SELECT id, $1, $4::text::uuid, $2, jsonb_build_object('id', id, 'verb', jsonb_build_object('id', $2::text)) "
        "FROM fresh RETURNING id::text",
        *(user, verb, count, SESSION),
    )
    return [row["id"] for row in rows]


def kept(platform: Platform, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good(platform.admin.get("/api/admin/statements", params=query))["statements"]
    return found


def hurry(suite: Suite) -> None:
    """As if the wait before the next attempt had passed."""
    suite.query(
        "UPDATE analytics.statements SET not_before = now() WHERE problem IS NOT NULL AND not_before < 'infinity'"
    )


def test_statements_are_forwarded_in_batches(suite: Suite, platform: Platform, store: Store) -> None:
    user = platform.new_id("student")
    ids = made(suite, user, 120)
    until(lambda: set(ids) <= store.kept.keys(), "all to be taken")
    until(lambda: all(one["forwardedAt"] for one in kept(platform, userId=user, limit=500)), "all to be ticked off")
    shown = kept(platform, userId=user, limit=500)
    assert [one["id"] for one in shown] == sorted(ids)
    assert {store.times[one] for one in ids} == {1}
    assert {(one["attempts"], one["problem"], one["verb"]) for one in shown} == {(1, None, VERB)}
    assert shown[0]["statement"]["id"] == shown[0]["id"]


def test_one_that_is_wrong_holds_up_no_other(suite: Suite, platform: Platform, store: Store) -> None:
    user = platform.new_id("student")
    with suite.held("services.progress.worker"):
        good_ones = made(suite, user, 17)
        [wrong] = made(suite, user, 1, "nonsense")
        good_ones += made(suite, user, 31)
    until(lambda: set(good_ones) <= store.kept.keys(), "the others to be taken")
    [refusal] = until(
        lambda: [one for one in kept(platform, userId=user) if one["problem"]], "the wrong one to be kept with why"
    )
    assert (refusal["id"], refusal["forwardedAt"]) == (wrong, None)
    assert refusal["problem"] == "The store answered 400: a verb is no IRI\ufffd"
    assert kept(platform, userId=user, verb="nonsense") == [refusal]
    asked = len(store.asked)
    more = made(suite, user, 1)
    until(lambda: set(more) <= store.kept.keys(), "the next to be taken")
    assert len(store.asked) == asked + 1, "what was refused is not sent again"


def test_what_it_has_already_counts_as_taken(suite: Suite, platform: Platform, store: Store) -> None:
    """As after a worker that was killed between the answer and the tick."""
    user = platform.new_id("student")
    with suite.held("services.progress.worker"):
        ids = made(suite, user, 9)
        for one in ids[2:5]:
            store.kept[one] = {}
            store.times[one] = 1
    until(lambda: all(one["forwardedAt"] for one in kept(platform, userId=user)), "all to be ticked off")
    assert {store.times[one] for one in ids} == {1}


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_while_it_is_away_all_wait(suite: Suite, platform: Platform, store: Store, status: int) -> None:
    user = platform.new_id("student")
    with suite.held("services.progress.worker"):
        store.away = [Reply(status)]
        ids = made(suite, user, 3)
    until(lambda: all(one["problem"] for one in kept(platform, userId=user)), "the attempt to fail")
    assert {one["problem"] for one in kept(platform, userId=user)} == {f"The store answered {status}."}
    assert not set(ids) & store.kept.keys()
    hurry(suite)
    until(lambda: all(one["forwardedAt"] for one in kept(platform, userId=user)), "all to be taken")
    assert {(one["attempts"], one["problem"]) for one in kept(platform, userId=user)} == {(2, None)}


def test_they_are_read_page_by_page_by_admins_and_back_ends(suite: Suite, platform: Platform) -> None:
    user = platform.new_id("student")
    ids = made(suite, user, 7)
    seen: list[str] = []
    query: dict[str, Any] = {"userId": user, "sessionId": SESSION, "limit": 3}
    while True:
        page = good(platform.person("service").get("/api/admin/statements", params=query))
        seen += [one["id"] for one in page["statements"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == sorted(ids)
    key = good(platform.admin.post("/api/admin/api-keys", json={"name": "lrs", "scopes": ["progress"]}), 201)["key"]
    assert len(good(platform.client(key).get("/api/admin/statements", params={"userId": user}))["statements"]) == 7
    for role in ("student", "instructor"):
        refused(platform.person(role).get("/api/admin/statements"), 403, "role_required")
