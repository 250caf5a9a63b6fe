"""The main job in a browser: a teacher uploads, a student watches, the server keeps what was watched."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Response, expect

from tests.support.clients import Course, Platform, good
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.video_profile import faults

STUDENT = "demo-student"
OpenPage = Callable[..., Page]


def enrolled_course(platform: Platform, **options: bool) -> Course:
    course = platform.new_course(2, **options)
    good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{STUDENT}"))
    return course


def sign_in(page: Page, role: str) -> None:
    page.goto("/")
    page.get_by_test_id(f"sign-in-{role}").click()
    expect(page.get_by_test_id("signed-in-as")).to_be_attached()


def video(page: Page, expression: str) -> object:
    return page.evaluate(f"() => {{ const v = document.querySelector('video'); return v && ({expression}); }}")


def wait_for_video(page: Page, condition: str) -> None:
    # Not wait_for_function: it evaluates inside the page, which our Content-Security-Policy forbids.
    until(lambda: video(page, condition), f"video: {condition}")


def choose_quality(page: Page, name: str) -> None:
    page.get_by_test_id("player").hover()
    page.get_by_test_id("quality-menu").click()
    # By its value: Auto names the quality it shows, too.
    page.get_by_test_id(f"quality-menu-{name.lower().removesuffix('p')}").click()


def test_a_teacher_uploads_and_watches_it_become_ready(platform: Platform, open_page: OpenPage, lecture: Path) -> None:
    course = platform.new_course()
    page = open_page()
    sign_in(page, "admin")
    page.goto(f"/admin/courses/{course.id}")
    page.get_by_test_id("upload-input").set_input_files(str(lecture))
    expect(page.get_by_test_id("upload-row")).to_be_visible()
    expect(page.get_by_test_id("watch-now").first).to_be_visible()
    # Whoever asks to watch now is not asked to press play as well.
    page.get_by_test_id("watch-now").first.click()
    wait_for_video(page, "v.currentTime > 1 && v.videoWidth > 0")
    [chapter] = good(platform.admin.get(f"/api/courses/{course.id}"))["chapters"]
    platform.wait_for(chapter["videoId"], "ready")


def test_a_file_that_is_no_film_is_refused_before_it_is_sent(
    platform: Platform, open_page: OpenPage, tmp_path: Path
) -> None:
    course = platform.new_course()
    text = tmp_path / "notes.txt"
    text.write_text("not a film")
    page = open_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    sign_in(page, "admin")
    page.goto(f"/admin/courses/{course.id}")
    page.get_by_test_id("upload-input").set_input_files(str(text))
    expect(page.get_by_test_id("upload-row")).to_contain_text("notes.txt")
    assert not any(one.startswith(("POST", "PATCH")) and "/api/uploads" in one for one in sent)


def test_a_student_watches_to_the_end_and_the_next_chapter_opens(
    platform: Platform, open_page: OpenPage, lecture: Path
) -> None:
    course = enrolled_course(platform, sequential=True, restricted=True)
    platform.ready(course.chapters[0], lecture)
    platform.ready(course.chapters[1], lecture)
    page = open_page()
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}")
    expect(page.get_by_test_id("chapter-lock")).to_have_count(1)
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    wait_for_video(page, "v.currentTime > 1")
    # Paused, so that the film does not come to its end while a slow machine is busy with the menus.
    page.evaluate("() => document.querySelector('video').pause()")

    # The quality that is chosen is the quality that is shown.
    choose_quality(page, "720p")
    wait_for_video(page, "v.videoWidth === 1280")
    choose_quality(page, "360p")
    wait_for_video(page, "v.videoWidth === 640")

    # First watch: whoever skips ahead is sent back.
    page.evaluate("() => { document.querySelector('video').currentTime = 13; }")
    wait_for_video(page, "v.currentTime < 12 && !v.seeking")

    page.evaluate("() => document.querySelector('video').play()")
    wait_for_video(page, "v.ended")
    expect(page.get_by_test_id("next-chapter").first).to_be_visible()
    [document] = [
        chapter
        for chapter in good(platform.person("student", STUDENT).get(f"/api/progress/courses/{course.id}"))["chapters"]
        if chapter["chapterId"] == course.chapters[0]
    ]
    assert document["isCompleted"]
    assert document["watchPercentage"] >= 90
    page.get_by_test_id("next-chapter").first.click()
    page.wait_for_url(f"**/chapters/{course.chapters[1]}")
    # Going on to the next chapter is asking to watch it.
    wait_for_video(page, "v.currentTime > 0.5 && v.currentTime < 12")
    told_in_statements(platform, course.chapters[0])


def told_in_statements(platform: Platform, chapter: str) -> None:
    """What our player told of a chapter that was left, as statements of the xAPI video profile."""
    of_the_chapter = (
        "SELECT statement::text AS said FROM analytics.statements"
        " WHERE user_id = $1 AND statement -> 'object' ->> 'id' LIKE $2 ORDER BY id"
    )

    def left() -> list[dict[str, Any]] | None:
        rows = platform.suite.query(of_the_chapter, STUDENT, f"%/{chapter}")
        told = [json.loads(row["said"]) for row in rows]
        return told if told and told[-1]["verb"]["display"]["en-US"] == "terminated" else None

    told = until(left, "the end of the session to be told")
    assert told is not None
    assert [fault for one in told for fault in faults(one)] == []
    verbs = [one["verb"]["display"]["en-US"] for one in told]
    assert verbs[:2] == ["initialized", "played"]
    assert {"paused", "completed", "terminated"} <= set(verbs)
    assert verbs.count("completed") == 1


def test_on_auto_the_player_climbs_and_a_choice_by_hand_holds(
    platform: Platform, open_page: OpenPage, tmp_path: Path
) -> None:
    """It starts low, to start soon, and goes to the top rung with one of the first segments, without a choice."""
    course = enrolled_course(platform)
    # The top rung needs more than the 1.5 Mbit/s that Chromium supposes of any network it knows nothing of.
    platform.ready(course.chapters[0], make_film(tmp_path / "climb.mp4", seconds=36, size="1280x720", fps=10))
    page = open_page()
    rungs: list[str] = []
    page.on("request", lambda asked: rungs.extend(re.findall(r"/(\d+p)/\d+\.ts", asked.url)))
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    wait_for_video(page, "v.videoWidth > 0")
    assert rungs[0] == "360p"
    wait_for_video(page, "v.videoWidth === 1280 || v.ended")
    assert float(str(video(page, "v.currentTime"))) < 15, "it climbed only after all that was buffered"
    assert video(page, "v.buffered.length") == 1, "the climb left a gap"

    choose_quality(page, "360p")
    # Also of a rung that was shown before, and with all of the film buffered.
    wait_for_video(page, "v.videoWidth === 640 || v.ended")
    assert video(page, "v.videoWidth") == 640
    chosen = len(rungs)
    assert allowed_heights(page) == [360]
    # Everything up to here was thrown away for the choice, so it is loaded anew, and as chosen.
    page.evaluate("() => { document.querySelector('video').currentTime = 0; }")
    wait_for_video(page, "v.currentTime > 2.5 && v.currentTime < 6 && !v.seeking")
    assert set(rungs[chosen:]) <= {"360p"}
    assert video(page, "v.videoWidth") == 640

    choose_quality(page, "Auto")
    until(lambda: allowed_heights(page) == [360, 480, 720], "all qualities to be allowed again")
    wait_for_video(page, "v.videoWidth === 1280 || v.ended")
    assert float(str(video(page, "v.currentTime"))) < 20, "it climbed again only after all that was buffered"


def allowed_heights(page: Page) -> object:
    return page.evaluate(
        """() => window.__lecternPlayer.tech({ IWillNotUseThisInPlugins: true }).vhs.representations()
            .filter((one) => one.enabled()).map((one) => one.height).sort((a, b) => a - b)"""
    )


def test_a_reload_goes_on_where_it_stopped(platform: Platform, open_page: OpenPage, lecture: Path) -> None:
    course = enrolled_course(platform)
    platform.ready(course.chapters[0], lecture)
    page = open_page()
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    wait_for_video(page, "v.currentTime > 5")
    with page.expect_response(lambda response: response.url.endswith("/beat")):
        page.keyboard.press("Space")
    wait_for_video(page, "v.paused")
    stopped = float(str(video(page, "v.currentTime")))
    page.reload()
    page.get_by_test_id("resume-continue").click()
    wait_for_video(page, f"v.currentTime >= {stopped - 1.5} && v.currentTime > 1")
    kept = good(platform.person("student", STUDENT).get(f"/api/progress/chapters/{course.chapters[0]}"))
    assert abs(kept["currentPosition"] - stopped) < 1.5
    assert kept["watchPercentage"] > 25


def test_a_deleted_film_says_so(platform: Platform, open_page: OpenPage, lecture: Path) -> None:
    course = enrolled_course(platform)
    film = platform.ready(course.chapters[0], lecture)
    page = open_page()
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    expect(page.get_by_test_id("big-play")).to_be_visible()
    good(platform.admin.delete(f"/api/videos/{film}"), 204)
    page.get_by_test_id("big-play").click()
    expect(page.get_by_test_id("face-deleted")).to_be_visible()


def test_the_interface_speaks_georgian_and_remembers_it(platform: Platform, open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    page.get_by_test_id("language-ka").click()
    sign_in(page, "student")
    expect(page.locator("html")).to_have_attribute("lang", "ka")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ka")
    assert any("ა" <= letter <= "ჰ" for letter in page.locator("main").inner_text())


def test_why_a_film_failed_is_said_in_georgian(platform: Platform, open_page: OpenPage, tmp_path: Path) -> None:
    """To the student in the player, and to the teacher beside the film and beside a replacement."""
    course = enrolled_course(platform)
    broken = tmp_path / "broken.mp4"
    # The list of its pictures stands at the end of an MP4, and is lost with it.
    broken.write_bytes(make_film(tmp_path / "whole.mp4", seconds=2).read_bytes()[:-4000])
    failed = platform.wait_for(platform.upload(course.chapters[0], broken), "failed")
    kept = platform.ready(course.chapters[1], tmp_path / "whole.mp4")
    good(platform.replace(kept, broken), 202)
    until(lambda: (platform.status(kept)["replacing"] or {}).get("status") == "failed", "the replacement to fail")

    student, teacher = open_page(language="ka"), open_page(language="ka")
    sign_in(student, "student")
    student.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    sign_in(teacher, "admin")
    teacher.goto(f"/admin/courses/{course.id}")
    reasons = teacher.get_by_test_id("failure-reason")
    expect(reasons).to_have_count(2)
    for place in (student.get_by_test_id("face-failed"), reasons.nth(0), reasons.nth(1)):
        expect(place).to_contain_text("ატვირთეთ თავიდან")
        expect(place).not_to_contain_text(failed["error"]["message"])


def in_the_making(platform: Platform, open_page: OpenPage, directory: Path) -> tuple[Page, str]:
    """A student's page in which a film plays that is still being made, and the film's id."""
    course = enrolled_course(platform)
    uploaded = platform.upload(course.chapters[0], make_film(directory / "long.mp4", seconds=20, size="1920x1080"))
    platform.wait_for(uploaded, "playable")
    page = open_page()
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    wait_for_video(page, "v.currentTime > 0.2 && v.videoWidth > 0")
    return page, uploaded


def test_a_film_that_is_still_being_made_is_watched_and_sought_through(
    platform: Platform, open_page: OpenPage, tmp_path: Path
) -> None:
    """A jump to where nothing is made yet plays on, at the lowest rung; no wait is taken for a slow network."""
    page, uploaded = in_the_making(platform, open_page, tmp_path)
    page.evaluate("() => { document.querySelector('video').currentTime = 17; }")
    wait_for_video(page, "v.currentTime > 17.3 && v.videoWidth > 0")
    if platform.status(uploaded)["status"] != "ready":
        assert video(page, "v.videoWidth") == 640
    [measured] = [page.evaluate("() => window.__lecternPlayer.tech({ IWillNotUseThisInPlugins: true }).vhs.bandwidth")]
    assert measured > 1_000_000, "the time in which segments were made counted as the network's"
    platform.wait_for(uploaded, "ready")


def test_a_segment_that_comes_too_late_is_asked_for_again(
    platform: Platform, suite: Suite, open_page: OpenPage, tmp_path: Path
) -> None:
    """The only rendition that is allowed fails once, and the film goes on as soon as it is there."""
    page, _ = in_the_making(platform, open_page, tmp_path)
    with suite.held("services.transcoder.worker"), page.expect_response(refused_segment):
        page.evaluate("() => { document.querySelector('video').currentTime = 17; }")
    wait_for_video(page, "v.currentTime > 17.3 && v.videoWidth > 0")


def refused_segment(response: Response) -> bool:
    return "/segment/360p/" in response.url and response.status == 503


def test_a_choice_shows_at_once_also_where_the_player_was_about_to_go_there(
    platform: Platform, open_page: OpenPage, lecture: Path
) -> None:
    """The player's own change to that rendition, in the tenth of a second before it hears the choice, is no answer."""
    course = enrolled_course(platform)
    platform.ready(course.chapters[0], lecture)
    page = open_page()
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    wait_for_video(page, "v.videoWidth > 0")
    page.evaluate("() => document.querySelector('video').pause()")
    choose_quality(page, "720p")
    wait_for_video(page, "v.videoWidth === 1280")
    page.get_by_test_id("player").hover()
    page.get_by_test_id("quality-menu").click()
    page.evaluate(
        """() => {
            document.querySelector('[data-testid="quality-menu-360"]').click();
            const controller = window.__lecternPlayer.tech(true).vhs.playlistController_;
            controller.switchMedia_(controller.selectPlaylist(), 'abr');
        }"""
    )
    wait_for_video(page, "v.videoWidth === 640")
