"""Erasing a person while a service is away: what can be done is done and said, and repeating it finishes the rest."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from services.gateway.app import create_app
from services.progress.app import create_app as create_progress
from services.progress.settings import ProgressSettings
from tests.conftest import TestDatabase
from tests.support.clients import good, refused
from tests.support.lone_gateway import Gateway, jwt_of
from tests.support.patience import until
from tests.support.running import free_port
from tests.support.served import INNER_SECRET, Asked, Reply, Served, StandIn, gateway_settings
from tests.support.switched import Switch


class Nobody(StandIn):
    """A service that keeps nothing of anybody."""

    def reply(self, asked: Asked) -> Reply:
        assert asked.path.startswith("/internal/users/")
        body = {"tables": {}} if asked.method == "DELETE" else {"data": {}, "more": False}
        return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


@dataclass(frozen=True)
class School:
    gateway: Gateway
    progress: Switch
    """The way to a real progress service."""
    address: str
    """Of that service itself."""


@pytest.fixture(scope="module")
def school(postgres: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    settings = ProgressSettings(
        listen_port=0,
        database_url=postgres.services["progress"],
        progress_service_secret=INNER_SECRET,
        redis_url=f"redis://127.0.0.1:{free_port()}/0",
        webhook_secret_key="w" * 40,
    )
    with Served(create_progress(settings)) as address, Nobody() as others, others.serving():
        switch = Switch(("127.0.0.1", int(address.rpartition(":")[2])))
        with switch.serving():
            urls = {"progress_url": switch.url, "media_url": others.url, "transcoder_url": others.url}
            public = tmp_path_factory.mktemp("public")
            with Served(create_app(gateway_settings(postgres, public, **urls))) as url:
                yield School(Gateway(url, postgres.owner), switch, address)


def live(school: School, user: str) -> None:
    """Somebody was seen with a browser, and has watched."""
    gateway = school.gateway
    gateway.query(
        "INSERT INTO access.devices (id, user_id, fingerprint, user_agent) VALUES ($1, $2, '', '')", uuid.uuid4(), user
    )
    gateway.query("INSERT INTO learning.watch_budgets (user_id, balance_ms, refilled_at) VALUES ($1, 0, now())", user)


def is_seen(school: School, user: str) -> bool:
    return bool(school.gateway.query("SELECT 1 FROM access.devices WHERE user_id = $1", user))


def has_watched(school: School, user: str) -> bool:
    return bool(school.gateway.query("SELECT 1 FROM learning.watch_budgets WHERE user_id = $1", user))


def test_a_service_that_is_away_is_named_and_repeating_finishes(school: School) -> None:
    gateway, user = school.gateway, f"sam-{uuid.uuid4().hex[:8]}"
    live(school, user)
    admin = gateway.person("admin", "head")
    path = f"/api/admin/users/{user}"
    with school.progress.off():
        refused(admin.get(f"{path}/export"), 502, "upstream_unavailable")
        problem = refused(admin.delete(path), 503, "erasure_incomplete")
        assert "progress" in problem["detail"]
        said = {one["service"]: (one["state"], one["code"], one["tables"]) for one in problem["services"]}
        assert said["gateway"] == ("done", None, {"access.devices": 1})
        assert said["progress"] == ("unavailable", "upstream_unavailable", {})
        assert (said["media"][0], said["transcoder"][0]) == ("done", "done")
        assert not is_seen(school, user)
        assert has_watched(school, user)
    done = good(admin.delete(path))
    assert {one["service"]: one["tables"] for one in done["services"]}["progress"] == {"learning.watch_budgets": 1}
    assert not has_watched(school, user)
    # Both tries are in the log, and neither says of whom.
    asked = "SELECT code, user_id FROM access.audit_log WHERE actor_id = 'head' AND action = 'user_erase' ORDER BY id"
    until(lambda: len(gateway.query(asked)) == 2, "the log to have both")
    first, second = gateway.query(asked)
    assert (first["code"], second["code"]) == ("erasure_incomplete", None)
    assert first["user_id"].startswith("erased:")
    assert first["user_id"] != second["user_id"]
    rest = f"SELECT 1 FROM access.audit_log WHERE strpos(audit_log::text, '{user}') > 0"
    assert gateway.query(rest) == []


def test_the_inner_calls_are_for_the_gateway_alone(school: School) -> None:
    user = f"eva-{uuid.uuid4().hex[:8]}"
    live(school, user)
    for bearer in (None, jwt_of("admin", "head"), jwt_of("admin", "head", secret=INNER_SECRET)):
        with school.gateway.client(bearer) as client:
            inner = f"{school.address}/internal/users/{user}"
            for method in ("GET", "DELETE"):
                answer = client.request(method, inner, params={"pseudonym": "erased:1"})
                code = "service_token_required" if bearer is None else "service_token_invalid"
                refused(answer, 401, code)
            assert client.delete(f"/internal/users/{user}").status_code in (404, 405)
    assert has_watched(school, user)
