"""How the pages look: what a person would call a flaw, measured in a real browser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_watching import enrolled_course, sign_in
from tests.support.clients import Course, Platform, good
from tests.support.patience import until

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def course(platform: Platform, lecture: Path) -> Iterator[Course]:
    """Two chapters with a film each, the second one locked."""
    made = enrolled_course(platform, sequential=True)
    for chapter in made.chapters:
        platform.ready(chapter, lecture)
    yield made


def box(of: Locator) -> dict[str, float]:
    found = of.bounding_box()
    assert found is not None
    return dict(found)


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    return (
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


def test_a_course_card_shows_a_film(platform: Platform, open_page: OpenPage, course: Course) -> None:
    page = open_page()
    sign_in(page, "student")
    card = page.locator(f'[data-testid="course-card"][data-course="{course.id}"]')
    picture = card.locator("img")
    expect(picture).to_be_visible()
    until(lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the picture")
    empty = enrolled_course(platform)
    page.reload()
    drawn = page.locator(f'[data-testid="course-card"][data-course="{empty.id}"]')
    expect(drawn.locator("svg.cover")).to_be_visible()


def test_a_length_is_written_in_one_way_on_a_page(open_page: OpenPage, course: Course) -> None:
    page = open_page()
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}")
    expect(page.get_by_test_id("continue-watching")).to_contain_text("0:14")
    expect(page.get_by_test_id("course-summary")).to_contain_text("0:28")
    assert "14 s" not in page.locator("main").inner_text()


@pytest.mark.parametrize("language", ["en", "ka"])
def test_on_a_phone_nothing_lies_on_something_else(open_page: OpenPage, course: Course, language: str) -> None:
    page = open_page(PHONE, language)
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}")
    locked = page.locator('[data-testid="chapter-row"][data-state="locked"]')
    expect(locked).to_be_visible()
    assert not overlap(box(locked.locator(".thumb__time")), box(locked.locator(".thumb > .icon")))


@pytest.mark.parametrize("language", ["en", "ka"])
def test_on_a_phone_no_button_of_a_film_stands_alone_below_the_others(
    open_page: OpenPage, course: Course, language: str
) -> None:
    page = open_page(PHONE, language)
    sign_in(page, "admin")
    page.goto(f"/admin/courses/{course.id}")
    panel = page.get_by_test_id("film-panel").first
    watch, replace, delete = (panel.get_by_test_id(name) for name in ("watch-now", "replace-video", "delete-video"))
    expect(watch).to_be_visible()
    # What comes in meanwhile moves them all.
    until(
        lambda: box(replace)["y"] == box(delete)["y"] > box(watch)["y"], "the two to stand side by side below the first"
    )
    assert abs(box(watch)["width"] - (box(delete)["x"] + box(delete)["width"] - box(replace)["x"])) < 2
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_what_is_still_being_made_is_not_called_a_quality(
    platform: Platform, open_page: OpenPage, course: Course
) -> None:
    """The status of a film in the making, as it is while more of the film itself comes."""
    page = open_page()
    sign_in(page, "admin")
    video = good(platform.admin.get(f"/api/courses/{course.id}"))["chapters"][0]["videoId"]
    document: dict[str, Any] = {**platform.status(video), "status": "playable", "percent": 40.0}
    page.route(f"**/api/videos/{video}/status", lambda route: route.fulfill(json=document))
    event = f"id: 1\nevent: status\ndata: {json.dumps(document)}\n\n"
    page.route(
        f"**/api/videos/{video}/events", lambda route: route.fulfill(content_type="text/event-stream", body=event)
    )
    page.goto(f"/admin/courses/{course.id}")
    panel = page.get_by_test_id("film-panel").first
    expect(panel).to_contain_text("Playable already. The rest is being made.")
    expect(panel).not_to_contain_text("qualities")
