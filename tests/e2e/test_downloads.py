"""Films taken home: made once, whole and exact, for who may, in as many pieces as a browser likes."""

import hashlib
import io
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import redis

from tests.support import player
from tests.support.clients import ELSEWHERE, Course, Platform, good, refused
from tests.support.films import FFMPEG, make_film, make_marked_film
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.workers import WORKER

JSON = {"Accept": "application/json"}
MARKS = (1.0, 4.2, 7.6, 10.4)
SECONDS = 12
MEDIA_WORKER = "services.media.worker"


def allow(platform: Platform, video: str, policy: str = "enrolled") -> None:
    good(platform.admin.put(f"/api/videos/{video}/download-policy", json={"policy": policy}))


def ask(who: httpx.Client, video: str, quality: str | None = None) -> httpx.Response:
    return who.get(f"/api/videos/{video}/download", params={"quality": quality} if quality else {}, headers=JSON)


def link(platform: Platform, who: httpx.Client, video: str, quality: str | None = None) -> dict[str, Any]:
    """The answer of a file that is ready, once it is."""
    seen: list[float] = []

    def ready() -> dict[str, Any] | None:
        answer = ask(who, video, quality)
        document: dict[str, Any] = good(answer, answer.status_code if answer.status_code == 202 else 200)
        if answer.status_code == 200:
            return document
        assert (document["status"], document["url"], answer.headers["retry-after"]) == ("preparing", None, "2")
        assert 0 <= document["percent"] < 100
        seen.append(document["percent"])
        return None

    found = until(ready, "the file to be made", every=0.1)
    assert found is not None
    platform.suite.spoken.add(found["url"].split("token=")[1])
    return found


def fetch(platform: Platform, document: dict[str, Any], **headers: str) -> httpx.Response:
    """As a browser does: by the address alone."""
    return platform.client().get(document["url"], headers=headers)


@pytest.fixture(scope="module")
def lesson(platform: Platform, films: Path) -> tuple[Course, str]:
    """A film with flashes and beeps, of which three segments are made; everybody who is enrolled may take it home."""
    film = make_marked_film(films / "home.mp4", MARKS, seconds=SECONDS, size="640x360")
    course = platform.new_course()
    video = platform.ready(course.chapters[0], film)
    allow(platform, video)
    return course, video


@pytest.fixture
def student(platform: Platform, lesson: tuple[Course, str]) -> httpx.Client:
    return platform.student(lesson[0])


# --- What is in it ---


