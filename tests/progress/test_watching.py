"""What follows from what viewers tell, on the real service and a real Postgres, with the test's own clock."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.progress.watching.idle import IdleSessions
from shared.contracts.access import Role
from shared.db import Database, new_id
from tests.support.lone_progress import Chapter, LoneProgress, lone_progress
from tests.support.video_profile import BASE, faults, segments


async def events(alone: LoneProgress, user: str) -> list[dict[str, Any]]:
    rows = await alone.sql("SELECT * FROM analytics.platform_events WHERE user_id = $1 ORDER BY id", user)
    return [{**row, "data": json.loads(row["data"])} for row in rows]


async def statements(alone: LoneProgress, user: str) -> list[dict[str, Any]]:
    rows = await alone.sql("SELECT statement FROM analytics.statements WHERE user_id = $1 ORDER BY id", user)
    return [json.loads(row["statement"]) for row in rows]


def verbs(some: list[dict[str, Any]]) -> list[str]:
    return [one["verb"]["display"]["en-US"] for one in some]


async def test_a_film_that_is_replaced_keeps_the_fraction(alone: LoneProgress) -> None:
    [chapter] = await alone.course(40.0, restricted=True)
    user, session = f"user-{new_id()}", alone.session()
    alone.pass_time(20_000)
    assert alone.beat(user, session, chapter, 1, [(0, 20)], 20).json()["watchPercentage"] == 50
    await alone.replace(chapter, 80.0)
    shown = alone.progress(user, chapter)
    assert (shown["watchPercentage"], shown["frontier"], shown["currentPosition"]) == (50, 40, 40)
    assert (shown["totalDuration"], shown["maxSeek"]) == (80, 40)
    overview = alone.get(user, f"/api/progress/courses/{chapter.course_id}").json()
    assert overview["chapters"][0]["watchPercentage"] == 50
    assert overview["lastWatched"]["currentPosition"] == 40
    # A session that still plays the old film goes on in its own time.
    alone.pass_time(1_100)
    await told_again(alone, chapter)
    alone.pass_time(10_000)
    later = alone.beat(user, session, chapter, 2, [(20, 30)], 30).json()
    assert (later["watchPercentage"], later["frontier"], later["currentPosition"]) == (75, 60, 60)
    # Complete stays complete, whatever comes after.
    alone.pass_time(30_000)
    assert alone.beat(user, session, chapter, 3, [(30, 37)], 37).json()["isCompleted"] is True
    alone.pass_time(60_000)
    assert alone.beat(user, session, chapter, 4, [(0, 1)], 1).json()["isCompleted"] is True


async def told_again(alone: LoneProgress, chapter: Chapter) -> None:
    """Waits until the service has forgotten what it knew of a chapter: a stranger's beat tells which film it knows."""
    import time

    until = time.monotonic() + 30
    while time.monotonic() < until:
        answer = alone.beat(f"user-{new_id()}", alone.session(), chapter, 1, [], 0).json()
        if answer["totalDuration"] != chapter.seconds:
            return
    raise AssertionError("the service still knows the old film")


async def test_an_old_beat_earns_and_does_not_move_the_place_back(alone: LoneProgress) -> None:
    [chapter] = await alone.course(100.0)
    user, laptop, phone = f"user-{new_id()}", alone.session(), alone.session()
    alone.pass_time(60_000)
    assert alone.beat(user, phone, chapter, 1, [(40, 50)], 50).json()["currentPosition"] == 50
    late = alone.beat(user, laptop, chapter, 1, [(0, 10)], 10, age=45).json()
    assert (late["currentPosition"], late["watchedSeconds"]) == (50, 20)
    assert alone.beat(user, laptop, chapter, 2, [(10, 12)], 12).json()["currentPosition"] == 12


