"""What is refused: with the right status and code, and without a trace in tables or storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.clients import Course, Platform, good, problem, refused
from tests.support.films import make_film, shared_media
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.wire import Wire, form_head, form_tail, form_type

ATTACK = shared_media() / "attack"
ATTACK_FILES = sorted(ATTACK.iterdir()) if ATTACK.is_dir() else []
PLAYLIST = (
    b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
)
TWINS = {
    "empty.mp4": b"",
    "text.mp4": b"This is a letter and no film.\n" * 500,
    "short.mp4": b"x",
    "exe.mp4": b"MZ\x90\0\x03\0\0\0" + b"This program cannot be run in DOS mode." * 50,
    "playlist.mp4": PLAYLIST,
    "concat.mp4": b"ffconcat version 1.0\nfile '/etc/passwd'\nfile 'http://127.0.0.1:19999/x.mp4'\n",
    "script.mp4": b"#!/bin/sh\nrm -rf /\n",
    "page.mp4": b"<!doctype html><script>alert(1)</script>",
    "picture.mp4": b"\x89PNG\r\n\x1a\n" + b"\0" * 2000,
    "zeros.mp4": b"\0" * 10_000,
}


class Traces:
    """All that an upload may leave behind: rows, and files in the private root and its half-written corner."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._before = self._now()

    def _now(self) -> set[str]:
        rows = self._suite.query(
            "SELECT 'video ' || id AS what FROM media.videos UNION ALL SELECT 'version ' || id FROM media.video_versions "
            "UNION ALL SELECT 'upload ' || id FROM media.uploads "
            "UNION ALL SELECT 'key ' || version_id FROM media.content_keys "
            "UNION ALL SELECT 'job ' || id FROM transcoding.video_processing_jobs"
        )
        return {row["what"] for row in rows} | self._suite.files("private")

    def new(self) -> set[str]:
        return self._now() - self._before


@pytest.fixture
def chapter(platform: Platform) -> str:
    return platform.new_course().chapters[0]


@pytest.fixture
def no_trace(suite: Suite, platform: Platform, chapter: str, short_film: Path) -> Iterator[Traces]:
    """Whatever a test does, nothing of it stays, and the chapter still takes a film."""
    traces = Traces(suite)
    yield traces
    until(lambda: not traces.new(), f"no trace to be left, but there is {traces.new()}", patience=30)
    course = platform.admin.get(f"/api/courses/{chapter.rsplit('.', 1)[0]}").json()
    assert course["chapters"][0]["videoId"] is None


def test_what_is_wrong_in_an_address_is_named_as_its_sender_knows_it(platform: Platform) -> None:
    problem = refused(platform.admin.get("/api/courses/a%20b"), 422, "invalid_request")
    assert [one["field"] for one in problem["errors"]] == ["courseId"]


def test_the_traces_are_seen_where_there_are_some(suite: Suite, platform: Platform, short_film: Path) -> None:
    traces = Traces(suite)
    video = platform.upload(platform.new_course().chapters[0], short_film)
    kinds = {name.split(" ")[0] for name in traces.new() if " " in name}
    assert {"video", "version", "key"} <= kinds
    assert any(name.startswith(f"{video}/") for name in traces.new())
    good(platform.admin.delete(f"/api/videos/{video}"), 204)


# --- What is no film ---


@pytest.mark.parametrize("file", ATTACK_FILES, ids=lambda file: file.name)
def test_a_file_that_attacks_is_refused(platform: Platform, chapter: str, no_trace: Traces, file: Path) -> None:
    answer = platform.send(chapter, file, file.name)
    if file.stat().st_size == 0:
        refused(answer, 422, "empty_file")
    else:
        refused(answer, 415, "not_media")
    assert no_trace.new() == set()


def test_the_attack_files_are_there() -> None:
    if not ATTACK_FILES:
        pytest.skip(f"{ATTACK} is not here, so its files were not tried; their twins below were")


@pytest.mark.parametrize("name", TWINS)
def test_what_only_calls_itself_a_film_is_refused(
    platform: Platform, chapter: str, no_trace: Traces, name: str
) -> None:
    answer = platform.send(chapter, TWINS[name], name)
    refused(answer, *((415, "not_media") if TWINS[name] else (422, "empty_file")))
    assert no_trace.new() == set()


