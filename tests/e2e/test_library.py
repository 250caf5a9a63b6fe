"""The library of films and their posters, over HTTP: who sees which, page by page, and which picture stands for one."""

import csv
import io
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.clients import Course, Platform, good, refused
from tests.support.films import FFMPEG, make_film
from tests.support.patience import until
from tests.support.running import Suite

LIBRARY = "/api/admin/videos"
JPEG = {"Content-Type": "image/jpeg"}


@dataclass(frozen=True)
class Shelf:
    """Three films of one course, the second the longest, and one of another."""

    course: Course
    other: Course
    videos: list[str]
    word: str


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("library")
    return [make_film(folder / f"{seconds}.mp4", seconds=seconds) for seconds in (2, 12, 4)]


@pytest.fixture(scope="module")
def shelf(platform: Platform, films: list[Path]) -> Iterator[Shelf]:
    course, other = platform.new_course(3), platform.new_course()
    word = f"shelf{uuid.uuid4().hex[:8]}"
    chapters = [*course.chapters, *other.chapters]
    sent = [
        platform.upload(chapter, film, f"{word} {name}.mp4")
        for chapter, film, name in zip(chapters, [*films, films[0]], ("Bb", "aa", "cc", "dd"), strict=True)
    ]
    for video in sent:
        platform.wait_for(video)
    yield Shelf(course, other, sent, word)


def ask(who: httpx.Client, **wanted: Any) -> dict[str, Any]:
    found: dict[str, Any] = good(who.get(LIBRARY, params=wanted))
    return found


def ids(page: dict[str, Any]) -> list[str]:
    return [film["videoId"] for film in page["items"]]


def picture(colour: str) -> bytes:
    made = subprocess.run(
        [FFMPEG, "-v", "error", "-f", "lavfi", "-i", f"color={colour}:size=64x36:duration=1", "-frames:v", "1",
         "-f", "mjpeg", "-"],
        capture_output=True, check=True,
    )  # fmt: skip
    return made.stdout


def test_films_are_found_sorted_and_paged(platform: Platform, shelf: Shelf) -> None:
    one, two, three, four = shelf.videos
    assert ids(ask(platform.admin, q=shelf.word)) == [four, three, two, one]
    assert ids(ask(platform.admin, q=shelf.word.upper(), sort="created")) == [one, two, three, four]
    assert ids(ask(platform.admin, courseId=shelf.course.id, sort="-duration")) == [two, three, one]
    # Chapters of the same title come by their ids; every order goes on where the page before ended.
    for sort in ("name", "-name", "created", "duration", "-size", "size", "views"):
        whole = ids(ask(platform.admin, q=shelf.word, sort=sort))
        seen, after = [], None
        while True:
            page = ask(platform.admin, q=shelf.word, sort=sort, limit=1, **({"after": after} if after else {}))
            seen += ids(page)
            after = page["next"]
            if after is None:
                break
        assert seen == whole, sort
        assert sorted(seen) == sorted(shelf.videos)
    assert ids(ask(platform.admin, q=shelf.word, state="failed")) == []
    assert ids(ask(platform.admin, q="%")) == []
    assert ids(ask(platform.admin, q=shelf.course.chapters[1])) == [two]
    assert "after" in str(refused(platform.admin.get(LIBRARY, params={"after": "eA"}), 422, "invalid_request"))
    cursor = ask(platform.admin, q=shelf.word, limit=1, sort="name")["next"]
    refused(platform.admin.get(LIBRARY, params={"after": cursor, "sort": "size"}), 422, "invalid_request")


def test_a_row_says_what_a_film_weighs_and_how_often_it_was_viewed(
    platform: Platform, suite: Suite, shelf: Shelf
) -> None:
    video = shelf.videos[1]
    [film] = [one for one in ask(platform.admin, courseId=shelf.course.id)["items"] if one["videoId"] == video]
    assert film["title"] == "Chapter 2"
    assert (film["status"], film["percent"], film["width"], film["height"]) == ("ready", 100, 320, 180)
    assert film["sourceBytes"] == platform.status(video)["sizeBytes"]
    assert film["sizeBytes"] == film["sourceBytes"] + film["renditionBytes"] > film["sourceBytes"]
    assert film["views"] == 0
    # Of a day that has its figures, of a day long gone, and of one that has none yet.
    days = "INSERT INTO analytics.video_days SELECT current_date - $3::int, $2, $1::text::uuid, '', 1, 5, 1, 1, 0, 0, 0, 0, 0, '{}', '{}', '{}', '{}', '{}'"
    columns = (
        "(day, course_id, video_id, chapter_id, sessions, views, viewers, completed, watch_ms, completion_sum, bytes,"
        " stall_count, stall_ms, bytes_by_rendition, startup_buckets, startup_counts, errors, devices)"
    )
    insert = days.replace("video_days SELECT", f"video_days {columns} SELECT")
    for ago in (3, 400):
        suite.query(insert, video, shelf.course.id, ago)
    suite.query(
        "INSERT INTO analytics.marks (name, at) VALUES ('rolled', date_trunc('day', now()) - interval '1 day')"
        " ON CONFLICT (name) DO NOTHING"
    )
    suite.query(
        "INSERT INTO analytics.video_analytics (session_id, video_id, user_id, is_view) VALUES (uuidv7(), $1::text::uuid, 'x', true)",
        video,
    )
    assert good(platform.admin.get(f"{LIBRARY}/{video}"))["views"] == 6
    assert ids(ask(platform.admin, courseId=shelf.course.id, sort="-views"))[0] == video


