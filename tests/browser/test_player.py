"""The player beyond play and pause: what is read, found, chosen and remembered, and what it stands through."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_watching import (
    STUDENT,
    OpenPage,
    choose_quality,
    enrolled_course,
    sign_in,
    video,
    wait_for_video,
)
from tests.support.clients import Course, Platform, good
from tests.support.patience import until

WORDS = [f"Sentence number {number} is about {what}" for number, what in enumerate(["light", "mirrors", "lenses"] * 3)]
VTT = "WEBVTT\n\n" + "\n\n".join(
    f"00:{2 * number:02d}.000 --> 00:{2 * number + 1:02d}.900\n{words}" for number, words in enumerate(WORDS)
)


@pytest.fixture(scope="module")
def course(platform: Platform, lecture: Path) -> Course:
    """A chapter with a film that has captions and may be taken home, and one whose film may not."""
    course = enrolled_course(platform)
    for chapter, policy in zip(course.chapters, ("enrolled", "off"), strict=True):
        film = platform.ready(chapter, lecture)
        good(platform.admin.put(f"/api/videos/{film}/captions/en", content=VTT.encode()))
        good(platform.admin.put(f"/api/videos/{film}/download-policy", json={"policy": policy}))
    return course


def begin(page: Page, course: Course, *, chapter: int = 0, query: str = "") -> None:
    """Plays from wherever the page begins, and pauses there."""
    if page.url == "about:blank":
        sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[chapter]}{query}")
    start = page.get_by_test_id("big-play").or_(page.get_by_test_id("resume-start-over"))
    start.click()
    wait_for_video(page, "v.currentTime > 0.3 && v.videoWidth > 0")
    page.evaluate("() => document.querySelector('video').pause()")


def test_what_is_said_is_read_searched_and_gone_to(open_page: OpenPage, course: Course) -> None:
    page = open_page()
    begin(page, course)
    page.get_by_test_id("player").hover()
    page.get_by_test_id("transcript-button").click()
    lines = page.get_by_test_id("transcript-list").get_by_role("button")
    expect(lines).to_have_count(len(WORDS))
    page.get_by_test_id("transcript-search").fill("MIRRORS")
    expect(lines.filter(visible=True)).to_have_count(3)
    lines.filter(visible=True).nth(1).click()
    wait_for_video(page, "Math.abs(v.currentTime - 8) < 0.5 && !v.seeking")
    expect(lines.filter(visible=True).nth(1)).to_have_attribute("aria-current", "true")
    page.get_by_test_id("transcript-search").fill("quantum")
    expect(lines.filter(visible=True)).to_have_count(0)
    expect(page.get_by_test_id("transcript")).to_contain_text("Nobody says that")


def test_the_bar_shows_what_is_at_a_place(open_page: OpenPage, course: Course) -> None:
    page = open_page()
    begin(page, course)
    page.get_by_test_id("player").hover()
    box = page.get_by_test_id("seek-bar").bounding_box()
    assert box is not None
    seen = []
    for share in (0.05, 0.9):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        expect(page.get_by_test_id("preview")).to_be_visible()
        style = page.get_by_test_id("preview").evaluate(
            "(e) => [e.style.backgroundImage.slice(5, -2), e.style.backgroundPosition, e.offsetWidth, e.offsetHeight]"
        )
        seen.append(style)
    assert page.request.get(seen[0][0]).headers["content-type"].startswith("image/")
    assert seen[0][:2] != seen[1][:2], "the beginning and the end look the same"
    assert abs(seen[0][2] / seen[0][3] - 16 / 9) < 0.1
    expect(page.get_by_test_id("bar-hint")).to_contain_text("0:12")


def test_a_film_is_watched_by_keys_alone(open_page: OpenPage, course: Course) -> None:
    page = open_page()
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[1]}")
    start = page.get_by_test_id("big-play").or_(page.get_by_test_id("resume-start-over"))
    expect(start).to_be_visible()
    for _ in range(20):
        if start.evaluate("(e) => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_video(page, "v.currentTime > 0.3 && v.videoWidth > 0")
    page.keyboard.press("Space")
    wait_for_video(page, "v.paused")
    page.keyboard.press("5")
    wait_for_video(page, "Math.abs(v.currentTime - 7) < 0.1 && !v.seeking")
    page.keyboard.press("ArrowRight")
    wait_for_video(page, "Math.abs(v.currentTime - 12) < 0.1 && !v.seeking")
    page.keyboard.press("0")
    wait_for_video(page, "v.currentTime < 0.1 && !v.seeking")
    page.keyboard.press(">")
    wait_for_video(page, "v.playbackRate === 1.25")
    page.keyboard.press("<")
    wait_for_video(page, "v.playbackRate === 1")
    page.keyboard.press("c")
    expect(page.get_by_test_id("captions")).to_have_text(WORDS[0])
    page.keyboard.press("m")
    wait_for_video(page, "v.muted")
    page.keyboard.press("?")
    expect(page.get_by_test_id("help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("help")).to_have_count(0)
    # The menus by keys, too: from the button down to the lowest quality.
    page.get_by_test_id("quality-menu").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    wait_for_video(page, "v.videoWidth === 640")
    expect(page.get_by_test_id("quality-menu")).to_be_focused()


def test_a_watermark_says_who_watches_and_comes_back(open_page: OpenPage, platform: Platform, course: Course) -> None:
    page = open_page()
    begin(page, course)
    mark = page.get_by_test_id("watermark")
    expect(mark).to_contain_text("Demo student")
    for attack in (
        "e => e.remove()",
        "e => { e.textContent = 'nobody'; }",
        "e => e.style.setProperty('display', 'none', 'important')",
        "e => e.style.setProperty('opacity', '0', 'important')",
        "e => document.querySelector('h1').append(e)",
    ):
        mark.evaluate(attack)
        expect(mark).to_have_count(1)
        expect(page.get_by_test_id("player").get_by_test_id("watermark")).to_be_visible()
        expect(mark).to_contain_text("Demo student")
    teacher = open_page()
    sign_in(teacher, "admin")
    teacher.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    teacher.get_by_test_id("big-play").click()
    wait_for_video(teacher, "v.currentTime > 0.3")
    expect(teacher.get_by_test_id("watermark")).to_have_count(0)


def test_what_was_chosen_is_there_after_a_reload(open_page: OpenPage, course: Course) -> None:
    page = open_page()
    begin(page, course)
    choose_quality(page, "360p")
    page.get_by_test_id("speed-menu").click()
    page.get_by_test_id("speed-menu-1.5").click()
    page.get_by_test_id("captions-menu").click()
    page.get_by_test_id("captions-menu-en").click()
    page.get_by_test_id("captions-menu").click()
    page.get_by_test_id("captions-menu-style").click()
    page.get_by_text("200%").click()
    page.keyboard.press("Escape")
    larger = page.get_by_test_id("captions").evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")
    begin(page, course)
    assert video(page, "v.playbackRate") == 1.5
    expect(page.get_by_test_id("quality-menu")).to_contain_text("360p")
    expect(page.get_by_test_id("captions")).not_to_be_empty()
    assert page.get_by_test_id("captions").evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)") == larger
    wait_for_video(page, "v.videoWidth === 640")


def test_a_link_leads_to_a_moment_of_the_film(open_page: OpenPage, course: Course) -> None:
    page = open_page()
    begin(page, course, query="?t=0m9s")
    assert 9 <= float(str(video(page, "v.currentTime"))) < 11
    assert page.evaluate("() => navigator.mediaSession.metadata.title") == "Chapter 1"


def test_a_film_is_taken_home_where_it_may_be(open_page: OpenPage, course: Course, tmp_path: Path) -> None:
    page = open_page()
    begin(page, course)
    page.get_by_test_id("player").hover()
    with page.expect_download(timeout=240_000) as download:
        page.get_by_test_id("download-menu").click()
        page.get_by_test_id("download-menu-360p").click()
    download.value.save_as(tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"
    expect(page.get_by_test_id("download-cancel")).to_be_hidden()
    begin(page, course, chapter=1)
    page.get_by_test_id("player").hover()
    expect(page.get_by_test_id("quality-menu")).to_be_visible()
    expect(page.get_by_test_id("download-menu")).to_be_hidden()


def test_a_third_device_ends_the_first_which_may_take_it_back(
    open_page: OpenPage, platform: Platform, course: Course
) -> None:
    page = open_page()
    begin(page, course)
    film = good(platform.admin.get(f"/api/courses/{course.id}"))["chapters"][0]["videoId"]
    student = platform.person("student", STUDENT)
    for _ in range(2):
        view = platform.watch(student, film)
        good(student.post(view.document["beatUrl"], content=json.dumps({"seq": 1, "intervals": [], "position": 0})))
    page.evaluate("() => document.querySelector('video').play()")
    expect(page.get_by_test_id("face-elsewhere")).to_be_visible()

    # Without a network there is nothing to take back; what can be told of that holds no secret.
    context = page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_offline(True)
    page.get_by_test_id("face-retry").click()
    page.get_by_test_id("copy-diagnostics").click()
    expect(page.get_by_test_id("toast-copied")).to_be_visible()
    told = page.evaluate("() => navigator.clipboard.readText()")
    assert film in told
    assert "no answer" in told
    assert platform.suite.spoken.isdisjoint(told.split())
    assert not [secret for secret in platform.suite.spoken if secret in told]

    # It goes on by itself as soon as there is one again.
    context.set_offline(False)
    wait_for_video(page, "v.currentTime > 0.5 && v.videoWidth > 0 && !v.paused")


class Network:
    """What the page has of a network; by one hand, for two would undo each other."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")

    def be(self, *, offline: bool = False, bytes_per_second: int = -1) -> None:
        conditions = {
            "offline": offline, "latency": 20, "downloadThroughput": bytes_per_second, "uploadThroughput": -1
        }  # fmt: skip
        self._session.send("Network.emulateNetworkConditions", conditions)


def test_a_network_that_goes_and_comes_back_costs_no_second_of_progress(
    open_page: OpenPage, platform: Platform, lecture: Path
) -> None:
    """Also at a quality that was chosen, where there is no other one to go to."""
    course = enrolled_course(platform)
    platform.ready(course.chapters[0], lecture)
    page = open_page()
    sign_in(page, "student")
    network = Network(page)
    network.be(bytes_per_second=120_000)
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    wait_for_video(page, "v.currentTime > 0.2 && v.videoWidth > 0")
    choose_quality(page, "720p")
    # VHS throws the buffer away for the choice, so that what is left to play ends while the network is away.
    network.be(offline=True)
    wait_for_video(page, "v.readyState < 3 && !v.paused")
    expect(page.get_by_test_id("toast-offline")).to_be_visible()
    network.be()
    wait_for_video(page, "v.ended && v.videoWidth === 1280")
    expect(page.get_by_test_id("toast-offline")).to_have_count(0)
    student = platform.person("student", STUDENT)
    address = f"/api/progress/chapters/{course.chapters[0]}"
    # Where the film stood, up to a quarter of a second before it is known to no tick.
    until(lambda: good(student.get(address))["watchedSeconds"] > 13, "all of it to be told")
