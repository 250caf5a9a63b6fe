"""What happened is read by cursor, each thing once, however often a job runs."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.jobs import MEDIA_QUEUE, SyncVersion
from shared.jobs import Doorbell
from tests.support.clients import Platform, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite, run_async

EVENTS = "/api/progress/events"


def told(platform: Platform, course: str, after: str | None = None, **query: Any) -> list[dict[str, Any]]:
    """All events of a course."""
    found: list[dict[str, Any]] = []
    while True:
        page = good(platform.admin.get(EVENTS, params={**query, **({"after": after} if after else {})}))
        found += [one for one in page["events"] if one["data"].get("courseId") == course]
        after = page["next"]
        if not page["hasMore"]:
            return found


def types(events: list[dict[str, Any]]) -> list[str]:
    return [one["type"] for one in events]


def test_a_film_that_becomes_ready_fails_and_goes_is_told_of(platform: Platform, short_film: Path) -> None:
    course = platform.new_course(2)
    video = platform.ready(course.chapters[0], short_film)
    broken = good(platform.send(course.chapters[1], short_film.read_bytes()[:2000] + b"\0" * 5000), 202)["videoId"]
    error = platform.wait_for(broken, "failed")["error"]
    good(platform.admin.delete(f"/api/videos/{video}"), 204)
    good(platform.admin.delete(f"/api/videos/{video}"), 204)
    until(lambda: len(told(platform, course.id)) == 4, "all of it")
    events = told(platform, course.id)
    assert types(events) == ["video.playable", "video.ready", "video.failed", "video.deleted"]
    assert {one["data"]["videoId"] for one in events} == {video, broken}
    failed = events[2]["data"]
    assert (failed["videoId"], failed["code"], failed["message"]) == (broken, error["code"], error["message"])
    assert all(one["timestamp"].endswith("Z") for one in events)


def test_a_job_that_runs_twice_tells_once(suite: Suite, platform: Platform, short_film: Path) -> None:
    """Media looks at every unfinished version every ten seconds, and is rung with each chunk: it is told once anyway."""
    course = platform.new_course()
    video = platform.ready(course.chapters[0], short_film)
    until(lambda: len(told(platform, course.id)) == 2, "both events")
    # As if the job were still to run, to its end once more.
    version = suite.query("SELECT current_version_id::text AS id FROM media.videos WHERE id = $1::text::uuid", video)
    outbox = "SELECT count(*) AS rows FROM media.outbox WHERE video_id = $1::text::uuid"
    assert suite.query(outbox, video)[0]["rows"] == 2
    _ring_media_again(suite, version[0]["id"])
    other = platform.new_course()
    platform.ready(other.chapters[0], short_film)
    until(lambda: len(told(platform, other.id)) == 2, "what came after it")
    assert suite.query(outbox, video)[0]["rows"] == 2
    assert types(told(platform, course.id)) == ["video.playable", "video.ready"]


def _ring_media_again(suite: Suite, version: str) -> None:
    url = suite.process("services.media").environ()["REDIS_URL"]

    async def ring() -> None:
        bell = Doorbell(url, MEDIA_QUEUE)
        for _ in range(5):
            await bell.ring(SyncVersion(version_id=UUID(version)))
        await bell.close()

    run_async(ring())


def test_one_that_gives_way_before_it_was_ready_failed_and_one_that_took_its_place_says_so(
    suite: Suite, platform: Platform, short_film: Path, films: Path
) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], short_film)
    longer = make_film(films / "events.mp4", seconds=10, sound=False)
    with suite.held("services.transcoder.worker"):
        good(platform.replace(video, short_film), 202)
        good(platform.replace(video, longer), 202)
    until(lambda: "video.replaced" in types(told(platform, course.id)), "the replacement")
    assert types(told(platform, course.id)) == [
        *("video.playable", "video.ready", "video.failed", "video.ready", "video.replaced"),
    ]
    failed = told(platform, course.id)[2]
    assert failed["data"]["code"] == "cancelled"


def test_what_was_watched_is_on_the_clock_of_the_film_that_took_its_place(
    suite: Suite, platform: Platform, short_film: Path, films: Path
) -> None:
    course = platform.new_course()
    [chapter] = course.chapters
    video = platform.ready(chapter, short_film)
    student = platform.student(course)
    body = {"currentPosition": 2, "totalDuration": 8, "watchPercentage": 25}
    good(student.put(f"/api/progress/chapters/{chapter}", json=body))
    suite.query(
        "UPDATE learning.progress SET watched = '{[0,4000),[6000,8000)}', frontier_ms = 4000 WHERE chapter_id = $1",
        chapter,
    )
    longer = make_film(films / "stretched.mp4", seconds=16, sound=False)
    good(platform.replace(video, longer), 202)
    until(lambda: "video.replaced" in types(told(platform, course.id)), "the replacement")
    [row] = suite.query(
        "SELECT watched::text, frontier_ms, position_ms, duration_ms FROM learning.progress WHERE chapter_id = $1",
        chapter,
    )
    assert row == {
        "watched": "{[0,8000),[12000,16000)}",
        "frontier_ms": 8000,
        "position_ms": 4000,
        "duration_ms": 16000,
    }
    good(platform.admin.post(f"/api/videos/{video}/rollback"))
    until(lambda: types(told(platform, course.id)).count("video.replaced") == 2, "the rollback")
    [row] = suite.query(
        "SELECT watched::text, frontier_ms, position_ms, duration_ms FROM learning.progress WHERE chapter_id = $1",
        chapter,
    )
    assert row == {"watched": "{[0,4000),[6000,8000)}", "frontier_ms": 4000, "position_ms": 2000, "duration_ms": 8000}


def test_events_are_read_by_cursor_and_by_type(suite: Suite, platform: Platform) -> None:
    course = platform.new_id("course")
    start = good(platform.admin.get(EVENTS, params={"limit": 1000}))
    while start["hasMore"]:
        start = good(platform.admin.get(EVENTS, params={"limit": 1000, "after": start["next"]}))
    suite.query(
        "INSERT INTO analytics.platform_events (id, type, user_id, course_id, data) SELECT uuidv7(), "
        "CASE WHEN n % 3 = 0 THEN 'chapter.completed' ELSE 'chapter.started' END, 'sam', $1, '{}' FROM generate_series(1, 12) n",
        course,
    )
    until(lambda: len(told(platform, course)) == 12, "all to be numbered")
    page = good(platform.admin.get(EVENTS, params={"after": start["next"], "limit": 5}))
    assert (len(page["events"]), page["hasMore"]) == (5, True)
    assert page["events"][0]["data"] == {"userId": "sam", "courseId": course}
    assert len(told(platform, course, page["next"], limit=2)) == 7
    assert types(told(platform, course, types="chapter.completed")) == ["chapter.completed"] * 4
    assert len(told(platform, course, types="chapter.completed,chapter.started", limit=3)) == 12
    # Where nothing more is, the cursor is the place from which to ask on, again and again.
    end = good(platform.admin.get(EVENTS, params={"after": page["next"], "types": "course.completed"}))
    assert (end["events"], end["hasMore"]) == ([], False)
    again = good(platform.admin.get(EVENTS, params={"after": end["next"]}))
    assert [one for one in again["events"] if one["data"].get("courseId") == course] == []


def test_a_wrong_cursor_or_type_is_refused(platform: Platform) -> None:
    for wrong in ("x", "MTox!", "MjoxMg", "1:12", "é"):
        refused(platform.admin.get(EVENTS, params={"after": wrong}), 422, "invalid_cursor")
    refused(platform.admin.get(EVENTS, params={"types": "video.lost"}), 422, "unknown_event_type")
    refused(platform.admin.get(EVENTS, params={"limit": 1001}), 422, "invalid_request")


@pytest.mark.parametrize("role", ["student", "instructor"])
def test_only_admins_and_back_ends_read_events(platform: Platform, role: str) -> None:
    refused(platform.person(role).get(EVENTS), 403, "role_required")
    good(platform.person("service").get(EVENTS))
    for scope, status in (("progress", 200), ("videos", 403)):
        made = good(platform.admin.post("/api/admin/api-keys", json={"name": scope, "scopes": [scope]}), 201)
        assert platform.client(made["key"]).get(EVENTS).status_code == status
