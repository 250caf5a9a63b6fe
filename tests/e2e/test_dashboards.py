"""Every figure of a dashboard beside what the test itself did; lists page by page, and as CSV."""

import csv
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import past
from tests.support.clients import Course, Platform, good, refused
from tests.support.films import make_film
from tests.support.running import Suite

BASE = "/api/admin/analytics"
LISTS = ("videos", "chapters", "struggling", "experience", "bandwidth", "users/somebody")
Seen = list[dict[str, Any]]
Audience = tuple[str, Seen, Seen]


class School:
    """A course of two chapters with films of eight seconds, and what was seen of it since five days ago."""

    def __init__(self, platform: Platform, suite: Suite, film: Path) -> None:
        self.platform, self.suite = platform, suite
        self.course = platform.new_course(2)
        self.videos = [platform.ready(chapter, film) for chapter in self.course.chapters]
        self.teacher = platform.teacher(self.course)
        self.seen: Seen = []
        luck = random.Random(4)
        for number in range(60):
            chapter = number % 2
            start = luck.randrange(0, 4000)
            row = past.watched(
                past.days_ago(number % 5 + 0.001),
                video=self.videos[chapter], course=self.course.id, chapter=self.course.chapters[chapter],
                user=f"{self.course.id}.user-{number % 7}", played=[(start, start + luck.randrange(0, 4000))],
            )  # fmt: skip
            self.seen.append(row)
        suite.query(past.INSERT, json.dumps(self.seen))
        past.settle(suite)
        self.told: list[dict[str, Any]] = []
        for row in self.seen:
            told = {
                "bandwidth_used": luck.randrange(10**6, 10**8), "startup_ms": luck.randrange(50, 5000),
                "stall_ms": luck.randrange(0, 2000), "stall_count": luck.randrange(0, 4),
                "errors": {"network": luck.randrange(1, 3)} if luck.random() < 0.2 else {}, "session": row,
                "device_type": luck.choice(["desktop", "mobile", "tv"]),
            }  # fmt: skip
            low = told["bandwidth_used"] // 3
            told["bytes_by_rendition"] = {"360p": low, "720p": told["bandwidth_used"] - low}
            self.told.append(told)
            suite.query(
                "UPDATE analytics.video_analytics SET bandwidth_used = $2, startup_ms = $3, stall_ms = $4,"
                " stall_count = $5, errors = $6::jsonb, bytes_by_rendition = $7::jsonb, device_type = $8"
                " WHERE session_id = $1::text::uuid",
                row["session_id"], told["bandwidth_used"], told["startup_ms"], told["stall_ms"], told["stall_count"],
                json.dumps(told["errors"]), json.dumps(told["bytes_by_rendition"]), told["device_type"],
            )  # fmt: skip


@pytest.fixture(scope="module")
def school(platform: Platform, suite: Suite, short_film: Path) -> School:
    return School(platform, suite, short_film)


def shown(who: httpx.Client, name: str, **asked: Any) -> dict[str, Any]:
    document: dict[str, Any] = good(who.get(f"{BASE}/{name}", params=asked))
    return document


def pages(who: httpx.Client, name: str, **asked: Any) -> Iterator[dict[str, Any]]:
    """All items, page by page."""
    after: dict[str, str] = {}
    while True:
        page = shown(who, name, **asked, **after)
        assert len(page["items"]) <= asked.get("limit", 100)
        yield from page["items"]
        if page["next"] is None:
            return
        after = {"after": page["next"]}


def is_view(row: dict[str, Any]) -> bool:
    return bool(row["credited_ms"] >= 4000)


@pytest.fixture(params=["from sessions", "from days"])
def source(request: pytest.FixtureRequest, suite: Suite, school: School) -> str:
    """The same figures have to come out whether days were rolled up or not."""
    past.unroll(suite)
    if request.param == "from days":
        assert past.roll_up(suite) >= 4
        assert past.roll_up(suite) <= 1, "days of which nothing changed were made again"
        days = suite.query("SELECT count(*) AS n FROM analytics.video_days WHERE course_id = $1", school.course.id)
        assert days[0]["n"] >= 8
    return str(request.param)