def test_an_instructor_sees_the_films_of_their_courses_only(platform: Platform, shelf: Shelf) -> None:
    teacher = platform.teacher(shelf.course)
    assert sorted(ids(ask(teacher, q=shelf.word))) == sorted(shelf.videos[:3])
    assert ids(ask(platform.person("instructor"))) == []
    refused(teacher.get(LIBRARY, params={"courseId": shelf.other.id}), 403, "not_your_course")
    refused(teacher.get(f"{LIBRARY}/{shelf.videos[3]}"), 403, "not_your_course")
    refused(platform.student(shelf.course).get(LIBRARY), 403, "role_required")
    refused(platform.admin.get(f"{LIBRARY}/{uuid.uuid4()}"), 404, "video_not_found")
    assert good(teacher.get(f"{LIBRARY}/{shelf.videos[0]}"))["versions"][0]["jobId"] is None
    assert good(platform.admin.get(f"{LIBRARY}/{shelf.videos[0]}"))["versions"][0]["jobId"]


def test_the_list_as_csv(platform: Platform, shelf: Shelf) -> None:
    answer = platform.admin.get(
        LIBRARY, params={"q": shelf.word, "sort": "created", "limit": 3}, headers={"Accept": "text/csv"}
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["videoId"] for row in rows] == shelf.videos[:3]
    assert rows[0]["originalName"] == f"{shelf.word} Bb.mp4"
    rest = platform.admin.get(answer.links["next"]["url"], headers={"Accept": "text/csv"})
    assert [row["videoId"] for row in csv.DictReader(io.StringIO(rest.text))] == shelf.videos[3:]
    assert platform.admin.get(LIBRARY, params={"format": "csv"}).text.startswith("videoId,")


def shown(platform: Platform, course: Course, chapter: int = 0) -> str:
    """The poster's URL, which has to be the same wherever one asks."""
    document = good(platform.admin.get(f"/api/courses/{course.id}"))
    url = str(document["chapters"][chapter]["posterUrl"])
    details = good(platform.admin.get(f"{LIBRARY}/{document['chapters'][chapter]['videoId']}"))
    assert details["posterUrl"] == details["poster"]["posterUrl"] == url
    if chapter == 0:
        summary = {one["id"]: one["posterUrl"] for one in good(platform.admin.get("/api/courses"))["courses"]}
        assert summary[course.id] == url
    return url


def test_a_poster_is_chosen_replaced_and_comes_back(platform: Platform, suite: Suite, films: list[Path]) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], films[1])
    poster, found = f"/api/videos/{video}/poster", shown(platform, course)
    [_, ten] = good(platform.admin.get(f"/api/videos/{video}/thumbnails"))["thumbnails"]
    # A moment of the film: the thumbnail nearest to it.
    assert good(platform.admin.put(poster, json={"time": 8.5})) == {
        "videoId": video, "posterUrl": ten["url"], "origin": "chosen",
    }  # fmt: skip
    assert shown(platform, course) == ten["url"]
    # A picture of the film as it is now goes with it, and comes back with it.
    red, blue = picture("red"), picture("blue")
    good(platform.admin.put(poster, content=red, headers=JPEG, params={"ofFilm": "true"}))
    chosen = shown(platform, course)
    assert platform.client().get(chosen).content == red
    good(platform.replace(video, films[0]), 202)
    until(lambda: platform.status(video)["replacing"] is None, "the other film")
    assert shown(platform, course) not in (found, chosen)
    good(platform.admin.post(f"/api/videos/{video}/rollback"))
    assert shown(platform, course) == chosen
    # Any other picture stays, whatever file it is.
    assert good(platform.admin.put(poster, content=blue, headers=JPEG))["origin"] == "uploaded"
    own = shown(platform, course)
    assert platform.client().get(own).content == blue
    until(lambda: platform.client().get(chosen).status_code == 404, "the one before to leave storage")
    good(platform.admin.post(f"/api/videos/{video}/rollback"))
    assert shown(platform, course) == own
    good(platform.admin.post(f"/api/videos/{video}/rollback"))
    assert good(platform.admin.delete(poster))["origin"] == "found"
    assert shown(platform, course) == found
    until(lambda: platform.client().get(own).status_code == 404, "it to leave storage")
    assert platform.client().get(ten["url"]).status_code == 200


def test_what_is_no_poster_is_refused(platform: Platform, shelf: Shelf) -> None:
    poster = f"/api/videos/{shelf.videos[0]}/poster"
    before = shown(platform, shelf.course)
    refused(platform.admin.put(poster, content=b"GIF89a", headers=JPEG), 415, "not_a_picture")
    refused(platform.admin.put(poster, content=picture("red")[:-40], headers=JPEG), 415, "not_a_picture")
    refused(
        platform.admin.put(poster, content=b"<svg/>", headers={"Content-Type": "image/svg+xml"}),
        415,
        "unsupported_media_type",
    )
    refused(platform.admin.put(poster, content=bytes(5 * 1024 * 1024), headers=JPEG), 413, "too_large")
    refused(platform.admin.put(poster, json={"time": -1}), 422, "invalid_request")
    refused(platform.admin.put(poster, json={}), 422, "missing_field")
    for body in (b"\0", b"[]", b"\xff", b"null"):
        sent = platform.admin.put(poster, content=body, headers={"Content-Type": "application/json"})
        refused(sent, 422, "invalid_request")
    refused(platform.admin.put(f"/api/videos/{uuid.uuid4()}/poster", json={"time": 1}), 404, "video_not_found")
    refused(platform.teacher(shelf.other).put(poster, json={"time": 1}), 403, "not_your_course")
    refused(platform.student(shelf.course).put(poster, json={"time": 1}), 403, "role_required")
    assert shown(platform, shelf.course) == before