@pytest.mark.parametrize(("name", "coding"), [("film.ts", ["-c:v", "libx264"]), ("film.flv", ["-c:v", "flv"])])
def test_a_film_in_another_container_is_refused_by_its_content(
    platform: Platform, chapter: str, no_trace: Traces, tmp_path: Path, name: str, coding: list[str]
) -> None:
    film = make_film(tmp_path / name, seconds=1, sound=False, output=[*coding, "-pix_fmt", "yuv420p"])
    for shown_name in (name, "film.mp4"):
        refused(platform.send(chapter, film, shown_name), 415, "unsupported_container")
    assert no_trace.new() == set()


def test_a_film_that_breaks_later_fails_with_a_sentence(platform: Platform, suite: Suite, short_film: Path) -> None:
    """Its head is a film's, so it is taken; what is wrong is said where its status is asked for."""
    whole = short_film.read_bytes()
    broken = {
        "cut off": whole[: len(whole) // 3],
        "only a head": b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2" + b"\0" * 3000,
    }
    for what, body in broken.items():
        chapter = platform.new_course().chapters[0]
        video = good(platform.send(chapter, body), 202)["videoId"]
        status = platform.wait_for(video, "failed", "ready")
        assert status["status"] == "failed", what
        assert status["error"]["code"]
        assert len(status["error"]["message"]) > 20
        assert str(suite.home) not in status["error"]["message"]
        refused(platform.admin.get(f"/api/videos/{video}/access-token"), 409, "video_not_playable")
        until(
            lambda video=video: not [name for name in suite.files("public") if name.startswith(video)],  # type: ignore[misc]
            "nothing of it to be public",
        )
        # The way out that the message leads to: another file in its place.
        good(platform.replace(video, short_film), 202)
        platform.wait_for(video)


# --- What is no form ---


def post_form(platform: Platform, body: bytes, content_type: str | None = None) -> httpx.Response:
    headers = {"Content-Type": content_type or form_type()}
    return platform.admin.post("/api/videos/upload", content=body, headers=headers)


def test_a_form_that_lacks_something_is_refused(
    platform: Platform, chapter: str, no_trace: Traces, short_film: Path
) -> None:
    film = short_film.read_bytes()
    assert (
        refused(post_form(platform, form_head(chapter, None).rstrip() + form_tail()), 422, "missing_field")["field"]
        == "video"
    )
    assert (
        refused(post_form(platform, form_head(None) + film + form_tail()), 422, "missing_field")["field"] == "chapterId"
    )
    # A text field named video is no file.
    answer = platform.admin.post("/api/videos/upload", files={"chapterId": (None, chapter), "video": (None, "film")})
    assert refused(answer, 422, "missing_field")["field"] == "video"
    assert no_trace.new() == set()


def test_two_films_in_one_form_are_refused(
    platform: Platform, chapter: str, no_trace: Traces, short_film: Path
) -> None:
    film = short_film.read_bytes()
    two = form_head(chapter) + film + b"\r\n" + form_head(None, "second.mp4") + film + form_tail()
    refused(post_form(platform, two), 400, "repeated_field")
    twice = form_head(chapter, None) + form_head(chapter) + film + form_tail()
    refused(post_form(platform, twice), 400, "repeated_field")
    assert no_trace.new() == set()


def test_a_chapter_that_is_not_there_is_refused_before_the_film(
    platform: Platform, suite: Suite, chapter: str, no_trace: Traces, short_film: Path
) -> None:
    refused(platform.send("no-such-chapter", short_film), 404, "unknown_chapter")
    for wrong in ("../etc", "a b", "x" * 200, ""):
        refused(platform.send(wrong, short_film), 422, "invalid_request")
    # The form says which chapter first; the answer comes although the film is never sent.
    headers = {
        "Authorization": platform.admin.headers["Authorization"],
        "Content-Type": form_type(),
        "Content-Length": str(500 * 1024 * 1024),
    }
    with Wire(suite.port) as wire:
        wire.head("POST", "/api/videos/upload", headers)
        wire.body([form_head("no-such-chapter"), short_film.read_bytes()[:5000]])
        status, content_type, document = wire.answer()
    assert status == 404
    problem(content_type, document, 404, "unknown_chapter")
    assert no_trace.new() == set()


def test_what_is_no_multipart_form_is_refused(
    platform: Platform, chapter: str, no_trace: Traces, short_film: Path
) -> None:
    film = short_film.read_bytes()
    whole = form_head(chapter) + film + form_tail()
    for content_type in ("application/json", "video/mp4", "application/x-www-form-urlencoded", "text/plain"):
        refused(post_form(platform, whole, content_type), 415, "unsupported_media_type")
    refused(post_form(platform, whole, "multipart/form-data"), 415, "unsupported_media_type")
    malformed = {
        "no part at all": b"",
        "no boundary": b"hello" * 1000,
        "another boundary": whole.replace(b"lectern", b"another"),
        "ends in the film": form_head(chapter) + film,
        "ends in a head": form_head(chapter)[:-20],
        "a part without a name": form_head(chapter, None)
        + form_head(None).replace(b'; name="video"', b"")
        + film
        + form_tail(),
        "endless head": form_head(chapter, None) + form_head(None, "x" * 100_000) + film + form_tail(),
        "endless field": form_head("y" * 100_000) + film + form_tail(),
    }
    for what, body in malformed.items():
        answer = post_form(platform, body)
        assert answer.status_code == 400, f"{what}: {answer.status_code} {answer.text[:300]}"
        refused(answer, 400, "malformed_form")
    assert no_trace.new() == set()


# --- What is too much, or not all ---


def test_three_gigabytes_are_refused_before_they_are_sent(
    platform: Platform, suite: Suite, chapter: str, no_trace: Traces
) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], make_film(suite.home.parent / "tiny.mp4", seconds=1, sound=False))
    for method, path in (("POST", "/api/videos/upload"), ("PUT", f"/api/videos/{video}/replace")):
        headers = {
            "Authorization": platform.admin.headers["Authorization"],
            "Content-Type": form_type(),
            "Content-Length": str(3 * 1024**3),
        }
        with Wire(suite.port) as wire:
            wire.head(method, path, headers)
            status, content_type, document = wire.answer()
        assert status == 413
        assert problem(content_type, document, 413, "too_large")["maxBytes"] == 2 * 1024**3
    good(platform.admin.delete(f"/api/videos/{video}"), 204)
    until(lambda: not [name for name in suite.files("private") if name.startswith(video)], "its removal")
    assert {
        name for name in no_trace.new() if video not in name and not name.startswith(("version", "key", "job"))
    } == set()
    no_trace._before |= no_trace.new()


