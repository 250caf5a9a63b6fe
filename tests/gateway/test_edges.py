"""The gateway's doors: which headers each answer carries, which pages may read it, how much a request may be, and what
a refusal gives away."""

import hmac
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.gateway.app import create_app
from services.gateway.limits.headers import page_policy
from services.gateway.settings import GatewaySettings
from shared.http import protocol
from tests.conftest import TestDatabase
from tests.support.clients import good, problem, refused
from tests.support.lone_gateway import Gateway, jwt_of
from tests.support.served import Served, gateway_settings
from tests.support.wire import Wire

SCHOOL, EVIL, FILMS = "https://school.example", "https://evil.example", "https://films.example:8443"
MEGABYTE = 1024 * 1024
SOME_ID = "0198c0de-0000-7000-8000-000000000000"
SEGMENT = "film/version/1-00112233445566778899aabbccddeeff/720p/0.ts"
PROXY = "127.0.9.1"


@dataclass(frozen=True)
class Place:
    gateway: Gateway
    seen: list[int]
    """Bytes of each body that reached a service."""

    @property
    def port(self) -> int:
        return int(self.gateway.url.rpartition(":")[2])

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.gateway.url + path, headers={name.replace("_", "-"): v for name, v in headers.items()})


@pytest.fixture(scope="module")
def place(postgres: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    seen: list[int] = []

    async def count(request: Request) -> Response:
        seen.append(len(await request.body()))
        return JSONResponse({"fine": True})

    web, public = tmp_path_factory.mktemp("web"), tmp_path_factory.mktemp("public")
    (web / "index.html").write_text("<!doctype html><title>Lectern</title>")
    (web / "embed.html").write_text('<!doctype html><meta name="a" content="%ANCESTORS%"><title>Film</title>')
    (web / "assets").mkdir()
    (web / "assets" / "app.js").write_text("1")
    (public / SEGMENT).parent.mkdir(parents=True)
    (public / SEGMENT).write_bytes(b"ciphertext")
    service = Starlette(routes=[Route("/{rest:path}", count, methods=["GET", "POST", "PUT", "DELETE"])])
    with Served(service) as inner:
        settings = gateway_settings(
            postgres,
            public,
            media_url=inner,
            progress_url=inner,
            transcoder_url=inner,
            web_root=web,
            demo_sign_in=True,
            cors_allowed_origins=SCHOOL,
            public_base_url=f"{FILMS}/public",
            csp_sources="https://uploads.example",
            embed_ancestors=f"{SCHOOL}, https://*.lms.example",
            trusted_proxies="127.0.9.0/24",
            max_upload_bytes=4 * MEGABYTE,
        )
        with Served(create_app(settings)) as url:
            yield Place(Gateway(url, postgres.owner), seen)


# --- Headers ---


PAGES = ["/", "/courses/a", "/nonsense", "/assets/app.js", "/assets/none.js", "/index.html"]
CALLS = ["/api/me", "/api/demo", "/api/nothing", "/health/live", "/openapi.json", "/api/videos/stream"]
BELOW_A_SESSION = [f"/api/playback/{'c' * 43}/master.m3u8", f"/api/playback/{'c' * 43}/key/1/0.key"]


@pytest.mark.parametrize("path", [*PAGES, *CALLS, *BELOW_A_SESSION, f"/public/{SEGMENT}", "/public/none.ts"])
def test_nothing_is_taken_for_what_it_is_not_said_to_be(place: Place, path: str) -> None:
    answer = place.get(path)
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_what_it_may_do(place: Place, path: str) -> None:
    headers = place.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    # No inline script, no script of others, no plug-in, no other frame.
    assert policy["script-src"] == policy["style-src"] == policy["default-src"] == "'self'"
    assert (policy["object-src"], policy["frame-ancestors"]) == ("'none'", "'self'")
    # What the player needs: the films' origin, blobs for its workers and media.
    for what in ("img-src", "media-src", "connect-src"):
        assert {"'self'", FILMS, "https://uploads.example"} <= set(policy[what].split())
        assert not {"*", "https:", "http:"} & set(policy[what].split())
    assert "blob:" in policy["worker-src"] and "blob:" in policy["media-src"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "fullscreen=(self)" in headers["permissions-policy"]


@pytest.mark.parametrize("path", [*CALLS, *BELOW_A_SESSION])
def test_an_answer_of_the_api_is_no_page(place: Place, path: str) -> None:
    headers = place.get(path).headers
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    # Safari's own player has no CORS; whatever else embeds an answer is told no.
    of_a_player = path in BELOW_A_SESSION
    assert headers["cross-origin-resource-policy"] == ("cross-origin" if of_a_player else "same-origin")
    # The API's own description is everybody's; all else is for whoever asked.
    assert headers["cache-control"] in (("no-cache",) if path == "/openapi.json" else ("no-store", "private, no-cache"))


def test_https_is_remembered_where_a_trusted_proxy_says_that_it_is_there(place: Place) -> None:
    def told(proto: str, address: str | None) -> str | None:
        answer = place.gateway.client(None, address).get("/api/demo", headers={"X-Forwarded-Proto": proto})
        return answer.headers.get("strict-transport-security")

    assert told("https", PROXY) == "max-age=31536000"
    assert told("http", PROXY) is None
    # Anybody may write the header.
    assert told("https", None) is None


def test_a_policy_of_its_own_stands_and_an_embedding_page_may_be_let_in() -> None:
    policy = page_policy([], frames="'self' https://school.example")
    assert policy.endswith("frame-ancestors 'self' https://school.example")
    assert "connect-src 'self';" in policy


@pytest.mark.parametrize("wrong", ["films.example", "https://a; script-src *", "https://a b", "*", "'unsafe-inline'"])
def test_what_is_no_origin_is_no_source(postgres: TestDatabase, tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        gateway_settings(postgres, tmp_path, csp_sources=wrong)


@pytest.mark.parametrize("path", [f"/embed/{SOME_ID}", f"/embed/{SOME_ID}?token=a", "/embed/nonsense"])
def test_one_page_may_be_framed_by_those_who_are_named(place: Place, path: str) -> None:
    answer = place.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors 'self' {SCHOOL} https://*.lms.example")
    assert policy.startswith("default-src 'self'; script-src 'self'") and "unsafe" not in policy
    # It knows no list, and would say no to all of them.
    assert "x-frame-options" not in answer.headers
    # The token in its address goes to nobody, and the page that has it is kept by nobody.
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    # It is told the same list, by which it chooses whom it hears.
    assert f'content="{SCHOOL} https://*.lms.example"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/embed", "/embed/", f"/embed/{SOME_ID}/more", "/embed.html", "/embedded/x", "//embed/x"]
)
def test_what_only_looks_like_that_page_is_not_framed(place: Place, path: str) -> None:
    answer = place.get(path)
    policy = answer.headers["content-security-policy"]
    framed = SCHOOL in policy
    assert not framed or answer.status_code == 404, path


@pytest.mark.parametrize(
    "wrong", ["*", "https://*", "https://*.", "https://a.*", "school.example", "'self'", "https://a; script-src *", "https://a/b"]
)  # fmt: skip
def test_what_is_no_origin_frames_nothing(postgres: TestDatabase, tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        gateway_settings(postgres, tmp_path, embed_ancestors=wrong)


# --- Origins ---


@pytest.mark.parametrize("origin", [SCHOOL, EVIL, "null", None])
@pytest.mark.parametrize("key", [SEGMENT, "film/none.ts"])
def test_public_objects_may_be_read_by_every_page(place: Place, origin: str | None, key: str) -> None:
    headers = {"Origin": origin} if origin else {}
    answer = httpx.get(f"{place.gateway.url}/public/{key}", headers=headers)
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "access-control-allow-credentials" not in answer.headers
    asked = httpx.options(
        f"{place.gateway.url}/public/{key}",
        headers={**headers, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-own, range"},
    )
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert asked.headers["access-control-allow-headers"] == "*"
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/api/courses", "authorization"),
        ("GET", f"/api/videos/{SOME_ID}/events", "authorization,last-event-id"),
        ("PUT", "/api/progress/chapters/a", "authorization,content-type"),
        ("POST", f"/api/playback/{'c' * 43}/renew", "authorization"),
    ],
)
def test_a_page_of_the_platform_may_ask_and_no_other_may(place: Place, method: str, path: str, headers: str) -> None:
    wish = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    allowed = httpx.options(place.gateway.url + path, headers={"Origin": SCHOOL, **wish})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == SCHOOL
    assert set(headers.split(",")) <= set(allowed.headers["access-control-allow-headers"].lower().split(", "))
    for origin in (EVIL, "null", SCHOOL + ".evil.example", SCHOOL.replace("https", "http")):
        other = httpx.options(place.gateway.url + path, headers={"Origin": origin, **wish})
        assert other.status_code == 400
        assert "access-control-allow-origin" not in other.headers


def test_a_refusal_may_be_read_by_the_platforms_pages_too(place: Place) -> None:
    answer = place.get("/api/me", Origin=SCHOOL)
    refused(answer, 401, "sign_in_required")
    assert answer.headers["access-control-allow-origin"] == SCHOOL
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-origin" not in place.get("/api/me", Origin=EVIL).headers


# --- Sizes ---


READ = [
    ("POST", "/api/demo/sign-in"),
    ("POST", "/api/access-tokens"),
    ("POST", "/api/admin/api-keys"),
    ("POST", "/api/admin/sessions/revoke"),
    ("POST", f"/api/playback/{'c' * 43}/beat"),
    ("PUT", "/api/admin/courses/a"),
    ("PUT", "/api/admin/enrollments/a/b"),
]
UNREAD = [
    ("POST", f"/api/playback/{'c' * 43}/renew"),
    ("PUT", "/api/progress/chapters/none"),
    ("GET", "/api/courses"),
    ("POST", "/nowhere"),
]


def large(place: Place, method: str, path: str, *, chunked: bool) -> tuple[int, str, dict[str, Any]]:
    """The answer to a body of more than a megabyte: of a declared one not a byte is sent, a chunked one never ends."""
    headers = {"Authorization": f"Bearer {jwt_of('admin', 'ana')}", "Content-Type": "application/json"}
    place.seen.clear()
    with Wire(place.port) as wire:
        if chunked:
            wire.head(method, path, {**headers, "Transfer-Encoding": "chunked"})
            wire.chunked(b" " * 65536 for _ in range(20))
        else:
            wire.head(method, path, {**headers, "Content-Length": str(MEGABYTE + 1)})
        return wire.answer()


@pytest.mark.parametrize(("method", "path"), [*READ, *UNREAD])
def test_what_is_no_film_is_a_megabyte_at_most(place: Place, method: str, path: str) -> None:
    status, content_type, document = large(place, method, path, chunked=False)
    assert status == 413
    assert problem(content_type, document, 413, "too_large")["maxBytes"] == MEGABYTE
    assert place.seen == []


@pytest.mark.parametrize(("method", "path"), READ)
def test_what_comes_without_a_length_is_counted(place: Place, method: str, path: str) -> None:
    status, content_type, document = large(place, method, path, chunked=True)
    assert status == 413
    problem(content_type, document, 413, "too_large")
    assert place.seen == []


@pytest.mark.parametrize(("method", "path"), UNREAD)
def test_what_nobody_reads_reaches_nobody(place: Place, method: str, path: str) -> None:
    status, _, document = large(place, method, path, chunked=True)
    assert status in (200, 401, 404, 405), document
    assert place.seen in ([], [0])


def test_a_body_of_just_so_many_bytes_is_taken(place: Place) -> None:
    admin = place.gateway.person("admin")
    place.seen.clear()
    good(admin.put("/api/admin/courses/a", content=b" " * MEGABYTE))
    assert place.seen == [MEGABYTE]
    body = json.dumps({"name": "x", "scopes": ["courses"]}).ljust(MEGABYTE).encode()
    good(admin.post("/api/admin/api-keys", content=body, headers={"Content-Type": "application/json"}), 201)


def test_a_film_may_be_larger(place: Place) -> None:
    admin = place.gateway.person("admin")
    place.seen.clear()
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    good(admin.post("/api/videos/upload", content=b"x" * (3 * MEGABYTE), headers=form))
    good(admin.put(f"/api/videos/{place.gateway.film()}/replace", content=b"x" * (3 * MEGABYTE), headers=form))
    assert place.seen == [3 * MEGABYTE] * 2
    refused(admin.post("/api/videos/upload", content=b"x" * (5 * MEGABYTE)), 413, "too_large")


def test_a_length_that_lies_is_found_out(place: Place) -> None:
    token = f"Bearer {jwt_of('admin', 'ana')}"
    # Less than there is: what is left over is no request.
    with Wire(place.port) as wire:
        wire.head("POST", "/api/admin/api-keys", {"Authorization": token, "Content-Length": "2"})
        wire.body([b"{}" + b"x" * 5000])
        _, _, document = wire.answer()
        assert document["code"] in ("missing_field", "malformed_request"), document
    # More than there is, and both kinds at once.
    with Wire(place.port) as wire:
        wire.head("POST", "/api/admin/api-keys", {"Authorization": token, "Content-Length": "500"})
        wire.body([b"{}"])
        wire.end_of_sending()
        status, _, document = wire.answer()
        assert (status, document["code"]) in ((400, "request_interrupted"), (400, "bad_request")), document
    with Wire(place.port) as wire:
        both = {"Authorization": token, "Content-Length": "5", "Transfer-Encoding": "chunked"}
        wire.head("POST", "/api/admin/api-keys", both)
        wire.body([b"0\r\n\r\n"])
        _, content_type, document = wire.answer()
        problem(content_type, document, 400, "malformed_request")


@pytest.mark.parametrize("sent", ["whole", "in pieces"])
@pytest.mark.parametrize(
    ("what", "head", "status", "code"),
    [
        ("a long address", f"GET /{'a' * protocol.LONGEST_ADDRESS} HTTP/1.1\r\n", 414, "address_too_long"),
        ("a long query", f"GET /api/me?{'a' * protocol.LONGEST_ADDRESS} HTTP/1.1\r\n", 414, "address_too_long"),
        ("a long header", f"GET / HTTP/1.1\r\nX-A: {'a' * protocol.LONGEST_HEAD}\r\n", 431, "headers_too_large"),
        ("many headers", "GET / HTTP/1.1\r\n" + "X-A: b\r\n" * 6000, 431, "headers_too_large"),
    ],
)
def test_a_head_has_its_measure(place: Place, what: str, head: str, status: int, code: str, sent: str) -> None:
    data = f"{head}Host: x\r\n\r\n".encode()
    step = len(data) if sent == "whole" else 1500
    with Wire(place.port) as wire:
        wire.body(data[start : start + step] for start in range(0, len(data), step))
        answered, content_type, document = wire.answer()
    assert answered == status, what
    problem(content_type, document, status, code)


def test_a_header_that_never_ends_is_cut_off(place: Place) -> None:
    """Nobody is told of a header before it is whole, so it could grow for ever."""
    with socket.create_connection(("127.0.0.1", place.port), timeout=60) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nX-A: ")
        sent = 0
        with pytest.raises(OSError):
            while sent < 64 * MEGABYTE:
                raw.sendall(b"a" * 65536)
                sent += 65536
    assert sent < 16 * MEGABYTE


def test_what_a_platform_sends_fits(place: Place) -> None:
    """A JWT of the longest, and what a handful of proxies add."""
    headers = {"Authorization": "Bearer " + "a" * 8000, **{f"X-Proxy-{number}": "b" * 500 for number in range(20)}}
    refused(place.get("/api/me?" + "q" * 4000, **headers), 401, "invalid_jwt")


def test_a_second_request_on_a_connection_is_measured_by_itself(place: Place) -> None:
    with place.gateway.client(None) as client:
        for _ in range(5):
            refused(client.get("/api/me", headers={"X-A": "a" * 20_000}), 401, "sign_in_required")


# --- What a refusal gives away ---


def test_a_key_that_there_is_not_costs_the_comparison_of_one_that_there_is(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = place.gateway.make("courses")["key"]
    compared: list[tuple[int, int]] = []
    plain = hmac.compare_digest

    def compare(one: Any, other: Any) -> bool:
        compared.append((len(one), len(other)))
        return plain(one, other)

    monkeypatch.setattr("services.gateway.apikeys.service.hmac.compare_digest", compare)
    answers = [
        place.gateway.client(bearer).get("/api/courses")
        for bearer in (key, key[:26] + "A" * 43, f"lk_{'B' * 22}_{'A' * 43}")
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert compared == [(32, 32)] * 3
    wrong, none = (re.sub(r'"requestId":"[^"]*"', "", answer.text) for answer in answers[1:])
    assert wrong == none


def test_settings_know_no_more_than_they_say() -> None:
    """Every limit is a setting, and has a default."""
    fields = GatewaySettings.model_fields
    rates = {name for name in fields if name.startswith("rate_")}
    assert len(rates) == 6
    assert not any(fields[name].is_required() for name in rates)
