"""What counts as watched, what it unlocks, and what nobody can earn by claiming it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support.clients import Course, Platform, View, good, refused
from tests.support.films import make_film
from tests.support.running import Suite

Way = tuple[Course, list[str]]
SECONDS = 8.0
SLACK = 30.0
"""What a user may be credited with before any time has passed on the server's clock; after that, twice the clock."""


@pytest.fixture(scope="module")
def way(platform: Platform, short_film: Path) -> Way:
    """A sequential course of two chapters, first watch restricted, with films of eight seconds."""
    course = platform.new_course(2, sequential=True, restricted=True)
    return course, [platform.ready(chapter, short_film) for chapter in course.chapters]


@pytest.fixture(scope="module")
def open_way(platform: Platform, short_film: Path) -> Way:
    """As ``way``, without order and restriction, one chapter."""
    course = platform.new_course(1)
    return course, [platform.ready(course.chapters[0], short_film)]


@pytest.fixture(scope="module")
def lecture(platform: Platform, films: Path) -> Way:
    """Ten minutes of small, slow pictures: longer than anybody can have watched while these tests run."""
    film = make_film(films / "lecture.mp4", seconds=600, size="128x72", fps=5, sound=False)
    course = platform.new_course(1)
    return course, [platform.ready(course.chapters[0], film)]


def beat(
    platform: Platform, view: View, seq: int, *played: tuple[float, float], position: float | None = None
) -> dict[str, Any]:
    """One beat, sent as a closing page sends it: text/plain, no header, no cookie. The progress document."""
    body = {
        "seq": seq,
        "sentAt": "2026-01-01T00:00:00Z",
        "intervals": [{"from": start, "to": end, "rate": 1.0} for start, end in played],
        "position": played[-1][1] if position is None and played else position,
    }
    headers = {"Content-Type": "text/plain;charset=UTF-8"}
    answer: dict[str, Any] = good(platform.client().post(view.path("beat"), content=json.dumps(body), headers=headers))
    return answer


def progress(student: httpx.Client, chapter: str) -> dict[str, Any]:
    document: dict[str, Any] = good(student.get(f"/api/progress/chapters/{chapter}"))
    return document


def test_beats_count_each_second_once_and_show_frontier_and_gaps(platform: Platform, open_way: Way) -> None:
    course, (video,) = open_way
    student = platform.student(course)
    view = platform.watch(student, video)
    first = beat(platform, view, 1, (0, 2))
    assert (first["chapterId"], first["courseId"], first["videoId"]) == (course.chapters[0], course.id, video)
    assert (first["watchedSeconds"], first["watchPercentage"], first["frontier"]) == (2, 25, 2)
    assert (first["currentPosition"], first["totalDuration"], first["isCompleted"]) == (2, SECONDS, False)

    again = beat(platform, view, 2, (0, 2), (1, 2))
    assert (again["watchedSeconds"], again["watchPercentage"]) == (2, 25)

    # A gap of two seconds is bridged by the frontier, though it counts as not watched; a longer one stops it.
    bridged = beat(platform, view, 3, (3.5, 4))
    assert (bridged["watchedSeconds"], bridged["frontier"], bridged["gaps"]) == (2.5, 4, [])
    ahead = beat(platform, view, 4, (7, 7.5))
    assert (ahead["watchedSeconds"], ahead["frontier"]) == (3, 4)
    assert ahead["gaps"] == [{"from": 4, "to": 7}]
    # Nothing is restricted here, so the viewer may seek anywhere.
    assert ahead["maxSeek"] == SECONDS
    shown = progress(student, course.chapters[0])
    assert {**shown, "updatedAt": None} == {**ahead, "updatedAt": None}


def test_a_restricted_chapter_cannot_be_skipped_in_the_first_watch(platform: Platform, way: Way) -> None:
    course, (video, _) = way
    student = platform.student(course)
    chapter = course.chapters[0]
    assert progress(student, chapter)["maxSeek"] == 0
    view = platform.watch(student, video)
    assert view.document["firstWatchRestricted"] is True
    assert beat(platform, view, 1, (0, 3))["maxSeek"] == 3
    leapt = beat(platform, view, 2, (7, 7.9))
    assert (leapt["maxSeek"], leapt["currentPosition"]) == (3, 3)
    opened_before(platform, view, 60)
    body = {"currentPosition": 7.5, "totalDuration": SECONDS, "watchPercentage": 95}
    claimed = good(student.put(f"/api/progress/chapters/{chapter}", json=body))
    assert (claimed["currentPosition"], claimed["maxSeek"], claimed["isCompleted"]) == (3, 3, False)


