"""No page of a student, and nothing that stands over the film, shuts anybody out: judged by axe, in both languages."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_watching import STUDENT, OpenPage, sign_in, wait_for_video
from tests.support.axe import axe
from tests.support.clients import Course, Platform, good

VTT = b"WEBVTT\n\n00:00.000 --> 00:14.000\nWhat is said\n"


@pytest.fixture(scope="module")
def course(platform: Platform, lecture: Path) -> Course:
    """One chapter to watch, one that is locked behind it, one without a film."""
    course = platform.new_course(3, sequential=True, restricted=True)
    good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{STUDENT}"))
    film = platform.ready(course.chapters[0], lecture)
    good(platform.admin.put(f"/api/videos/{film}/captions/en?isDefault=true", content=VTT))
    platform.ready(course.chapters[1], lecture)
    return course


def judged(page: Page, name: str) -> list[object]:
    expect(page.get_by_test_id("loading")).to_have_count(0)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [(name, *one) for one in axe(page)] + ([(name, "wider than the screen", wide)] if wide > 0 else [])


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ka", "dark")])
def test_no_page_of_a_student_shuts_anybody_out(open_page: OpenPage, course: Course, language: str, theme: str) -> None:
    page = open_page(PHONE, language, theme)
    page.goto("/")
    expect(page.get_by_test_id("sign-in-student")).to_be_visible()
    found = judged(page, "sign in")
    sign_in(page, "student")
    for name, path in (
        ("courses", "/"),
        ("course", f"/courses/{course.id}"),
        ("locked", f"/courses/{course.id}/chapters/{course.chapters[1]}"),
        ("no such course", "/courses/none-such"),
        ("no such page", "/none-such"),
        ("frame without a token", "/embed/01890000-0000-7000-8000-000000000000"),
        ("film", f"/courses/{course.id}/chapters/{course.chapters[0]}"),
    ):
        page.goto(path)
        if name == "frame without a token":
            expect(page.get_by_test_id("face-tokenNeeded")).to_be_visible()
        else:
            expect(page.locator("h1, h2").first).to_be_visible()
        found += judged(page, name)
    page.get_by_test_id("big-play").or_(page.get_by_test_id("resume-start-over")).click()
    wait_for_video(page, "v.currentTime > 0.2 && v.videoWidth > 0")
    page.keyboard.press("Space")
    wait_for_video(page, "v.paused")
    page.keyboard.press("t")
    expect(page.get_by_test_id("transcript-list").get_by_role("button")).to_have_count(1)
    found += judged(page, "paused, with its text")
    for menu in ("captions-menu", "speed-menu", "quality-menu"):
        page.get_by_test_id(menu).click()
        found += judged(page, menu)
        page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_test_id("help")).to_be_visible()
    found += judged(page, "keys")
    page.keyboard.press("Escape")
    page.get_by_test_id("captions-menu").click()
    page.get_by_test_id("captions-menu-style").click()
    expect(page.get_by_test_id("caption-style")).to_be_visible()
    found += judged(page, "looks of captions")
    assert found == []
