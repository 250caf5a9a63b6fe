"""Uploaded files after the upload: kept once however often they are sent, and for as long as anybody needs them."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support import player
from tests.support.clients import Platform, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite, run_async

NOWHERE = "0198c0de-0000-7000-8000-000000000000"
MakeFilm = Callable[..., Path]


@pytest.fixture(scope="module")
def make(films: Path) -> MakeFilm:
    """Makes films of which no other test has the same bytes: of a name, as many frames as are said, 25 a second."""

    def film(name: str, seconds: int = 3, size: str = "128x72") -> Path:
        made = make_film(films / f"{name}.mp4", seconds=seconds, size=size, sound=False)
        # What follows the last box of an MP4 is nothing to a player, and other bytes to whoever compares.
        made.write_bytes(made.read_bytes() + (16).to_bytes(4, "big") + b"free" + name.encode()[:8].ljust(8))
        return made

    return film


def source_of(suite: Suite, video: str) -> dict[str, Any]:
    """Of the version that is shown, or will be."""
    [row] = suite.query(
        "SELECT v.* FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id "
        "WHERE x.id = $1::text::uuid AND v.id = coalesce(x.current_version_id, x.pending_version_id)",
        video,
    )
    return row


def own(suite: Suite, video: str) -> set[str]:
    return {name for name in suite.files("private") if name.startswith(f"{video}/")}


def swept(suite: Suite, video: str) -> None:
    """Waits until nothing of a video is left to be removed."""
    left = "SELECT 1 FROM media.storage_tombstones WHERE done_at IS NULL AND prefix LIKE '%' || $1 || '%'"
    until(lambda: not suite.query(left, video), f"the removal of what is gone of {video}")


def is_whole(platform: Platform, chapter_course: Any, video: str, frames: int) -> None:
    played = player.play(platform.watch(platform.student(chapter_course), video).master)
    assert (played.frames, played.complaints) == (frames, "")


def by_content(platform: Platform, film: Path, who: httpx.Client | None = None) -> list[str]:
    asked = {"sha256": hashlib.sha256(film.read_bytes()).hexdigest(), "size": film.stat().st_size}
    found = good((who or platform.admin).get("/api/videos/by-content", params=asked))["videos"]
    return [one["videoId"] for one in found]


def make_again(platform: Platform, video: str) -> httpx.Response:
    """Asks for everything of a film to be made again from its source."""
    jobs = good(platform.admin.get("/api/admin/jobs?limit=500"))["jobs"]
    [job] = [one["id"] for one in jobs if one["videoId"] == video]
    return platform.admin.post(f"/api/admin/jobs/{job}/retry", json={})


def is_made_again(suite: Suite, video: str) -> None:
    asked = "SELECT state FROM transcoding.video_processing_jobs WHERE video_id = $1::text::uuid"

    def done() -> bool:
        states = {row["state"] for row in suite.query(asked, video)}
        assert "failed" not in states
        return states == {"done"}

    until(done, f"{video} to be made again")


def test_the_same_file_is_stored_once_and_stays_for_as_long_as_one_film_needs_it(
    platform: Platform, suite: Suite, make: MakeFilm
) -> None:
    film = make("twice")
    course, other = platform.new_course(), platform.new_course()
    first = platform.ready(course.chapters[0], film)
    assert platform.status(first)["sameContent"] == []
    second = platform.ready(other.chapters[0], film)
    swept(suite, second)
    [key] = own(suite, first)
    assert own(suite, second) == set()
    assert source_of(suite, second)["source_key"] == key
    [same] = platform.status(second)["sameContent"]
    assert same == {
        "videoId": first, "chapterId": course.chapters[0], "courseId": course.id, "originalName": "film.mp4",
    }  # fmt: skip
    is_whole(platform, other, second, 75)

    good(platform.admin.delete(f"/api/videos/{first}"), 204)
    swept(suite, first)
    assert own(suite, first) == {key}
    assert platform.status(second)["sameContent"] == []
    # From the file of a film that is gone all of the other one can be made again.
    good(make_again(platform, second), 202)
    is_made_again(suite, second)
    is_whole(platform, other, second, 75)

    good(platform.admin.delete(f"/api/videos/{second}"), 204)
    until(lambda: not own(suite, first), "the file to go with the last film that needs it")


def test_a_replaced_version_keeps_the_file_that_it_shares(platform: Platform, suite: Suite, make: MakeFilm) -> None:
    film, another = make("shared"), make("another", seconds=2)
    first = platform.ready(platform.new_course().chapters[0], film)
    course = platform.new_course()
    second = platform.ready(course.chapters[0], film)
    swept(suite, second)
    good(platform.replace(second, another), 202)
    until(lambda: platform.status(second)["duration"] == 2, "the other film to be in place")
    good(platform.admin.delete(f"/api/videos/{first}"), 204)
    swept_now = "SELECT 1 FROM media.storage_tombstones WHERE done_at IS NULL AND prefix LIKE $1 AND not_before < now()"
    until(lambda: not suite.query(swept_now, f"{first}%"), "the removal of the first film")
    [key] = own(suite, first)
    good(platform.admin.post(f"/api/videos/{second}/rollback"))
    assert source_of(suite, second)["source_key"] == key
    is_whole(platform, course, second, 75)
    good(platform.admin.delete(f"/api/videos/{second}"), 204)
    until(lambda: not own(suite, first) and not own(suite, second), "all files to go")


def test_what_is_there_is_found_by_its_content_and_need_not_be_sent(
    platform: Platform, suite: Suite, make: MakeFilm
) -> None:
    film = make("found")
    course, other = platform.new_course(2), platform.new_course(2)
    video = platform.ready(course.chapters[0], film)
    teacher, elsewhere = platform.teacher(course), platform.teacher(other)
    student = platform.student(course)
    assert by_content(platform, film) == by_content(platform, film, teacher) == [video]
    assert by_content(platform, film, elsewhere) == []
    assert by_content(platform, make("not-sent")) == []
    asked = {"sha256": "0" * 64, "size": 1}
    refused(student.get("/api/videos/by-content", params=asked), 403, "role_required")
    refused(platform.admin.get("/api/videos/by-content", params={"sha256": "x", "size": 1}), 422, "invalid_request")

    def ask(chapter: str, of: str = video, by: httpx.Client | None = None) -> httpx.Response:
        return (by or platform.admin).post("/api/videos/from-existing", json={"chapterId": chapter, "videoId": of})

    # Who asks has to teach both courses.
    refused(ask(other.chapters[0], by=teacher), 403, "not_your_course")
    refused(ask(other.chapters[0], by=elsewhere), 403, "not_your_course")
    refused(ask(course.chapters[1], by=student), 403, "role_required")
    refused(ask(course.chapters[0]), 409, "chapter_has_video")
    refused(ask("no-such-chapter"), 404, "unknown_chapter")
    refused(ask(course.chapters[1], of=NOWHERE), 404, "video_not_found")
    made = good(ask(course.chapters[1], by=teacher), 202)["videoId"]
    platform.wait_for(made)
    assert own(suite, made) == set()
    assert platform.status(made)["originalName"] == "film.mp4"
    is_whole(platform, course, made, 75)
    shown = good(student.get(f"/api/videos/{made}/status"))
    assert (shown["sameContent"], shown["source"], shown["previous"]) == (None, None, None)
    assert [one["videoId"] for one in good(teacher.get(f"/api/videos/{made}/status"))["sameContent"]] == [video]


def test_a_source_that_nobody_read_is_read_once_and_then_shared(
    platform: Platform, suite: Suite, make: MakeFilm
) -> None:
    """As of an upload that passed us by: its SHA-256 is not known when the film is made."""
    film = make("unread", seconds=8, size="640x360")
    first = platform.ready(platform.new_course().chapters[0], film)
    sha256 = source_of(suite, first)["source_sha256"]
    assert sha256 == hashlib.sha256(film.read_bytes()).hexdigest()
    # Nobody's for a moment, so that the next one is not shared at once.
    suite.query("UPDATE media.video_versions SET source_sha256 = 'another' WHERE source_sha256 = $1", sha256)
    course = platform.new_course()
    second = platform.upload(course.chapters[0], film)
    active = (
        "SELECT 1 FROM transcoding.chunks c JOIN transcoding.video_processing_jobs j ON j.id = c.job_id "
        "WHERE j.video_id = $1::text::uuid AND c.state = 'active'"
    )
    until(lambda: suite.query(active, second), "a chunk to be in hand")
    with suite.held("services.transcoder.worker"):
        suite.query("UPDATE media.video_versions SET source_sha256 = $1 WHERE source_sha256 = 'another'", sha256)
        suite.query("UPDATE media.video_versions SET source_sha256 = NULL WHERE video_id = $1::text::uuid", second)
        until(lambda: source_of(suite, second)["source_key"].startswith(first), "the source to be shared")
        assert source_of(suite, second)["source_sha256"] == sha256
        # Whoever has it open may read it to the end: its removal was due, and was put off.
        put_off = (
            "SELECT 1 FROM media.storage_tombstones WHERE not_before > created_at + interval '5 s' AND prefix LIKE $1"
        )
        until(lambda: suite.query(put_off, f"{second}/%/source"), "its removal to be put off")
        assert own(suite, second)
    platform.wait_for(second)
    is_whole(platform, course, second, 200)
    until(lambda: not own(suite, second), "the copy to go")


def test_a_film_that_is_deleted_takes_nothing_from_one_that_is_made_of_it(
    platform: Platform, suite: Suite, make: MakeFilm
) -> None:
    """Both at the same time, again and again: one of them comes first, and either way nothing is lost."""
    course = platform.new_course(8)
    taken = 0
    for number, chapter in enumerate(course.chapters):
        source = platform.new_course()
        first = platform.upload(source.chapters[0], make(f"race{number}", seconds=1))
        start = threading.Barrier(2)

        def at_once(ask: Callable[[httpx.Client], httpx.Response], start: threading.Barrier = start) -> httpx.Response:
            client = platform.person("admin")
            start.wait()
            return ask(client)

        wish = {"chapterId": chapter, "videoId": first}
        with ThreadPoolExecutor(2) as pool:
            deleting = pool.submit(at_once, lambda client, url=f"/api/videos/{first}": client.delete(url))
            taking = pool.submit(at_once, lambda client, json=wish: client.post("/api/videos/from-existing", json=json))
        good(deleting.result(), 204)
        answer = taking.result()
        swept(suite, first)
        if answer.status_code == 202:
            taken += 1
            platform.wait_for(answer.json()["videoId"])
        else:
            refused(answer, 404, "video_not_found")
            assert own(suite, first) == set()
    living = suite.query(
        "SELECT v.source_key FROM media.video_versions v JOIN media.videos x ON x.current_version_id = v.id "
        "WHERE x.course_id = $1 AND x.deleted_at IS NULL", course.id,
    )  # fmt: skip
    assert len(living) == taken
    assert {row["source_key"] for row in living} <= suite.files("private")


def test_who_takes_a_source_waits_for_whoever_is_deleting_it(platform: Platform, suite: Suite, make: MakeFilm) -> None:
    video = platform.ready(platform.new_course().chapters[0], make("waits", seconds=1))
    wish = {"chapterId": platform.new_course().chapters[0], "videoId": video}
    client = platform.person("admin")
    held_up = "SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = $1::text::xid"

    async def delete_slowly() -> httpx.Response:
        connection = await asyncpg.connect(suite.facts()["databaseUrl"])
        try:
            async with connection.transaction():
                await connection.execute("UPDATE media.videos SET deleted_at = now() WHERE id = $1::text::uuid", video)
                own = await connection.fetchval("SELECT pg_current_xact_id()::xid::text")
                taking = asyncio.create_task(asyncio.to_thread(client.post, "/api/videos/from-existing", json=wish))
                await asyncio.to_thread(until, lambda: taking.done() or suite.query(held_up, own), "it to be held up")
                assert not taking.done(), "a source was taken from what is being deleted"
            return await taking
        finally:
            await connection.close()

    refused(run_async(delete_slowly()), 404, "video_not_found")


def grown_old(suite: Suite, video: str, days: int = 40) -> None:
    """What the database would hold if the film had been made so long ago."""
    suite.query(
        f"UPDATE media.video_versions SET ready_at = ready_at - interval '{days} days' WHERE video_id = $1::text::uuid",
        video,
    )


@pytest.mark.acceptance
def test_old_sources_are_moved_and_serve_from_there(new_suite: Callable[..., Suite], make: MakeFilm) -> None:
    suite = new_suite(SOURCE_RETENTION="cold", SOURCE_RETENTION_DAYS="30").start()
    platform = Platform(suite)
    course = platform.new_course(4)
    old, young, shared = (platform.ready(chapter, make(f"cold{n}")) for n, chapter in enumerate(course.chapters[:3]))
    wish = {"chapterId": course.chapters[3], "videoId": shared}
    sharing = good(platform.admin.post("/api/videos/from-existing", json=wish), 202)["videoId"]
    platform.wait_for(sharing)
    grown_old(suite, old)
    # What a writer left that was killed in the middle.
    left = suite.home / "storage" / "private" / ".incoming" / "put-0123"
    left.write_bytes(b"half a film")
    os.utime(left, (0, 0))
    # One of the two films of one file is young yet.
    grown_old(suite, shared)
    suite.stop()
    suite.start()
    until(lambda: platform.status(old)["source"]["state"] == "cold", "the old source to be moved")
    until(lambda: not left.exists(), "what was left to be cleared away")
    swept(suite, old)
    size = make("cold0").stat().st_size
    assert platform.status(old)["source"] == {"state": "cold", "bytes": size}
    [key] = [name for name in suite.files("private") if old in name]
    assert key == source_of(suite, old)["source_key"] and key.startswith(f"cold/{old}/")
    assert [platform.status(one)["source"]["state"] for one in (young, shared, sharing)] == ["kept"] * 3

    # It is as good there: the film is made again from it, and another one made of it.
    good(make_again(platform, old), 202)
    is_made_again(suite, old)
    is_whole(platform, course, old, 75)
    grown_old(suite, sharing)
    suite.stop()
    suite.start()
    until(lambda: platform.status(sharing)["source"]["state"] == "cold", "the shared source to be moved")
    assert source_of(suite, shared)["source_key"] == source_of(suite, sharing)["source_key"]
    more = platform.new_course()
    last = good(
        platform.admin.post("/api/videos/from-existing", json={"chapterId": more.chapters[0], "videoId": old}), 202
    )["videoId"]
    platform.wait_for(last)
    for video in (old, shared, sharing, last):
        good(platform.admin.delete(f"/api/videos/{video}"), 204)
    until(lambda: all(young in name for name in suite.files("private")), "all but the young one's to go")
    assert own(suite, young)
    platform.close()


def test_old_sources_are_let_go_and_it_is_said_where_one_would_need_them(
    new_suite: Callable[..., Suite], make: MakeFilm
) -> None:
    suite = new_suite(SOURCE_RETENTION="drop", SOURCE_RETENTION_DAYS="30").start()
    platform = Platform(suite)
    course = platform.new_course(4)
    film = make("drop")
    old, young = platform.ready(course.chapters[0], film), platform.ready(course.chapters[1], make("young"))
    grown_old(suite, old)
    suite.stop()
    suite.start()
    until(lambda: platform.status(old)["source"]["state"] == "dropped", "the old source to be let go")
    assert platform.status(young)["source"]["state"] == "kept"
    refused(make_again(platform, old), 409, "source_dropped")
    wish = {"chapterId": course.chapters[2], "videoId": old}
    refused(platform.admin.post("/api/videos/from-existing", json=wish), 409, "source_dropped")
    assert by_content(platform, film) == []
    # As if the minute for whoever just asked were over.
    suite.query("UPDATE media.storage_tombstones SET not_before = now() WHERE reason = 'source let go'")
    until(lambda: not own(suite, old), "the source to go")
    is_whole(platform, course, old, 75)

    # The same file again is a source again, and nobody shares with one that has none.
    again = platform.ready(course.chapters[2], film)
    assert by_content(platform, film) == [again]
    assert own(suite, again)
    # Without its source a film is replaced, and rolled back to.
    good(platform.replace(old, make("instead", seconds=2)), 202)
    until(lambda: platform.status(old)["duration"] == 2, "the other film to be in place")
    assert platform.status(old)["source"]["state"] == "kept"
    good(platform.admin.post(f"/api/videos/{old}/rollback"))
    is_whole(platform, course, old, 75)
    platform.close()
