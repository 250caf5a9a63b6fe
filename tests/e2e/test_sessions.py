"""Playback sessions over their lives: how many at once, how long, who ends them, and what they may open of a film."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support import player
from tests.support.clients import Course, Platform, View, good, refused
from tests.support.films import make_film
from tests.support.patience import PATIENCE, until

Shown = tuple[Course, str]
LENGTH, FPS = 170.0, 5
"""Three key windows: they begin at 0, 54 and 114 s. Keys open up to 90 s beyond what was watched."""
SECOND, THIRD = 54.0, 114.0


@pytest.fixture(scope="module")
def lesson(platform: Platform, films: Path) -> tuple[Course, str]:
    """A chapter that has to be watched in order, with a film long enough to skip in: tiny pictures, five a second."""
    film = make_film(films / "lesson.mp4", seconds=LENGTH, size="96x54", fps=FPS, sound=False)
    course = platform.new_course(restricted=True)
    return course, platform.ready(course.chapters[0], film)


def ask(platform: Platform, view: View, window: int, *, full: bool = False) -> httpx.Response:
    return platform.client().get(view.path(f"{'full/' if full else ''}key/1/{window}.key"))


def beat(platform: Platform, view: View, seq: int, *spans: tuple[float, float]) -> dict[str, object]:
    intervals = [{"from": start, "to": end, "rate": 1} for start, end in spans]
    document: dict[str, object] = good(
        platform.client().post(view.document["beatUrl"], json={"seq": seq, "intervals": intervals})
    )
    return document


# --- A first watch in order ---


def test_keys_open_as_the_student_watches(platform: Platform, lesson: Shown) -> None:
    course, video = lesson
    student = platform.student(course)
    view = platform.watch(student, video)
    assert ask(platform, view, 0).status_code == ask(platform, view, 1).status_code == 200
    told = refused(ask(platform, view, 2), 403, "not_watched_yet")
    assert (told["frontier"], told["releasedUntil"]) == (0.0, pytest.approx(THIRD, abs=0.5))
    # A leap earns nothing: what lies before it is missing.
    beat(platform, view, 1, (60, 65))
    refused(ask(platform, view, 2), 403, "not_watched_yet")
    assert beat(platform, view, 2, (0, 25))["frontier"] == 25
    assert ask(platform, view, 2).status_code == 200
    refused(ask(platform, view, 3), 404, "key_not_found")
    # Another session, another device: what was earned is the student's.
    assert ask(platform, platform.watch(student, video), 2).status_code == 200
    refused(ask(platform, platform.watch(platform.student(course), video), 2), 403, "not_watched_yet")


def test_reset_closes_and_completion_opens(platform: Platform, lesson: Shown) -> None:
    course, video = lesson
    chapter, user = course.chapters[0], platform.new_id("student")
    student = platform.student(course, user)
    view = platform.watch(student, video)
    good(platform.admin.post(f"/api/progress/chapters/{chapter}/complete", params={"userId": user}))
    assert ask(platform, view, 2).status_code == 200
    good(student.post(f"/api/progress/chapters/{chapter}/reset"))
    refused(ask(platform, view, 2), 403, "not_watched_yet")


def test_who_teaches_is_not_held(platform: Platform, lesson: Shown) -> None:
    _, video = lesson
    view = platform.watch(platform.admin, video)
    assert ask(platform, view, 2).status_code == 200
    playlist = player.fetch(player.read_master(view.master)[0].url).decode()
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in playlist
    assert "#EXT-X-ENDLIST" in playlist


def test_a_player_that_knows_nothing_gets_a_playlist_that_grows(platform: Platform, lesson: Shown) -> None:
    course, video = lesson
    view = platform.watch(platform.student(course), video)
    [variant] = player.read_master(view.master)
    before = player.fetch(variant.url).decode()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in before
    assert "#EXT-X-ENDLIST" not in before
    assert _seconds(before) == pytest.approx(THIRD, abs=0.5)
    beat(platform, view, 1, (0, 25))
    after = player.fetch(variant.url).decode()
    assert after.startswith(before)
    assert after.endswith("#EXT-X-ENDLIST\n")
    assert _seconds(after) == pytest.approx(LENGTH, abs=0.5)


def test_ffmpeg_gets_what_is_released_and_nothing_more(platform: Platform, lesson: Shown) -> None:
    course, video = lesson
    student = platform.student(course)
    view = platform.watch(student, video)
    released = _seconds(player.fetch(player.read_master(view.master)[0].url).decode())
    # The managed playlist names the whole film; its keys are the same keys.
    whole = view.url + view.document["managedMasterUrl"]
    played = player.play(whole)
    assert played.frames == round(released * FPS) < LENGTH * FPS
    assert "403" in played.complaints
    beat(platform, view, 1, (0, 25))
    played = player.play(whole)
    assert (played.frames, played.complaints) == (LENGTH * FPS, "")


def test_ffmpeg_with_nothing_but_the_address_gets_no_picture_more(platform: Platform, lesson: Shown) -> None:
    course, video = lesson
    view = platform.watch(platform.student(course), video)
    [variant] = player.read_master(view.master)
    released = _seconds(player.fetch(variant.url).decode())
    # It looks twice whether there is more, and takes what it has for the end.
    played = player.play(view.master, options=["-prefer_x_start", "1", "-m3u8_hold_counters", "2"])
    assert (played.frames, played.complaints) == (round(released * FPS), "")


def test_ffmpeg_goes_on_as_the_playlist_grows(platform: Platform, lesson: Shown) -> None:
    """A player that was given nothing but a URL: it begins at the beginning, waits where it has to, and sees it all."""
    course, video = lesson
    view = platform.watch(platform.student(course), video)
    began = len(platform.suite.lines)

    def asked(what: str) -> int:
        """How many requests for ``what`` the gateway has logged since."""
        lines = platform.suite.lines[began:]
        return sum("lectern.access" in line and "/api/playback/" in line and what in line for line in lines)

    with ThreadPoolExecutor(1) as beside:
        # Else it takes all that grows for live, and begins three segments before the end.
        playing = beside.submit(player.play, view.master, options=["-prefer_x_start", "1"])
        until(lambda: asked("key/1/1.key"), "FFmpeg to reach the second window")
        # It has read all that is open, and looks for more again and again.
        before = asked(".m3u8")
        until(lambda: asked(".m3u8") > before, "FFmpeg to look whether there is more")
        assert not asked("key/1/2.key")
        beat(platform, view, 1, (0, 25))
        played = playing.result(timeout=PATIENCE)
    assert (played.frames, played.complaints) == (LENGTH * FPS, "")


def _seconds(playlist: str) -> float:
    return sum(float(line[8:].rstrip(",")) for line in playlist.splitlines() if line.startswith("#EXTINF:"))


# --- How many at once ---


def test_the_newest_two_streams_go_on(platform: Platform, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    first, second, third = (platform.watch(student, video) for _ in range(3))
    assert ask(platform, first, 0).status_code == 200
    assert ask(platform, second, 0).status_code == 200
    # Opening is not watching: only the key makes the third a stream.
    assert ask(platform, first, 0).status_code == 200
    assert ask(platform, third, 0).status_code == 200
    refused(ask(platform, first, 0), 409, "session_superseded")
    assert ask(platform, second, 0).status_code == 200
    refused(
        platform.client().post(first.document["beatUrl"], json={"seq": 1, "intervals": []}), 409, "session_superseded"
    )
    # Somebody else's streams do not count, nor do those of who teaches.
    assert ask(platform, platform.watch(platform.student(course), video), 0).status_code == 200
    views = [platform.watch(platform.admin, video) for _ in range(4)]
    assert [ask(platform, view, 0).status_code for view in (*views, views[0])] == [200] * 5


def test_a_stream_that_rests_does_not_count(platform: Platform, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    first, second, third = (platform.watch(student, video) for _ in range(3))
    for view in (second, third):
        assert ask(platform, view, 0).status_code == 200
    platform.suite.query(
        "UPDATE access.playback_sessions SET last_active_at = last_active_at - interval '46 seconds'"
        " WHERE id = $1::text::uuid",
        second.document["sessionId"],
    )
    assert ask(platform, first, 0).status_code == 200


def test_moments_told_every_two_seconds_open_nothing(platform: Platform, lesson: Shown) -> None:
    course, video = lesson
    view = platform.watch(platform.student(course), video)
    told = beat(platform, view, 1, *[(end - 0.001, float(end)) for end in range(2, 170, 2)])
    assert told["frontier"] < 10
    assert told["gaps"]
    refused(ask(platform, view, 2), 403, "not_watched_yet")


# --- How long ---


def test_a_playlist_read_once_gets_its_keys_for_six_hours(platform: Platform, shown: Shown) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    for _ in range(4):
        assert ask(platform, view, 0).status_code == 200
        platform.grow_older(view, "110 minutes")
    assert ask(platform, view, 0).status_code == 200
    platform.grow_older(view, "121 minutes")
    refused(ask(platform, view, 0), 401, "session_expired")


def test_no_session_outlives_a_day(platform: Platform, shown: Shown) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    for _ in range(13):
        assert ask(platform, view, 0).status_code == 200
        platform.grow_older(view, "110 minutes")
    platform.grow_older(view, "11 minutes")
    refused(ask(platform, view, 0), 401, "session_expired")


# --- Ending them ---


@pytest.mark.parametrize("by", ["sessionId", "userId", "videoId", "deviceId"])
def test_an_admin_ends_sessions(platform: Platform, short_film: Path, by: str) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], short_film)
    user = platform.new_id("student")
    student = platform.student(course, user)
    view = platform.watch(student, video)
    assert ask(platform, view, 0).status_code == 200
    [listed] = good(platform.admin.get(f"/api/admin/users/{user}/sessions"))["sessions"]
    assert (listed["id"], listed["videoId"], listed["isActive"]) == (view.document["sessionId"], video, True)
    whose = {"sessionId": listed["id"], "userId": user, "videoId": video, "deviceId": listed["deviceId"]}[by]
    assert good(platform.admin.post("/api/admin/sessions/revoke", json={by: whose})) == {"revoked": 1}
    refused(ask(platform, view, 0), 401, "session_revoked")
    refused(student.post(view.document["renewUrl"]), 401, "session_revoked")
    assert good(platform.admin.post("/api/admin/sessions/revoke", json={by: whose})) == {"revoked": 0}
    assert ask(platform, platform.watch(student, video), 0).status_code == 200


@pytest.mark.parametrize("by", ["sessionId", "userId", "videoId", "deviceId", "sign out"])
def test_a_session_that_rests_is_ended_with_the_others(platform: Platform, short_film: Path, by: str) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], short_film)
    user = platform.new_id("student")
    student = platform.student(course, user)
    view = platform.watch(student, video)
    platform.grow_older(view, "150 minutes")
    refused(ask(platform, view, 0), 401, "session_expired")
    [listed] = good(student.get("/api/sessions"))["sessions"]
    if by == "sign out":
        assert student.delete(f"/api/devices/{listed['deviceId']}").status_code == 204
    else:
        whose = {"sessionId": listed["id"], "userId": user, "videoId": video, "deviceId": listed["deviceId"]}[by]
        assert good(platform.admin.post("/api/admin/sessions/revoke", json={by: whose})) == {"revoked": 1}
    refused(student.post(view.document["renewUrl"]), 401, "session_revoked")
    refused(ask(platform, view, 0), 401, "session_revoked")


@pytest.mark.parametrize("by", ["userId", "videoId", "sign out"])
def test_a_token_that_was_not_spent_is_ended_with_the_sessions(platform: Platform, short_film: Path, by: str) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], short_film)
    user = platform.new_id("student")
    student = platform.student(course, user)
    token = good(student.get(f"/api/videos/{video}/access-token"))["token"]
    if by == "sign out":
        [device] = good(student.get("/api/devices"))["devices"]
        assert student.delete(f"/api/devices/{device['id']}").status_code == 204
    else:
        whose = {"userId": user, "videoId": video}[by]
        good(platform.admin.post("/api/admin/sessions/revoke", json={by: whose}))
    refused(platform.spend(student, token), 401, "token_expired")


def test_what_a_course_says_holds_for_sessions_that_are_open(platform: Platform, lesson: Shown) -> None:
    course, video = lesson
    chapter = {"id": course.chapters[0], "title": "First", "position": 1}
    body = {"title": "Changed", "isSequential": False}

    def say(*, free: bool, restricted: bool) -> None:
        chapters = [{**chapter, "isFree": free, "firstWatchRestricted": restricted}]
        good(platform.admin.put(f"/api/admin/courses/{course.id}", json={**body, "chapters": chapters}))

    try:
        say(free=True, restricted=False)
        view = platform.watch(platform.person("student"), video)
        assert ask(platform, view, 2).status_code == 200
        say(free=True, restricted=True)
        refused(ask(platform, view, 2), 403, "not_watched_yet")
        say(free=False, restricted=False)
        refused(ask(platform, view, 0), 403, "not_entitled")
    finally:
        say(free=False, restricted=True)


def test_ending_nobodys_sessions_is_no_request(platform: Platform) -> None:
    refused(platform.admin.post("/api/admin/sessions/revoke", json={}), 422, "invalid_request")


def test_a_student_signs_a_device_out(platform: Platform, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    student.headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Version/26.1 Safari/604.1"
    phone = platform.watch(student, video)
    student.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
    desk = platform.watch(student, video)
    devices = good(student.get("/api/devices"))["devices"]
    assert [(one["browser"], one["system"], one["openSessions"]) for one in devices] == [
        ("Firefox", "Linux", 1),
        ("Safari", "iOS", 1),
    ]
    refused(platform.student().delete(f"/api/devices/{devices[1]['id']}"), 404, "device_not_found")
    assert student.delete(f"/api/devices/{devices[1]['id']}").status_code == 204
    refused(ask(platform, phone, 0), 401, "session_revoked")
    assert ask(platform, desk, 0).status_code == 200
    assert [one["browser"] for one in good(student.get("/api/devices"))["devices"]] == ["Firefox"]
    assert student.delete(f"/api/sessions/{desk.document['sessionId']}").status_code == 204
    refused(ask(platform, desk, 0), 401, "session_revoked")
    assert good(student.get("/api/sessions")) == {"sessions": []}


def test_lists_of_others_are_for_admins(platform: Platform, shown: Shown) -> None:
    course, _ = shown
    student = platform.student(course)
    for path in ("/api/admin/users/somebody/sessions", "/api/admin/users/somebody/devices"):
        refused(student.get(path), 403, "role_required")
        refused(platform.client().get(path), 401, "sign_in_required")
    refused(student.post("/api/admin/sessions/revoke", json={"userId": "somebody"}), 403, "role_required")


def test_an_enrolment_that_ends_ends_the_watching(platform: Platform, shown: Shown) -> None:
    course, video = shown
    user = platform.new_id("student")
    view = platform.watch(platform.student(course, user), video)
    assert ask(platform, view, 0).status_code == 200
    assert platform.admin.delete(f"/api/admin/enrollments/{course.id}/{user}").status_code == 204
    told = refused(ask(platform, view, 0), 403, "not_entitled")
    assert told["reason"] == "enrollment_ended"
