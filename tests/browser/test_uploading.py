"""Uploading in a real browser: many films at once, lost networks, reloads, and what is refused before it is sent."""

import base64
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.test_watching import sign_in
from tests.support.clients import Course, Platform, good
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.suites import suite_fixtures

OpenPage = Callable[..., Page]
MIB = 1024 * 1024
MOST_BYTES = 24 * MIB
suite, platform = suite_fixtures("module", MAX_UPLOAD_BYTES=str(MOST_BYTES))


class Wire:
    """What a page sends to tus, and how fast it may."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[tuple[str, str]] = []
        self.offsets: list[int] = []
        self._line = page.context.new_cdp_session(page)
        self._line.send("Network.enable")
        page.on("request", self._see)

    def _see(self, request: Request) -> None:
        self.asked.append((request.method, request.url))
        if request.method == "PATCH":
            self.offsets.append(int(request.headers["upload-offset"]))

    def narrow(self, bytes_a_second: int) -> None:
        """-1 is as fast as it goes."""
        limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
        self._line.send("Network.emulateNetworkConditions", limits)

    def patches(self) -> int:
        # Asking the page is what lets its events in.
        self.page.evaluate("() => 0")
        return len(self.offsets)

    def count(self, method: str, part: str) -> int:
        return sum(how == method and part in url for how, url in self.asked)


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short film of several megabytes."""
    path = make_film(tmp_path_factory.mktemp("long") / "long lecture.mp4", seconds=4)
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 3 * MIB + 8, b"free") + os.urandom(3 * MIB))
    return path


@pytest.fixture(scope="module")
def small_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """14 s of one small picture: soon made."""
    return make_film(tmp_path_factory.mktemp("small") / "small.mp4", seconds=14)


def open_course(platform: Platform, open_page: OpenPage, chapters: int = 1) -> tuple[Page, Course, Wire]:
    course = platform.new_course(chapters)
    page = open_page()
    wire = Wire(page)
    sign_in(page, "admin")
    page.goto(f"/admin/courses/{course.id}")
    return page, course, wire


def percent(page: Page) -> int:
    shown = page.get_by_test_id("upload-percent")
    return int(shown.inner_text().rstrip("%")) if shown.count() else 0


