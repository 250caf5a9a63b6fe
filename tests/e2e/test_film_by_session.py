"""What a viewer without a JWT is told below the session's path: of its own film, of its own user, from its own network,
and nothing else."""

import json
from pathlib import Path

import httpx
import pytest

from tests.support.clients import ELSEWHERE, Course, Platform, View, good, refused

READ = ("status", "progress", "storyboard.json", "thumbnails")


@pytest.fixture(scope="module")
def lesson(platform: Platform, short_film: Path) -> tuple[Course, str, str]:
    """A course with two films."""
    course = platform.new_course(2)
    return course, platform.ready(course.chapters[0], short_film), platform.ready(course.chapters[1], short_film)


def viewer(platform: Platform, lesson: tuple[Course, str, str]) -> tuple[str, View]:
    """A student whom only the platform's back end names, and a session of theirs for the first film."""
    course, video, _ = lesson
    user = platform.new_id("student")
    good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{user}"))
    asked = {"userId": user, "videoId": video}
    token = good(platform.person("service", "school").post("/api/access-tokens", json=asked), 201)["token"]
    return user, View(good(platform.spend(platform.client(), token)), platform.suite.url)


def batch(view: View, seq: int = 1) -> dict[str, object]:
    event = {"type": "session_start", "at": 0, "time": "2026-01-01T00:00:00Z"}
    return {"sessionId": view.document["sessionId"], "seq": seq, "events": [event]}


def everything(platform: Platform, view: View, address: str | None = None) -> list[httpx.Response]:
    client = platform.client(address=address)
    return [
        *(client.get(view.path(f"film/{name}")) for name in READ),
        client.get(view.path("film/captions/ka.vtt")),
        client.post(view.path("film/analytics"), json=batch(view)),
        client.post(view.path("film/renew")),
    ]


def test_a_session_tells_of_its_film_and_its_viewer(platform: Platform, lesson: tuple[Course, str, str]) -> None:
    course, video, _ = lesson
    user, view = viewer(platform, lesson)
    anybody = platform.client()
    # The same as with the platform's JWT.
    theirs = platform.person("student", user)
    for name in ("status", "storyboard.json", "thumbnails"):
        assert good(anybody.get(view.path(f"film/{name}"))) == good(theirs.get(f"/api/videos/{video}/{name}")), name
    good(
        anybody.post(
            view.path("beat"), content=json.dumps({"seq": 1, "intervals": [{"from": 0, "to": 1}], "position": 1})
        )
    )
    progress = good(anybody.get(view.path("film/progress")))
    assert progress == good(theirs.get(f"/api/progress/chapters/{course.chapters[0]}"))
    assert (progress["videoId"], progress["currentPosition"]) == (video, 1.0)
    assert good(anybody.post(view.path("film/analytics"), json=batch(view)), 202) == {"accepted": 1}
    refused(anybody.get(view.path("film/captions/ka.vtt")), 404, "captions_not_found")


def test_it_tells_of_nobody_and_nothing_else(platform: Platform, lesson: tuple[Course, str, str]) -> None:
    _, video, other_video = lesson
    _, view = viewer(platform, lesson)
    neighbour, theirs = viewer(platform, lesson)
    platform.client().post(
        theirs.path("beat"), content=json.dumps({"seq": 1, "intervals": [{"from": 0, "to": 1}], "position": 7})
    )
    anybody = platform.client()
    # Neither a query nor a header names another.
    for asked in ({"userId": neighbour}, {"userId": neighbour, "videoId": other_video, "token": "x"}):
        assert good(anybody.get(view.path("film/progress"), params=asked))["currentPosition"] == 0
        assert good(anybody.get(view.path("film/status"), params=asked))["videoId"] == video
    jwt = platform.person("admin", "e2e-admin")
    assert good(jwt.get(view.path("film/status")))["previous"] is None
    assert good(jwt.get(view.path("film/progress"), params={"userId": neighbour}))["currentPosition"] == 0
    # Another's session is nobody's to tell of, and this user's is not another's to tell of.
    refused(anybody.post(view.path("film/analytics"), json=batch(theirs)), 403, "not_your_session")
    for more in ("", "/", "/rollback", "/../renew", "/download", "/captions", "/status/more", f"/{other_video}/status"):
        answer = anybody.get(view.path(f"film{more}"))
        assert answer.status_code in (404, 405), (more, answer.status_code)
    for name in READ:
        assert anybody.post(view.path(f"film/{name}")).status_code == 405
    huge = anybody.post(
        view.path("film/analytics"), content=b" " * 70_000, headers={"Content-Type": "application/json"}
    )
    refused(huge, 413, "too_large")


def test_a_teachers_session_gives_away_nothing_that_only_staff_are_told(
    platform: Platform, lesson: tuple[Course, str, str]
) -> None:
    course, video, _ = lesson
    teacher = platform.teacher(course)
    assert good(teacher.get(f"/api/videos/{video}/status"))["source"] is not None
    view = platform.watch(teacher, video)
    status = good(platform.client().get(view.path("film/status")))
    assert (status["previous"], status["source"], status["sameContent"]) == (None, None, None)


def test_it_is_bound_as_its_keys_are(platform: Platform, lesson: tuple[Course, str, str]) -> None:
    user, view = viewer(platform, lesson)
    # From another network, not even the renewal: that is for whoever has a JWT.
    for answer in everything(platform, view, ELSEWHERE):
        refused(answer, 403, "ip_changed")
    assert all(answer.status_code < 300 or answer.status_code == 404 for answer in everything(platform, view))
    # Expired, it is not brought back.
    platform.suite.query(
        "UPDATE access.playback_sessions SET expires_at = now() - interval '1 s' WHERE user_id = $1", user
    )
    for answer in everything(platform, view):
        refused(answer, 401, "session_expired")


def test_it_ends_with_the_right_to_the_film(platform: Platform, lesson: tuple[Course, str, str]) -> None:
    user, view = viewer(platform, lesson)
    good(platform.admin.delete(f"/api/admin/enrollments/{lesson[0].id}/{user}"), 204)
    for answer in everything(platform, view):
        refused(answer, 403, "not_entitled")
    user, view = viewer(platform, lesson)
    good(platform.admin.post("/api/admin/sessions/revoke", json={"userId": user}))
    for answer in everything(platform, view):
        refused(answer, 401, "session_revoked")


def test_renewal_moves_the_end_and_no_further_than_the_last(
    platform: Platform, lesson: tuple[Course, str, str]
) -> None:
    user, view = viewer(platform, lesson)
    nearly = "UPDATE access.playback_sessions SET expires_at = now() + interval '1 minute' WHERE user_id = $1"
    platform.suite.query(nearly, user)
    good(platform.client().post(view.path("film/renew")))
    ahead = (
        "SELECT extract(epoch FROM expires_at - now())::float8 AS left FROM access.playback_sessions WHERE user_id = $1"
    )
    assert platform.suite.query(ahead, user)[0]["left"] > 7000
    last = "UPDATE access.playback_sessions SET absolute_expires_at = now() + interval '2 minutes' WHERE user_id = $1"
    platform.suite.query(last, user)
    good(platform.client().post(view.path("film/renew")))
    assert platform.suite.query(ahead, user)[0]["left"] < 130
