"""What the edge does with requests, shown on a real nginx with the configuration that is delivered."""

import hashlib
import http.client
import json
import re
import socket
from pathlib import Path

import httpx
import pytest

from services.gateway.site.public_files import CACHE, HEADERS, PREFLIGHT
from tests.deploy import edge
from tests.deploy.conftest import Running
from tests.support.running import free_port

SEGMENT = "film/version/1-00112233445566778899aabbccddeeff/720p/0.ts"
CREDENTIAL = "Zk3vQ1-credential_of-a-session"
MIB = 1024 * 1024


def write(public: Path, key: str, content: bytes = b"ciphertext") -> None:
    (public / key).parent.mkdir(parents=True, exist_ok=True)
    (public / key).write_bytes(content)


# --- Public objects ---


def test_a_public_file_comes_from_the_disk_as_the_gateway_would_send_it(on_disk: Running) -> None:
    write(on_disk.public, SEGMENT, b"0123456789")
    answer = on_disk.client.get(f"/public/{SEGMENT}", headers={"Origin": "null"})
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["Content-Type"] == "video/mp2t"
    assert answer.headers.get_list("Cache-Control") == [CACHE[".ts"]]
    for name, value in HEADERS.items():
        assert answer.headers.get_list(name) == [value], name
    assert not on_disk.gateway.seen

    part = on_disk.client.get(f"/public/{SEGMENT}", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"


@pytest.mark.parametrize(
    ("name", "kind", "cache"),
    [
        ("poster.jpg", "image/jpeg", CACHE[".jpg"]),
        ("captions.vtt", "text/vtt", "public, max-age=3600"),
        ("storyboard.json", "application/json", "public, max-age=3600"),
    ],
)
def test_each_kind_of_public_file_has_its_type_and_its_time(on_disk: Running, name: str, kind: str, cache: str) -> None:
    write(on_disk.public, f"film/{name}")
    answer = on_disk.client.head(f"/public/film/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == kind
    assert answer.headers["Cache-Control"] == cache


@pytest.mark.parametrize(
    "path",
    [
        "/public/film/none.ts",
        "/public/.incoming/put-1.ts",
        "/public/film/.hidden.ts",
        "/public/film/source.mp4",
        "/public/film/",
        "/public/",
        "/public",
        "/public/link.ts",
    ],
)
def test_nothing_but_what_is_published_leaves_the_disk(on_disk: Running, path: str) -> None:
    for key in (".incoming/put-1.ts", "film/.hidden.ts", "film/source.mp4", "../private/source.ts"):
        write(on_disk.public, key, b"not for you")
    (on_disk.public / "link.ts").symlink_to(on_disk.public.parent / "private" / "source.ts")
    answer = on_disk.client.get(path)
    assert answer.status_code == 404
    # Kept by nobody: in a moment it may be there.
    assert "Cache-Control" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/public/%2e%2e/private/source.ts", "/public/film/..%2f..%2f..%2fprivate%2fsource.ts"]
)
def test_nobody_climbs_out_of_the_public_root(on_disk: Running, path: str) -> None:
    """nginx looks where a path leads before it chooses; out of /public/ it leads to the gateway, or nowhere."""
    write(on_disk.public, "film/0.ts")
    write(on_disk.public.parent / "private", "source.ts", b"not for you")
    answer = on_disk.client.get(path)
    assert b"not for you" not in answer.content
    assert answer.status_code in (400, 404) or [seen.path for seen in on_disk.gateway.seen] == [path]


def test_a_missing_object_is_a_problem_document_that_every_page_may_read(either: Running) -> None:
    either.objects.answers[f"/{SEGMENT}"] = (404, {"Content-Type": "text/html"}, b"<h1>404</h1>")
    answer = either.client.get(f"/public/{SEGMENT}", headers={"Origin": "null"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "object_not_found"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_segment_is_asked_of_s3_once_and_without_the_players_secrets(on_buckets: Running) -> None:
    ours = {"Content-Type": "video/mp2t", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "nobody"}
    on_buckets.objects.answers[f"/{SEGMENT}"] = (
        200,
        {**ours, "Set-Cookie": "a=b", "X-Amz-Request-Id": "1"},
        b"0123456789",
    )
    secrets = {"Authorization": "Bearer abc", "Cookie": "session=1", "Origin": "null"}
    first = on_buckets.client.get(f"/public/{SEGMENT}?token=abc", headers=secrets)
    again = on_buckets.client.get(f"/public/{SEGMENT}", headers={"Range": "bytes=2-4"})
    assert (first.status_code, first.content) == (200, b"0123456789")
    assert (again.status_code, again.content) == (206, b"234")
    assert first.headers.get_list("Cache-Control") == [CACHE[".ts"]]
    for name, value in HEADERS.items():
        assert first.headers.get_list(name) == [value], name
    assert not {"set-cookie", "x-amz-request-id"} & set(first.headers)

    assert len(on_buckets.objects.seen) == 1
    asked = on_buckets.objects.last()
    assert asked.path == f"/{SEGMENT}"
    assert asked.headers["host"] == ["lectern-public.public.internal"]
    assert not {"authorization", "cookie", "x-forwarded-for"} & set(asked.headers)
    assert [line["cache"] for line in on_buckets.nginx.lines(2)] == ["MISS", "HIT"]


def test_a_segment_that_was_missing_is_asked_for_again(on_buckets: Running) -> None:
    on_buckets.objects.answers[f"/{SEGMENT}"] = (404, {}, b"")
    assert on_buckets.client.get(f"/public/{SEGMENT}").status_code == 404
    on_buckets.objects.answers[f"/{SEGMENT}"] = (200, {}, b"made")
    assert on_buckets.client.get(f"/public/{SEGMENT}").content == b"made"


def test_only_published_kinds_are_asked_of_s3_and_only_read(on_buckets: Running) -> None:
    for path in ("/public/", "/public/index.html", "/public/film/source.mp4", "/public/a%0d%0aX: 1.ts"):
        assert on_buckets.client.get(path).status_code == 404, path
    assert on_buckets.client.post(f"/public/{SEGMENT}").status_code == 405
    assert not on_buckets.objects.seen


@pytest.mark.parametrize("origin", ["null", "https://school.example"])
def test_every_page_may_ask_with_headers_of_its_own(either: Running, origin: str) -> None:
    write(either.public, SEGMENT)
    wish = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-own"}
    answer = either.client.options(f"/public/{SEGMENT}", headers={"Origin": origin, **wish})
    assert (answer.status_code, answer.content) == (204, b"")
    for name, value in {**HEADERS, **PREFLIGHT}.items():
        assert answer.headers.get_list(name) == [value], name
    assert not either.gateway.seen
    assert not either.objects.seen
    plain = either.client.get(f"/public/{SEGMENT}")
    assert not set(PREFLIGHT) & set(plain.headers)


# --- Who asks ---


def test_the_real_address_is_appended_to_what_the_client_claims(either: Running) -> None:
    either.client.get("/api/courses", headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})
    assert either.gateway.last().headers["x-forwarded-for"] == ["198.51.100.7, 203.0.113.9, 127.0.0.1"]
    either.client.get("/api/courses")
    assert either.gateway.last().headers["x-forwarded-for"] == ["127.0.0.1"]


def test_every_way_to_the_gateway_tells_it_who_asks_and_for_whom(either: Running) -> None:
    for path in (
        "/",
        "/api/courses",
        "/api/videos/upload",
        f"/api/playback/{CREDENTIAL}/beat",
        "/api/videos/stream",
        "/api/videos/download",
    ):
        either.client.get(path, headers={"Authorization": "Bearer abc", "X-Forwarded-For": "198.51.100.7"})
        seen = either.gateway.last()
        assert seen.path == path
        assert seen.headers["x-forwarded-for"] == ["198.51.100.7, 127.0.0.1"], path
        assert seen.headers["host"] == [f"127.0.0.1:{either.nginx.port}"], path
        assert seen.headers["authorization"] == ["Bearer abc"], path


def test_security_headers_are_the_gateways_and_there_once(either: Running) -> None:
    sent = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "same-origin"}
    either.gateway.answers["/api/courses"] = (200, sent, b"{}")
    answer = either.client.get("/api/courses")
    for name, value in sent.items():
        assert answer.headers.get_list(name) == [value]
    assert not re.search(r"\d", answer.headers["Server"])


# --- What is written down ---


@pytest.mark.parametrize(
    "path",
    [
        f"/api/playback/{CREDENTIAL}/720p.m3u8",
        f"/api/playback/{CREDENTIAL}",
        f"/api/upload-links/{CREDENTIAL}/tus/1",
        f"/api/%70layback/{CREDENTIAL}/master.m3u8",
        f"//api//playback/{CREDENTIAL}/key/1/0.key",
        f"/API/playback/{CREDENTIAL}/x",
        f"/api/videos/stream?token={CREDENTIAL}",
        f"/api/videos/download?token={CREDENTIAL}",
        f"/api/videos/stream?a=1&token=x&TOKEN={CREDENTIAL}&b=2",
        f"/api/videos/stream?%74oken={CREDENTIAL}",
        f"/files/x?X-Amz-Signature={CREDENTIAL}",
    ],
)
def test_no_credential_is_written_down(either: Running, path: str) -> None:
    referer = f"http://127.0.0.1/api/playback/{CREDENTIAL}/master.m3u8"
    # In full, because httpx takes //api for a host.
    either.client.get(f"http://127.0.0.1:{either.nginx.port}{path}", headers={"Referer": referer})
    line = either.nginx.lines(1)[0]
    assert "***" in line["path"]
    assert line["status"] == "200"
    assert CREDENTIAL not in either.nginx.all_logs()


def test_what_is_no_credential_is_written_down_as_it_is(either: Running) -> None:
    either.client.get("/api/courses?page=2&search=%C3%A4", headers={"User-Agent": 'a "quoted" player'})
    line = either.nginx.lines(1)[0]
    assert line["path"] == "/api/courses?page=2&search=%C3%A4"
    assert (line["client"], line["method"], line["upstream_status"]) == ("127.0.0.1", "GET", "200")
    assert line["agent"] == 'a "quoted" player'


@pytest.mark.parametrize(
    "path",
    [
        f"/api/playback/{CREDENTIAL}/master.m3u8",
        f"/api/videos/stream?token={CREDENTIAL}",
        f"/api/videos/download?token={CREDENTIAL}",
    ],
)
def test_a_dead_gateway_is_a_problem_document_and_leaks_no_credential_into_the_error_log(
    either: Running, path: str
) -> None:
    either.gateway.close()
    answer = either.client.get(path)
    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "upstream_unavailable"
    assert answer.headers["Retry-After"] == "2"
    assert either.nginx.lines(1)[0]["status"] == "502"
    assert CREDENTIAL not in either.nginx.all_logs()


@pytest.mark.parametrize("path", ["/api/admin/enrollments", "/api/admin/enrollments/withdraw"])
def test_ten_thousand_enrolments_pass(either: Running, path: str) -> None:
    assert either.client.post(path, content=bytes(8 * MIB)).status_code == 200
    assert either.gateway.last().path == path


def test_the_gateways_own_errors_pass_untouched(either: Running) -> None:
    said = (503, {"Content-Type": "application/problem+json", "Retry-After": "7"}, b'{"code":"segment_not_made"}')
    either.gateway.answers["/api/playback/x/segment/a/1.ts"] = said
    answer = either.client.get("/api/playback/x/segment/a/1.ts")
    assert (answer.status_code, answer.json()) == (503, {"code": "segment_not_made"})
    assert answer.headers["Retry-After"] == "7"


# --- Bodies ---


def test_a_film_reaches_the_gateway_while_it_is_still_being_sent(either: Running) -> None:
    """Half of the film is held back until the gateway has its first bytes; a buffering proxy would wait for ever."""
    film = bytes(range(256)) * (8 * MIB // 256)
    half = len(film) // 2
    head = (
        f"POST /api/videos/upload HTTP/1.1\r\nHost: x\r\nContent-Length: {len(film)}\r\nConnection: close\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", either.nginx.port), timeout=edge.PATIENCE) as client:
        client.sendall(head + film[:half])
        assert either.gateway.body_begun.wait(edge.PATIENCE), "nothing arrived before the film was complete"
        assert not either.gateway.seen
        client.sendall(film[half:])
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    seen = either.gateway.last()
    assert (seen.body_bytes, seen.body_sha256) == (len(film), hashlib.sha256(film).hexdigest())
    assert "buffered to a temporary file" not in either.nginx.all_logs()


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/videos/upload", 2100 * MIB),
        ("/api/videos/018f/replace", 2100 * MIB),
        ("/api/uploads/018f", 2100 * MIB),
        ("/api/courses", 2 * MIB),
        ("/api/admin/enrollments/withdraw", 9 * MIB),
        ("/api/admin/enrollments/course/user", 2 * MIB),
        (f"/api/playback/{CREDENTIAL}/beat", MIB),
    ],
)
def test_a_body_beyond_the_limit_is_refused_before_it_is_sent(either: Running, path: str, most: int) -> None:
    with socket.create_connection(("127.0.0.1", either.nginx.port), timeout=edge.PATIENCE) as client:
        client.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {most + 1}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(client)
        answer.begin()
        assert answer.status == 413
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.load(answer)["code"] == "too_large"
    assert not either.gateway.seen


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (f"GET /{'a' * 70_000} HTTP/1.1\r\nHost: x", 414, "address_too_long"),
        (f"GET / HTTP/1.1\r\nHost: x\r\nX-A: {'a' * 70_000}", 431, "headers_too_large"),
    ],
)
def test_a_head_has_its_measure(either: Running, head: str, status: int, code: str) -> None:
    with socket.create_connection(("127.0.0.1", either.nginx.port), timeout=edge.PATIENCE) as client:
        client.sendall(f"{head}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(client)
        answer.begin()
        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.load(answer)["code"] == code
    assert not either.gateway.seen


def test_events_arrive_one_by_one(either: Running) -> None:
    """The second event is sent only after the client has read the first."""
    with (
        either.gateway.streaming("/api/videos/018f/events") as send,
        either.client.stream("GET", "/api/videos/018f/events") as answer,
    ):
        pieces = answer.iter_raw()
        send(b"data: one\n\n")
        assert next(pieces) == b"data: one\n\n"
        send(b"data: two\n\n")
        assert next(pieces) == b"data: two\n\n"


def test_playlists_are_compressed_and_what_carries_tokens_is_not(either: Running) -> None:
    body = b"#EXTINF:6.0,\nhttps://media.example/segment.ts\n" * 200
    either.gateway.answers["/api/playback/x/a.m3u8"] = (200, {"Content-Type": "application/vnd.apple.mpegurl"}, body)
    either.gateway.answers["/api/videos/1/access-token"] = (200, {}, b'{"token":"' + b"x" * 2000 + b'"}')
    playlist = either.client.get("/api/playback/x/a.m3u8")
    assert (playlist.headers["Content-Encoding"], playlist.content) == ("gzip", body)
    assert "Content-Encoding" not in either.client.get("/api/videos/1/access-token").headers


def test_the_main_file_of_the_container_is_accepted(on_buckets: Running) -> None:
    main = edge.exactly_replaced(
        (edge.CONFIGURATION / "nginx.conf").read_text(),
        {"/tmp/lectern.conf": "site.conf", "/tmp/": f"{on_buckets.nginx.prefix}/"},
    )
    (on_buckets.nginx.prefix / "nginx.conf").write_text(main)
    checked = on_buckets.nginx.check()
    assert checked.returncode == 0, checked.stderr


def test_an_edited_name_that_the_tests_replace_is_noticed() -> None:
    with pytest.raises(AssertionError, match="no longer says"):
        edge.exactly_replaced("listen 81;", {"listen 80;": "listen 1;"})


def test_a_broken_configuration_is_refused(on_disk: Running, tmp_path: Path) -> None:
    """So that a passing `nginx -t` in the fixtures means something."""
    broken = edge.Edge(tmp_path / "broken", free_port())
    broken.configure(
        edge.disk_site(on_disk.nginx, 1, on_disk.public).replace("proxy_pass", "proxy_pas") + "\nnonsense;"
    )
    assert broken.check().returncode != 0


def test_httpx_sends_paths_as_they_are_written() -> None:
    """The tests of traversal above stand on it."""
    assert httpx.URL("http://x/public/%2e%2e/private").raw_path == b"/public/%2e%2e/private"
