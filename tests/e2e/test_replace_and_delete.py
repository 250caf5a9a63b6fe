"""A film's end, and its second life: replacing and deleting while somebody watches."""

from pathlib import Path

import httpx
import pytest

from tests.support import player
from tests.support.clients import Course, Platform, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite

OLD_FRAMES, NEW_FRAMES = 150, 250


@pytest.fixture(scope="module")
def new_film(films: Path) -> Path:
    return make_film(films / "new.mp4", seconds=10, size="320x180")


def frames(url: str) -> int:
    played = player.play(url)
    assert played.complaints == ""
    return played.frames


def prefix(suite: Suite, store: str, video: str) -> set[str]:
    return {name for name in suite.files(store) if name.startswith(f"{video}/")}


def test_the_old_film_plays_on_until_the_new_one_is_ready(
    platform: Platform, suite: Suite, other_film: Path, new_film: Path
) -> None:
    course = platform.new_course()
    student = platform.student(course)
    video = platform.ready(course.chapters[0], other_film)
    before = platform.watch(platform.student(course), video)
    assert before.document["duration"] == 6
    with suite.held("services.transcoder.worker"):
        assert good(platform.replace(video, new_film, "second take.mp4"), 202)["videoId"] == video
        status = platform.status(video)
        assert (status["status"], status["percent"], status["duration"]) == ("ready", 100, 6)
        assert (status["replacing"]["status"], status["replacing"]["error"]) == ("processing", None)
        assert status["originalName"] == "film.mp4"
        # Who opens the film now gets the old one, whole.
        assert frames(platform.watch(student, video).master) == OLD_FRAMES

    def opened_meanwhile() -> bool:
        view = platform.watch(student, video)
        replacing = platform.status(video)["replacing"]
        # Still being made after the session was opened, so it was the old film that it opened.
        assert replacing is None or view.document["duration"] == 6
        return replacing is None

    until(opened_meanwhile, "the new film to be in place")
    status = platform.status(video)
    assert (status["videoId"], status["status"], status["duration"]) == (video, "ready", 10)
    assert (status["originalName"], status["replacing"]) == ("second take.mp4", None)
    after = platform.watch(student, video)
    assert (after.document["duration"], frames(after.master)) == (10, NEW_FRAMES)
    # Who was watching the old one sees it to its end.
    assert frames(before.master) == OLD_FRAMES
    assert platform.key(before) != platform.key(after)
    listed = good(student.get(f"/api/courses/{course.id}"))["chapters"][0]
    assert (listed["videoId"], listed["duration"]) == (video, 10)


def test_a_replacement_that_fails_leaves_the_film_alone(platform: Platform, other_film: Path, new_film: Path) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], other_film)
    broken = new_film.read_bytes()[:2000] + b"\0" * 5000
    good(platform.replace(video, broken), 202)

    def failed() -> dict[str, str] | None:
        replacing = platform.status(video)["replacing"]
        return replacing["error"] if replacing and replacing["status"] == "failed" else None

    error = until(failed, "the broken replacement to fail")
    assert error is not None and error["code"] and len(error["message"]) > 20
    assert platform.status(video)["status"] == "ready"
    assert frames(platform.watch(platform.student(course), video).master) == OLD_FRAMES
    # The next one is taken.
    good(platform.replace(video, new_film), 202)
    until(lambda: platform.status(video)["duration"] == 10, "the good replacement to be in place")


def test_replacing_what_is_not_there_is_refused(platform: Platform, new_film: Path) -> None:
    missing = "0198c0de-0000-7000-8000-000000000000"
    refused(platform.replace(missing, new_film), 404, "video_not_found")
    refused(platform.admin.get(f"/api/videos/{missing}/status"), 404, "video_not_found")
    refused(platform.admin.get(f"/api/videos/{missing}/access-token"), 404, "video_not_found")


