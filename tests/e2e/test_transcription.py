"""Drafts of captions by TRANSCRIBE_COMMAND: heard on the film's own clock, for staff to review, and asked for once."""

import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.clients import Course, Platform, good, refused
from tests.support.films import make_film, make_marked_film
from tests.support.patience import until
from tests.support.running import ROOT, Suite
from tests.support.suites import suite_fixtures
from tests.support.workers import WORKER

FAKE = ROOT / "tests" / "support" / "transcriber.py"
COMMAND = f"'{sys.executable}' '{FAKE}' {{audio}} {{output}} {{language}}"
MARKS = (1.0, 3.2, 5.48)


suite, platform = suite_fixtures("module", TRANSCRIBE_COMMAND=COMMAND)


@pytest.fixture(scope="module")
def beeping(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, str]:
    film = make_marked_film(tmp_path_factory.mktemp("films") / "b.mp4", MARKS, seconds=8, size="160x90")
    course = platform.new_course()
    return course, platform.ready(course.chapters[0], film)


def ask(who: httpx.Client, video: str, language: str) -> httpx.Response:
    return who.post(f"/api/videos/{video}/captions/draft", json={"language": language})


def state(who: httpx.Client, video: str, language: str) -> dict[str, Any] | None:
    """The draft of a language, or what is said of the one that is being made."""
    document = good(who.get(f"/api/videos/{video}/captions"))
    found: dict[str, Any] | None = next(
        (one for one in (*document["captions"], *document["drafting"]) if one["language"] == language), None
    )
    return found


def drafted(who: httpx.Client, video: str, language: str) -> dict[str, Any]:
    def is_there() -> dict[str, Any] | None:
        found = state(who, video, language)
        return found if found is not None and "state" in found else None

    made = until(is_there, f"the draft in {language}")
    assert made is not None
    return made


def test_a_draft_is_heard_on_the_clock_of_the_film_and_published_by_staff(
    platform: Platform, beeping: tuple[Course, str]
) -> None:
    course, video = beeping
    teacher, student = platform.teacher(course), platform.student(course)
    answer = good(ask(teacher, video, "kat"), 202)
    assert answer == {"language": "ka", "status": "preparing", "error": None, "message": None}
    made = drafted(teacher, video, "ka")
    assert (made["state"], made["source"]) == ("draft", "transcription")
    assert good(student.get(f"/api/videos/{video}/captions")) == {"videoId": video, "captions": [], "drafting": []}
    refused(student.get(made["url"]), 404, "captions_not_found")

    lines = teacher.get(made["url"]).text.split("\n")
    starts = [_seconds(line.split(" --> ")[0]) for line in lines if "-->" in line]
    # Within a picture of 25 a second; the last line of the script says where the sound ends.
    assert starts == [pytest.approx(mark, abs=0.04) for mark in (*MARKS, 8.0)]
    assert "secrets: []" in lines
    refused(ask(teacher, video, "ka"), 409, "captions_exist")
    good(teacher.patch(f"/api/videos/{video}/captions/ka", json={"state": "published"}))
    assert student.get(made["url"]).status_code == 200


def _seconds(time: str) -> float:
    hours, minutes, seconds = time.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_a_command_that_fails_is_told_of_and_may_be_asked_again(
    platform: Platform, beeping: tuple[Course, str]
) -> None:
    course, video = beeping
    teacher = platform.teacher(course)
    for language, code in (("fr", "transcription_failed"), ("de", "transcription_unreadable")):
        good(ask(teacher, video, language), 202)

        def has_failed(language: str = language) -> dict[str, Any] | None:
            found = state(teacher, video, language)
            return found if found is not None and found["status"] == "failed" else None

        failed = until(has_failed, "the failure")
        assert failed is not None and failed["error"] == code and failed["message"]
        assert good(ask(teacher, video, language), 202)["status"] == "preparing"
        good(teacher.delete(f"/api/videos/{video}/captions/{language}"), 204)
        assert state(teacher, video, language) is None


def test_asked_twice_it_is_made_once_and_what_was_uploaded_meanwhile_stays(
    platform: Platform, beeping: tuple[Course, str]
) -> None:
    course, video = beeping
    teacher = platform.teacher(course)
    for _ in range(3):
        good(ask(teacher, video, "it"), 202)
    count = "SELECT count(*) FROM media.caption_drafts WHERE video_id = $1::text::uuid AND language = 'it'"
    assert platform.suite.query(count, video)[0]["count"] == 1
    until(lambda: transcribers(platform.suite, "it"), "the command to run")
    good(teacher.put(f"/api/videos/{video}/captions/it", content=b"WEBVTT\n\n00:01.000 --> 00:02.000\nCiao\n"))
    # Nobody waits for it any more: its command ends with the wish.
    good(teacher.delete(f"/api/videos/{video}/captions/it"), 204)
    until(lambda: not transcribers(platform.suite, "it"), "the command to be ended")


def test_a_killed_worker_costs_an_attempt_and_no_draft(platform: Platform, beeping: tuple[Course, str]) -> None:
    course, video = beeping
    teacher = platform.teacher(course)
    good(ask(teacher, video, "es"), 202)
    running = until(lambda: transcribers(platform.suite, "es"), "the command to run")
    assert running
    [worker] = [one for one in platform.suite.processes() if WORKER in one.cmdline()]
    worker.send_signal(signal.SIGKILL)
    until(lambda: not any(one.is_running() for one in running), "the command to end with its worker")
    rows = """SELECT t.attempts, t.state, t.lease_owner, t.error_detail FROM transcoding.transcriptions t
              JOIN media.caption_drafts d ON d.id = t.id WHERE d.language = 'es'"""

    def taken_up() -> bool:
        [row] = platform.suite.query(rows)
        assert row["state"] in ("active", "waiting"), dict(row)
        return bool(row["attempts"] == 2)

    until(taken_up, "another worker to take it up")
    good(teacher.delete(f"/api/videos/{video}/captions/es"), 204)


def test_what_cannot_be_transcribed_is_refused(platform: Platform, beeping: tuple[Course, str], tmp_path: Path) -> None:
    course = platform.new_course()
    silent = platform.ready(course.chapters[0], make_film(tmp_path / "s.mp4", seconds=2, size="96x64", sound=False))
    refused(ask(platform.admin, silent, "ka"), 409, "no_sound")
    refused(ask(platform.admin, beeping[1], "klingonese"), 422, "unknown_language")
    refused(ask(platform.student(beeping[0]), beeping[1], "ka"), 403, "role_required")
    workers = good(platform.admin.get("/api/admin/workers"))["workers"]
    assert [one["transcribes"] for one in workers if one["transcribes"] is not None][-1] is True


def transcribers(suite: Suite, language: str) -> list[psutil.Process]:
    found = []
    for one in psutil.process_iter(["cmdline"]):
        line = one.info["cmdline"] or []
        if str(FAKE) in line and line[-1] == language and str(suite.home) in " ".join(line):
            found.append(one)
    return found
