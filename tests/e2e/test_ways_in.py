"""Films that are fetched from an address, that come by a link, and what a course may hold."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.clients import Platform, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.served import Asked, Reply, StandIn
from tests.support.tus import VERSION, Tus

PUBLIC_URL = "https://video.example.org"


class Elsewhere(StandIn):
    """A server that has a film, and everything that can go wrong with one."""

    def __init__(self, film: bytes) -> None:
        super().__init__()
        self.film = film
        # Of more than one part: what was in nobody's hands yet when a connection breaks is sent again.
        self.long_film = film + struct.pack(">I4s", 17 * 1024 * 1024 + 8, b"free") + os.urandom(17 * 1024 * 1024)
        self.failures = 0

    def reply(self, asked: Asked) -> Reply:
        match asked.path.partition("?")[0]:
            case "/film.mp4":
                return Reply(200, self.film)
            case "/breaks.mp4":
                return self._breaking(asked)
            case "/away.mp4" if self.failures < 2:
                self.failures += 1
                return Reply(503)
            case "/away.mp4":
                return Reply(200, self.film)
            case "/moved":
                return Reply(302, headers={"Location": "/film.mp4"})
            case "/inside":
                return Reply(302, headers={"Location": "http://169.254.169.254/latest/meta-data"})
            case "/nameless":
                return Reply(302, headers={"Location": "http://a..b/film.mp4"})
            case "/round":
                return Reply(302, headers={"Location": "/round"})
            case "/page":
                return Reply(200, b"<html>" + bytes(5000))
            case "/empty":
                return Reply(200)
            case "/large":
                return Reply(200, headers={"Content-Length": str(2**31 + 1)})
        return Reply(404)

    def _breaking(self, asked: Asked) -> Reply:
        """Half of it, and the rest to who asks for just that."""
        film, etag = self.long_film, {"ETag": '"one"'}
        if begins := asked.headers.get("Range"):
            assert asked.headers["If-Range"] == '"one"'
            start = int(begins.removeprefix("bytes=").rstrip("-"))
            assert start >= 8 * 1024 * 1024
            return Reply(206, film[start:], etag | {"Content-Range": f"bytes {start}-{len(film) - 1}/{len(film)}"})
        cut = etag | {"Content-Length": str(len(film)), "Connection": "close"}
        return Reply(200, film[: len(film) // 2 + 1024 * 1024], cut)


@pytest.fixture(scope="module")
def elsewhere(short_film: Path) -> Iterator[Elsewhere]:
    with Elsewhere(short_film.read_bytes()) as server, server.serving():
        yield server


@pytest.fixture(scope="module")
def open_doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A suite that fetches from this machine, takes WebM, and says where it is."""
    settings = {"INGEST_ALLOW": "127.0.0.1/32", "ACCEPT_WEBM": "1", "PUBLIC_URL": PUBLIC_URL}
    suite = Suite(tmp_path_factory.mktemp("lectern") / "home", **settings).start()
    platform = Platform(suite)
    yield platform
    platform.close()
    suite.stop()


def fetched(platform: Platform, url: str, **body: Any) -> dict[str, Any]:
    """What became of an ingest."""
    begun = good(platform.admin.post("/api/videos/ingest", json={"url": url, **body}), 202)
    assert begun["status"] == "uploading"

    def settled() -> dict[str, Any] | None:
        state: dict[str, Any] = good(platform.admin.get(f"/api/uploads/{begun['uploadId']}"))
        return state if state["state"] != "receiving" else None

    found = until(settled, f"{url} to be fetched, or not")
    assert found is not None and found["videoId"] == begun["videoId"]
    return found