def test_ninety_percent_complete_a_chapter_and_unlock_the_next(platform: Platform, way: Way) -> None:
    course, (first, second) = way
    student = platform.student(course)
    refused(student.get(f"/api/videos/{second}/access-token"), 403, "chapter_locked")
    view = platform.watch(student, first)
    almost = beat(platform, view, 1, (0, 7.1))
    assert (almost["isCompleted"], almost["nextChapterUnlocked"], almost["completedAt"]) == (False, False, None)
    assert almost["nextChapterId"] == course.chapters[1]
    refused(student.get(f"/api/videos/{second}/access-token"), 403, "chapter_locked")

    done = beat(platform, view, 2, (7.1, 7.2))
    assert (done["watchPercentage"], done["isCompleted"], done["nextChapterUnlocked"]) == (90, True, True)
    assert done["completedAt"] is not None
    assert done["maxSeek"] == SECONDS
    assert platform.watch(student, second).document["chapterId"] == course.chapters[1]

    overview = good(student.get(f"/api/progress/courses/{course.id}"))
    assert (overview["chaptersCompleted"], overview["chaptersTotal"], overview["overallPercentage"]) == (1, 2, 50)
    assert [item["state"] for item in overview["chapters"]] == ["completed", "not_started"]
    assert [item["isLocked"] for item in overview["chapters"]] == [False, False]
    assert overview["lastWatched"] == {"chapterId": course.chapters[0], "currentPosition": 7.2}
    assert overview["totalWatchTime"] == pytest.approx(7.2)
    listed = good(student.get(f"/api/courses/{course.id}"))["chapters"]
    assert listed[0]["progress"] == {"watchPercentage": 90, "currentPosition": 7.2, "isCompleted": True}


def test_a_claimed_hour_is_not_earned(platform: Platform, lecture: Way) -> None:
    course, (video,) = lecture
    began = time.monotonic()
    view = platform.watch(platform.student(course), video)
    credited = beat(platform, view, 1, (0, 3600))["watchedSeconds"]
    assert SLACK - 1 <= credited <= SLACK + 2 * (time.monotonic() - began) + 0.1
    # Asking again earns what the clock has given meanwhile and no second slack.
    for seq in range(2, 8):
        last = beat(platform, view, seq, (0, 600), (300, 600))
        assert last["watchedSeconds"] <= SLACK + 2 * (time.monotonic() - began) + 0.1
        assert last["isCompleted"] is False
    # Nor does a new session.
    other = platform.watch(platform.student(course), video)
    assert beat(platform, other, 1, (0, 5))["watchedSeconds"] == 5


def test_ten_sessions_at_once_earn_what_one_earns(platform: Platform, lecture: Way) -> None:
    course, (video,) = lecture
    began = time.monotonic()
    student = platform.student(course)
    views = [platform.watch(student, video) for _ in range(10)]

    def told(number: int) -> bool:
        interval = {"from": 60 * number, "to": 60 * number + 60, "rate": 1}
        answer = platform.client().post(views[number].document["beatUrl"], json={"seq": 1, "intervals": [interval]})
        # Of more than two at once the newest are heard.
        return answer.status_code == 200 or not refused(answer, 409, "session_superseded")

    with ThreadPoolExecutor(10) as pool:
        heard = list(pool.map(told, range(10)))
    assert any(heard)
    earned = progress(student, course.chapters[0])["watchedSeconds"]
    assert SLACK - 1 <= earned <= SLACK + 2 * (time.monotonic() - began) + 0.1