def test_how_each_film_does(school: School, source: str) -> None:
    items = shown(school.platform.admin, "videos", courseId=school.course.id)["items"]
    assert {item["videoId"] for item in items} == set(school.videos)
    for item in items:
        told = [one for one in school.told if one["session"]["video_id"] == item["videoId"]]
        rows = [one["session"] for one in told]
        watched = [row["credited_ms"] / 1000 for row in rows]
        assert (item["sessions"], item["views"]) == (len(rows), sum(map(is_view, rows)))
        assert item["watchDuration"] == pytest.approx(sum(watched))
        assert item["averageWatchDuration"] == pytest.approx(sum(watched) / len(rows), abs=0.001)
        assert item["averageCompletionRate"] == pytest.approx(100 * sum(watched) / 8 / len(rows), abs=0.001)
        assert item["bandwidthUsed"] == sum(one["bandwidth_used"] for one in told)
        place = school.videos.index(item["videoId"])
        assert (item["chapterId"], item["title"]) == (school.course.chapters[place], f"Chapter {place + 1}")


def test_days_are_what_was_asked_for(school: School, source: str) -> None:
    for first, last in ((1, 3), (0, 0), (4, 4), (9, 6), (2, 2)):
        days = [datetime.now(UTC).date() - timedelta(days=back) for back in (last, first)]
        asked = {"courseId": school.course.id, "from": days[0].isoformat(), "to": days[1].isoformat()}
        items = shown(school.platform.admin, "videos", **asked)["items"]
        rows = [row for row in school.seen if days[0] <= datetime.fromisoformat(row["started_at"]).date() <= days[1]]
        assert sum(item["sessions"] for item in items) == len(rows)


def test_the_experience_of_viewers(school: School, source: str) -> None:
    [whole] = shown(school.platform.admin, "experience", courseId=school.course.id, by="all")["items"]
    check_experience(whole, school.told)
    videos = shown(school.platform.admin, "experience", courseId=school.course.id, by="video")["items"]
    assert [item["key"] for item in videos] == sorted(school.videos)
    for item in videos:
        check_experience(item, [one for one in school.told if one["session"]["video_id"] == item["key"]])
    days = shown(school.platform.admin, "experience", courseId=school.course.id)["items"]
    assert [item["key"] for item in days] == sorted({row["started_at"][:10] for row in school.seen})
    for item in days:
        check_experience(item, [one for one in school.told if one["session"]["started_at"][:10] == item["key"]])
    worst = shown(school.platform.admin, "experience", courseId=school.course.id, sort="-rebufferRatio")["items"]
    assert [one["rebufferRatio"] for one in worst] == sorted((one["rebufferRatio"] for one in days), reverse=True)