@pytest.mark.parametrize("path", ["/film.mp4", "/moved", "/breaks.mp4", "/away.mp4"])
def test_a_film_is_fetched(open_doors: Platform, elsewhere: Elsewhere, path: str) -> None:
    """Plainly, by a redirect, by going on where the connection broke, and from a server that was away for a while."""
    course = open_doors.new_course()
    state = fetched(open_doors, elsewhere.url + path, chapterId=course.chapters[0], fileName="ფილმი.mp4")
    assert (state["state"], state["error"]) == ("complete", None)
    document = open_doors.wait_for(state["videoId"])
    sent = elsewhere.long_film if path == "/breaks.mp4" else elsewhere.film
    assert (document["originalName"], document["sizeBytes"]) == ("ფილმი.mp4", len(sent))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/inside", "address_refused"),
        ("/nameless", "invalid_url"),
        ("/round", "too_many_redirects"),
        ("/page", "not_media"),
        ("/empty", "empty_file"),
        ("/large", "too_large"),
        ("/nothing", "fetch_refused"),
    ],
)
def test_what_is_no_film_is_not_fetched(open_doors: Platform, elsewhere: Elsewhere, path: str, code: str) -> None:
    course = open_doors.new_course()
    before = open_doors.suite.files("private")
    state = fetched(open_doors, elsewhere.url + path, chapterId=course.chapters[0])
    assert (state["state"], state["error"]["code"]) == ("refused", code)
    assert len(state["error"]["message"]) > 20
    until(lambda: open_doors.suite.files("private") <= before, "nothing to be left")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:80/film.mp4", "address_refused"),
        ("http://localhost/film.mp4", "address_refused"),
        ("http://[::1]/film.mp4", "address_refused"),
        ("http://[::ffff:10.0.0.1]/film.mp4", "address_refused"),
        ("http://[64:ff9b::a00:1]/film.mp4", "address_refused"),
        ("http://2130706433/film.mp4", "address_refused"),
        ("http://0x7f.1/film.mp4", "address_refused"),
        ("http://169.254.169.254/latest/meta-data", "address_refused"),
        ("http://10.1.2.3/film.mp4", "address_refused"),
        ("http://192.168.0.1/film.mp4", "address_refused"),
        ("http://0.0.0.0/film.mp4", "address_refused"),
        ("http://224.0.0.1/film.mp4", "address_refused"),
        ("http://192.0.0.8/film.mp4", "address_refused"),
        ("http://[::127.0.0.1]/film.mp4", "address_refused"),
        ("http://[::ffff:0:127.0.0.1]/film.mp4", "address_refused"),
        ("http://[64:ff9b:1::7f00:1]/film.mp4", "address_refused"),
        ("http://[fec0::1]/film.mp4", "address_refused"),
        ("http://[fd00::1]/film.mp4", "address_refused"),
        ("http://a..b/film.mp4", "invalid_url"),
        ("http://.../film.mp4", "invalid_url"),
        ("http://" + 80 * "a" + ".com/film.mp4", "invalid_url"),
        ("file:///etc/passwd", "invalid_url"),
        ("ftp://example.org/film.mp4", "invalid_url"),
        ("https://user:secret@example.org/film.mp4", "invalid_url"),
        ("http://example.org:99999/film.mp4", "invalid_url"),
        ("http://exa mple.org/film.mp4", "invalid_url"),
        ("https:///film.mp4", "invalid_url"),
        ("http://no-such-host.invalid/film.mp4", "host_not_found"),
    ],
)
def test_inner_addresses_are_refused(platform: Platform, url: str, code: str) -> None:
    chapter = platform.new_course().chapters[0]
    refused(platform.admin.post("/api/videos/ingest", json={"url": url, "chapterId": chapter}), 422, code)


def test_who_may_have_something_fetched(platform: Platform) -> None:
    course = platform.new_course()
    body = {"url": "https://example.org/film.mp4", "chapterId": course.chapters[0]}
    refused(platform.student(course).post("/api/videos/ingest", json=body), 403, "role_required")


