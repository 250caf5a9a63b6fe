"""What the gateway passes on, and what it says when a service behind it is away, slow or broken.

The gateway is the real one over real HTTP and Postgres; the service behind it is a stand-in that can be told to fail,
because a healthy media service never does.
"""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jose import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.gateway.app import create_app
from services.gateway.proxy import upstream
from services.gateway.settings import GatewaySettings
from shared.auth import ServiceTokens
from tests.conftest import TestDatabase
from tests.support.clients import problem
from tests.support.patience import until
from tests.support.running import ROOT, free_port
from tests.support.served import Served
from tests.support.wire import Wire

SECRET = "m" * 40
PLATFORM = "p" * 40
MEGABYTE = 1024 * 1024


SEEN: dict[str, Any] = {}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
"""Without it a film is refused before its body."""


async def _courses(request: Request) -> Response:
    SEEN["headers"] = dict(request.headers)
    SEEN["query"] = request.url.query
    return JSONResponse({"courses": []}, headers={"X-Inner": "secret", "Set-Cookie": "a=b", "ETag": '"1"'})


async def _course(request: Request) -> Response:
    what = request.path_params["course_id"]
    if what == "slow":
        await asyncio.sleep(3600)
    if what == "large":

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(64):
                yield b"x" * MEGABYTE

        return StreamingResponse(pieces(), media_type="application/octet-stream")
    return JSONResponse(
        {"type": "about:blank", "code": "course_not_found", "detail": "no"}, 404, media_type="application/problem+json"
    )


async def _upload(request: Request) -> Response:
    if request.query_params.get("refuse"):
        return JSONResponse({"code": "not_media", "detail": "early"}, 415, media_type="application/problem+json")
    size = 0
    async for piece in request.stream():
        size += len(piece)
    SEEN["uploaded"] = size
    return JSONResponse({"size": size}, 202)