async def test_a_beat_that_is_sent_again_costs_nothing_of_what_may_be_earned(alone: LoneProgress) -> None:
    [chapter] = await alone.course(100.0)
    user, session = f"user-{new_id()}", alone.session()
    first = alone.beat(user, session, chapter, 1, [(0, 10)], 10).json()["watchedSeconds"]
    assert first == 10
    for _ in range(4):
        assert alone.beat(user, session, chapter, 1, [(0, 10)], 10).json()["watchedSeconds"] == 10
    # What is left of the first half minute is there in full.
    assert alone.beat(user, session, chapter, 2, [(10, 40)], 40).json()["watchedSeconds"] == 30


async def test_processes_that_credit_one_student_at_once_spend_one_budget(alone: LoneProgress) -> None:
    """Two services on one database: what one spends of a student's budget, the other does not spend again."""
    chapters = await alone.course(60.0, 60.0)
    user = f"user-{new_id()}"
    # The budget is there before: the making of it alone would have one wait for the other.
    assert alone.beat(user, alone.session(), chapters[0], 1, [], 0).is_success
    held = await asyncpg.connect(alone.database.owner)
    with lone_progress(alone.database) as other, ThreadPoolExecutor(2) as threads:
        other.now = alone.now
        # Both are brought to the same place, whatever each of them has read by then.
        await held.execute("BEGIN")
        await held.execute("SELECT 1 FROM learning.watch_budgets WHERE user_id = $1 FOR UPDATE", user)
        answers = [
            threads.submit(service.beat, user, service.session(), chapter, 1, [(0, 60)], 60)
            for service, chapter in zip((alone, other), chapters, strict=True)
        ]
        try:
            while await held.fetchval(WAITING) < 2:
                await asyncio.sleep(0.01)
        finally:
            await held.close()
        assert sum(answer.result().json()["watchedSeconds"] for answer in answers) == 30


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"


async def test_how_much_completes_a_chapter_is_the_courses_to_say(alone: LoneProgress) -> None:
    one, other = await alone.course(10.0, 10.0)
    await alone.sql("UPDATE catalog.courses SET completion_percentage = 50 WHERE id = $1", one.course_id)
    await alone.sql("UPDATE catalog.chapters SET completion_percentage = 100 WHERE id = $1", other.id)
    user, session = f"user-{new_id()}", alone.session()
    half = alone.beat(user, session, one, 1, [(0, 5)], 5).json()
    assert (half["isCompleted"], half["completionPercentage"]) == (True, 50)
    session = alone.session()
    assert alone.beat(user, session, other, 1, [(0, 9.9)], 9.9).json()["isCompleted"] is False
    assert alone.beat(user, session, other, 2, [(9.9, 10)], 10).json()["isCompleted"] is True
    assert [(one["type"], one["chapter_id"]) for one in await events(alone, user)] == [
        ("chapter.started", one.id),
        ("chapter.completed", one.id),
        ("chapter.started", other.id),
        ("chapter.completed", other.id),
        ("course.completed", None),
    ]


async def test_a_chapter_is_completed_once_and_a_reset_keeps_what_was(alone: LoneProgress) -> None:
    [chapter] = await alone.course(10.0)
    user, session = f"user-{new_id()}", alone.session()
    alone.pass_time(5_000)
    for seq in range(1, 4):
        alone.beat(user, session, chapter, seq, [(0, 10)], 10).raise_for_status()
    told = await events(alone, user)
    assert [one["type"] for one in told] == ["chapter.started", "chapter.completed", "course.completed"]
    assert told[1]["data"] == {"watchPercentage": 100.0, "completedBy": None}
    headers = alone.headers(user)
    anew = alone.client.post(f"{alone.url}/api/progress/chapters/{chapter.id}/reset", headers=headers).json()
    assert (anew["isCompleted"], anew["watchedSeconds"], anew["startedAt"]) == (False, 0, None)
    [past] = alone.get(user, f"/api/progress/chapters/{chapter.id}/history").json()["history"]
    assert (past["isCompleted"], past["watchedSeconds"], past["resetBy"]) == (True, 10, user)
    # A reset of nothing is no history.
    alone.client.post(f"{alone.url}/api/progress/chapters/{chapter.id}/reset", headers=headers).raise_for_status()
    assert len(alone.get(user, f"/api/progress/chapters/{chapter.id}/history").json()["history"]) == 1
    alone.beat(user, session, chapter, 9, [(0, 10)], 10).raise_for_status()
    assert [one["type"] for one in await events(alone, user)][3:] == ["chapter.started", "chapter.completed"]