def test_a_link_lets_one_film_in(open_doors: Platform, short_film: Path) -> None:
    platform, body = open_doors, short_film.read_bytes()
    course = platform.new_course(2)
    link = good(platform.admin.post("/api/upload-links", json={"chapterId": course.chapters[0]}), 201)
    token = link["token"]
    assert link["tusUrl"] == f"{PUBLIC_URL}/api/upload-links/{token}/tus"
    anybody = platform.client()
    shown = good(anybody.get(f"/api/upload-links/{token}"))
    assert (shown["chapterTitle"], shown["replaces"]) == ("Chapter 1", False)
    tus = Tus(anybody, f"/api/upload-links/{token}/tus")
    # What else the client says it is for is not heard.
    created = tus.create(len(body), chapterId=course.chapters[1], filename="linked.mp4")
    assert created.headers["Location"].startswith(link["tusUrl"] + "/")
    upload = httpx.URL(created.headers["Location"]).path
    assert tus.patch(upload, 0, body[:1000]).status_code == 204
    # Opened anew, it begins anew; the first one gives way.
    again = tus.begin(len(body), filename="linked.mp4")
    assert tus.head(upload).status_code == 410
    # Another link's holder, and who is signed in as nobody, do not reach it.
    other = good(platform.admin.post("/api/upload-links", json={"chapterId": course.chapters[1]}), 201)["token"]
    elsewhere = again.replace(token, other)
    assert tus.head(elsewhere).status_code == 404
    refused(anybody.get(f"/api/uploads/{again.rpartition('/')[2]}"), 401, "sign_in_required")
    video = tus.patch(again, 0, body).headers["Lectern-Video-Id"]
    document = platform.wait_for(video)
    assert (document["chapterId"], document["originalName"]) == (course.chapters[0], "linked.mp4")
    refused(tus.create(len(body)), 410, "link_spent")
    refused(anybody.get(f"/api/upload-links/{token}"), 410, "link_spent")
    assert tus.offset(again) == len(body)


def test_parts_that_come_by_a_link_are_joined(platform: Platform, short_film: Path) -> None:
    """The link is spent by the film, not by a part of it."""
    body, course = short_film.read_bytes(), platform.new_course()
    token = good(platform.admin.post("/api/upload-links", json={"chapterId": course.chapters[0]}), 201)["token"]
    tus = Tus(platform.client(), f"/api/upload-links/{token}/tus")
    half = len(body) // 2
    parts = []
    for piece in (body[:half], body[half:]):
        created = tus.create(len(piece), body=piece, headers={"Upload-Concat": "partial"})
        assert created.status_code == 201, created.text
        parts.append(created.headers["Location"])
    final = tus.who.post(tus.base, headers=VERSION | {"Upload-Concat": "final;" + " ".join(parts)})
    assert final.status_code == 201, final.text
    video = final.headers["Lectern-Video-Id"]
    until(lambda: platform.admin.get(f"/api/videos/{video}/status").status_code == 200, "the film to be joined")
    assert platform.wait_for(video)["sizeBytes"] == len(body)
    refused(tus.create(10), 410, "link_spent")


def test_a_link_takes_a_plain_form_and_can_be_taken_back(
    platform: Platform, short_film: Path, other_film: Path
) -> None:
    course = platform.new_course()
    anybody = platform.client()

    def new(**body: Any) -> tuple[str, str]:
        link = good(platform.admin.post("/api/upload-links", json=body), 201)
        return link["token"], link["linkId"]

    def post(token: str, film: Path) -> httpx.Response:
        with film.open("rb") as file:
            return anybody.post(f"/api/upload-links/{token}/upload", files={"video": ("form.mp4", file, "video/mp4")})

    token, _ = new(chapterId=course.chapters[0])
    video = good(post(token, short_film), 202)["videoId"]
    platform.wait_for(video)
    refused(post(token, short_film), 410, "link_spent")
    replacing, _ = new(videoId=video)
    assert good(post(replacing, other_film), 202)["videoId"] == video
    revoked, link_id = new(videoId=video)
    assert [
        one["linkId"] for one in good(platform.admin.get("/api/upload-links", params={"courseId": course.id}))["links"]
    ] == [link_id]
    refused(platform.person("instructor").delete(f"/api/upload-links/{link_id}"), 404, "link_not_found")
    good(platform.admin.delete(f"/api/upload-links/{link_id}"), 204)
    refused(post(revoked, other_film), 410, "link_expired")
    late, late_id = new(videoId=video)
    platform.suite.query("UPDATE media.upload_links SET expires_at = now() WHERE id = $1::text::uuid", late_id)
    refused(post(late, other_film), 410, "link_expired")
    refused(post("x" * 43, other_film), 404, "link_not_found")


