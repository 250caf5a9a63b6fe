"""API keys and tokens for a back end's students, over a real gateway and Postgres with the gateway's own role."""

import asyncio
import logging
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as StarletteRoute

from cli.openapi import APPS
from services.gateway.apikeys.scopes import ROUTES, Scope
from services.gateway.app import create_app
from services.gateway.identity.dependencies import SignedIn
from services.gateway.proxy.routes import ROUTES as PROXIED
from shared.auth import ServiceTokens
from tests.conftest import TestDatabase
from tests.support.clients import good, refused
from tests.support.lone_gateway import Gateway
from tests.support.served import INNER_SECRET, Served, gateway_settings

ELSEWHERE, PROXY = "127.0.1.2", "127.0.9.1"
ASKS = get_args(SignedIn)[1].dependency
"""What a route depends on that asks who somebody is."""
SOME_ID = "0198c0de-0000-7000-8000-000000000000"


def _service(name: str) -> Starlette:
    async def answer(request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        _, actor = ServiceTokens(name, INNER_SECRET).verify(token)
        return JSONResponse({"userId": actor and actor.user_id, "role": actor and actor.role})

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[StarletteRoute("/{rest:path}", answer, methods=methods)])


@pytest.fixture(scope="module")
def gateway(postgres: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    public = tmp_path_factory.mktemp("public")
    with (
        Served(_service("media")) as media,
        Served(_service("progress")) as progress,
        Served(_service("transcoder")) as transcoder,
    ):
        settings = gateway_settings(
            postgres,
            public,
            media_url=media,
            progress_url=progress,
            transcoder_url=transcoder,
            trusted_proxies="127.0.9.0/24",
        )
        with Served(create_app(settings)) as url:
            yield Gateway(url, postgres.owner)


# --- Keys ---


def test_a_key_is_shown_once_and_stored_as_a_hash(gateway: Gateway) -> None:
    answer = gateway.person("admin", "nino").post(
        "/api/admin/api-keys", json={"name": " School ", "scopes": ["tokens", "enrollments", "tokens"]}
    )
    made = good(answer, 201)
    assert answer.headers["cache-control"] == "no-store"
    key = made["key"]
    assert key.startswith("lk_")
    assert len(key) == 3 + 22 + 1 + 43
    assert (made["name"], made["scopes"], made["createdBy"]) == ("School", ["enrollments", "tokens"], "nino")
    assert made["lastUsedAt"] is made["expiresAt"] is made["revokedAt"] is None
    listed = gateway.person("admin").get("/api/admin/api-keys")
    assert listed.headers["cache-control"] == "no-store"
    assert {name: made[name] for name in made if name != "key"} in good(listed)["apiKeys"]
    assert key[26:] not in listed.text
    stored = gateway.query("SELECT * FROM access.api_keys WHERE id = $1", uuid.UUID(made["id"]))[0]
    assert len(stored["key_hash"]) == 32
    assert key[26:] not in str(stored)


def test_a_key_acts_as_a_service_within_its_scopes(gateway: Gateway) -> None:
    made = gateway.make("enrollments")
    back_end = gateway.client(made["key"])
    answer = good(back_end.put("/api/admin/enrollments/physics/sam"))
    assert answer == {"userId": f"apikey:{made['id']}", "role": "service"}
    document = refused(back_end.put("/api/admin/courses/physics", json={}), 403, "scope_required")
    assert document["scope"] == "courses"
    listed = good(gateway.person("admin").get("/api/admin/api-keys"))["apiKeys"]
    assert next(one for one in listed if one["id"] == made["id"])["lastUsedAt"] is not None


def test_a_scope_lets_a_key_do_what_stands_in_it_and_nothing_else(gateway: Gateway) -> None:
    # Who holds an upload link needs no key, and a key is nothing there.
    asked = [route for route in PROXIED if route.guard != "link"]
    known = {(route.method, route.path) for route in asked} | set(_own_routes())
    assert set(ROUTES) <= known, "a scope names a route that is none"
    for scope in Scope:
        back_end = gateway.client(gateway.make(scope.value)["key"])
        for method, path in known:
            filled = re.sub(r"\{[^}]*\}", SOME_ID, path)
            answer = back_end.request(method, filled)
            needed = ROUTES.get((method, path))
            if needed is not None and scope in (needed, Scope.ALL):
                assert answer.status_code != 401, (scope, method, path)
                assert "scope_required" not in answer.text, (scope, method, path)
            elif method == "HEAD":
                assert answer.status_code == 403, (scope, method, path)
            else:
                document = refused(answer, 403, "scope_required")
                assert document["scope"] == (needed.value if needed else None)


def _own_routes() -> list[tuple[str, str]]:
    """The gateway's own routes that ask who somebody is."""
    found = [
        (method, route.path)
        for route in _walk(APPS["gateway"]().routes)
        if isinstance(route, APIRoute) and _asks(route.dependant)
        for method in route.methods
    ]
    assert {("POST", "/api/access-tokens"), ("GET", "/api/me"), ("GET", "/api/admin/api-keys")} <= set(found)
    return found


def _walk(routes: Any) -> Iterator[Any]:
    for route in routes:
        yield route
        # FastAPI keeps an included router as it is.
        yield from _walk(getattr(getattr(route, "original_router", None), "routes", ()))


def _asks(dependant: Any) -> bool:
    return dependant.call is ASKS or any(_asks(below) for below in dependant.dependencies)


def test_no_key_rules_over_keys(gateway: Gateway) -> None:
    made = gateway.make("*")
    back_end = gateway.client(made["key"])
    body = {"name": "another", "scopes": ["*"]}
    assert refused(back_end.post("/api/admin/api-keys", json=body), 403, "scope_required")["scope"] is None
    refused(back_end.get("/api/admin/api-keys"), 403, "scope_required")
    refused(back_end.delete(f"/api/admin/api-keys/{made['id']}"), 403, "scope_required")
    for role in ("student", "instructor", "service"):
        refused(gateway.person(role).post("/api/admin/api-keys", json=body), 403, "role_required")
        refused(gateway.person(role).get("/api/admin/api-keys"), 403, "role_required")
        refused(gateway.person(role).delete(f"/api/admin/api-keys/{made['id']}"), 403, "role_required")
    refused(gateway.client(None).get("/api/admin/api-keys"), 401, "sign_in_required")


def test_a_revoked_key_is_refused_at_once(gateway: Gateway) -> None:
    made = gateway.make("courses")
    back_end, admin = gateway.client(made["key"]), gateway.person("admin")
    good(back_end.get("/api/courses"))
    good(admin.delete(f"/api/admin/api-keys/{made['id']}"), 204)
    refused(back_end.get("/api/courses"), 401, "api_key_revoked")
    at = gateway.query("SELECT revoked_at FROM access.api_keys WHERE id = $1", uuid.UUID(made["id"]))
    good(admin.delete(f"/api/admin/api-keys/{made['id']}"), 204)
    assert at == gateway.query("SELECT revoked_at FROM access.api_keys WHERE id = $1", uuid.UUID(made["id"]))
    refused(admin.delete(f"/api/admin/api-keys/{SOME_ID}"), 404, "api_key_not_found")


def test_an_expired_key_is_refused(gateway: Gateway) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = gateway.make("courses", expiresAt=soon)
    back_end = gateway.client(made["key"])
    good(back_end.get("/api/courses"))
    gateway.query("UPDATE access.api_keys SET expires_at = now() WHERE id = $1", uuid.UUID(made["id"]))
    refused(back_end.get("/api/courses"), 401, "api_key_expired")


def test_what_is_no_key_is_refused(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    key, other = gateway.make("*")["key"], gateway.make("*")["key"]
    caplog.set_level(logging.DEBUG)
    wrong = [
        "lk_", "lk_x", key[:-1], key + "A", key[:25] + "." + key[26:], key[:26] + other[26:], other[:26] + key[26:],
        key[:26] + "A" * 43, f"lk_{'A' * 22}_{'A' * 43}", "lk_" + "x" * 20_000, key.replace("lk_", "lk_\u10e5"),
    ]  # fmt: skip
    for one in wrong:
        answer = httpx.get(f"{gateway.url}/api/courses", headers={"Authorization": f"Bearer {one}".encode()})
        refused(answer, 401, "invalid_api_key")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    refused(gateway.client(key.removeprefix("lk_")).get("/api/courses"), 401, "invalid_jwt")
    assert key[26:] not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "", "scopes": ["*"]},
        {"name": "x" * 101, "scopes": ["*"]},
        {"name": "a\nb", "scopes": ["*"]},
        {"name": "a\u0000b", "scopes": ["*"]},
        {"name": "x", "scopes": ["*"], "expiresAt": "2020-01-01T00:00:00Z"},
        {"name": "x", "scopes": ["*"], "expiresAt": "2099-01-01T00:00:00"},
    ],
)
def test_a_wish_for_a_key_that_cannot_be_is_refused(gateway: Gateway, body: dict[str, Any]) -> None:
    answer = gateway.person("admin").post("/api/admin/api-keys", json=body)
    assert answer.status_code == 422
    refused(answer, 422, answer.json()["code"])


