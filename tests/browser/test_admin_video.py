"""The library and the page of one film, as a teacher works with them."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_watching import sign_in, wait_for_video
from tests.support.axe import axe
from tests.support.clients import Course, Platform, good
from tests.support.films import make_film
from tests.support.patience import until

OpenPage = Callable[..., Page]
CAPTIONS = (
    "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nThe first line\n\n00:00:04.000 --> 00:00:08.000\nOne half and the other\n"
)


@dataclass(frozen=True)
class Shown:
    course: Course
    video: str

    @property
    def page(self) -> str:
        return f"/admin/videos/{self.video}"


@pytest.fixture(scope="module")
def shown(platform: Platform, lecture: Path) -> Iterator[Shown]:
    course = platform.new_course()
    video = platform.upload(course.chapters[0], lecture, "cells-and-walls.mp4")
    platform.wait_for(video)
    headers = {"Content-Type": "text/vtt"}
    good(platform.admin.put(f"/api/videos/{video}/captions/en", content=CAPTIONS, headers=headers))
    yield Shown(course, video)


def is_loaded(picture: Locator) -> bool:
    return bool(picture.evaluate("image => image.complete && image.naturalWidth > 0"))


def details(platform: Platform, video: str) -> dict[str, Any]:
    found: dict[str, Any] = good(platform.admin.get(f"/api/admin/videos/{video}"))
    return found


def test_the_library_finds_a_film_and_keeps_it_in_its_address(open_page: OpenPage, shown: Shown) -> None:
    page = open_page()
    sign_in(page, "admin")
    page.get_by_test_id("nav-admin").click()
    page.get_by_test_id("admin-nav-videos").click()
    page.get_by_test_id("library-search").fill("no film is called this")
    expect(page.get_by_test_id("library-empty")).to_be_visible()
    page.get_by_test_id("library-search").fill("WALLS")
    film = page.get_by_test_id("library-film")
    expect(film).to_have_count(1)
    # Typing on is no new search, and takes nobody out of the field.
    expect(page.get_by_test_id("library-search")).to_be_focused()
    page.get_by_role("button", name="Size").click()
    expect(page.locator('th[data-column="size"]')).to_have_attribute("aria-sort", "descending")
    assert "q=WALLS" in page.url and "sort=-size" in page.url
    page.reload()
    expect(page.get_by_test_id("library-search")).to_have_value("WALLS")
    with page.expect_download() as saved:
        page.get_by_test_id("csv").click()
    assert "cells-and-walls.mp4" in Path(saved.value.path()).read_text(encoding="utf-8-sig")
    film.click()
    expect(page.get_by_test_id("video-facts")).to_contain_text("1280×720")
    expect(page.get_by_test_id("renditions")).to_contain_text("720p")


def test_a_line_is_edited_split_seen_over_the_film_and_served(
    platform: Platform, open_page: OpenPage, shown: Shown
) -> None:
    page = open_page()
    sign_in(page, "admin")
    page.goto(f"{shown.page}?tab=captions")
    page.get_by_test_id("captions-edit").click()
    second = page.locator('[data-testid="cue"][data-number="2"]')
    # A line is a place in the film.
    second.get_by_test_id("cue-go").click()
    wait_for_video(page, "Math.abs(v.currentTime - 4) < 0.2")
    second.get_by_test_id("cue-text").fill("One half & <em> the other")
    expect(page.get_by_test_id("cue-preview")).to_have_text("One half & <em> the other")
    expect(second).to_have_attribute("aria-current", "true")
    second.get_by_test_id("cue-text").evaluate("field => field.setSelectionRange(9, 9)")
    second.get_by_test_id("cue-split").click()
    expect(page.get_by_test_id("cue")).to_have_count(3)
    # What cannot be is said, and not saved.
    second.get_by_test_id("cue-end").fill("0:01")
    expect(second).to_contain_text("It has to end after it starts.")
    expect(page.get_by_test_id("editor-save")).to_be_disabled()
    second.get_by_test_id("cue-end").fill("0:05.5")
    page.get_by_test_id("editor-save").click()
    expect(page.get_by_test_id("editor-said")).to_have_attribute("data-saved", "true")
    served = platform.admin.get(f"/api/videos/{shown.video}/captions/en.vtt").text
    assert "00:00:04.000 --> 00:00:05.500\nOne half\n" in served
    assert "--> 00:00:08.000\n&amp; &lt;em&gt; the other" in served
    page.get_by_test_id("cue-merge").nth(1).click()
    page.get_by_test_id("editor-undo").click()
    expect(page.get_by_test_id("cue")).to_have_count(3)
    # All is as it was saved, and then it is not: whoever leaves now is asked.
    expect(page.get_by_test_id("editor-save")).to_be_disabled()
    second.get_by_test_id("cue-remove").click()
    page.get_by_test_id("editor-close").click()
    expect(page.get_by_test_id("confirm-dialog")).to_be_visible()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("captions-track")).to_contain_text("3 lines")
    page.get_by_test_id("captions-published").click()
    expect(page.get_by_test_id("captions-state")).to_have_attribute("data-state", "draft")


def test_a_poster_is_chosen_taken_from_the_player_and_given_back(
    platform: Platform, open_page: OpenPage, shown: Shown, tmp_path: Path
) -> None:
    page = open_page()
    sign_in(page, "admin")
    page.goto(f"{shown.page}?tab=poster")
    now = page.get_by_test_id("poster-now")
    until(lambda: is_loaded(now), "the poster")
    found = now.get_attribute("src")
    page.get_by_test_id("poster-moment").nth(1).click()
    expect(page.get_by_test_id("poster-origin")).to_have_attribute("data-origin", "chosen")
    expect(page.get_by_test_id("poster-moment").nth(1)).to_have_attribute("aria-pressed", "true")
    # In the best quality, what the player shows: it has to be asked to show something first.
    page.get_by_test_id("poster-frame").click()
    expect(page.get_by_role("alert")).to_contain_text("The player shows no picture yet")
    # Whoever was here before is asked where to go on.
    page.locator('[data-testid="big-play"], [data-testid="resume-continue"]').click()
    wait_for_video(page, "v.currentTime > 0.5 && v.videoWidth > 0")
    page.evaluate("() => document.querySelector('video').pause()")
    chosen = now.get_attribute("src")
    page.get_by_test_id("poster-frame").click()
    expect(now).not_to_have_attribute("src", chosen or "")
    until(lambda: is_loaded(now) and now.evaluate("image => image.naturalWidth") >= 640, "the picture of the player")
    course = good(platform.admin.get(f"/api/courses/{shown.course.id}"))
    assert str(now.get_attribute("src")).endswith(course["chapters"][0]["posterUrl"])
    page.get_by_test_id("poster-input").set_input_files(str(_picture(page, tmp_path)))
    expect(page.get_by_test_id("poster-origin")).to_have_attribute("data-origin", "uploaded")
    until(lambda: is_loaded(now) and now.evaluate("image => image.naturalWidth") == 40, "the picture that was sent")
    page.get_by_test_id("poster-reset").click()
    expect(now).to_have_attribute("src", found or "")


def _picture(page: Page, folder: Path) -> Path:
    """A PNG, which becomes a JPEG on its way."""
    path = folder / "own.png"
    made = page.evaluate(
        "() => { const c = document.createElement('canvas'); c.width = 40; c.height = 30; return c.toDataURL('image/png').split(',')[1]; }"
    )
    path.write_bytes(base64.b64decode(str(made)))
    return path


def test_a_film_is_replaced_and_brought_back(platform: Platform, open_page: OpenPage, tmp_path: Path) -> None:
    course = platform.new_course()
    first = make_film(tmp_path / "first.mp4", seconds=2)
    other = make_film(tmp_path / "other.mp4", seconds=4)
    video = platform.upload(course.chapters[0], first, "first.mp4")
    platform.wait_for(video)
    page = open_page()
    sign_in(page, "admin")
    page.goto(f"/admin/videos/{video}")
    page.get_by_test_id("replace-video").click()
    page.get_by_test_id("upload-input").set_input_files(str(other))
    expect(page.get_by_test_id("previous-version")).to_contain_text("first.mp4")
    assert details(platform, video)["originalName"] == "other.mp4"
    page.get_by_test_id("roll-back").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("previous-version")).to_contain_text("other.mp4")
    assert details(platform, video)["originalName"] == "first.mp4"
    # Why and how it was made, of either version.
    page.get_by_test_id("tab-processing").click()
    expect(page.get_by_test_id("job")).to_have_attribute("data-state", "completed")
    expect(page.get_by_test_id("job-timeline")).to_contain_text("Planned")


def test_the_curve_leads_into_the_film(platform: Platform, open_page: OpenPage, shown: Shown) -> None:
    student = platform.student(shown.course)
    view = platform.watch(student, shown.video)
    platform.grow_older(view, "1 minute")
    beat = {"seq": 1, "state": "playing", "intervals": [{"from": 0, "to": 5}], "position": 5}
    good(student.post(view.document["beatUrl"], content=json.dumps(beat)))
    page = open_page()
    sign_in(page, "admin")
    page.goto(f"{shown.page}?tab=insight")
    chart = page.get_by_test_id("chart")
    expect(chart.locator("canvas")).to_be_visible()
    chart.get_by_test_id("chart-as-table").click()
    expect(chart.locator("tbody tr")).to_have_count(14)
    chart.get_by_role("button", name="Go to 0:06").click()
    wait_for_video(page, "Math.abs(v.currentTime - 6) < 0.2")


@pytest.mark.parametrize("language", ["en", "ka"])
def test_pages_are_for_everybody(open_page: OpenPage, shown: Shown, language: str) -> None:
    page = open_page(PHONE, language, "dark" if language == "ka" else "light")
    sign_in(page, "admin")
    wanted = {"/admin/videos": "library"} | {
        f"{shown.page}?tab={tab}": f"video-{tab}" for tab in ("overview", "insight", "captions", "poster", "processing")
    }
    for path, handle in wanted.items():
        page.goto(path)
        expect(page.get_by_test_id(handle)).to_be_visible()
        expect(page.get_by_test_id("loading")).to_have_count(0)
        if path.endswith("captions"):
            page.get_by_test_id("captions-edit").click()
            expect(page.get_by_test_id("cue").first).to_be_visible()
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path


def test_an_instructor_is_not_shown_what_is_for_admins(platform: Platform, open_page: OpenPage, shown: Shown) -> None:
    user = platform.new_id("teacher")
    platform.teacher(shown.course, user)
    page = open_page()
    # As the platform leads there: the demo signs in nobody but its own two.
    token = platform.jwt("instructor", user)
    me = good(platform.client(token).get("/api/me"))
    page.goto("/")
    page.evaluate("signIn => sessionStorage.setItem('lectern.auth', signIn)", json.dumps({"token": token, "me": me}))
    page.goto("/admin/videos")
    expect(page.get_by_test_id("library-film")).to_have_count(1)
    expect(page.get_by_test_id("admin-nav-courses")).to_be_visible()
    expect(page.get_by_test_id("admin-nav-jobs")).to_have_count(0)
    page.goto(f"{shown.page}?tab=processing")
    expect(page.get_by_test_id("video-processing")).to_contain_text("administrators")
