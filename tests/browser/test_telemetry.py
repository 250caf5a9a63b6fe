"""What our player tells of how well a film played, from the click to the closed page."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.test_watching import choose_quality, enrolled_course, sign_in, wait_for_video
from tests.support.clients import Platform
from tests.support.patience import until

SESSIONS = "SELECT * FROM analytics.video_analytics WHERE video_id = $1::text::uuid"


def counts(row: dict[str, Any]) -> dict[str, int]:
    counted: dict[str, int] = json.loads(row["event_counts"])
    return counted


def test_a_student_watches_and_leaves_and_it_is_told_how_it_played(
    platform: Platform, open_page: Callable[..., Page], lecture: Path
) -> None:
    course = enrolled_course(platform)
    film = platform.ready(course.chapters[0], lecture)
    page = open_page()
    loaded: list[str] = []
    told: list[str] = []
    page.on("request", lambda asked: told.append(asked.post_data or "") if asked.url.endswith("/analytics") else None)
    page.on("response", lambda came: loaded.append(came.url) if came.ok and came.url.endswith(".ts") else None)
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
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
    # Out of the app altogether: what was not told yet has to outlive the page.
    page.goto("about:blank")
    expect(page).to_have_url("about:blank")

    def ended() -> dict[str, Any] | None:
        return next((row for row in platform.suite.query(SESSIONS, film) if "session_end" in counts(row)), None)

    row = until(ended, "the end of the session to be told")
    assert row is not None
    assert len(platform.suite.query(SESSIONS, film)) == 1
    counted = counts(row)
    assert {"session_start", "startup", "bandwidth", "quality_change", "speed", "session_end"} <= set(counted)
    assert [counted[once] for once in ("session_start", "startup", "session_end")] == [1, 1, 1]
    assert "error" not in counted
    assert row["quality_selected"] == away
    # Each of the loaded segments is thousands of bytes of MPEG-TS: less would be keys or playlists.
    assert row["bandwidth_used"] > 1_000 * len(loaded) > 0