def frames(path: str | Path, stream: str = "0:v:0") -> list[tuple[Fraction, str]]:
    """Time and checksum of every picture that a strict client decodes; it complains of nothing."""
    argv = [FFMPEG, "-nostdin", "-v", "warning", "-fflags", "+discardcorrupt", "-i", str(path), "-map", stream]
    argv += ["-fps_mode", "passthrough", "-f", "framecrc", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    assert done.stderr == ""
    base = Fraction(re.search(r"#tb 0: (\S+)", done.stdout)[1])  # type: ignore[index]
    rows = [line.split(",") for line in done.stdout.splitlines() if not line.startswith("#")]
    return [(int(row[2]) * base, row[5].strip()) for row in rows]


def test_it_is_the_published_film_to_the_picture(
    platform: Platform, lesson: tuple[Course, str], student: httpx.Client, tmp_path: Path
) -> None:
    _, video = lesson
    document = link(platform, student, video)
    assert (document["status"], document["quality"], document["percent"]) == ("ready", "360p", 100)
    assert document["fileName"] == "Chapter 1 (360p).mp4"
    answer = fetch(platform, document)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert int(answer.headers["content-length"]) == document["sizeBytes"] == len(answer.content)
    film = tmp_path / "film.mp4"
    film.write_bytes(answer.content)

    got, published = frames(film), frames(platform.watch(student, video).master)
    assert [checksum for _, checksum in got] == [checksum for _, checksum in published]
    assert [time for time, _ in got] == [Fraction(number, 25) for number in range(25 * SECONDS)]
    flashes, beeps = player.flashes_and_beeps(str(film), tmp_path)
    assert len(flashes) == len(beeps) == len(MARKS)
    for flash, beep, mark in zip(flashes, beeps, MARKS, strict=True):
        assert flash == pytest.approx(mark, abs=0.001)
        assert beep == pytest.approx(mark, abs=0.01)
    with av.open(str(film)) as container:
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(SECONDS, abs=0.05)
    # The index stands in front of the pictures, so that a player begins with the first bytes.
    assert answer.content.index(b"moov") < answer.content.index(b"mdat")


def test_there_is_one_of_each_quality(platform: Platform, films: Path) -> None:
    course = platform.new_course()
    film = make_film(films / "two.mp4", seconds=3, size="1280x720")
    video = platform.ready(course.chapters[0], film)
    allow(platform, video)
    student = platform.student(course)
    rungs = [one["name"] for one in platform.status(video)["renditions"] if one["kind"] == "video"]
    assert len(rungs) > 1
    heights = set()
    for name in rungs:
        document = link(platform, student, video, name)
        assert (document["quality"], name in document["fileName"]) == (name, True)
        with av.open(_file(platform, document)) as made:
            heights.add(made.streams.video[0].height)
    assert len(heights) == len(rungs)
    assert link(platform, student, video)["quality"] == rungs[0]
    told = refused(ask(student, video, "4320p"), 404, "quality_not_found")
    assert told["qualities"] == rungs
    refused(ask(student, video, "audio"), 404, "quality_not_found")


def _file(platform: Platform, document: dict[str, Any]) -> Any:
    return io.BytesIO(fetch(platform, document).content)


def test_sound_alone_is_taken_home_too(platform: Platform, films: Path) -> None:
    talk = films / "talk.m4a"
    argv = [
        FFMPEG,
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=500:sample_rate=48000:duration=5",
        "-c:a",
        "aac",
    ]
    subprocess.run([*argv, "-y", str(talk)], check=True)
    course = platform.new_course()
    video = platform.ready(course.chapters[0], talk)
    allow(platform, video)
    document = link(platform, platform.student(course), video)
    assert document["fileName"] == "Chapter 1.m4a"
    answer = fetch(platform, document)
    assert answer.headers["content-type"] == "audio/mp4"
    with av.open(_file(platform, document)) as made:
        assert (len(made.streams.video), len(made.streams.audio)) == (0, 1)


# --- How it is fetched ---


def test_a_browser_fetches_it_in_pieces(platform: Platform, lesson: tuple[Course, str], student: httpx.Client) -> None:
    document = link(platform, student, lesson[1])
    whole = fetch(platform, document)
    body, etag, size = whole.content, whole.headers["etag"], document["sizeBytes"]
    assert whole.headers["accept-ranges"] == "bytes"
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    assert hashlib.sha256(body).hexdigest()[:32] == etag.strip('"')

    part = fetch(platform, document, Range="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, body[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{size}"
    assert int(part.headers["content-length"]) == 1000
    rest = fetch(platform, document, Range=f"bytes={size - 5}-", **{"If-Range": etag})
    assert (rest.status_code, rest.content) == (206, body[-5:])
    assert fetch(platform, document, Range="bytes=-7").content == body[-7:]
    by_date = fetch(platform, document, Range="bytes=0-0", **{"If-Range": whole.headers["last-modified"]})
    assert (by_date.status_code, by_date.content) == (206, body[:1])
    # Another file by now, as far as the browser knows: all of it.
    for other in ('"another"', f"W/{etag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        again = fetch(platform, document, Range="bytes=0-0", **{"If-Range": other})
        assert (again.status_code, again.content) == (200, body)
    beyond = fetch(platform, document, Range=f"bytes={size}-")
    refused(beyond, 416, "range_not_satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{size}"
    assert fetch(platform, document, **{"If-None-Match": etag}).status_code == 304

    head = platform.client().head(document["url"], headers={"Range": "bytes=0-9"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    assert head.headers["etag"] == etag

    pieces = [(start, min(start + 50_000, size)) for start in range(0, size, 50_000)]
    with ThreadPoolExecutor(6) as pool:
        got = pool.map(lambda span: fetch(platform, document, Range=f"bytes={span[0]}-{span[1] - 1}").content, pieces)
    assert b"".join(got) == body
    # In however many pieces: it is one film that was taken home.
    counted = "SELECT quality, bytes, user_id FROM analytics.downloads WHERE video_id = $1::text::uuid AND bytes = $2"
    until(lambda: platform.suite.query(counted, lesson[1], size), "the download to be counted")
    assert {row["quality"] for row in platform.suite.query(counted, lesson[1], size)} == {document["quality"]}
    ids = "SELECT count(*) FROM analytics.downloads d JOIN access.download_tickets t ON t.id = d.id WHERE t.ticket_hash = $1"
    ticket = hashlib.sha256(document["url"].split("token=")[1].encode()).digest()
    assert platform.suite.query(ids, ticket)[0]["count"] == 1


def test_asked_plainly_the_file_is_the_answer(
    platform: Platform, lesson: tuple[Course, str], student: httpx.Client
) -> None:
    _, video = lesson
    body = fetch(platform, link(platform, student, video)).content
    address = f"/api/videos/{video}/download"
    plain = student.get(address)
    assert (plain.status_code, plain.content) == (200, body)
    part = student.get(address, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, body[5:10])
    head = student.head(address)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(body)))


def test_it_is_called_as_its_chapter_in_any_script(platform: Platform, other_film: Path) -> None:
    course = platform.new_course()
    title = 'რა არის მოძრაობა? "1/2"'
    body = {"title": "x", "chapters": [{"id": course.chapters[0], "title": title}]}
    good(platform.admin.put(f"/api/admin/courses/{course.id}", json=body))
    video = platform.ready(course.chapters[0], other_film)
    allow(platform, video)
    answer = fetch(platform, link(platform, platform.student(course), video))
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=")
    plain = re.search(r'filename="([^"]*)"', disposition)
    assert plain is not None
    assert plain[1].isascii()
    named = re.search(r"filename\*=UTF-8''(\S+)", disposition)
    assert named is not None
    name = httpx.URL(f"http://x/{named[1]}").path.removeprefix("/")
    assert name == "რა არის მოძრაობა? 12 (144p).mp4"


def test_a_link_is_dead_elsewhere_and_after_its_time(
    platform: Platform, suite: Suite, lesson: tuple[Course, str], student: httpx.Client
) -> None:
    document = link(platform, student, lesson[1])
    refused(platform.client(address=ELSEWHERE).get(document["url"]), 403, "ip_changed")
    assert fetch(platform, document, Range="bytes=0-0").status_code == 206
    token = document["url"].split("token=")[1]
    for wrong in ("", "x", token[:-1] + ("A" if token[-1] != "A" else "B"), "x" * 5000, "%00"):
        refused(platform.client().get("/api/videos/download", params={"token": wrong}), 401, "token_invalid")
    refused(platform.client().get("/api/videos/download"), 401, "token_invalid")
    hours = (datetime.fromisoformat(document["expiresAt"]) - datetime.now(UTC)).total_seconds() / 3600
    assert 5.5 < hours <= 6
    suite.query("UPDATE access.download_tickets SET expires_at = now() WHERE ticket_hash = sha256($1)", token.encode())
    refused(fetch(platform, document), 401, "token_expired")
    # Nothing that opens a film stands in the table.
    rows = suite.query("SELECT t::text AS row FROM access.download_tickets t")
    assert not any(token in row["row"] for row in rows)


# --- Who may ---


def test_the_policy_is_asked_each_time(platform: Platform, lesson: tuple[Course, str]) -> None:
    course, video = lesson
    user = platform.new_id("student")
    student = platform.student(course, user)
    document = link(platform, student, video)
    refused(ask(platform.student(), video), 403, "not_entitled")
    refused(ask(platform.client(), video), 401, "sign_in_required")
    refused(ask(platform.person("service"), video), 403, "not_entitled")
    assert link(platform, platform.admin, video)["status"] == "ready"
    assert link(platform, platform.teacher(course), video)["status"] == "ready"
    refused(ask(platform.teacher(platform.new_course()), video), 403, "not_entitled")

    allow(platform, video, "off")
    for who in (student, platform.admin):
        refused(ask(who, video), 403, "download_off")
        refused(who.get(f"/api/videos/{video}/download"), 403, "download_off")
    refused(fetch(platform, document), 403, "download_off")
    allow(platform, video)
    assert fetch(platform, document, Range="bytes=0-0").status_code == 206
    good(platform.admin.delete(f"/api/admin/enrollments/{course.id}/{user}"), 204)
    refused(fetch(platform, document), 403, "not_entitled")
    refused(ask(student, video), 403, "not_entitled")


def test_a_restricted_chapter_is_taken_home_when_it_was_watched(platform: Platform, other_film: Path) -> None:
    course = platform.new_course(2, sequential=True, restricted=True)
    first, second = (platform.ready(chapter, other_film) for chapter in course.chapters)
    for video in (first, second):
        allow(platform, video)
    user = platform.new_id("student")
    student = platform.student(course, user)
    refused(ask(student, first), 403, "download_after_completion")
    refused(ask(student, second), 403, "chapter_locked")
    complete = f"/api/progress/chapters/{course.chapters[0]}/complete"
    good(platform.admin.post(complete, params={"userId": user}))
    document = link(platform, student, first)
    refused(ask(student, second), 403, "download_after_completion")
    good(student.post(f"/api/progress/chapters/{course.chapters[0]}/reset"))
    refused(fetch(platform, document), 403, "download_after_completion")


def test_a_free_chapter_is_kept_by_the_enrolled_alone(platform: Platform, other_film: Path) -> None:
    course = platform.new_course(free=True)
    video = platform.ready(course.chapters[0], other_film)
    allow(platform, video)
    stranger = platform.student()
    platform.watch(stranger, video)
    refused(ask(stranger, video), 403, "not_entitled")
    link(platform, platform.student(course), video)


def test_an_admin_ends_the_links_of_a_user(platform: Platform, lesson: tuple[Course, str]) -> None:
    course, video = lesson
    user, other = platform.new_id("student"), platform.new_id("student")
    documents = [link(platform, platform.student(course, one), video) for one in (user, other)]
    good(platform.admin.post("/api/admin/sessions/revoke", json={"userId": user}))
    refused(fetch(platform, documents[0]), 401, "token_invalid")
    assert fetch(platform, documents[1], Range="bytes=0-0").status_code == 206


# --- How it is made ---


def work(suite: Suite, video: str) -> list[dict[str, Any]]:
    rows = "SELECT w.* FROM transcoding.downloads w JOIN media.downloads d ON d.id = w.id WHERE d.video_id = $1::text::uuid"
    return suite.query(rows, video)


def kept(suite: Suite, video: str) -> set[str]:
    return {name for name in suite.files("private") if name.startswith(f"{video}/") and "/downloads/" in name}


@pytest.fixture
def fresh(platform: Platform, other_film: Path) -> Iterator[tuple[Course, str]]:
    """A film of its own that nobody took home yet."""
    course = platform.new_course()
    video = platform.ready(course.chapters[0], other_film)
    allow(platform, video)
    yield course, video


def test_of_many_who_ask_at_once_one_has_it_made(platform: Platform, suite: Suite, fresh: tuple[Course, str]) -> None:
    course, video = fresh
    students = [platform.student(course) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda student: ask(student, video).status_code, students))
    assert set(answers) <= {200, 202}
    for student in students:
        link(platform, student, video)
    (row,) = work(suite, video)
    assert (row["state"], row["attempts"]) == ("done", 1)
    assert len(kept(suite, video)) == 1
    # Asked for again, it is there at once.
    assert ask(students[0], video).status_code == 200


def test_it_survives_a_lost_ring_and_a_killed_worker(
    platform: Platform, suite: Suite, fresh: tuple[Course, str]
) -> None:
    course, video = fresh
    student = platform.student(course)
    with suite.held(WORKER):
        assert ask(student, video).status_code == 202
        assert work(suite, video) == []
        # The ring is lost with everything that Redis remembers.
        with redis.Redis.from_url(suite.process("services.media").environ()["REDIS_URL"]) as client:
            client.flushall()
    # It dies in the middle of it, or just before or after.
    until(lambda: work(suite, video), "the wish to be found in the table")
    suite.process(WORKER).send_signal(signal.SIGKILL)
    document = link(platform, student, video)
    assert len(fetch(platform, document).content) == document["sizeBytes"]
    assert work(suite, video)[0]["state"] == "done"


def test_made_twice_by_mistake_it_is_one_file(platform: Platform, suite: Suite, fresh: tuple[Course, str]) -> None:
    """The job is rung again and again, and its lease taken away in the middle."""
    course, video = fresh
    student = platform.student(course)
    ask(student, video)
    again = "UPDATE transcoding.downloads SET state = 'waiting', lease_owner = NULL, attempts = 0 WHERE id = ANY($1)"

    def held() -> list[Any]:
        return [row["id"] for row in work(suite, video) if row["state"] != "waiting"]

    ids = until(held, "the file to be in hand", every=0.005)
    suite.query(again, ids)
    document = link(platform, student, video)
    assert hashlib.sha256(fetch(platform, document).content).hexdigest()[:32] == fetch(
        platform, document, Range="bytes=0-0"
    ).headers["etag"].strip('"')
    # Asked to make what is made: the ledger takes no second result, and media nothing that is settled.
    before = suite.query("SELECT * FROM media.downloads WHERE video_id = $1::text::uuid", video)
    suite.query(again, ids)
    until(lambda: work(suite, video)[0]["state"] == "done", "it to be made once more")
    assert fetch(platform, document, Range="bytes=0-0").status_code == 206
    after = suite.query("SELECT * FROM media.downloads WHERE video_id = $1::text::uuid", video)
    assert [row["sha256"] for row in before] == [row["sha256"] for row in after]


def test_what_cannot_be_made_is_said_and_tried_again(
    platform: Platform, suite: Suite, fresh: tuple[Course, str]
) -> None:
    course, video = fresh
    student = platform.student(course)
    segments = [name for name in suite.files("public") if name.startswith(f"{video}/") and name.endswith("/1.ts")]
    root = suite.home / "storage" / "public"
    (picture,) = segments
    hidden = root / f"{picture}.hidden"
    (root / picture).rename(hidden)
    ask(student, video)
    hurry = (
        "UPDATE transcoding.downloads SET not_before = now(), attempts = greatest(attempts, 3) WHERE version_id = $1"
    )

    def failed() -> bool:
        rows = work(suite, video)
        if rows and rows[0]["state"] == "waiting":
            suite.query(hurry, rows[0]["version_id"])
        return ask(student, video).status_code == 503

    until(failed, "it to be given up")
    answer = ask(student, video)
    told = refused(answer, 503, "download_failed")
    assert (told["reason"], answer.headers["retry-after"]) == ("storage_unavailable", "60")
    assert str(suite.home) not in answer.text
    hidden.rename(root / picture)
    suite.query(
        "UPDATE media.downloads SET settled_at = now() - interval '61 s' WHERE video_id = $1::text::uuid", video
    )
    link(platform, student, video)


def test_a_film_that_is_not_whole_is_not_taken_home(platform: Platform, films: Path, suite: Suite) -> None:
    film = make_film(films / "slow.mp4", seconds=20, size="1280x720")
    course = platform.new_course()
    video = platform.upload(course.chapters[0], film)
    allow(platform, video)
    platform.wait_for(video, "playable", "ready")
    with suite.held(WORKER):
        if platform.status(video)["status"] == "playable":
            refused(ask(platform.student(course), video), 409, "video_not_ready")
    platform.wait_for(video)
    link(platform, platform.student(course), video)


# --- How it goes ---


def test_it_goes_with_the_film(platform: Platform, suite: Suite, fresh: tuple[Course, str]) -> None:
    course, video = fresh
    document = link(platform, platform.student(course), video)
    assert kept(suite, video)
    good(platform.admin.delete(f"/api/videos/{video}"), 204)
    refused(fetch(platform, document), 410, "video_deleted")
    until(lambda: not any(name.startswith(f"{video}/") for name in suite.files("private")), "empty storage")
    until(
        lambda: not suite.query("SELECT 1 FROM transcoding.downloads WHERE version_id = $1", _version(suite, video)),
        "an empty ledger",
    )
    assert not suite.query("SELECT 1 FROM media.downloads WHERE video_id = $1::text::uuid", video)


def _version(suite: Suite, video: str) -> Any:
    return suite.query("SELECT id FROM media.video_versions WHERE video_id = $1::text::uuid", video)[0]["id"]


def test_a_deleted_film_leaves_nothing_even_if_its_file_was_just_being_made(
    platform: Platform, suite: Suite, fresh: tuple[Course, str]
) -> None:
    course, video = fresh
    link(platform, platform.student(course), video)
    (key,) = kept(suite, video)
    # As if a worker had it in hand: for as long as its lease runs, it may still write.
    lease = "UPDATE transcoding.downloads SET state = 'active', lease_until = now() + CAST($2 AS text)::interval WHERE id = $1"
    (row,) = work(suite, video)
    suite.query(lease, row["id"], "1 hour")
    good(platform.admin.delete(f"/api/videos/{video}"), 204)

    def waiting() -> list[dict[str, Any]]:
        found = "SELECT attempts FROM media.storage_tombstones WHERE done_at IS NULL AND prefix LIKE $1"
        return suite.query(found, f"{video}/%")

    until(lambda: not kept(suite, video) and min(one["attempts"] for one in waiting()) > 0, "the first removal")
    late = suite.home / "storage" / "private" / key
    late.parent.mkdir(parents=True)
    late.write_bytes(b"what was on its way")
    suite.query(lease, row["id"], "-1 s")
    until(lambda: not waiting(), "the outbox to be empty")
    assert not any(name.startswith(f"{video}/") for name in suite.files("private") | suite.files("public"))
    until(lambda: not suite.query("SELECT 1 FROM transcoding.downloads WHERE id = $1", row["id"]), "an empty ledger")


def test_a_replaced_film_is_taken_home_anew(
    platform: Platform, suite: Suite, fresh: tuple[Course, str], short_film: Path
) -> None:
    course, video = fresh
    student = platform.student(course)
    before = link(platform, student, video)
    etag = fetch(platform, before, Range="bytes=0-0").headers["etag"]
    good(platform.replace(video, short_film), 202)
    until(lambda: platform.status(video)["duration"] == 8, "the new film to be in place")
    after = link(platform, student, video)
    assert after["quality"] == "180p"
    assert fetch(platform, after, Range="bytes=0-0").headers["etag"] != etag
    # Who is in the middle of the old one ends with the old one.
    assert fetch(platform, before, Range="bytes=0-0", **{"If-Range": etag}).status_code == 206
    waiting = suite.query(
        "SELECT prefix FROM media.storage_tombstones WHERE store = 'downloads' AND prefix LIKE $1", f"{video}/%"
    )
    assert len(waiting) == 1


def test_what_nobody_takes_any_more_goes(platform: Platform, suite: Suite, fresh: tuple[Course, str]) -> None:
    course, video = fresh
    student = platform.student(course)
    document = link(platform, student, video)
    suite.query(
        "UPDATE media.downloads SET last_used_at = now() - interval '31 days' WHERE video_id = $1::text::uuid", video
    )
    # It tidies up when it starts, and once an hour.
    suite.process(MEDIA_WORKER).kill()
    until(
        lambda: not suite.query("SELECT 1 FROM media.downloads WHERE video_id = $1::text::uuid", video),
        "it to be let go",
    )
    refused(fetch(platform, document), 404, "download_gone")
    suite.query(
        "UPDATE media.storage_tombstones SET not_before = now() WHERE prefix LIKE $1 AND done_at IS NULL", f"{video}/%"
    )
    until(lambda: not kept(suite, video), "the file to be removed")
    # The film itself is untouched, and whoever asks has it made again.
    assert platform.status(video)["status"] == "ready"
    link(platform, student, video)


def test_an_emptied_store_is_noticed(platform: Platform, suite: Suite, fresh: tuple[Course, str]) -> None:
    course, video = fresh
    student = platform.student(course)
    document = link(platform, student, video)
    for name in kept(suite, video):
        (suite.home / "storage" / "private" / name).unlink()
    refused(fetch(platform, document), 404, "download_gone")
    again = link(platform, student, video)
    assert len(fetch(platform, again).content) == again["sizeBytes"]


def test_a_film_made_again_is_taken_home_as_it_is_now(
    platform: Platform, suite: Suite, fresh: tuple[Course, str]
) -> None:
    course, video = fresh
    student = platform.student(course)
    link(platform, student, video)
    (before,) = kept(suite, video)
    (job,) = [one for one in good(platform.admin.get("/api/admin/jobs"))["jobs"] if one["videoId"] == video]
    good(platform.admin.post(f"/api/admin/jobs/{job['id']}/retry", json={"rendition": "144p"}), 202)

    def done() -> bool:
        rows = suite.query("SELECT state FROM transcoding.video_processing_jobs WHERE video_id = $1::text::uuid", video)
        return [row["state"] for row in rows] == ["done"]

    until(done, "the film to be made again")
    link(platform, student, video)
    assert kept(suite, video) - {before}