def begin_slowly(page: Page, wire: Wire, film: Path) -> None:
    """A quarter of it is on its way."""
    wire.narrow(MIB // 2)
    page.get_by_test_id("upload-input").set_input_files(str(film))
    until(lambda: percent(page) >= 25, "a quarter to be sent")


def received(platform: Platform, page: Page) -> int:
    """What the server has of the only upload that the page remembers, once no more comes."""
    kept = json.loads(str(page.evaluate("() => localStorage.getItem('lectern.uploads')")))
    [upload] = [one["uploadId"] for one in kept]
    seen: list[int] = []

    def rests() -> bool:
        seen.append(good(platform.person("admin", "demo-admin").get(f"/api/uploads/{upload}"))["received"])
        return len(seen) > 3 and seen[-1] == seen[-2] == seen[-3] > 0

    until(rests, "the server to have what was sent", every=0.3)
    return seen[-1]


def video_of(platform: Platform, course: Course, number: int = 0) -> str | None:
    found: str | None = good(platform.admin.get(f"/api/courses/{course.id}"))["chapters"][number]["videoId"]
    return found


def arrives_whole(platform: Platform, page: Page, course: Course, film: Path) -> None:
    expect(page.get_by_test_id("film-panel")).to_be_visible()
    video = video_of(platform, course)
    assert video is not None
    platform.wait_for(video)
    assert platform.source(video) == film.read_bytes()


def test_two_films_find_their_chapters_and_show_themselves_as_they_are_made(
    platform: Platform, open_page: OpenPage, small_film: Path, tmp_path: Path
) -> None:
    page, course, wire = open_course(platform, open_page, chapters=3)
    second = make_film(tmp_path / "chapter 2.mp4", seconds=3)
    page.get_by_test_id("course-upload-input").set_input_files([str(small_film), str(second)])
    staged = page.get_by_test_id("staged-file")
    expect(staged).to_have_count(2)
    chosen = [staged.nth(i).get_by_test_id("staged-chapter").input_value() for i in range(2)]
    assert chosen == course.chapters[:2]
    staged.nth(0).get_by_test_id("staged-chapter").select_option(course.chapters[2])
    wire.narrow(MIB // 2)
    page.get_by_test_id("course-upload-begin").click()
    expect(page.get_by_test_id("upload-total")).to_contain_text("0 of 2 films uploaded")
    wire.narrow(-1)
    panel = page.locator(f'[data-chapter="{course.chapters[2]}"]').get_by_test_id("film-panel")
    expect(panel.get_by_test_id("stills").locator("img").first).to_be_visible()
    expect(panel.get_by_test_id("watch-now")).to_be_visible()
    expect(panel).to_have_attribute("data-state", "ready")
    assert wire.count("GET", "/events") >= 1
    assert video_of(platform, course, 0) is None
    for number, film in ((1, second), (2, small_film)):
        video = video_of(platform, course, number)
        assert video is not None
        platform.wait_for(video)
        assert platform.source(video) == film.read_bytes()


def test_a_lost_network_costs_nothing_that_was_sent(platform: Platform, open_page: OpenPage, long_film: Path) -> None:
    page, course, wire = open_course(platform, open_page)
    begin_slowly(page, wire, long_film)
    page.context.set_offline(True)
    row = page.get_by_test_id("upload-row")
    expect(row).to_have_attribute("data-state", "waiting")
    expect(row).to_contain_text("It goes on by itself")
    there = received(platform, page)
    page.context.set_offline(False)
    arrives_whole(platform, page, course, long_film)
    assert wire.count("POST", "/api/uploads/tus") == 1
    assert wire.offsets == [0, there]


def test_after_a_reload_the_same_file_goes_on_from_where_it_stopped(
    platform: Platform, open_page: OpenPage, long_film: Path, small_film: Path
) -> None:
    page, course, wire = open_course(platform, open_page)
    begin_slowly(page, wire, long_film)
    page.reload()
    row = page.get_by_test_id("upload-row")
    expect(row).to_have_attribute("data-state", "interrupted")
    expect(row).to_contain_text("long lecture.mp4")
    there = received(platform, page)
    page.get_by_test_id("upload-again-input").set_input_files(str(small_film))
    expect(row).to_contain_text("“small.mp4” is another file")
    wire.narrow(-1)
    page.get_by_test_id("upload-again-input").set_input_files(str(long_film))
    arrives_whole(platform, page, course, long_film)
    assert wire.offsets == [0, there]
    assert wire.count("POST", "/api/uploads/tus") == 1


GIVES_A_HANDLE = """
() => { window.showOpenFilePicker = async () => {
  const folder = await navigator.storage.getDirectory();
  return [await folder.getFileHandle('kept.mp4')];
}; }
"""
KEEP_IT = """
async (source) => {
  const handle = await (await navigator.storage.getDirectory()).getFileHandle('kept.mp4', { create: true });
  const writable = await handle.createWritable();
  await writable.write(Uint8Array.from(atob(source), (letter) => letter.charCodeAt(0)));
  await writable.close();
}
"""


def test_where_the_browser_keeps_the_file_a_reload_needs_nobody(
    platform: Platform, open_page: OpenPage, long_film: Path
) -> None:
    """The browser's own dialog cannot be worked by a test; what it gives, a handle, is a real one."""
    page, course, wire = open_course(platform, open_page)
    page.evaluate(KEEP_IT, base64.b64encode(long_film.read_bytes()).decode())
    page.evaluate(GIVES_A_HANDLE)
    wire.narrow(MIB // 2)
    page.get_by_test_id("upload-zone").get_by_role("button").click()
    until(lambda: percent(page) >= 25, "a quarter to be sent")
    page.reload()
    wire.narrow(-1)
    arrives_whole(platform, page, course, long_film)
    assert len(wire.offsets) == 2 and wire.offsets[1] > 0


def test_paused_it_rests_and_cancelled_it_is_gone(platform: Platform, open_page: OpenPage, long_film: Path) -> None:
    page, _course, wire = open_course(platform, open_page)
    begin_slowly(page, wire, long_film)
    row = page.get_by_test_id("upload-row")
    row.get_by_test_id("upload-pause").click()
    expect(row).to_have_attribute("data-state", "paused")
    there = received(platform, page)
    row.get_by_test_id("upload-resume").click()
    until(lambda: wire.patches() == 2, "it to go on")
    assert wire.offsets == [0, there]
    [kept] = json.loads(str(page.evaluate("() => localStorage.getItem('lectern.uploads')")))
    row.get_by_test_id("upload-cancel").click()
    expect(row).to_have_attribute("data-state", "cancelled")
    owner = platform.person("admin", "demo-admin")
    until(lambda: owner.get(f"/api/uploads/{kept['uploadId']}").json().get("state") != "receiving", "the end of it")
    assert page.evaluate("() => localStorage.getItem('lectern.uploads')") == "[]"
    # And from the start, when the person thinks better of it.
    wire.narrow(-1)
    row.get_by_test_id("upload-retry").click()
    expect(page.get_by_test_id("film-panel")).to_be_visible()
    assert wire.offsets[2] == 0


DROPS_NO_FILM = """
() => {
  const dropped = new DataTransfer();
  dropped.items.add(new File(['Once upon a time.'], 'dropped.mp4'));
  return dropped;
}
"""


def test_what_is_no_film_or_too_large_is_refused_before_a_byte(
    platform: Platform, open_page: OpenPage, tmp_path: Path
) -> None:
    page, _course, wire = open_course(platform, open_page)
    text = tmp_path / "novel.mp4"
    text.write_text("Once upon a time. " * 100)
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.write(struct.pack(">I4s4s", 16, b"ftyp", b"isom"))
        file.truncate(MOST_BYTES + 1)
    row = page.get_by_test_id("upload-row")
    dropped = page.evaluate_handle(DROPS_NO_FILM)
    page.get_by_test_id("upload-zone").dispatch_event("drop", {"dataTransfer": dropped})
    expect(row).to_contain_text("There is no film inside this file")
    row.get_by_test_id("upload-forget").click()
    for film, reason in ((text, "There is no film inside this file"), (large, "The file is larger than 24 MB")):
        page.get_by_test_id("upload-input").set_input_files(str(film))
        expect(row).to_have_attribute("data-state", "refused")
        expect(row).to_contain_text(reason)
        row.get_by_test_id("upload-forget").click()
        expect(row).to_have_count(0)
    assert wire.count("POST", "/api/uploads/tus") == 0
    assert wire.offsets == []


def test_a_server_that_stumbles_is_tried_again(platform: Platform, open_page: OpenPage, small_film: Path) -> None:
    page, _course, wire = open_course(platform, open_page)
    stumbles = [503, 502]

    def answer(route: Any) -> None:
        if stumbles:
            route.fulfill(status=stumbles.pop(), body="")
        else:
            route.continue_()

    page.route(
        "**/api/uploads/tus", lambda route: answer(route) if route.request.method == "POST" else route.continue_()
    )
    page.get_by_test_id("upload-input").set_input_files(str(small_film))
    expect(page.get_by_test_id("upload-countdown")).to_be_visible()
    expect(page.get_by_test_id("film-panel")).to_be_visible()
    assert wire.count("POST", "/api/uploads/tus") == 3


STUDENT = "demo-student"


@pytest.fixture(scope="module")
def school(platform: Platform, small_film: Path) -> Course:
    """Three chapters in order with one film each, of which a student may mark what they have seen."""
    course = platform.new_course(3, sequential=True)
    chapters = [{"id": chapter, "title": f"Lesson {n}", "position": n} for n, chapter in enumerate(course.chapters, 1)]
    body = {"title": "Lessons", "isSequential": True, "studentsMayComplete": True, "chapters": chapters}
    good(platform.admin.put(f"/api/admin/courses/{course.id}", json=body))
    good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{STUDENT}"))
    for video in [platform.upload(chapter, small_film) for chapter in course.chapters[:2]]:
        platform.wait_for(video)
    student = platform.person("student", STUDENT)
    view = platform.watch(student, video_of(platform, course) or "")
    beat = {"seq": 1, "sentAt": "2026-01-01T00:00:00Z", "position": 7.0, "state": "paused", "age": 0}
    beat["intervals"] = [{"from": 0.0, "to": 7.0, "rate": 1.0}]
    sent = student.post(view.path("beat"), content=json.dumps(beat), headers={"Content-Type": "text/plain"})
    assert sent.status_code == 200, sent.text
    return course


def test_a_student_sees_where_they_are_and_moves_it_themselves(
    platform: Platform, open_page: OpenPage, school: Course
) -> None:
    page = open_page()
    sign_in(page, "student")
    card = page.locator(f'[data-testid="continue-card"][data-chapter="{school.chapters[0]}"]')
    expect(card).to_contain_text("Lesson 1")
    expect(card).to_contain_text("0:07 of 0:14")
    expect(card).to_contain_text("50% watched")
    picture = card.locator("img")
    until(lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the picture")
    expect(page.get_by_test_id("stats-line")).to_contain_text("watched")
    page.goto(f"/courses/{school.id}")
    rows = page.get_by_test_id("chapter-row")
    assert rows.nth(0).locator(".ring-box").get_attribute("data-value") == "50"
    expect(rows.nth(1)).to_contain_text("First finish “Lesson 1”")
    expect(page.get_by_test_id("continue-watching")).to_contain_text("Continue at 0:07")
    page.get_by_test_id("chapter-more").click()
    page.get_by_test_id("chapter-complete").click()
    expect(rows.nth(0)).to_have_attribute("data-state", "completed")
    expect(rows.nth(1)).to_have_attribute("data-state", "not_started")
    page.get_by_test_id("chapter-more").nth(1).click()
    page.get_by_test_id("chapter-complete").last.click()
    expect(page.get_by_test_id("course-done")).to_be_visible()
    # Starting over is asked about, and "no" changes nothing.
    page.get_by_test_id("chapter-more").nth(0).click()
    page.get_by_test_id("chapter-reset").first.click()
    page.get_by_test_id("confirm-no").click()
    expect(rows.nth(0)).to_have_attribute("data-state", "completed")
    page.get_by_test_id("chapter-reset").first.click()
    page.get_by_test_id("confirm-yes").click()
    expect(rows.nth(0)).to_have_attribute("data-state", "not_started")
    progress = good(platform.person("student", STUDENT).get(f"/api/progress/chapters/{school.chapters[0]}"))
    assert (progress["isCompleted"], progress["watchPercentage"]) == (False, 0.0)


def test_a_locked_course_says_in_words_what_opens_it(platform: Platform, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, "student")
    for bounds, reason in (
        ({"startsAt": "2130-03-05T12:00:00Z"}, "Opens on 5 March 2130, when your enrolment begins"),
        ({"endsAt": "2020-03-05T12:00:00Z"}, "Your enrolment ended on 5 March 2020"),
    ):
        course = platform.new_course()
        good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{STUDENT}", json=bounds))
        page.goto(f"/courses/{course.id}")
        expect(page.get_by_test_id("chapter-lock")).to_have_text(reason)
    sample = platform.new_course(2)
    chapters = [{"id": chapter, "title": chapter, "isFree": n == 0} for n, chapter in enumerate(sample.chapters)]
    good(platform.admin.put(f"/api/admin/courses/{sample.id}", json={"title": "Sample", "chapters": chapters}))
    page.goto(f"/courses/{sample.id}")
    expect(page.get_by_test_id("chapter-lock")).to_have_text("Opens when you are enrolled in the course")
    expect(page.get_by_test_id("chapter-row").first).to_contain_text("Free")
