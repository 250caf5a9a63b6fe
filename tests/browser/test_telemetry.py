"""What our player tells of how well a film played, from the click to the closed page."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.browser.test_watching import OpenPage, choose_quality, enrolled_course, sign_in, wait_for_video
from tests.support.clients import Course, Platform
from tests.support.patience import until

SESSIONS = "SELECT * FROM analytics.video_analytics WHERE video_id = $1::text::uuid"


def begin(page: Page, course: Course) -> None:
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()


def left(page: Page, platform: Platform, film: str) -> dict[str, Any]:
    """What is known of the only session of a film, once the page went elsewhere: what was not told yet outlives it."""
    page.goto("about:blank")
    expect(page).to_have_url("about:blank")

    def ended() -> dict[str, Any] | None:
        return next((row for row in platform.suite.query(SESSIONS, film) if "session_end" in counts(row)), None)

    row = until(ended, "the end of the session to be told")
    assert row is not None
    assert len(platform.suite.query(SESSIONS, film)) == 1
    return row


def counts(row: dict[str, Any]) -> dict[str, int]:
    counted: dict[str, int] = json.loads(row["event_counts"])
    return counted


def test_a_student_watches_and_leaves_and_it_is_told_how_it_played(
    platform: Platform, open_page: OpenPage, lecture: Path
) -> None:
    course = enrolled_course(platform)
    film = platform.ready(course.chapters[0], lecture)
    page = open_page()
    sizes: list[int] = []

    def came(response: Response) -> None:
        if response.ok and response.url.endswith(".ts"):
            sizes.append(int(response.headers["content-length"]))

    page.on("response", came)
    begin(page, course)
    wait_for_video(page, "v.currentTime > 1")
    page.keyboard.press("Space")
    wait_for_video(page, "v.paused")
    # Away from what it plays, whichever that is by now.
    away = "360p" if page.evaluate("() => document.querySelector('video').videoWidth") == 1280 else "720p"
    choose_quality(page, away)
    wait_for_video(page, f"v.videoHeight === {away.removesuffix('p')}")
    page.get_by_test_id("speed-menu").click()
    page.get_by_test_id("speed-menu-1.5").click()
    wait_for_video(page, "v.playbackRate === 1.5")
    page.keyboard.press("Space")
    wait_for_video(page, "!v.paused && v.currentTime > 2")
    page.get_by_test_id("fullscreen-button").click()
    until(lambda: page.evaluate("() => document.fullscreenElement !== null"), "the whole screen")
    row = left(page, platform, film)
    counted = counts(row)
    assert {"session_start", "startup", "bandwidth", "quality_change", "speed", "fullscreen", "session_end"} <= set(
        counted
    )
    assert [counted[once] for once in ("session_start", "startup", "session_end")] == [1, 1, 1]
    assert "error" not in counted
    assert row["quality_selected"] == away
    # A segment that a change of quality breaks off is answered, and does not count.
    assert 0 < row["bandwidth_used"] <= sum(sizes)


@pytest.mark.acceptance
@pytest.mark.parametrize("sought", [False, True])
def test_a_film_that_stands_for_want_of_a_network_has_stalled_and_one_that_is_sought_in_has_not(
    sought: bool, platform: Platform, open_page: OpenPage, lecture: Path
) -> None:
    course = enrolled_course(platform)
    film = platform.ready(course.chapters[0], lecture)
    page = open_page()
    slow = True
    held: list[Route] = []

    def slowly(route: Route) -> None:
        """All of them arrive in the end; what comes after the first seconds does so late."""
        if slow and not route.request.url.endswith("/0.ts"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/*.ts", slowly)
    begin(page, course)
    wait_for_video(page, "v.currentTime > 0.5")
    if sought:
        page.evaluate("() => { document.querySelector('video').currentTime = 9; }")
    wait_for_video(page, "v.readyState < 3 && !v.paused")
    # A beat goes by meanwhile.
    with page.expect_response(lambda response: response.url.endswith("/beat")):
        pass
    slow = False
    for route in held:
        route.continue_()
    wait_for_video(page, "v.currentTime > 10")
    counted = counts(left(page, platform, film))
    assert counted.get("stall", 0) == (0 if sought else 1)