def test_a_chapter_takes_one_film(platform: Platform, suite: Suite, other_film: Path, new_film: Path) -> None:
    course = platform.new_course()
    with suite.held("services.transcoder.worker"):
        video = platform.upload(course.chapters[0], other_film)
        # Also while the first is still being made.
        problem = refused(platform.send(course.chapters[0], new_film), 409, "chapter_has_video")
    assert problem["videoId"] == video
    assert f"/api/videos/{video}/replace" in problem["detail"]
    platform.wait_for(video)
    refused(platform.send(course.chapters[0], new_film), 409, "chapter_has_video")


def test_deleting_ends_every_view_at_once_and_frees_the_chapter(
    platform: Platform, suite: Suite, other_film: Path
) -> None:
    course = platform.new_course()
    student = platform.student(course)
    video = platform.ready(course.chapters[0], other_film)
    view = platform.watch(student, video)
    unspent = platform.access_token(student, video)
    viewer = platform.client()
    segment = player.read_media(player.read_master(view.master)[0].url)[0]
    good(platform.admin.delete(f"/api/videos/{video}"), 204)

    for name in ("master.m3u8", "144p.m3u8", "key/1/0.key"):
        refused(viewer.get(view.path(name)), 410, "video_deleted")
    refused(viewer.post(view.path("beat"), content='{"seq": 1, "intervals": []}'), 410, "video_deleted")
    refused(student.post(view.path("renew")), 410, "video_deleted")
    refused(student.get(f"/api/videos/{video}/access-token"), 404, "video_not_found")
    refused(platform.admin.get(f"/api/videos/{video}/status"), 404, "video_not_found")
    assert platform.spend(student, unspent).json()["code"] in ("video_deleted", "video_not_found")
    listed = good(student.get(f"/api/courses/{course.id}"))["chapters"][0]
    assert (listed["videoId"], listed["videoStatus"]) == (None, None)

    until(lambda: not prefix(suite, "private", video) and not prefix(suite, "public", video), "empty storage")
    assert viewer.get(segment.url).status_code == 404
    # Asked twice, the same.
    good(platform.admin.delete(f"/api/videos/{video}"), 204)
    again = platform.ready(course.chapters[0], other_film)
    assert again != video
    assert frames(platform.watch(student, again).master) == OLD_FRAMES


def test_deleting_what_is_still_being_made_leaves_nothing(platform: Platform, suite: Suite, films: Path) -> None:
    film = make_film(films / "larger.mp4", seconds=14, size="640x360")
    course = platform.new_course()
    video = platform.upload(course.chapters[0], film)
    platform.wait_for(video, "playable", "ready")
    good(platform.admin.delete(f"/api/videos/{video}"), 204)

    def ended() -> bool:
        jobs = suite.query(
            "SELECT j.state, count(c.id) FILTER (WHERE c.state = 'active') AS busy "
            "FROM transcoding.video_processing_jobs j LEFT JOIN transcoding.chunks c ON c.job_id = j.id "
            "WHERE j.video_id = $1::text::uuid GROUP BY j.state",
            video,
        )
        return all(job["state"] in ("failed", "done") and job["busy"] == 0 for job in jobs)

    until(ended, "the work on the deleted film to end")

    def buried() -> bool:
        left = "SELECT count(*) AS left FROM media.storage_tombstones WHERE done_at IS NULL AND prefix LIKE $1"
        return bool(suite.query(left, f"{video}/%")[0]["left"] == 0)

    until(buried, "its removal from storage")
    assert not prefix(suite, "private", video)
    assert not prefix(suite, "public", video)
    platform.ready(course.chapters[0], film)


def replaced(platform: Platform, first: Path, second: Path) -> tuple[Course, str]:
    """A film in its second version: its course and the video."""
    course = platform.new_course()
    video = platform.ready(course.chapters[0], first)
    good(platform.replace(video, second, "second take.mp4"), 202)
    until(lambda: platform.status(video)["originalName"] == "second take.mp4", "the second version to be in place")
    return course, video


