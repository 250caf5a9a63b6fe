"""What players tell of viewing sessions: kept once, whatever is sent again, and believed only where it does no harm."""

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support import past
from tests.support.clients import Course, Platform, good, refused
from tests.support.patience import until
from tests.support.running import Suite

Shown = tuple[Course, str]
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Version/26.1 Mobile/15E148 Safari/604.1"


def row_of(suite: Suite, session: str) -> dict[str, Any]:
    found = suite.query("SELECT * FROM analytics.video_analytics WHERE session_id = $1::text::uuid", session)
    assert len(found) == 1
    return {
        name: json.loads(value) if isinstance(value, str) and value[:1] in "{[" else value
        for name, value in found[0].items()
    }


def events_of(suite: Suite, session: str) -> list[dict[str, Any]]:
    return suite.query("SELECT * FROM analytics.video_events WHERE session_id = $1::text::uuid ORDER BY seq", session)


def test_all_that_a_player_tells_is_kept(platform: Platform, suite: Suite, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    student.headers["User-Agent"] = PHONE
    session = platform.watch(student, video).document["sessionId"]
    events = [
        {"type": "session_start", "at": 0, "time": "2026-01-05T10:00:00Z"},
        {"type": "startup", "duration": 0.75},
        {"type": "quality_change", "at": 2.5, "fromQuality": "90p", "quality": "180p"},
        {"type": "stall", "at": 3, "duration": 1.25},
        {"type": "stall", "at": 5, "duration": 0.5},
        {"type": "bandwidth", "bytes": 5000, "rendition": "90p"},
        {"type": "bandwidth", "bytes": 7000, "rendition": "180p"},
        {"type": "bandwidth", "bytes": 1000, "rendition": "180p"},
        {"type": "error", "code": "key_unavailable", "message": "503"},
        {"type": "error", "code": "key_unavailable"},
        {"type": "error"},
        {"type": "speed", "rate": 1.5},
        {"type": "fullscreen", "entered": True},
        {"type": "fullscreen", "entered": False},
        {"type": "pip", "entered": True},
        {"type": "startup", "duration": 9},
        {"type": "session_end", "at": 8, "watchDuration": 3600},
    ]
    address = f"/api/videos/{video}/analytics"
    assert good(student.post(address, json={"sessionId": session, "seq": 0, "events": events}), 202) == {"accepted": 17}
    row = row_of(suite, session)
    assert (str(row["video_id"]), row["course_id"], row["chapter_id"]) == (video, course.id, course.chapters[0])
    assert (row["quality_selected"], row["speed"], row["startup_ms"]) == ("180p", 1.5, 750)
    assert (row["stall_count"], row["stall_ms"], row["bandwidth_used"]) == (2, 1750, 13000)
    assert row["bytes_by_rendition"] == {"90p": 5000, "180p": 8000}
    assert row["errors"] == {"key_unavailable": 2, "other": 1}
    assert (row["device_type"], row["browser"], row["os"]) == ("mobile", "Safari", "iOS")
    assert row["ip_address"] == "127.0.0.0/24"
    assert row["event_counts"]["bandwidth"] == 3
    assert sum(row["event_counts"].values()) == 17
    assert row["watch_duration"] == 0, "a player's own word counted as time that was watched"
    kept = events_of(suite, session)
    assert [event["type"] for event in kept] == [event["type"] for event in events]
    assert (kept[2]["quality"], json.loads(kept[2]["data"])) == ("180p", {"from": "90p"})
    assert (kept[3]["at"], kept[3]["value"]) == (3, 1250)
    assert (kept[8]["code"], json.loads(kept[8]["data"])) == ("key_unavailable", {"message": "503"})
    assert (kept[11]["value"], json.loads(kept[12]["data"])) == (1.5, {"entered": True})
    assert kept[0]["occurred_at"].isoformat() == "2026-01-05T10:00:00+00:00"


@pytest.mark.parametrize("numbered", ["batch", "event"])
def test_what_is_told_again_counts_once(platform: Platform, suite: Suite, shown: Shown, numbered: str) -> None:
    course, video = shown
    student = platform.student(course)
    session = platform.watch(student, video).document["sessionId"]
    address = f"/api/videos/{video}/analytics"

    def batch(number: int, count: int) -> dict[str, Any]:
        events: list[dict[str, Any]] = [{"type": "bandwidth", "bytes": 100} for _ in range(count)]
        body: dict[str, Any] = {"sessionId": session, "events": events}
        if numbered == "batch":
            return {**body, "seq": number}
        for place, event in enumerate(events):
            event["seq"] = number * 100 + place
        return body

    for number, count in ((1, 3), (2, 2), (1, 3), (0, 1), (2, 2)):
        assert good(student.post(address, json=batch(number, count)), 202) == {"accepted": count}
    assert row_of(suite, session)["bandwidth_used"] == 600
    assert len(events_of(suite, session)) == 6


def test_a_batch_may_hold_what_was_told_before(platform: Platform, suite: Suite, shown: Shown) -> None:
    """As of a queue that was kept through a loss of the network and has grown meanwhile."""
    course, video = shown
    student = platform.student(course)
    session = platform.watch(student, video).document["sessionId"]
    for numbers in ((1, 2, 3), (2, 3, 4, 4), (1, 5)):
        events = [{"type": "bandwidth", "bytes": 10**number, "seq": number} for number in numbers]
        good(_tell(student, video, session, *events), 202)
    row = row_of(suite, session)
    assert (row["bandwidth_used"], row["event_counts"]) == (111_110, {"bandwidth": 5})


def test_players_that_number_nothing_are_taken_as_they_come(platform: Platform, suite: Suite, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    session = platform.watch(student, video).document["sessionId"]
    body = {"sessionId": session, "events": [{"type": "stall", "at": 1}, {"type": "bandwidth", "bytes": 10}]}
    for _ in range(3):
        good(student.post(f"/api/videos/{video}/analytics", json=body), 202)
    row = row_of(suite, session)
    assert (row["stall_count"], row["bandwidth_used"]) == (3, 30)
    assert [event["seq"] for event in events_of(suite, session)] == [-6, -5, -4, -3, -2, -1]


def test_only_a_session_of_ones_own_is_told_of(platform: Platform, suite: Suite, shown: Shown, short_film: Any) -> None:
    course, video = shown
    student = platform.student(course)
    session = platform.watch(student, video).document["sessionId"]
    address = f"/api/videos/{video}/analytics"
    body = {"sessionId": session, "events": [{"type": "session_start"}]}
    refused(platform.student().post(address, json=body), 403, "not_entitled")
    refused(platform.student(course).post(address, json=body), 403, "not_your_session")
    refused(platform.admin.post(address, json=body), 403, "not_your_session")
    for invented in (str(uuid.uuid4()), str(past.id_at(past.days_ago(0)))):
        refused(student.post(address, json={**body, "sessionId": invented}), 404, "unknown_session")
    elsewhere = platform.new_course(free=True)
    other = platform.ready(elsewhere.chapters[0], short_film)
    refused(student.post(f"/api/videos/{other}/analytics", json=body), 404, "unknown_session")
    assert suite.query("SELECT 1 FROM analytics.video_analytics WHERE session_id = $1::text::uuid", session) == []
    for wrong in ({"type": "nonsense"}, {"type": "stall", "duration": -1}, {"type": "speed", "rate": 0}):
        refused(student.post(address, json={**body, "events": [wrong]}), 422, "invalid_request")
    refused(student.post(address, json={**body, "events": []}), 422, "invalid_request")
    refused(student.post(address, json={**body, "events": [{"type": "stall"}] * 501}), 422, "invalid_request")


def test_a_session_that_tells_without_end_is_stopped(platform: Platform, suite: Suite, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    session = platform.watch(student, video).document["sessionId"]
    body = {"sessionId": session, "events": [{"type": "pip", "entered": True}] * 500}
    for _ in range(40):
        good(student.post(f"/api/videos/{video}/analytics", json=body), 202)
    refused(student.post(f"/api/videos/{video}/analytics", json=body), 409, "too_many_events")
    assert len(events_of(suite, session)) == 20_000


def test_what_comes_together_is_counted_each(platform: Platform, suite: Suite, shown: Shown) -> None:
    """Forty at once, of four sessions, each batch told twice: written together, answered one by one."""
    course, video = shown
    students = [platform.student(course) for _ in range(4)]
    sessions = [platform.watch(student, video).document["sessionId"] for student in students]

    def tell(number: int) -> int:
        who = number % 4
        body = {"sessionId": sessions[who], "seq": number // 8, "events": [{"type": "bandwidth", "bytes": 10}] * 5}
        # Two of the four send what is refused, in between.
        if number % 7 == 0:
            body = {**body, "sessionId": str(uuid.uuid4())}
        return students[who].post(f"/api/videos/{video}/analytics", json=body).status_code

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(tell, range(80)))
    assert [status for number, status in enumerate(answers) if number % 7 == 0] == [404] * 12
    for who, session in enumerate(sessions):
        told = {number // 8 for number in range(80) if number % 4 == who and number % 7}
        assert row_of(suite, session)["bandwidth_used"] == 50 * len(told)


def test_nothing_that_was_acknowledged_is_lost_when_the_service_is_killed(
    new_suite: Callable[..., Suite], short_film: Any
) -> None:
    suite = new_suite().start()
    platform = Platform(suite)
    course = platform.new_course()
    video = platform.ready(course.chapters[0], short_film)
    students = [platform.student(course) for _ in range(4)]
    sessions = [platform.watch(student, video).document["sessionId"] for student in students]
    acknowledged: set[tuple[str, int]] = set()
    killed = threading.Event()

    def tell(who: int) -> None:
        after = 0
        for number in range(100_000):
            body = {"sessionId": sessions[who], "seq": number, "events": [{"type": "bandwidth", "bytes": 1}]}
            answer = students[who].post(f"/api/videos/{video}/analytics", json=body)
            if answer.status_code == 202:
                acknowledged.add((sessions[who], number))
                after += killed.is_set()
            else:
                assert answer.status_code in (502, 503, 504), answer.text
            if after == 20:
                return

    with ThreadPoolExecutor(4) as pool:
        telling = [pool.submit(tell, who) for who in range(4)]
        until(lambda: len(acknowledged) > 200, "batches that were acknowledged")
        suite.process("services.progress").kill()
        killed.set()
        for one in telling:
            one.result()
    kept = {
        (str(row["session_id"]), row["seq"] // 512)
        for row in suite.query("SELECT session_id, seq FROM analytics.video_events")
    }
    assert acknowledged <= kept
    for session in sessions:
        # The row has what its events say, also of those whose answer never came.
        assert row_of(suite, session)["bandwidth_used"] == sum(one == session for one, _ in kept)
    platform.close()


def test_what_was_watched_comes_from_what_was_credited(platform: Platform, suite: Suite, shown: Shown) -> None:
    """A player that tells nothing has a row as well, and one that boasts has not more than it played."""
    course, video = shown
    chapter = course.chapters[0]
    boaster, silent, brief = (platform.student(course) for _ in range(3))
    silent.headers["User-Agent"] = PHONE
    sessions = [platform.watch(student, video).document["sessionId"] for student in (boaster, silent, brief)]
    body = {"sessionId": sessions[0], "events": [{"type": "session_end", "watchDuration": 8}]}
    good(boaster.post(f"/api/videos/{video}/analytics", json=body), 202)
    # A film of eight seconds counts as seen from its half on: the threshold of ten is more than it has.
    for session, spans in zip(sessions, ([(0, 3000)], [(0, 3000), (5000, 7000)], [(0, 3900)]), strict=True):
        row = past.watched(past.days_ago(0), video=video, course=course.id, chapter=chapter, user="x", played=spans)
        owner = suite.query("SELECT user_id FROM access.playback_sessions WHERE id = $1::text::uuid", session)[0]
        suite.query("DELETE FROM learning.watch_sessions WHERE session_id = $1::text::uuid", session)
        suite.query(past.INSERT, json.dumps([{**row, "session_id": session, "user_id": owner["user_id"]}]))
    assert past.settle(suite) >= 3
    rows = [row_of(suite, session) for session in sessions]
    assert [row["watch_duration"] for row in rows] == [3, 5, 3.9]
    assert [row["completion_rate"] for row in rows] == [37.5, 62.5, 48.75]
    assert [row["is_view"] for row in rows] == [False, True, False]
    assert (rows[1]["device_type"], rows[1]["os"], rows[1]["ip_address"]) == ("mobile", "iOS", "127.0.0.0/24")
    assert rows[0]["event_counts"] == {"session_end": 1}
    assert past.settle(suite) == 0, "what was taken over already was taken over again"
    # It goes on: the same row tells of more, and is a view once.
    suite.query(
        "UPDATE learning.watch_sessions SET credited_ms = 6000, played = '{[0,6000)}', last_beat_at = now()"
        " WHERE session_id = $1::text::uuid",
        sessions[0],
    )
    assert past.settle(suite) == 1
    row = row_of(suite, sessions[0])
    assert (row["watch_duration"], row["completion_rate"], row["is_view"]) == (6, 75, True)


def test_a_view_begins_where_the_setting_says(platform: Platform, suite: Suite, shown: Shown) -> None:
    course, video = shown
    user = platform.new_id("student")
    rows = [
        past.watched(
            past.days_ago(0), video=video, course=course.id, chapter=course.chapters[0], user=user,
            played=[(0, seconds * 1000)], duration_ms=600_000,
        )
        for seconds in (19, 20, 21)
    ]  # fmt: skip
    # Else the suite's own worker may come first, with its own setting.
    with suite.held("services.progress.worker"):
        suite.query(past.INSERT, json.dumps(rows))
        past.settle(suite, view_threshold_seconds=20)
    assert [row_of(suite, row["session_id"])["is_view"] for row in rows] == [False, True, True]


def test_the_first_word_of_a_session_may_come_after_its_beats(platform: Platform, suite: Suite, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    session = platform.watch(student, video).document["sessionId"]
    owner = suite.query("SELECT user_id FROM access.playback_sessions WHERE id = $1::text::uuid", session)[0]["user_id"]
    row = past.watched(
        past.days_ago(0), video=video, course=course.id, chapter=course.chapters[0], user=owner, played=[(0, 8000)]
    )
    suite.query(past.INSERT, json.dumps([{**row, "session_id": session}]))
    past.settle(suite)
    good(_tell(student, video, session, {"type": "startup", "duration": 1}), 202)
    found = row_of(suite, session)
    assert (found["watch_duration"], found["completion_rate"], found["startup_ms"]) == (8, 100, 1000)


def _tell(who: httpx.Client, video: str, session: str, *events: dict[str, Any]) -> httpx.Response:
    return who.post(f"/api/videos/{video}/analytics", json={"sessionId": session, "events": list(events)})


def test_nobody_makes_a_courses_traffic_look_dear(platform: Platform, suite: Suite, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    session = platform.watch(student, video).document["sessionId"]
    events = [{"type": "bandwidth", "bytes": 2**50, "rendition": "180p"}] * 100
    good(student.post(f"/api/videos/{video}/analytics", json={"sessionId": session, "events": events}), 202)
    # A buffer, and five megabytes a second since it was opened a moment ago.
    row = row_of(suite, session)
    assert 100_000_000 <= row["bandwidth_used"] < 1_000_000_000
    assert row["bytes_by_rendition"] == {"180p": row["bandwidth_used"]}