@pytest.fixture(scope="module")
def gateway(postgres: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    media = Starlette(
        routes=[
            Route("/api/courses", _courses),
            Route("/api/courses/{course_id}", _course),
            Route("/api/videos/upload", _upload, methods=["POST"]),
        ]
    )
    web = tmp_path_factory.mktemp("web")
    (web / "index.html").write_text("<!doctype html><title>Lectern</title>")
    before = upstream.READ_TIMEOUT
    upstream.READ_TIMEOUT = 1.0
    try:
        with Served(media) as media_url:
            settings = GatewaySettings(
                listen_port=0,
                database_url=postgres.services["gateway"],  # type: ignore[arg-type]
                public_storage_url=(tmp_path_factory.mktemp("public")).as_uri(),
                media_url=media_url,
                progress_url=f"http://127.0.0.1:{free_port()}",
                transcoder_url=f"http://127.0.0.1:{free_port()}",
                media_service_secret=SECRET,  # type: ignore[arg-type]
                progress_service_secret=SECRET,  # type: ignore[arg-type]
                transcoder_service_secret=SECRET,  # type: ignore[arg-type]
                platform_jwt_secret=PLATFORM,  # type: ignore[arg-type]
                master_keys="1:" + "A" * 43 + "=",  # type: ignore[arg-type]
                max_upload_bytes=4 * MEGABYTE,
                web_root=web,
                cors_allowed_origins="https://school.example",
            )
            with Served(create_app(settings)) as url:
                yield url
    finally:
        upstream.READ_TIMEOUT = before


@pytest.fixture(scope="module")
def client(gateway: str) -> Iterator[httpx.Client]:
    claims = {"sub": "sam", "role": "admin", "iss": "lectern", "aud": "lectern", "exp": int(time.time()) + 3600}
    with httpx.Client(
        base_url=gateway, headers={"Authorization": f"Bearer {jwt.encode(claims, PLATFORM)}"}, timeout=60
    ) as made:
        yield made


def test_headers_pass_by_an_allow_list_and_the_jwt_never(client: httpx.Client) -> None:
    answer = client.get(
        "/api/courses?a=1&a=2", headers={"X-Forwarded-For": "1.2.3.4", "Cookie": "c=d", "Accept-Language": "ka"}
    )
    assert answer.json() == {"courses": []}
    inner = SEEN["headers"]
    assert SEEN["query"] == "a=1&a=2"
    assert inner["accept-language"] == "ka"
    assert "cookie" not in inner
    assert "x-forwarded-for" not in inner
    scheme, _, token = inner["authorization"].partition(" ")
    claims, actor = ServiceTokens("media", SECRET).verify(token)
    assert (scheme, claims["iss"], actor and actor.user_id) == ("Bearer", "gateway", "sam")
    assert answer.headers["etag"] == '"1"'
    assert "x-inner" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert inner["x-request-id"] == answer.headers["x-request-id"]


def test_a_body_that_is_not_passed_on_is_not_announced(client: httpx.Client) -> None:
    """Its length alone would have the service read the next request of somebody else's in its place."""
    for _ in range(4):
        answer = client.request("GET", "/api/courses", content=b"x" * 300)
        assert answer.json() == {"courses": []}
        assert "content-length" not in SEEN["headers"]


def test_a_service_that_is_away_is_a_502(client: httpx.Client) -> None:
    answer = client.get("/api/progress/stats")
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_unavailable")
    assert "progress" in answer.json()["detail"]
    assert answer.headers["retry-after"]


def test_a_service_that_takes_too_long_is_a_504(client: httpx.Client) -> None:
    answer = client.get("/api/courses/slow")
    assert (answer.status_code, answer.json()["code"]) == (504, "upstream_timeout")


def test_a_services_problem_comes_through_as_it_is(client: httpx.Client) -> None:
    answer = client.get("/api/courses/other")
    assert (answer.status_code, answer.json()["code"]) == (404, "course_not_found")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_large_answer_streams_through(client: httpx.Client) -> None:
    with client.stream("GET", "/api/courses/large") as answer:
        assert sum(len(piece) for piece in answer.iter_raw()) == 64 * MEGABYTE


def _pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b"y" * MEGABYTE


def test_a_body_without_a_length_streams_through_up_to_the_limit(client: httpx.Client) -> None:
    answer = client.post("/api/videos/upload", content=_pieces(4), headers=FORM)
    assert (answer.status_code, answer.json()) == (202, {"size": 4 * MEGABYTE})


def test_a_body_beyond_the_limit_is_cut_off(client: httpx.Client) -> None:
    SEEN.pop("uploaded", None)
    answer = client.post("/api/videos/upload", content=_pieces(8), headers=FORM)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    # The configured limit, not what is let through for the form around the film.
    assert answer.json()["maxBytes"] == 4 * MEGABYTE
    assert "4,194,304 bytes" in answer.json()["detail"]
    assert "uploaded" not in SEEN


def test_a_declared_length_beyond_the_limit_is_refused_before_the_body(gateway: str, client: httpx.Client) -> None:
    host, _, port = gateway.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        token = client.headers["authorization"]
        raw.sendall(
            f"POST /api/videos/upload HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
            f"Content-Length: {3 * 1024 * MEGABYTE}\r\n\r\n".encode()
        )
        said = b""
        while piece := raw.recv(65536):
            said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413")
    assert json.loads(body)["code"] == "too_large"


def test_an_early_refusal_reaches_a_client_that_is_still_sending(client: httpx.Client) -> None:
    answer = client.post("/api/videos/upload?refuse=1", content=_pieces(4), headers=FORM)
    assert (answer.status_code, answer.json()["code"]) == (415, "not_media")


@pytest.mark.parametrize("path", ["/api/videos/upload", f"/api/playback/{'c' * 43}/beat"])
@pytest.mark.parametrize("how", ["close", "half close", "reset", "broken chunk"])
def test_a_cut_connection_is_no_fault_of_ours(
    gateway: str, client: httpx.Client, caplog: pytest.LogCaptureFixture, how: str, path: str
) -> None:
    """One line of the access log says what the client did, with a request id and without a traceback."""
    port = int(gateway.rpartition(":")[2])
    caplog.set_level("INFO")
    token = client.headers["authorization"]
    chunked = how == "broken chunk"
    length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": "1000000"}
    with Wire(port) as wire:
        wire.head("POST", path, {"Authorization": token, **FORM, **length})
        if chunked:
            wire.body([b"5\r\nabcde\r\n", b"zz\r\n"])
            problem(*_told(wire), 400, "malformed_request")
        else:
            wire.body([b"y" * 10_000])
            if how == "half close":
                wire.end_of_sending()
                code = "upload_interrupted" if "upload" in path else "request_interrupted"
                problem(*_told(wire), 400, code)
            elif how == "reset":
                wire.cut()
    place = path.replace("c" * 43, "***")
    # The line of the request before this one may come late, too.
    until(lambda: [line for line in _access(caplog) if line.startswith(f"POST {place} 400 ")], "the access log's line")
    assert [record.getMessage() for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []


def _access(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "lectern.access"]


def _told(wire: Wire) -> tuple[str, dict[str, Any]]:
    _, content_type, document = wire.answer()
    return content_type, document


@pytest.mark.parametrize(
    "length", ["Content-Length: -5", "Content-Length: 99999999999999999999999", "Transfer-Encoding: chunked\r\n\r\nxyz"]
)
def test_what_is_no_http_is_answered_with_a_problem(gateway: str, length: str) -> None:
    with Wire(int(gateway.rpartition(":")[2])) as wire:
        wire.body([f"POST /api/videos/upload HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n".encode()])
        problem(*_told(wire), 400, "malformed_request")


def test_without_a_jwt_nothing_is_passed_on(gateway: str) -> None:
    SEEN.pop("headers", None)
    answer = httpx.get(f"{gateway}/api/courses")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_required")
    assert "headers" not in SEEN


def test_only_allowed_origins_may_read(gateway: str) -> None:
    allowed = httpx.get(f"{gateway}/api/demo", headers={"Origin": "https://school.example"})
    other = httpx.get(f"{gateway}/api/demo", headers={"Origin": "https://evil.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://school.example"
    assert "access-control-allow-origin" not in other.headers


def test_the_demo_is_not_there_unless_it_is_switched_on(gateway: str) -> None:
    assert httpx.get(f"{gateway}/api/demo").json()["code"] == "no_demo"
    refused = httpx.post(f"{gateway}/api/demo/sign-in", json={"role": "admin"})
    assert (refused.status_code, refused.json()["code"]) == (404, "no_demo")


@pytest.mark.parametrize(
    "path", ["/public/../secrets.env", "/public/..%2f..%2fetc/passwd", "/public/a/source", "/public/"]
)
def test_nothing_but_public_objects_is_served(gateway: str, path: str, tmp_path: Path) -> None:
    host, _, port = gateway.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        said = b""
        while piece := raw.recv(65536):
            said += piece
    assert said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 503"))
    assert b"root:" not in said


def test_a_page_is_one_that_the_web_app_routes(gateway: str) -> None:
    """The app shows every address itself, and one that it does not know is none to a machine either."""
    routed = re.findall(r"^  \w+: '(/[^']*)',$", (ROOT / "web/src/app/router.tsx").read_text(), re.MULTILINE)
    assert "/courses/:courseId/chapters/:chapterId" in routed
    for route in routed:
        answer = httpx.get(gateway + re.sub(r":\w+", "physics-1.2", route))
        assert (answer.status_code, "<title>Lectern" in answer.text) == (200, True), route
    for path in ("/docs", "/redoc", "/courses", "/courses/a/b", "/courses/a/chapters/b/c", "/admin/users", "/nonsense"):
        answer = httpx.get(gateway + path)
        assert (answer.status_code, "<title>Lectern" in answer.text) == (404, True), path
        assert answer.headers["content-type"].startswith("text/html")
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("call", ["GET /status", "GET /thumbnails", "GET /access-token", "PUT /replace", "DELETE "])
def test_what_is_no_video_id_is_no_video(client: httpx.Client, call: str) -> None:
    method, _, below = call.partition(" ")
    answer = client.request(method, f"/api/videos/xxx{below}")
    assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")