def test_who_may_make_links(platform: Platform) -> None:
    course = platform.new_course()
    body = {"chapterId": course.chapters[0]}
    refused(platform.student(course).post("/api/upload-links", json=body), 403, "role_required")
    refused(platform.person("instructor").post("/api/upload-links", json=body), 403, "not_your_course")
    refused(platform.admin.post("/api/upload-links", json={}), 422, "missing_field")
    refused(platform.admin.post("/api/upload-links", json={"chapterId": "nowhere"}), 404, "unknown_chapter")
    # The right of who made it counts when it is used.
    teacher = platform.new_id("teacher")
    good(platform.admin.put(f"/api/admin/courses/{course.id}/instructors/{teacher}"), 204)
    link = good(platform.person("instructor", teacher).post("/api/upload-links", json=body), 201)
    good(platform.admin.delete(f"/api/admin/courses/{course.id}/instructors/{teacher}"), 204)
    anybody = platform.client()
    refused(Tus(anybody, f"/api/upload-links/{link['token']}/tus").create(100), 403, "not_your_course")
    shown = refused(anybody.get(f"/api/upload-links/{link['token']}"), 403, "not_your_course")
    assert "new one" in shown["detail"]


def test_a_course_holds_no_more_than_its_quota(platform: Platform, short_film: Path) -> None:
    course, size = platform.new_course(2), short_film.stat().st_size
    path = f"/api/admin/courses/{course.id}/quota"
    refused(platform.person("instructor").put(path, json={"quotaBytes": 1}), 403, "role_required")
    refused(platform.admin.put("/api/admin/courses/nowhere/quota", json={"quotaBytes": 1}), 404, "unknown_course")
    refused(platform.admin.put(path, json={"quotaBytes": -1}), 422, "invalid_request")
    refused(platform.person("instructor").get(path), 403, "role_required")
    refused(platform.admin.get("/api/admin/courses/nowhere/quota"), 404, "unknown_course")
    given = good(platform.admin.put(path, json={"quotaBytes": size}))
    assert given["usedBytes"] == 0
    assert good(platform.admin.get(path)) == given
    video = platform.ready(course.chapters[0], short_film)
    full = refused(platform.send(course.chapters[1], short_film), 413, "course_quota_exceeded")
    assert full["usedBytes"] > size == full["quotaBytes"]
    refused(Tus(platform.admin).create(10, chapterId=course.chapters[1]), 413, "course_quota_exceeded")
    refused(platform.replace(video, short_film), 413, "course_quota_exceeded")
    link = good(platform.admin.post("/api/upload-links", json={"chapterId": course.chapters[1]}), 201)
    with short_film.open("rb") as film:
        form = {"video": ("form.mp4", film, "video/mp4")}
        sent = platform.client().post(f"/api/upload-links/{link['token']}/upload", files=form)
    refused(sent, 413, "course_quota_exceeded")
    good(platform.admin.put(path, json={"quotaBytes": None}))
    platform.ready(course.chapters[1], short_film)


def test_many_statuses_at_once(platform: Platform, shown: Any, short_film: Path) -> None:
    course, video = shown
    nothing = "0198b0a0-0000-7000-8000-000000000000"
    answer = good(platform.admin.post("/api/videos/batch-status", json={"videoIds": [video, nothing, video]}))
    assert [one["videoId"] for one in answer["videos"]] == [video]
    assert answer["notFound"] == [nothing]
    assert answer["videos"][0] == platform.status(video)
    # A course of somebody else is not there.
    stranger = platform.person("instructor").post("/api/videos/batch-status", json={"videoIds": [video]})
    assert good(stranger) == {"videos": [], "notFound": [video]}
    refused(platform.student(course).post("/api/videos/batch-status", json={"videoIds": [video]}), 403, "role_required")
    refused(platform.admin.post("/api/videos/batch-status", json={"videoIds": []}), 422, "invalid_request")
    many = [nothing] * 201
    refused(platform.admin.post("/api/videos/batch-status", json={"videoIds": many}), 422, "invalid_request")


def test_webm_by_setting(open_doors: Platform, platform: Platform, tmp_path: Path) -> None:
    coding = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")
    film = make_film(tmp_path / "film.webm", seconds=4, output=coding)
    refused(platform.send(platform.new_course().chapters[0], film), 415, "unsupported_container")
    open_doors.ready(open_doors.new_course().chapters[0], film)