def test_a_small_body_that_is_large_is_refused(platform: Platform, chapter: str) -> None:
    address = f"/api/progress/chapters/{chapter}"
    body = b'{"currentPosition": 1, "padding": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    headers = {"Content-Type": "application/json"}
    refused(platform.admin.put(address, content=body, headers=headers), 413, "too_large")


@contextmanager
def half_sent(platform: Platform, suite: Suite, chapter: str, film: bytes) -> Iterator[Wire]:
    headers = {
        "Authorization": platform.admin.headers["Authorization"],
        "Content-Type": form_type(),
        "Content-Length": str(200 * 1024 * 1024),
    }
    with Wire(suite.port) as wire:
        wire.head("POST", "/api/videos/upload", headers)
        wire.body([form_head(chapter), film, bytes(4 * 1024 * 1024)])
        yield wire


def test_a_cut_connection_leaves_no_trace(
    platform: Platform, suite: Suite, chapter: str, no_trace: Traces, short_film: Path
) -> None:
    with half_sent(platform, suite, chapter, short_film.read_bytes()) as wire:
        # It is on its way into storage before it is cut: something is there that has to go.
        until(lambda: any(name.startswith("upload") for name in no_trace.new()), "the upload to begin")
        until(lambda: any(" " not in name for name in no_trace.new()), "bytes in storage")
        wire.cut()
    until(lambda: not no_trace.new(), "no trace of the upload")
    until(lambda: "POST /api/videos/upload 400" in suite.log_text(), "the line in the access log")
    assert "Traceback" not in suite.log_text()
    # The same film, sent again to its end, is taken.
    video = platform.upload(chapter, short_film)
    good(platform.admin.delete(f"/api/videos/{video}"), 204)
    until(lambda: not [name for name in suite.files("private") if name.startswith(video)], "its removal")
    no_trace._before |= no_trace.new()