# --- Tokens for a back end's students ---


@pytest.fixture(scope="module")
def video(gateway: Gateway) -> str:
    """A playable film in a course in which sam is enrolled."""
    return gateway.film("sam")


def renew(gateway: Gateway, session: dict[str, Any], user: str, address: str | None = None) -> httpx.Response:
    return gateway.person("student", user, address).post(session["renewUrl"])


def issued(gateway: Gateway, video: str, **more: Any) -> dict[str, Any]:
    back_end = gateway.client(gateway.make("tokens")["key"])
    answer = back_end.post("/api/access-tokens", json={"userId": "sam", "videoId": video, **more})
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = good(answer, 201)
    assert document["streamUrl"] == f"/api/videos/stream?token={document['token']}"
    return document


@pytest.mark.parametrize("address", [None, ELSEWHERE])
def test_without_an_address_the_first_to_spend_it_binds_it(gateway: Gateway, video: str, address: str | None) -> None:
    token = issued(gateway, video)["token"]
    session = good(gateway.spend(token, address))
    assert session["videoId"] == video
    bound = gateway.query(
        "SELECT user_id, role, host(network_v4) AS net, masklen(network_v4) AS bits FROM access.playback_sessions"
        " WHERE id = $1", uuid.UUID(session["sessionId"]),
    )  # fmt: skip
    network = "127.0.1.0" if address else "127.0.0.0"
    assert bound == [{"user_id": "sam", "role": "student", "net": network, "bits": 24}]
    refused(gateway.spend(token, address), 401, "token_spent")
    # It is the named student's session, and nobody else's.
    assert good(renew(gateway, session, "sam", address))
    refused(renew(gateway, session, "ana", address), 403, "not_your_session")