async def test_a_mark_of_staff_completes_and_says_whose_it_is(alone: LoneProgress) -> None:
    [chapter] = await alone.course(10.0)
    user = f"user-{new_id()}"
    path = f"{alone.url}/api/progress/chapters/{chapter.id}/complete"
    refused = alone.client.post(path, headers=alone.headers(user))
    assert (refused.status_code, refused.json()["code"]) == (403, "completion_is_earned")
    marked = alone.client.post(path, params={"userId": user}, headers=alone.headers("boss", Role.ADMIN)).json()
    assert (marked["isCompleted"], marked["watchedSeconds"]) == (True, 0)
    assert [(one["type"], one["data"].get("completedBy")) for one in await events(alone, user)] == [
        ("chapter.completed", "boss"),
        ("course.completed", None),
    ]
    await alone.sql("UPDATE catalog.courses SET students_may_complete = true WHERE id = $1", chapter.course_id)
    other = f"user-{new_id()}"
    assert alone.client.post(path, headers=alone.headers(other)).json()["isCompleted"] is True


async def test_what_a_session_did_is_told_in_statements_of_the_profile(alone: LoneProgress, owner: Database) -> None:
    [chapter] = await alone.course(100.0)
    user, session = f"user-{new_id()}", alone.session()
    alone.pass_time(60_000)
    alone.beat(user, session, chapter, 1, [(0, 10)], 10, state="playing")
    alone.beat(user, session, chapter, 2, [(10, 20)], 20, state="paused")
    alone.beat(user, session, chapter, 3, [(20, 30), (5, 8)], 8, state="playing")
    alone.beat(user, session, chapter, 3, [(20, 30), (5, 8)], 8, state="playing")
    alone.beat(user, session, chapter, 4, [], 90, state="ended")
    told = await statements(alone, user)
    assert [fault for one in told for fault in faults(one)] == []
    assert verbs(told) == ["initialized", "played", "paused", "played", "seeked", "seeked", "paused", "terminated"]
    went = [one["result"]["extensions"] for one in told if verbs([one]) == ["seeked"]]
    assert [(one[BASE + "time-from"], one[BASE + "time-to"]) for one in went] == [(30, 5), (8, 90)]
    assert segments(told[2]) == [(0, 20)]
    assert segments(told[-1]) == [(0, 30)]
    assert told[0]["context"]["extensions"][BASE + "completion-threshold"] == 0.9
    [row] = await alone.sql("SELECT state, rewinds FROM learning.watch_sessions WHERE session_id = $1", session)
    assert (row["state"], row["rewinds"]) == ("ended", [5000])

    # Whoever completes tells so, and who falls silent has ended; told twice, it is told once.
    silent = alone.session()
    alone.pass_time(60_000)
    alone.beat(user, silent, chapter, 1, [(30, 95)], 95, state="playing")
    assert alone.now is not None
    idle = IdleSessions(owner, "http://school.example")
    assert await ended_of(alone, idle, silent, alone.now + timedelta(minutes=4)) == "playing"
    for _ in range(2):
        assert await ended_of(alone, idle, silent, alone.now + timedelta(minutes=6)) == "ended"
    later = (await statements(alone, user))[len(told) :]
    assert [fault for one in later for fault in faults(one)] == []
    assert verbs(later) == ["initialized", "played", "completed", "paused", "terminated"]
    assert later[2]["result"]["completion"] is True


async def test_who_completes_over_two_sessions_is_told_with_all_that_was_watched(alone: LoneProgress) -> None:
    [chapter] = await alone.course(60.0)
    user = f"user-{new_id()}"
    alone.pass_time(60_000)
    alone.beat(user, alone.session(), chapter, 1, [(0, 29)], 29, state="ended").raise_for_status()
    alone.pass_time(60_000)
    alone.beat(user, alone.session(), chapter, 1, [(29, 55)], 55, state="playing").raise_for_status()
    told = await statements(alone, user)
    assert [fault for one in told for fault in faults(one)] == []
    [completed] = [one for one in told if verbs([one]) == ["completed"]]
    assert segments(completed) == [(0, 55)]