def test_repeated_and_late_beats_change_nothing(platform: Platform, open_way: Way) -> None:
    course, (video,) = open_way
    beats = {1: (0.0, 2.0), 2: (2.0, 3.0), 3: (3.0, 4.0), 4: (7.0, 8.0)}
    seen = []
    for order in ([1, 2, 3, 4], [3, 1, 2, 2, 4, 4, 1, 3], [4, 3, 2, 1, 4]):
        student = platform.student(course)
        view = platform.watch(student, video)
        for seq in order:
            beat(platform, view, seq, beats[seq])
        document = progress(student, course.chapters[0])
        total = good(student.get("/api/progress/stats"))["totalWatchTime"]
        names = ("watchedSeconds", "watchPercentage", "frontier", "gaps", "currentPosition", "isCompleted")
        seen.append(({name: document[name] for name in names}, total))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0]["watchedSeconds"] == 5
    assert seen[0][1] == 5


def test_a_beat_that_makes_no_sense_is_refused_or_earns_nothing(platform: Platform, open_way: Way) -> None:
    course, (video,) = open_way
    student = platform.student(course)
    view = platform.watch(student, video)
    client = platform.client()
    for body in ("", "[" * 60_000, "no json", "[]", "null", '{"intervals": 1}', '{"intervals": [{"from": -5, "to": 3}]}',
                 '{"seq": -1}', '{"intervals": [{"from": 0, "to": 1e9}]}', '{"position": "NaN"}',
                 '{"intervals": [{"from": NaN, "to": 3}]}', '{"intervals": [{"from": 0}]}'):  # fmt: skip
        refused(client.post(view.path("beat"), content=body), 400, "malformed_beat")
    refused(client.post(view.path("beat"), content=b"x" * 70_000), 413, "too_large")
    assert progress(student, course.chapters[0])["watchedSeconds"] == 0
    backwards = beat(platform, view, 1, (5, 2), (100, 200), (4, 4))
    assert backwards["watchedSeconds"] == 0


def put(student: httpx.Client, chapter: str, position: float) -> dict[str, Any]:
    """A report as the seeds' clients send it; what it claims besides the position is not believed."""
    body = {"currentPosition": position, "totalDuration": 9999, "watchPercentage": 99}
    document: dict[str, Any] = good(student.put(f"/api/progress/chapters/{chapter}", json=body))
    return document


def opened_before(platform: Platform, view: View, seconds: float) -> None:
    """Moves the opening of a session back on the server's clock, so that nobody has to wait."""
    platform.suite.query(
        "UPDATE access.playback_sessions SET created_at = created_at - make_interval(secs => $1) "
        "WHERE id = $2::text::uuid",
        seconds,
        view.document["sessionId"],
    )


@pytest.mark.parametrize("restricted", [False, True])
def test_a_position_without_a_session_earns_nothing(
    platform: Platform, way: Way, open_way: Way, restricted: bool
) -> None:
    course, _ = way if restricted else open_way
    student, chapter = platform.student(course), course.chapters[0]
    for _ in range(3):
        claimed = put(student, chapter, 7.5)
        assert (claimed["watchedSeconds"], claimed["frontier"], claimed["isCompleted"]) == (0, 0, False)
        assert claimed["nextChapterUnlocked"] is False
        # Where the way is free the place is kept, to go on from there.
        assert claimed["currentPosition"] == (0 if restricted else 7.5)
    # Nor does somebody else's session, or one of another film, or one that is over.
    somebody = platform.student(course)
    opened_before(platform, platform.watch(somebody, way[1][0] if restricted else open_way[1][0]), 60)
    assert put(student, chapter, 7.5)["watchedSeconds"] == 0
    good(student.post(f"/api/progress/chapters/{chapter}/reset"))
    view = platform.watch(student, way[1][0] if restricted else open_way[1][0])
    opened_before(platform, view, 60)
    platform.suite.query(
        "UPDATE access.playback_sessions SET expires_at = now() WHERE id = $1::text::uuid", view.document["sessionId"]
    )
    assert put(student, chapter, 7.5)["watchedSeconds"] == 0


def test_a_position_earns_what_can_have_been_played_since_the_session_was_opened(
    platform: Platform, open_way: Way
) -> None:
    course, (video,) = open_way
    student, chapter = platform.student(course), course.chapters[0]
    began = time.monotonic()
    view = platform.watch(student, video)
    # Eight seconds at twice the speed take four; the session is younger.
    claimed = put(student, chapter, 8)
    assert claimed["watchedSeconds"] == 0 or time.monotonic() - began >= 4
    good(student.post(f"/api/progress/chapters/{chapter}/reset"))
    opened_before(platform, view, 10)
    assert put(student, chapter, 2)["watchedSeconds"] == 2