def test_a_form_that_ends_before_it_said_is_refused_whole(
    platform: Platform, suite: Suite, chapter: str, no_trace: Traces, short_film: Path
) -> None:
    """All of the form is there, and a byte that was announced is not: who is told to send it again, can."""
    body = form_head(chapter) + short_film.read_bytes() + form_tail()
    headers = {"Authorization": platform.admin.headers["Authorization"], "Content-Type": form_type()}
    with Wire(suite.port) as wire:
        wire.head("POST", "/api/videos/upload", headers | {"Content-Length": str(len(body) + 1)})
        wire.body([body])
        wire.end_of_sending()
        status, content_type, document = wire.answer()
    problem(content_type, document, 400, "upload_interrupted")
    assert status == 400
    until(lambda: not no_trace.new(), "no trace of the upload")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("POST", "/api/videos/upload", {"Content-Type": "video/mp4"}, 415, "unsupported_media_type"),
        ("PATCH", "/api/uploads/tus/0198c0de-0000-7000-8000-000000000000", {"Content-Type": "video/mp4"}, 415, "unsupported_media_type"),
        ("POST", "/api/uploads/tus", {"Upload-Length": "3000000000"}, 413, "too_large"),
    ],
)  # fmt: skip
def test_what_the_headers_tell_is_refused_without_a_byte_of_the_body(
    platform: Platform, suite: Suite, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    own = {"Authorization": str(platform.admin.headers["Authorization"]), "Tus-Resumable": "1.0.0"}
    with Wire(suite.port) as wire:
        wire.head(method, path, {"Content-Length": "1000000000"} | own | headers)
        answered, content_type, document = wire.answer()
    assert answered == status
    problem(content_type, document, status, code)


def test_who_may_not_upload_hears_it_without_a_byte_of_the_body(platform: Platform, suite: Suite) -> None:
    student = {"Authorization": f"Bearer {platform.jwt('student', 'nobody')}", "Content-Type": form_type()}
    with Wire(suite.port) as wire:
        wire.head("POST", "/api/videos/upload", student | {"Content-Length": "1000000000"})
        _, content_type, document = wire.answer()
    problem(content_type, document, 403, "role_required")


# --- Names ---


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("محاضرة ١ – الفيزياء.mp4", "محاضرة ١ – الفيزياء.mp4"),
        ("שיעור ראשון.mov", "שיעור ראשון.mov"),
        ("ლექცია №1 — ფიზიკა 🎬.mp4", "ლექცია №1 — ფიზიკა 🎬.mp4"),
        ("ფ" * 300 + ".mp4", "ფ" * 251 + ".mp4"),
        ("../../../etc/passwd.mp4", "passwd.mp4"),
        ("C:\\Users\\me\\lecture.mp4", "lecture.mp4"),
        ("evil\u202e4pm.mp4", "evil4pm.mp4"),
        ("<b>bold</b> & co;.mp4", "b> & co;.mp4"),
    ],
    ids=["arabic", "hebrew", "georgian", "long", "path", "windows-path", "override", "markup"],
)
def test_names_come_back_readable(
    platform: Platform, suite: Suite, chapter: str, films: Path, sent: str, shown: str
) -> None:
    film = films / "named.mp4"
    if not film.exists():
        make_film(film, seconds=1, size="64x36", sound=False)
    video = platform.upload(chapter, film, sent)
    assert platform.status(video)["originalName"] == shown
    # In storage no name of a user's stands anywhere.
    stored = [name for name in suite.files("private") if name.startswith(video)]
    assert stored and all(name.endswith("/source") for name in stored)
    good(platform.admin.delete(f"/api/videos/{video}"), 204)


# --- Courses ---