async def test_positions_of_old_clients_are_told_in_statements_too(alone: LoneProgress) -> None:
    [chapter] = await alone.course(20.0)
    user, session = f"user-{new_id()}", alone.session()
    assert alone.now is not None
    opened = {"id": str(session), "opened_at": alone.now.isoformat()}
    for position in (9.5, 19.0):
        alone.pass_time(10_000)
        answer = alone.client.put(
            f"{alone.url}/api/progress/chapters/{chapter.id}",
            json={"currentPosition": position},
            headers=alone.headers(user, session=opened),
        ).raise_for_status()
        assert answer.json()["updatedAt"] is not None
    assert answer.json()["isCompleted"] is True
    told = await statements(alone, user)
    assert [fault for one in told for fault in faults(one)] == []
    assert verbs(told) == ["initialized", "played", "completed"]
    assert told[-1]["result"]["extensions"][BASE + "time"] == 19


async def test_what_was_watched_of_a_film_that_is_deleted_stays(alone: LoneProgress) -> None:
    [chapter] = await alone.course(60.0)
    user = f"user-{new_id()}"
    alone.beat(user, alone.session(), chapter, 1, [(0, 12)], 12).raise_for_status()
    await alone.sql("UPDATE media.videos SET deleted_at = now() WHERE id = $1", chapter.video_id)
    shown = alone.progress(user, chapter)
    assert (shown["watchPercentage"], shown["watchedSeconds"], shown["videoId"]) == (20, 12, None)
    overview = alone.get(user, f"/api/progress/courses/{chapter.course_id}").json()
    assert overview["chapters"][0]["watchPercentage"] == 20


async def test_a_mark_of_staff_is_no_watching(alone: LoneProgress) -> None:
    one, other = await alone.course(20.0, 20.0)
    user = f"user-{new_id()}"
    alone.beat(user, alone.session(), one, 1, [(0, 5)], 5).raise_for_status()
    path = f"{alone.url}/api/progress/chapters/{other.id}/complete"
    alone.client.post(path, params={"userId": user}, headers=alone.headers("boss", Role.ADMIN)).raise_for_status()
    overview = alone.get(user, f"/api/progress/courses/{one.course_id}").json()
    assert overview["lastWatched"] == {"chapterId": one.id, "currentPosition": 5}
    assert [row["chapterId"] for row in alone.get(user, "/api/progress/continue").json()["chapters"]] == [one.id]


async def ended_of(alone: LoneProgress, idle: IdleSessions, session: UUID, now: Any) -> str:
    await idle.end(now)
    [row] = await alone.sql("SELECT state FROM learning.watch_sessions WHERE session_id = $1", session)
    return str(row["state"])


async def test_a_statement_that_lacks_something_is_found() -> None:
    assert faults({"verb": {"id": "https://w3id.org/xapi/video/verbs/played"}})
    assert faults({"verb": {"id": "https://example.org/jumped"}})