def check_experience(item: dict[str, Any], told: list[dict[str, Any]]) -> None:
    startups = sorted(one["startup_ms"] / 1000 for one in told)
    assert item["sessions"] == item["startups"] == len(told)
    # The first of which at least half (19 of 20) are no slower; to the width of a bucket.
    for name, share in (("startupP50", 0.5), ("startupP95", 0.95)):
        exact = startups[max(0, -(-len(startups) * round(share * 100) // 100) - 1)]
        assert item[name] == pytest.approx(exact, rel=0.05, abs=0.001)
    stalled, watched = (
        sum(values) for values in zip(*((one["stall_ms"], one["session"]["credited_ms"]) for one in told), strict=True)
    )
    assert item["stalls"] == sum(one["stall_count"] for one in told)
    assert item["rebufferRatio"] == pytest.approx(stalled / (stalled + watched), abs=1e-6)
    failed = sum(one["errors"].get("network", 0) for one in told)
    assert item["errors"] == failed
    assert item["errorsByCode"] == ({"network": failed} if failed else {})
    low = sum(one["bytes_by_rendition"]["360p"] for one in told)
    assert item["renditionShare"]["360p"] == pytest.approx(low / sum(one["bandwidth_used"] for one in told), abs=1e-4)
    assert item["devices"] == {
        kind: number
        for kind in ("desktop", "mobile", "tv")
        if (number := sum(one["device_type"] == kind for one in told))
    }


def test_bandwidth_and_its_cost(school: School, suite: Suite, source: str) -> None:
    video = school.videos[0]
    suite.query(
        "INSERT INTO analytics.downloads (id, video_id, user_id, quality, bytes)"
        " VALUES (uuidv7(), $1::text::uuid, 'x', '720p', 123456789)",
        video,
    )
    fetched = suite.query(
        "SELECT sum(bytes)::bigint AS n FROM analytics.downloads WHERE video_id = $1::text::uuid", video
    )
    document = shown(school.platform.admin, "bandwidth", courseId=school.course.id, pricePerGb=2.5)
    [item] = document["items"]
    streamed = sum(one["bandwidth_used"] for one in school.told)
    assert (item["courseId"], item["title"]) == (school.course.id, f"Course {school.course.id}")
    assert (item["streamedBytes"], item["downloadedBytes"]) == (streamed, fetched[0]["n"])
    assert item["bytes"] == streamed + fetched[0]["n"]
    assert item["bytesByRendition"]["360p"] == sum(one["bytes_by_rendition"]["360p"] for one in school.told)
    assert item["cost"] == pytest.approx(item["bytes"] / 1e9 * 2.5, abs=0.0001)
    assert document["pricePerGb"] == 2.5
    assert shown(school.platform.admin, "bandwidth", courseId=school.course.id)["items"][0]["cost"] == 0


def test_a_session_of_a_day_that_is_over_is_added_to_it(school: School, suite: Suite) -> None:
    past.unroll(suite)
    past.roll_up(suite)
    course, video = school.platform.new_course(), school.videos[0]
    late = past.watched(
        past.days_ago(3), video=video, course=course.id, chapter=course.chapters[0], user="late", played=[(0, 5000)]
    )
    before = shown(school.platform.admin, "videos", courseId=school.course.id)["items"]
    suite.query(past.INSERT, json.dumps([{**late, "course_id": school.course.id}]))
    assert past.settle(suite) == 1
    assert past.roll_up(suite) >= 1
    after = shown(school.platform.admin, "videos", courseId=school.course.id)["items"]
    assert sum(item["sessions"] for item in after) == sum(item["sessions"] for item in before) + 1
    session = {"id": late["session_id"]}
    for table in ("learning.watch_sessions", "analytics.video_analytics"):
        suite.query(f"DELETE FROM {table} WHERE session_id = $1::text::uuid", session["id"])


PROGRESS = """
INSERT INTO learning.progress (user_id, chapter_id, course_id, video_id, watched, duration_ms, position_ms, watch_time_ms,
    is_completed, completed_at, started_at, position_at, created_at, updated_at)
SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (user_id text, chapter_id text, course_id text, video_id uuid,
    watched int8multirange, duration_ms bigint, position_ms bigint, watch_time_ms bigint, is_completed boolean,
    completed_at timestamptz, started_at timestamptz, position_at timestamptz, created_at timestamptz,
    updated_at timestamptz)
"""


def progressed(
    user: str, course: str, chapter: str, video: str | None, *, spans: list[tuple[int, int]], began: float, last: float,
    completed: bool = False, duration_ms: int = 8000,
) -> dict[str, Any]:  # fmt: skip
    """A row of ``learning.progress``, begun and last watched so many days ago."""
    first, then = past.days_ago(began).isoformat(), past.days_ago(last).isoformat()
    return {
        "user_id": user, "chapter_id": chapter, "course_id": course, "video_id": video,
        "watched": past.multirange(spans), "duration_ms": duration_ms, "position_ms": spans[-1][1] if spans else 0,
        "watch_time_ms": sum(end - start for start, end in spans), "is_completed": completed,
        "completed_at": then if completed else None, "started_at": first, "position_at": then, "created_at": first,
        "updated_at": then,
    }  # fmt: skip


def test_chapters_by_who_completed_them(platform: Platform, suite: Suite) -> None:
    course = platform.new_course(3)
    rows = [
        progressed(
            f"u{number}", course.id, chapter, None, spans=[(0, 8000)], began=40, last=number, completed=number < done
        )
        for chapter, done in zip(course.chapters, (2, 9, 5), strict=True)
        for number in range(10)
    ]
    suite.query(PROGRESS, json.dumps(rows))
    items = shown(platform.admin, "chapters", courseId=course.id)["items"]
    assert [(item["chapterId"], item["started"], item["completed"], item["completionShare"]) for item in items] == [
        (course.chapters[1], 10, 9, 0.9), (course.chapters[2], 10, 5, 0.5), (course.chapters[0], 10, 2, 0.2),
    ]  # fmt: skip
    assert items[0]["title"] == "Chapter 2"
    rising = shown(platform.admin, "chapters", courseId=course.id, sort="completed")["items"]
    assert rising == items[::-1]
    day = past.days_ago(3).date().isoformat()
    on_it = shown(platform.admin, "chapters", courseId=course.id, **{"from": day, "to": day})["items"]
    assert [(item["chapterId"], item["completed"]) for item in on_it[:2]] == [
        (chapter, 1) for chapter in sorted((course.chapters[1], course.chapters[2]))
    ]


def test_what_one_person_watched(platform: Platform, suite: Suite, school: School) -> None:
    user = platform.new_id("student")
    other = platform.new_course(1)
    rows = [
        progressed(user, school.course.id, school.course.chapters[0], school.videos[0], spans=[(0, 2000), (4000, 6000)],
                   began=9, last=2),
        progressed(user, school.course.id, school.course.chapters[1], school.videos[1], spans=[(0, 8000)], began=8, last=1,
                   completed=True),
        progressed(user, other.id, other.chapters[0], None, spans=[], began=3, last=3),
    ]  # fmt: skip
    suite.query(PROGRESS, json.dumps(rows))
    sessions = [
        past.watched(
            past.days_ago(2), video=school.videos[0], course=school.course.id, chapter=school.course.chapters[0],
            user=user, played=[(0, 2000)], rewinds=[10, 20],
        )
        for _ in range(3)
    ]  # fmt: skip
    suite.query(past.INSERT, json.dumps(sessions))
    try:
        items = shown(platform.admin, f"users/{user}")["items"]
        assert [item["chapterId"] for item in items] == [
            school.course.chapters[1], school.course.chapters[0], other.chapters[0],
        ]  # fmt: skip
        first, second = items[:2]
        assert (first["isCompleted"], first["watchPercentage"], first["watchTime"]) == (True, 100, 8)
        assert (second["isCompleted"], second["watchPercentage"], second["currentPosition"]) == (False, 50, 6)
        assert (second["sessions"], second["rewinds"]) == (3, 6)
        assert (second["courseTitle"], second["title"]) == (f"Course {school.course.id}", "Chapter 1")
        own = shown(school.teacher, f"users/{user}")["items"]
        assert own == items[:2], "an instructor sees what is of the courses they teach"
        assert list(pages(platform.admin, f"users/{user}", limit=1)) == items
        shares = shown(platform.admin, f"users/{user}", sort="watchPercentage")["items"]
        assert [item["watchPercentage"] for item in shares] == [0, 50, 100]
    finally:
        ids = [row["session_id"] for row in sessions]
        suite.query("DELETE FROM learning.watch_sessions WHERE session_id = ANY($1::text[]::uuid[])", ids)


def test_who_may_need_help(platform: Platform, suite: Suite, other_film: Path) -> None:
    course = platform.new_course(2)
    video = platform.ready(course.chapters[0], other_film)
    first = course.chapters[0]

    def student(name: str, **given: Any) -> dict[str, Any]:
        return progressed(f"{course.id}.{name}", course.id, first, video, duration_ms=6000, **given)

    rows = [
        student("done", spans=[(0, 6000)], began=60, last=60, completed=True),
        student("new", spans=[], began=1, last=1),
        student("on-time", spans=[(0, 3000)], began=10, last=1),
        student("behind", spans=[(0, 600)], began=15, last=1),
        student("away", spans=[(0, 5000)], began=20, last=16),
        student("lost", spans=[(0, 5000)], began=8, last=1),
        student("wanders", spans=[(0, 5000)], began=8, last=1),
        student("all", spans=[(0, 60)], began=40, last=30),
    ]
    suite.query(PROGRESS, json.dumps(rows))
    places = {"lost": [1000, 5000, 9000, 30_000], "wanders": [1000, 12_000, 23_000], "all": [0, 10_000, 4000, 2000]}
    sessions = [
        past.watched(
            past.days_ago(2), video=video, course=course.id, chapter=first, user=f"{course.id}.{name}", played=[],
            rewinds=back, duration_ms=6000,
        )
        for name, rewinds in places.items()
        for back in (rewinds[:2], rewinds[2:])
    ]  # fmt: skip
    suite.query(past.INSERT, json.dumps(sessions))
    items = shown(platform.admin, "struggling", courseId=course.id)["items"]
    found = {item["userId"].removeprefix(f"{course.id}."): item for item in items}
    assert {name: item["reasons"] for name, item in found.items()} == {
        "all": ["behind", "rewinds", "absent"], "away": ["absent"], "behind": ["behind"], "lost": ["rewinds"],
    }  # fmt: skip
    assert (found["lost"]["rewinds"], found["lost"]["rewindAt"], found["lost"]["rewindChapterId"]) == (3, 1, first)
    assert (found["all"]["rewinds"], found["all"]["absentDays"], found["all"]["percentage"]) == (4, 30, 1)
    assert found["behind"]["percentage"] == 10
    assert found["behind"]["expectedPercentage"] == pytest.approx(50, abs=0.1)
    assert (found["away"]["absentDays"], found["away"]["chaptersTotal"]) == (16, 1)
    strict = shown(platform.admin, "struggling", courseId=course.id, absentDays=1, paceDays=3650)["items"]
    assert len(strict) == 7
    assert list(pages(platform.admin, "struggling", courseId=course.id, limit=1)) == items
    read = csv.DictReader(
        io.StringIO(platform.admin.get(f"{BASE}/struggling", params={"courseId": course.id, "format": "csv"}).text)
    )
    assert {row["userId"].removeprefix(f"{course.id}."): row["reasons"] for row in read}[
        "all"
    ] == "behind rewinds absent"


def test_every_student_beside_every_chapter(platform: Platform, suite: Suite, school: School) -> None:
    course = platform.new_course(3)
    teacher = platform.teacher(course)
    first, second, _ = course.chapters
    video = school.videos[0]
    names = [f"{course.id}.{name}" for name in ("all", "enrolled", "half", "teacher")]
    everybody = names[:3]
    rows = [
        progressed(names[0], course.id, first, video, spans=[(0, 8000)], began=9, last=3, completed=True),
        progressed(names[0], course.id, second, video, spans=[(0, 1000), (2000, 4000)], began=8, last=2),
        progressed(names[2], course.id, first, video, spans=[(0, 4000)], began=9, last=4),
        progressed(names[3], course.id, first, video, spans=[(0, 4000)], began=9, last=4),
    ]
    suite.query(PROGRESS, json.dumps(rows))
    good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{names[1]}"))
    assert platform.admin.put(f"/api/admin/courses/{course.id}/instructors/{names[3]}").status_code == 204
    name = f"matrix/{course.id}"
    page = shown(teacher, name)
    assert [(one["chapterId"], one["hasFilm"]) for one in page["chapters"]] == [(one, False) for one in course.chapters]
    items = page["items"]
    assert [(one["userId"], one["isEnrolled"]) for one in items] == [
        (names[0], False), (names[1], True), (names[2], False),
    ]  # fmt: skip
    states = [[(cell["state"], cell["watchPercentage"]) for cell in one["cells"]] for one in items]
    nothing = ("not_started", 0)
    assert states == [
        [("completed", 100), ("in_progress", 37.5), nothing], [nothing] * 3, [("in_progress", 50), nothing, nothing],
    ]  # fmt: skip
    assert datetime.fromisoformat(items[0]["lastWatchedAt"]) == pytest.approx(
        past.days_ago(2), abs=timedelta(minutes=1)
    )
    assert items[1]["lastWatchedAt"] is None
    assert list(pages(platform.admin, name, limit=1)) == items
    lines = list(csv.DictReader(io.StringIO(platform.admin.get(f"{BASE}/{name}?format=csv").text)))
    assert [(line["userId"], float(line[first]), float(line[second])) for line in lines] == list(
        zip(everybody, (100, 0, 50), (37.5, 0, 0), strict=True)
    )

    of_films = shown(platform.admin, f"matrix/{school.course.id}")
    assert all(one["hasFilm"] for one in of_films["chapters"])
    whole = progressed(
        names[2], school.course.id, school.course.chapters[0], video, spans=[], began=2, last=1, completed=True
    )
    suite.query(PROGRESS, json.dumps([whole]))
    mine = {one["userId"]: one for one in shown(platform.admin, f"matrix/{school.course.id}")["items"]}[names[2]]
    assert (mine["overallPercentage"], mine["chaptersCompleted"]) == (50, 1)
    suite.query("DELETE FROM learning.progress WHERE user_id = $1 AND course_id = $2", names[2], school.course.id)

    refused(platform.student(course).get(f"{BASE}/{name}"), 403, "role_required")
    refused(school.teacher.get(f"{BASE}/{name}"), 403, "not_your_course")
    refused(platform.admin.get(f"{BASE}/matrix/nowhere"), 404, "course_not_found")
    refused(platform.admin.get(f"{BASE}/{name}?after=x"), 422, "invalid_request")
    assert shown(platform.admin, f"matrix/{platform.new_course().id}")["items"] == []


def naive(duration: int, step: int, steps: int, rows: list[tuple[list[tuple[int, int]], int]]) -> list[int]:
    """How many of ``rows`` (spans, and the length of the film they are of) have some of each step."""
    counts = [0] * steps
    for spans, clock in rows:
        touched: set[int] = set()
        for span in spans:
            start, end = ((2 * place * duration + clock) // (2 * clock) for place in span)
            touched |= {at for at in range(steps) if start < (at + 1) * step and end > at * step and start < end}
        for at in touched:
            counts[at] += 1
    return counts


@pytest.mark.parametrize("resolution", [None, 1.7, 2.0])
def test_the_curve_of_those_who_stay(platform: Platform, audience: Audience, resolution: float | None) -> None:
    """Six hundred sessions of a hundred and fifty people, some of a version of another length: as a naive count has it."""
    video, people, sessions = audience
    asked = {} if resolution is None else {"resolution": resolution}
    document = shown(platform.admin, f"retention/{video}", **asked)
    duration = round(document["duration"] * 1000)
    step = 1000 if resolution is None else round(resolution * 1000)
    steps = -(-duration // step)
    items = document["items"]
    assert [item["from"] for item in items] == [at * step / 1000 for at in range(steps)]
    assert items[-1]["to"] == document["duration"]
    assert [item["viewers"] for item in items] == naive(
        duration, step, steps, [(row["spans"], row["clock"]) for row in people]
    )
    assert [item["plays"] for item in items] == naive(
        duration, step, steps, [(row["spans"], row["clock"]) for row in sessions]
    )
    back, left = [0] * steps, [0] * steps
    for row in sessions:
        for place in row["rewinds"]:
            back[min((2 * place * duration + row["clock"]) // (2 * row["clock"]) // step, steps - 1)] += 1
        if row["position"] < row["clock"] * 0.95:
            left[min((2 * row["position"] * duration + row["clock"]) // (2 * row["clock"]) // step, steps - 1)] += 1
    assert [item["rewinds"] for item in items] == back
    assert [item["left"] for item in items] == left
    assert (document["viewers"], document["sessions"]) == (len(people), len(sessions))
    for name, counts, member in (("rewatched", back, "rewinds"), ("abandoned", left, "left")):
        best = sorted((at for at in range(steps) if counts[at]), key=lambda at: (-counts[at], at))[:5]
        assert [(one["from"], one[member]) for one in document[name]] == [(at * step / 1000, counts[at]) for at in best]
    assert list(pages(platform.admin, f"retention/{video}", limit=3, **asked)) == items
    text = platform.admin.get(f"{BASE}/retention/{video}", params={"format": "csv", **asked}).text
    read = list(csv.DictReader(io.StringIO(text)))
    assert [(float(row["from"]), int(row["viewers"])) for row in read] == [
        (one["from"], one["viewers"]) for one in items
    ]


@pytest.fixture(scope="module")
def audience(platform: Platform, suite: Suite, films: Path) -> Audience:
    """A film, and what was watched of it."""
    course = platform.new_course()
    film = make_film(films / "retention.mp4", seconds=20, size="96x54", fps=5, sound=False)
    video = platform.ready(course.chapters[0], film)
    duration = round(platform.status(video)["duration"] * 1000)
    luck = random.Random(11)

    def drawn() -> dict[str, Any]:
        clock = luck.choice([duration, duration, duration, duration * 3, duration // 2 + 7])
        edges = sorted(luck.sample(range(clock + 1), luck.choice([2, 2, 4, 6])))
        spans = list(zip(edges[::2], edges[1::2], strict=True))
        rewinds = [luck.randrange(clock + 1) for _ in range(luck.choice([0, 0, 0, 1, 4]))]
        return {"clock": clock, "spans": spans, "rewinds": rewinds, "position": luck.randrange(clock + 1)}

    people, sessions = [drawn() for _ in range(150)], [drawn() for _ in range(600)]
    suite.query(PROGRESS, json.dumps([
        progressed(f"{course.id}.{number}", course.id, course.chapters[0], video, spans=row["spans"],
                   duration_ms=row["clock"], began=5, last=4)
        for number, row in enumerate(people)
    ]))  # fmt: skip
    suite.query(past.INSERT, json.dumps([
        past.watched(past.days_ago(luck.uniform(0.1, 30)), video=video, course=course.id, chapter=course.chapters[0],
                     user=f"{course.id}.{number % 150}", played=row["spans"], duration_ms=row["clock"],
                     position_ms=row["position"], rewinds=row["rewinds"], state=luck.choice(["ended", "paused"]))
        for number, row in enumerate(sessions)
    ]))  # fmt: skip
    return video, people, sessions


def test_who_still_watches_has_not_left(platform: Platform, suite: Suite, shown_again: tuple[Course, str]) -> None:
    course, video = shown_again
    row = past.watched(
        past.days_ago(0), video=video, course=course.id, chapter=course.chapters[0], user="now", played=[(0, 2000)],
        state="playing", duration_ms=6000,
    )  # fmt: skip
    suite.query(past.INSERT, json.dumps([row]))
    assert [one["left"] for one in shown(platform.admin, f"retention/{video}")["items"]] == [0] * 6
    suite.query(
        "UPDATE learning.watch_sessions SET last_beat_at = now() - interval '1 hour' WHERE video_id = $1::text::uuid",
        video,
    )
    assert [one["left"] for one in shown(platform.admin, f"retention/{video}")["items"]] == [0, 0, 1, 0, 0, 0]


@pytest.fixture(scope="module")
def shown_again(platform: Platform, other_film: Path) -> tuple[Course, str]:
    course = platform.new_course()
    return course, platform.ready(course.chapters[0], other_film)


def test_each_sees_what_is_theirs(platform: Platform, suite: Suite, school: School) -> None:
    stranger = platform.teacher(platform.new_course())
    student = platform.student(school.course)
    video = school.videos[0]
    for name in (*LISTS, f"retention/{video}"):
        refused(student.get(f"{BASE}/{name}"), 403, "role_required")
        asked = {"courseId": school.course.id} if "retention" not in name else {}
        good(school.teacher.get(f"{BASE}/{name}", params=asked))
        refused(stranger.get(f"{BASE}/{name}", params=asked or {"limit": 5}), 403, "not_your_course")
        if asked:
            assert shown(stranger, name)["items"] == []
            refused(student.get(f"{BASE}/{name}", params=asked), 403, "role_required")
    assert {item["videoId"] for item in shown(school.teacher, "videos")["items"]} == set(school.videos)
    assert [item["courseId"] for item in shown(school.teacher, "bandwidth")["items"]] == [school.course.id]
    assert [item["key"] for item in shown(school.teacher, "experience", by="course")["items"]] == [school.course.id]
    refused(platform.admin.get(f"{BASE}/retention/{past.id_at(past.days_ago(0))}"), 404, "video_not_found")
    empty = platform.new_course()
    assert shown(platform.admin, "videos", courseId=empty.id)["items"] == []


def test_pages_have_every_row_once(platform: Platform, suite: Suite, school: School) -> None:
    courses = [platform.new_course() for _ in range(5)]
    # Of films that there are no more, three of them alike.
    sessions = [
        past.watched(
            past.days_ago(1), video=str(past.id_at(past.days_ago(9))), course=course.id, chapter=course.chapters[0],
            user="u", played=[(0, max(3000, number * 1000))],
        )
        for number, course in enumerate(courses)
    ]  # fmt: skip
    suite.query(past.INSERT, json.dumps(sessions))
    past.settle(suite)
    past.unroll(suite)
    begun = [
        progressed("u", course.id, course.chapters[0], None, spans=[(0, 8000)], began=3, last=2, completed=number < 2)
        for number, course in enumerate(courses)
    ]
    suite.query(PROGRESS, json.dumps(begun))
    for name, key, sorts in (
        ("videos", "videoId", ("views", "-averageWatchDuration", "-bandwidthUsed", "averageCompletionRate")),
        ("chapters", "chapterId", ("-completed", "started", "completionShare")),
        ("bandwidth", "courseId", ("-bytes", "bytes")),
        ("experience", "key", ("key", "-startupP95", "sessions")),
    ):
        for sort in sorts:
            asked = {"sort": sort, "limit": 1000}
            whole = shown(platform.admin, name, **asked)["items"]
            assert len({item[key] for item in whole}) == len(whole) > 1
            assert list(pages(platform.admin, name, sort=sort, limit=2)) == whole
    page = shown(platform.admin, "videos", limit=1)
    for after in ("x", page["next"][:-4], "bm9uZQ", "W10", "é"):
        refused(platform.admin.get(f"{BASE}/videos", params={"after": after}), 422, "invalid_request")
    refused(
        platform.admin.get(f"{BASE}/videos", params={"after": page["next"], "sort": "views"}), 422, "invalid_request"
    )
    for wrong in ({"limit": 0}, {"limit": 10_001}, {"sort": "id"}, {"from": "yesterday"}, {"to": "1999-12-31"}):
        refused(platform.admin.get(f"{BASE}/videos", params=wrong), 422, "invalid_request")


def test_lists_as_csv(platform: Platform, suite: Suite, school: School) -> None:
    course = platform.new_course()
    titles = '=HYPERLINK("http://x","a, b")\nüñ'
    chapter = {"id": course.chapters[0], "title": titles, "isFree": False, "firstWatchRestricted": False, "position": 1}
    good(
        platform.admin.put(
            f"/api/admin/courses/{course.id}", json={"title": "+1", "isSequential": False, "chapters": [chapter]}
        )
    )
    suite.query(PROGRESS, json.dumps([
        progressed("-minus", course.id, course.chapters[0], None, spans=[(0, 8000)], began=2, last=1, completed=True)
    ]))  # fmt: skip
    answer = platform.admin.get(f"{BASE}/chapters", params={"courseId": course.id}, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="chapters.csv"'
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    names, row = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
    assert names == ["chapterId", "courseId", "title", "started", "completed", "completionShare"]
    assert row == [course.chapters[0], course.id, "'" + titles, "1", "1", "1.0"]
    [line] = csv.DictReader(
        io.StringIO(platform.admin.get(f"{BASE}/users/-minus", params={"format": "csv"}).text, newline="")
    )
    assert (line["courseTitle"], line["title"], line["isCompleted"]) == ("'+1", "'" + titles, "true")
    # The same rows as in JSON, by the same names.
    for name in ("videos", "chapters", "experience", "bandwidth"):
        asked = {"courseId": school.course.id}
        items = shown(platform.admin, name, **asked)["items"]
        answer = platform.admin.get(f"{BASE}/{name}", params={**asked, "format": "csv"})
        lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert len(lines) == len(items) > 0
        for line, item in zip(lines, items, strict=True):
            assert list(line) == list(item)
            for key, value in item.items():
                if isinstance(value, dict):
                    assert json.loads(line[key]) == value
                elif isinstance(value, int | float):
                    assert float(line[key]) == value
                else:
                    assert line[key] == ("" if value is None else value)
    first = platform.admin.get(f"{BASE}/experience", params={"courseId": school.course.id, "format": "csv", "limit": 2})
    assert 'rel="next"' in first.headers["link"]
    second = platform.admin.get(first.headers["link"].split(">")[0][1:])
    assert second.headers["content-type"].startswith("text/csv")
    both = [line["key"] for answer in (first, second) for line in csv.DictReader(io.StringIO(answer.text))]
    assert both == [
        item["key"] for item in shown(platform.admin, "experience", courseId=school.course.id, limit=4)["items"]
    ]