def test_a_course_that_makes_no_sense_is_refused(platform: Platform) -> None:
    course: Course = platform.new_course()
    chapter = {"id": "c1", "title": "One", "isFree": False, "firstWatchRestricted": False, "position": 1}
    whole = {"title": "T", "isSequential": False, "chapters": [chapter]}
    wrong: list[dict[str, object]] = [
        {}, {**whole, "title": 1}, {**whole, "chapters": "none"}, {**whole, "chapters": [{**chapter, "id": "a/b"}]},
        {**whole, "chapters": [{**chapter, "id": "x" * 129}]}, {**whole, "chapters": [{**chapter, "position": "first"}]},
    ]  # fmt: skip
    for body in wrong:
        answer = platform.admin.put(f"/api/admin/courses/{course.id}", json=body)
        assert answer.status_code == 422, f"{body}: {answer.status_code} {answer.text[:300]}"
        assert answer.json()["code"] in ("missing_field", "invalid_request")
    twice = {**whole, "chapters": [{**chapter, "id": "same"}, {**chapter, "id": "same", "position": 2}]}
    refused(platform.admin.put(f"/api/admin/courses/{course.id}", json=twice), 422, "repeated_chapter")
    stolen = {**whole, "chapters": [{**chapter, "id": course.chapters[0]}]}
    refused(
        platform.admin.put(f"/api/admin/courses/{platform.new_id('c')}", json=stolen), 409, "chapter_in_other_course"
    )
    headers = {"Content-Type": "application/json"}
    answer = platform.admin.put(f"/api/admin/courses/{course.id}", content=b"{not json", headers=headers)
    assert answer.status_code == 422
    unknown = platform.new_id("course")
    refused(platform.admin.put(f"/api/admin/enrollments/{unknown}/somebody"), 404, "unknown_course")
    refused(platform.admin.get(f"/api/courses/{unknown}"), 404, "course_not_found")


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/api/admin/courses/{course}-x", {"title": "a\0b", "chapters": []}, "title"),
        ("PUT", "/api/admin/courses/{course}-x", {"title": "a", "chapters": [{"id": "a", "title": "\0"}]}, "chapters.0.title"),
        ("POST", "/api/videos/{video}/analytics",
         {"sessionId": "0198c0de-0000-7000-8000-000000000000", "events": [{"type": "stall", "quality": "\0"}]},
         "events.0.quality"),
        ("POST", "/api/admin/jobs/0198c0de-0000-7000-8000-000000000000/retry", {"chunkId": "\0"}, "chunkId"),
        ("POST", "/api/admin/jobs/0198c0de-0000-7000-8000-000000000000/retry", {"rendition": "720p\0"}, "rendition"),
    ],
)  # fmt: skip
def test_a_character_that_no_database_keeps_is_refused(
    platform: Platform, shown: tuple[Course, str], method: str, path: str, body: dict[str, object], field: str
) -> None:
    place = path.format(course=shown[0].id, video=shown[1])
    told = refused(platform.admin.request(method, place, json=body), 422, "invalid_request")
    assert [fault["field"] for fault in told["errors"]] == [field]


def test_a_body_that_is_no_text_is_refused(platform: Platform) -> None:
    kind = {"Content-Type": "application/json"}
    for path in ("/api/admin/sessions/revoke", "/api/admin/api-keys"):
        told = refused(platform.admin.post(path, content=b'{"name": "\xff"}', headers=kind), 422, "invalid_request")
        assert told["errors"] == [{"field": "body", "message": "it is not UTF-8"}]


def test_a_body_that_is_too_deep_is_refused(platform: Platform) -> None:
    kind = {"Content-Type": "application/json"}
    for body in (b"[" * 100_000, b'{"name": ' + b"1" * 5_000 + b"}"):
        refused(platform.admin.post("/api/admin/api-keys", content=body, headers=kind), 422, "invalid_request")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_page_of_the_audit_log_begins_in_the_calendar(platform: Platform, moment: str) -> None:
    for name in ("from", "to"):
        refused(platform.admin.get("/api/admin/audit", params={name: moment}), 422, "invalid_request")


def test_a_line_of_the_log_cannot_be_forged(platform: Platform, suite: Suite) -> None:
    mark = platform.new_id("forged")
    refused(platform.client().get(f"/x%0A2026-01-01T00:00:00 INFO lectern.access {mark}"), 404, "not_found")
    log = suite.home / "logs"
    found = until(
        lambda: [
            line for file in log.glob("*gateway*") for line in file.read_text("utf-8").splitlines() if mark in line
        ],
        "the request to be logged",
    )
    assert all("/x%0A2026" in line for line in found)


@pytest.mark.parametrize(
    "body",
    [
        {"startsAt": "2026-01-01T00:00:00"},
        {"startsAt": "2026-01-01T00:00:00", "endsAt": "2027-01-01T00:00:00Z"},
        {"endsAt": "0001-01-01T00:00:00+14:00"},
        {"endsAt": "9999-12-31T23:59:59-12:00"},
    ],
)
def test_a_moment_that_nobody_can_place_is_refused(platform: Platform, body: dict[str, str]) -> None:
    course, user = platform.new_course(), platform.new_id("student")
    refused(platform.admin.put(f"/api/admin/enrollments/{course.id}/{user}", json=body), 422, "invalid_request")


def test_the_ends_of_the_calendar_are_moments_as_well(platform: Platform) -> None:
    course, user = platform.new_course(), platform.new_id("student")
    body = {"startsAt": "0001-01-01T00:00:00Z", "endsAt": "9999-12-31T23:59:59Z"}
    kept = good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{user}", json=body))
    assert (kept["startsAt"], kept["endsAt"]) == ("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.000Z")