def test_what_a_position_and_beats_tell_of_one_play_is_one_play(platform: Platform, lecture: Way) -> None:
    course, (video,) = lecture
    chapter = course.chapters[0]

    def total(student: httpx.Client) -> tuple[float, float, list[float]]:
        figures = good(student.get("/api/progress/stats"))
        way = good(student.get(f"/api/progress/courses/{course.id}"))
        return figures["totalWatchTime"], way["totalWatchTime"], [day["seconds"] for day in figures["days"]]

    first, then = platform.student(course), platform.student(course)
    view = platform.watch(first, video)
    opened_before(platform, view, 60)
    assert put(first, chapter, 5)["watchedSeconds"] == 5
    beat(platform, view, 1, (0, 10))
    assert beat(platform, view, 2, (10, 17))["watchedSeconds"] == 17
    assert put(first, chapter, 18)["watchedSeconds"] == 17
    assert total(first) == (17, 17, [17])
    view = platform.watch(then, video)
    opened_before(platform, view, 60)
    assert beat(platform, view, 1, (0, 10))["watchedSeconds"] == 10
    assert put(then, chapter, 12)["watchedSeconds"] == 10
    assert beat(platform, view, 2, (10, 15))["watchedSeconds"] == 15
    assert total(then) == (15, 15, [15])
    # What is watched a second time is time spent, though no new second of the film.
    assert beat(platform, view, 3, (0, 5))["watchedSeconds"] == 15
    assert total(then) == (20, 20, [20])


def test_a_place_in_a_chapter_without_a_film_is_refused(platform: Platform, suite: Suite) -> None:
    course = platform.new_course()
    student = platform.student(course)
    answer = student.put(f"/api/progress/chapters/{course.chapters[0]}", json={"currentPosition": 3})
    refused(answer, 409, "chapter_has_no_video")
    assert progress(student, course.chapters[0])["currentPosition"] == 0


def test_the_seeds_clients_put_their_position(platform: Platform, lecture: Way) -> None:
    course, (video,) = lecture
    student = platform.student(course)
    opened_before(platform, platform.watch(student, video), 60)
    address = f"/api/progress/chapters/{course.chapters[0]}"
    body = {"currentPosition": 12, "totalDuration": 9999, "watchPercentage": 99}
    first = good(student.put(address, json=body))
    assert (first["currentPosition"], first["watchPercentage"], first["isCompleted"]) == (12, 2, False)
    assert first["totalDuration"] == 600
    # A moment later it stands a little further: that can have been played. The end of the film cannot.
    assert good(student.put(address, json={**body, "currentPosition": 13.8}))["watchPercentage"] == 2.3
    leapt = good(student.put(address, json={**body, "currentPosition": 600, "watchPercentage": 100}))
    assert (leapt["currentPosition"], leapt["watchPercentage"], leapt["isCompleted"]) == (600, 2.3, False)
    # Back to an earlier place is no watching either.
    back = good(student.put(address, json={**body, "currentPosition": 1}))
    assert (back["currentPosition"], back["watchPercentage"]) == (1, 2.3)
    for wrong in (
        {},
        {"currentPosition": -1},
        {"currentPosition": "x"},
        {"currentPosition": 1, "watchPercentage": 101},
    ):
        assert student.put(address, json=wrong).status_code == 422
    for broken in (b"xx", b'{"currentPosition": ', b""):
        told = refused(
            student.put(address, content=broken, headers={"Content-Type": "application/json"}),
            422,
            "invalid_request" if broken else "missing_field",
        )
        assert told["errors"][0]["field"] == "body"
        assert "JSON" in told["detail"] or not broken
    refused(student.put("/api/progress/chapters/no-such-chapter", json=body), 404, "unknown_chapter")
    refused(student.get("/api/progress/chapters/no-such-chapter"), 404, "unknown_chapter")