def roll_back(platform: Platform, video: str, by: httpx.Client | None = None) -> httpx.Response:
    return (by or platform.admin).post(f"/api/videos/{video}/rollback")


def test_a_film_is_rolled_back_and_forth_while_people_watch(
    platform: Platform, suite: Suite, other_film: Path, new_film: Path
) -> None:
    course, video = replaced(platform, other_film, new_film)
    student = platform.student(course)
    watching_new = platform.watch(student, video)
    good(
        student.put(
            f"/api/progress/chapters/{course.chapters[0]}",
            json={"currentPosition": 2, "totalDuration": 10, "watchPercentage": 20},
        )
    )
    before = good(student.get(f"/api/progress/chapters/{course.chapters[0]}"))["currentPosition"]
    previous = platform.status(video)["previous"]
    assert (previous["originalName"], previous["sizeBytes"]) == ("film.mp4", other_film.stat().st_size)
    assert good(student.get(f"/api/videos/{video}/status"))["previous"] is None
    stored = prefix(suite, "public", video)

    assert good(roll_back(platform, video)) == {"videoId": video, "originalName": "film.mp4"}
    status = platform.status(video)
    assert (status["status"], status["duration"], status["originalName"]) == ("ready", 6, "film.mp4")
    assert status["previous"]["originalName"] == "second take.mp4"
    watching_old = platform.watch(platform.student(course), video)
    assert (watching_old.document["duration"], frames(watching_old.master)) == (6, OLD_FRAMES)
    # Who was watching the other one sees it to its end. Their place is at the same fraction of the film that is back.
    assert frames(watching_new.master) == NEW_FRAMES

    def place() -> float:
        return float(good(student.get(f"/api/progress/chapters/{course.chapters[0]}"))["currentPosition"])

    until(lambda: place() == pytest.approx(before * 6 / 10, abs=0.001), "the place to be on the clock of the old film")

    assert good(roll_back(platform, video))["originalName"] == "second take.mp4"
    assert frames(platform.watch(platform.student(course), video).master) == NEW_FRAMES
    assert frames(watching_old.master) == OLD_FRAMES
    assert prefix(suite, "public", video) == stored


def test_there_is_nothing_to_roll_back_to_when_nothing_is_kept(
    platform: Platform, suite: Suite, other_film: Path, new_film: Path
) -> None:
    course, video = replaced(platform, other_film, new_film)
    # As if the time for which it is kept were over.
    suite.query(
        "UPDATE media.storage_tombstones SET not_before = now() WHERE reason = 'version replaced' AND prefix LIKE $1",
        f"{video}/%",
    )
    suite.query(
        "UPDATE media.video_versions SET gone_at = now() WHERE gone_at > now() AND video_id = $1::text::uuid", video
    )
    until(lambda: len({name.split("/")[1] for name in prefix(suite, "public", video)}) == 1, "the old version to go")
    assert platform.status(video)["previous"] is None
    refused(roll_back(platform, video), 409, "nothing_to_roll_back")
    assert frames(platform.watch(platform.student(course), video).master) == NEW_FRAMES


def test_who_may_not_roll_back_and_when_nobody_may(
    platform: Platform, suite: Suite, other_film: Path, new_film: Path
) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], other_film)
    refused(roll_back(platform, video), 409, "nothing_to_roll_back")
    refused(roll_back(platform, video, platform.student(course)), 403, "role_required")
    refused(roll_back(platform, video, platform.teacher(platform.new_course())), 403, "not_your_course")
    refused(roll_back(platform, "0198c0de-0000-7000-8000-000000000000"), 404, "video_not_found")
    with suite.held("services.transcoder.worker"):
        good(platform.replace(video, new_film), 202)
        refused(roll_back(platform, video), 409, "replacement_in_progress")
    until(lambda: platform.status(video)["duration"] == 10, "the new version to be in place")
    assert good(roll_back(platform, video, platform.teacher(course)))["videoId"] == video
    assert platform.status(video)["duration"] == 6