def test_with_an_address_only_its_network_spends_it(gateway: Gateway, video: str) -> None:
    token = issued(gateway, video, clientIp=ELSEWHERE)["token"]
    refused(gateway.spend(token), 403, "ip_changed")
    good(gateway.spend(token, ELSEWHERE))
    mapped = issued(gateway, video, clientIp="::ffff:127.0.1.77")["token"]
    refused(gateway.spend(mapped), 403, "ip_changed")
    good(gateway.spend(mapped, ELSEWHERE))


def through_proxy(gateway: Gateway, token: str, forwarded: str) -> httpx.Response:
    headers = {"Accept": "application/json", "Forwarded": forwarded}
    return gateway.client(None, PROXY).get("/api/videos/stream", params={"token": token}, headers=headers)


def test_the_address_is_the_one_that_a_trusted_proxy_forwards(gateway: Gateway, video: str) -> None:
    token = issued(gateway, video)["token"]
    session = good(through_proxy(gateway, token, 'for=1.2.3.4, for="[2001:db8:1:2::3]:443";proto=https'))
    sql = "SELECT host(network_v6) || '/' || masklen(network_v6) AS net FROM access.playback_sessions WHERE id = $1"
    assert gateway.query(sql, uuid.UUID(session["sessionId"])) == [{"net": "2001:db8:1::/48"}]
    bound = issued(gateway, video, clientIp="2001:db8:1::9")["token"]
    refused(through_proxy(gateway, bound, 'for="[2001:db8:1::9]", for="[2001:db8:2::9]"'), 403, "ip_changed")
    good(through_proxy(gateway, bound, 'for="[2001:db8:1:77::1]"'))


def test_the_other_family_is_another_network_and_no_fault_of_ours(gateway: Gateway, video: str) -> None:
    """A /48 of an IPv4 address is an error to Postgres, and browsers go from one family to the other as they like."""
    of_v4, of_v6 = (issued(gateway, video, clientIp=ip)["token"] for ip in (ELSEWHERE, "2001:db8::1"))
    refused(through_proxy(gateway, of_v4, 'for="[2001:db8::1]"'), 403, "ip_changed")
    refused(gateway.spend(of_v6), 403, "ip_changed")
    good(gateway.spend(of_v4, ELSEWHERE))


async def test_of_many_who_spend_an_unbound_token_at_once_one_wins(gateway: Gateway, video: str) -> None:
    token = issued(gateway, video)["token"]
    async with httpx.AsyncClient(base_url=gateway.url, timeout=60) as client:
        accept = {"Accept": "application/json"}
        tries = [client.get("/api/videos/stream", params={"token": token}, headers=accept) for _ in range(20)]
        answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


def test_the_named_student_has_to_be_entitled(gateway: Gateway, video: str) -> None:
    back_end = gateway.client(gateway.make("tokens")["key"])
    body = {"userId": "somebody", "videoId": video}
    refused(back_end.post("/api/access-tokens", json=body), 403, "not_entitled")
    refused(back_end.post("/api/access-tokens", json={**body, "videoId": SOME_ID}), 404, "video_not_found")
    token = issued(gateway, video)["token"]
    gateway.query("UPDATE catalog.enrollments SET ends_at = now() WHERE user_id = 'sam'")
    try:
        refused(gateway.spend(token), 403, "not_entitled")
    finally:
        gateway.query("UPDATE catalog.enrollments SET ends_at = NULL WHERE user_id = 'sam'")
    good(gateway.spend(token))


def test_only_a_back_end_asks_for_others(gateway: Gateway, video: str) -> None:
    body = {"userId": "sam", "videoId": video}
    for role in ("student", "instructor", "admin"):
        refused(gateway.person(role, "sam").post("/api/access-tokens", json=body), 403, "role_required")
    refused(gateway.client(None).post("/api/access-tokens", json=body), 401, "sign_in_required")
    good(gateway.person("service").post("/api/access-tokens", json=body), 201)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"clientIp": value} for value in ("", "nonsense", "127.0.0.1/24", "1.2.3", "fe80::1%eth0", 7, ["127.0.0.1"])),
        {"userId": "../sam"},
        {"userId": None},
        {"videoId": "x"},
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_read_is_refused(gateway: Gateway, video: str, wrong: dict[str, Any]) -> None:
    body = {"userId": "sam", "videoId": video, **wrong}
    refused(gateway.person("service").post("/api/access-tokens", json=body), 422, "invalid_request")