def test_staff_completes_and_who_watches_resets(platform: Platform, way: Way) -> None:
    course, (_, second) = way
    user = platform.new_id("student")
    student = platform.student(course, user)
    chapter = course.chapters[0]
    address = f"/api/progress/chapters/{chapter}"
    refused(student.post(f"{address}/complete"), 403, "completion_is_earned")
    refused(student.post(f"{address}/complete", params={"userId": user}), 403, "completion_is_earned")
    instructor = platform.teacher(course)
    done = good(instructor.post(f"{address}/complete", params={"userId": user}))
    assert (done["isCompleted"], done["nextChapterUnlocked"]) == (True, True)
    assert progress(student, chapter)["isCompleted"] is True
    assert progress(student, chapter)["maxSeek"] == SECONDS
    good(student.get(f"/api/videos/{second}/access-token"))
    # A second time changes nothing.
    assert good(instructor.post(f"{address}/complete", params={"userId": user}))["completedAt"] == done["completedAt"]

    refused(platform.student(course).post(f"{address}/reset", params={"userId": user}), 403, "role_required")
    begun_anew = good(student.post(f"{address}/reset"))
    assert (begun_anew["isCompleted"], begun_anew["watchPercentage"], begun_anew["currentPosition"]) == (False, 0, 0)
    assert begun_anew["maxSeek"] == 0
    refused(student.get(f"/api/videos/{second}/access-token"), 403, "chapter_locked")


def test_completion_stays_when_one_watches_again(platform: Platform, open_way: Way) -> None:
    course, (video,) = open_way
    student = platform.student(course)
    view = platform.watch(student, video)
    done = beat(platform, view, 1, (0, 8))
    again = beat(platform, view, 2, (0, 1))
    assert (again["isCompleted"], again["completedAt"], again["watchPercentage"]) == (True, done["completedAt"], 100)
    assert again["currentPosition"] == 1