async def test_a_thousand_sessions_and_every_claim_earn_what_one_clock_gives(alone: LoneProgress) -> None:
    chapters = await alone.course(*[3600.0] * 10)
    user = f"user-{new_id()}"
    sessions = [alone.session() for _ in range(1000)]

    def claim(number: int) -> int:
        chapter = chapters[number % 10]
        # The whole film, leaps of 89 seconds, 16 times the speed, and everything twice.
        played = [[(0, 3600)], [(at, at + 1) for at in range(0, 3600, 89)], [(number, number + 160)]][number % 3]
        return alone.beat(user, sessions[number], chapter, 1 + number % 2, played, 3600.0).status_code

    with ThreadPoolExecutor(16) as many:
        assert set(many.map(claim, range(1000))) == {200}
    assert alone.get(user, "/api/progress/stats").json()["totalWatchTime"] == 30
    alone.pass_time(10_000)
    with ThreadPoolExecutor(16) as many:
        assert set(many.map(claim, range(500))) == {200}
    assert alone.get(user, "/api/progress/stats").json()["totalWatchTime"] == 50
    # A night's sleep is no lesson.
    alone.pass_time(8 * 3600 * 1000)
    alone.beat(user, sessions[0], chapters[0], 9, [(0, 3600)], 3600).raise_for_status()
    assert alone.get(user, "/api/progress/stats").json()["totalWatchTime"] == 170
    suspicious = [one for one in await events(alone, user) if one["type"] == "progress.suspicious"]
    assert suspicious and suspicious[0]["data"]["reason"] == "claimed_more_than_time_allows"
    told = [one["data"]["sessionId"] for one in suspicious]
    assert len(told) == len(set(told)), "a session is told once"
    assert all(one["data"]["claimedSeconds"] - one["data"]["creditedSeconds"] >= 300 for one in suspicious)


async def test_percentages_of_old_clients_earn_nothing_and_lose_nothing(alone: LoneProgress) -> None:
    [chapter] = await alone.course(100.0)
    user = f"user-{new_id()}"
    path = f"{alone.url}/api/progress/chapters/{chapter.id}"
    alone.pass_time(60_000)

    def put(**body: Any) -> dict[str, Any]:
        document: dict[str, Any] = alone.client.put(path, json=body, headers=alone.headers(user)).json()
        return document

    claimed = put(currentPosition=100, totalDuration=100, watchPercentage=100)
    assert (claimed["watchPercentage"], claimed["isCompleted"], claimed["currentPosition"]) == (0, False, 100)
    assert put(watchPercentage=40)["currentPosition"] == 40
    assert put()["code"] == "invalid_request"
    alone.beat(user, alone.session(), chapter, 1, [(0, 25)], 25).raise_for_status()
    lower = put(currentPosition=3, totalDuration=100, watchPercentage=3)
    assert (lower["watchPercentage"], lower["currentPosition"]) == (25, 3)


async def test_what_to_go_on_with(alone: LoneProgress) -> None:
    first = await alone.course(10.0, 10.0, 10.0)
    second = await alone.course(10.0)
    user = f"user-{new_id()}"
    assert alone.get(user, "/api/progress/continue").json() == {"chapters": []}
    alone.pass_time(60_000)
    alone.beat(user, alone.session(), first[0], 1, [(0, 10)], 10).raise_for_status()
    alone.pass_time(60_000)
    alone.beat(user, alone.session(), second[0], 1, [(0, 4)], 4).raise_for_status()
    shown = alone.get(user, "/api/progress/continue").json()["chapters"]
    assert [(one["chapterId"], one["state"], one["currentPosition"]) for one in shown] == [
        (second[0].id, "in_progress", 4),
        (first[1].id, "not_started", 0),
    ]
    alone.pass_time(60_000)
    alone.beat(user, alone.session(), second[0], 1, [(4, 10)], 10).raise_for_status()
    assert [one["chapterId"] for one in alone.get(user, "/api/progress/continue").json()["chapters"]] == [first[1].id]
    figures = alone.get(user, "/api/progress/stats").json()
    assert [(one["courseId"], one["chaptersCompleted"], one["chaptersTotal"]) for one in figures["courses"]] == [
        (second[0].course_id, 1, 1),
        (first[0].course_id, 1, 3),
    ]
    assert figures["courses"][0]["completedAt"] is not None
    others = alone.get(user, "/api/progress/continue", userId="somebody")
    assert (others.status_code, others.json()["code"]) == (403, "role_required")


@pytest.mark.parametrize("age", [-1, float("inf"), "x", 10**9])
async def test_an_age_that_is_none_is_refused(alone: LoneProgress, age: Any) -> None:
    [chapter] = await alone.course(10.0)
    answer = alone.beat("somebody", alone.session(), chapter, 1, [(0, 1)], 1, age=age)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_beat")