def test_stats_are_in_the_students_own_days(platform: Platform, open_way: Way) -> None:
    course, (video,) = open_way
    student = platform.student(course)
    nothing = good(student.get("/api/progress/stats"))
    assert nothing == {
        "totalWatchTime": 0, "chaptersCompleted": 0, "coursesStarted": 0, "coursesCompleted": 0, "currentStreak": 0, "longestStreak": 0, "courses": [],
        "days": [],
    }  # fmt: skip
    for zone in ("Asia/Tbilisi", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        somebody = platform.student(course)
        before = datetime.now(ZoneInfo(zone)).date()
        beat(platform, platform.watch(somebody, video), 1, (0, 8))
        figures = good(somebody.get("/api/progress/stats", params={"tz": zone}))
        after = datetime.now(ZoneInfo(zone)).date()
        assert figures["totalWatchTime"] == 8
        assert (figures["chaptersCompleted"], figures["coursesStarted"], figures["coursesCompleted"]) == (1, 1, 1)
        assert figures["currentStreak"] == 1
        assert [item["seconds"] for item in figures["days"]] == [8]
        assert figures["days"][0]["date"] in {before.isoformat(), after.isoformat()}
    # The last ones are known to Python, and to Postgres not.
    for zone in ("Mars/Olympus", "../../etc/passwd", "", "a\0b", "localtime", "posix/Asia/Tbilisi"):
        refused(student.get("/api/progress/stats", params={"tz": zone}), 400, "unknown_time_zone")


def test_progress_is_each_persons_own(platform: Platform, open_way: Way) -> None:
    course, (video,) = open_way
    one, other = platform.student(course), platform.student(course)
    beat(platform, platform.watch(one, video), 1, (0, 6))
    assert progress(one, course.chapters[0])["watchedSeconds"] == 6
    assert progress(other, course.chapters[0])["watchedSeconds"] == 0
    refused(platform.student().get(f"/api/progress/courses/{course.id}"), 404, "course_not_found")


def test_analytics_are_taken_from_who_may_watch(platform: Platform, suite: Suite, open_way: Way) -> None:
    course, (video,) = open_way
    student = platform.student(course)
    view = platform.watch(student, video)
    events = [
        {"type": "session_start", "at": 0},
        {"type": "quality_change", "at": 2.5, "quality": "180p"},
        {"type": "stall", "at": 3},
        {"type": "bandwidth", "bytes": 5000},
        {"type": "session_end", "at": 8, "watchDuration": 8},
    ]
    session = view.document["sessionId"]
    body = {"sessionId": session, "events": events}
    address = f"/api/videos/{video}/analytics"
    assert good(student.post(address, json=body), 202) == {"accepted": 5}
    (row,) = suite.query("SELECT * FROM analytics.video_analytics WHERE session_id = $1::text::uuid", session)
    assert (str(row["video_id"]), row["quality_selected"], row["bandwidth_used"]) == (video, "180p", 5000)
    # What was watched is what beats were credited with, and there were none.
    assert row["watch_duration"] == 0
    refused(platform.student().post(address, json=body), 403, "not_entitled")
    refused(platform.student(course).post(address, json=body), 403, "not_your_session")
    assert student.post(address, json={"sessionId": session, "events": [{"type": "nonsense"}]}).status_code == 422
    assert student.post(address, json={"sessionId": session, "events": []}).status_code == 422


def test_a_course_says_how_much_completes_and_who_may_mark(platform: Platform, short_film: Path) -> None:
    course = platform.new_course(2, sequential=True)
    first, second = course.chapters
    platform.ready(first, short_film)
    platform.ready(second, short_film)
    student = platform.student(course)
    body: dict[str, Any] = {
        "title": "T",
        "isSequential": True,
        "chapters": [{"id": first, "title": "1", "completionPercentage": 50}, {"id": second, "title": "2"}],
    }
    path = f"/api/admin/courses/{course.id}"
    answer = good(platform.admin.put(path, json={**body, "completionPercentage": 80}))
    assert (answer["completionPercentage"], answer["studentsMayComplete"]) == (80, False)
    assert [chapter["completionPercentage"] for chapter in answer["chapters"]] == [50, 80]
    for wrong in (0, 101, -5, "much"):
        refused(platform.admin.put(path, json={**body, "completionPercentage": wrong}), 422, "invalid_request")

    refused(student.post(f"/api/progress/chapters/{first}/complete"), 403, "completion_is_earned")
    good(platform.admin.put(path, json={**body, "studentsMayComplete": True}))
    # What is locked is not theirs to mark, nor is anything for who has no part in the course.
    refused(student.post(f"/api/progress/chapters/{second}/complete"), 403, "chapter_locked")
    refused(platform.student().post(f"/api/progress/chapters/{first}/complete"), 404, "unknown_chapter")
    done = good(student.post(f"/api/progress/chapters/{first}/complete"))
    assert (done["isCompleted"], done["nextChapterUnlocked"], done["watchPercentage"]) == (True, True, 0)
    good(student.post(f"/api/progress/chapters/{second}/complete"))
    refused(student.post(f"/api/progress/chapters/{first}/complete", params={"userId": "other"}), 403, "role_required")
    kinds = "SELECT type FROM analytics.platform_events WHERE course_id = $1 AND user_id IS NOT NULL ORDER BY id"
    assert [row["type"] for row in platform.suite.query(kinds, course.id)] == [
        "chapter.completed", "chapter.completed", "course.completed",
    ]  # fmt: skip


def test_a_cheating_client_earns_nothing_beyond_the_budget(platform: Platform, lecture: Way) -> None:
    """Through the gateway, in a session of their own: a percentage of 100, leaps of 89 seconds, sixteen times the speed."""
    course, (video,) = lecture
    chapter, student = course.chapters[0], platform.student(course)
    began = time.monotonic()
    view = platform.watch(student, video)

    def told(seq: int, intervals: list[dict[str, float]]) -> dict[str, Any]:
        body = {"seq": seq, "intervals": intervals, "position": 600}
        answer: dict[str, Any] = good(platform.client().post(view.path("beat"), content=json.dumps(body)))
        return answer

    put = good(
        student.put(
            f"/api/progress/chapters/{chapter}",
            json={"currentPosition": 600, "totalDuration": 600, "watchPercentage": 100},
        )
    )
    assert (put["watchedSeconds"], put["isCompleted"]) == (0, False)
    for seq in range(1, 30):
        hops = [{"from": at, "to": at + 1, "rate": 1} for at in range(0, 600, 89)]
        fast = [{"from": 16 * seq, "to": 16 * seq + 160, "rate": 16}]
        last = told(seq, hops if seq % 2 else fast)
    earned = good(student.get("/api/progress/stats"))["totalWatchTime"]
    assert last["isCompleted"] is False
    assert last["watchedSeconds"] <= earned <= SLACK + 2 * (time.monotonic() - began) + 0.1
