"""Captions as viewers see them: to the picture, in our player and in hls.js as it comes, in either language."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.clients import Course, Platform, good
from tests.support.films import FLASH_SECONDS, make_marked_film
from tests.support.honest import by_our_player, by_stock_player
from tests.support.patience import until

OpenPage = Callable[..., Page]
FPS = 25
FLASH = 3.0
CUES = [(1.0, 2.0), (3.48, 4.52), (5.04, 7.0)]
"""Whole pictures of 25 a second; the last cue crosses the border of two segments, which is at 6 s."""


def vtt(words: str, cues: list[tuple[float, float]] = CUES) -> bytes:
    blocks = [
        f"00:{start:06.3f} --> 00:{end:06.3f}\n{words} <b>{number}</b>\n" for number, (start, end) in enumerate(cues, 1)
    ]
    return ("WEBVTT\n\n" + "\n".join(blocks)).encode()


@pytest.fixture(scope="module")
def film(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, str]:
    path = make_marked_film(tmp_path_factory.mktemp("films") / "m.mp4", [FLASH], seconds=10, size="320x180", fps=FPS)
    course = platform.new_course()
    video = platform.ready(course.chapters[0], path)
    good(platform.admin.put(f"/api/videos/{video}/captions/en", content=vtt("Hello")))
    good(platform.admin.put(f"/api/videos/{video}/captions/ka?isDefault=true", content=vtt("გამარჯობა")))
    return course, video


# For each picture that is shown: its time, how light it is, and what is to be read with it.
WATCH = """() => {
    const video = document.querySelector('video');
    const canvas = new OffscreenCanvas(8, 8);
    const drawn = canvas.getContext('2d', { willReadFrequently: true });
    window.seen = [];
    const look = (_, { mediaTime }) => {
        drawn.drawImage(video, 0, 0, 8, 8);
        const light = drawn.getImageData(0, 0, 8, 8).data.reduce((sum, value) => sum + value, 0) / 256;
        // What this picture changed is on the page when the next one is about to be drawn.
        requestAnimationFrame(() => window.seen.push([mediaTime, light, window.read()]));
        video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
}"""
OURS = "() => { window.read = () => document.querySelector('[data-testid=captions]').textContent; }"
STOCK = """() => {
    const track = [...document.querySelector('video').textTracks].find((one) => one.mode === 'showing');
    window.read = () => [...(track.activeCues ?? [])].map((cue) => cue.getCueAsHTML().textContent).join('');
}"""


def watched(page: Page, read: str) -> list[tuple[float, str]]:
    """Each picture that was shown from the start on, with its time in the film and what was to be read with it."""
    page.evaluate("document.querySelector('video').pause(); document.querySelector('video').currentTime = 0")
    page.evaluate(read)
    until(lambda: page.evaluate("!document.querySelector('video').seeking"), "the start")
    page.evaluate(WATCH)
    page.evaluate("document.querySelector('video').play()")
    until(lambda: page.evaluate("document.querySelector('video').currentTime > 8"), "the cues to be over")
    # hls.js lets the film begin at the time at which decoding does, two pictures late.
    begins = page.evaluate("document.querySelector('video').buffered.start(0)")
    seen = [(time - begins, light, said) for time, light, said in page.evaluate("window.seen")]
    assert len(seen) > 50, "too few pictures to tell"
    lit = [time for time, light, _ in seen if light > 240]
    assert lit and all(FLASH - 0.01 < time < FLASH + FLASH_SECONDS - 0.01 for time in lit), (
        lit,
        "not the film's clock",
    )
    return [(time, said) for time, _, said in seen]


def are_to_the_picture(seen: list[tuple[float, str]], words: str) -> None:
    """Every picture shows what it should, but those next to a border of a cue; and every cue was shown."""
    for time, said in seen:
        inside = [number for number, (start, end) in enumerate(CUES, 1) if start + 0.5 / FPS < time < end - 1.5 / FPS]
        near = [number for number, (start, end) in enumerate(CUES, 1) if start - 1.5 / FPS < time < end + 1.5 / FPS]
        if inside:
            assert said == f"{words} {inside[0]}", (time, said)
        elif not near:
            assert said == "", (time, said)
    assert {said for _, said in seen} == {"", *(f"{words} {number}" for number in (1, 2, 3))}


def test_our_player_shows_each_cue_to_the_picture(
    platform: Platform, film: tuple[Course, str], open_page: OpenPage
) -> None:
    page = open_page()
    viewer = by_our_player(platform, page, film[0], 1.0)
    # The film's default, as this viewer never chose.
    read_at(page, 1.5, "გამარჯობა 1")
    are_to_the_picture(watched(page, OURS), "გამარჯობა")
    assert viewer.refusals == []


def test_a_stock_player_shows_each_cue_to_the_picture(
    platform: Platform, film: tuple[Course, str], open_page: OpenPage
) -> None:
    page = open_page()
    viewer = by_stock_player(platform, page, film[0], film[1], 1.0)
    loaded = "[...document.querySelector('video').textTracks].some((one) => one.mode === 'showing' && one.cues?.length === 3)"
    until(lambda: page.evaluate(loaded), "the cues of the default track")
    are_to_the_picture(watched(page, STOCK), "გამარჯობა")
    # To go back to the start is to break off what was being loaded.
    assert viewer.refusals == [] and set(viewer.complaints()) <= {"aborted"}


def read_at(page: Page, seconds: float, words: str) -> None:
    until(lambda: page.evaluate("document.querySelector('video')?.currentTime > 0"), "the film to play")
    page.evaluate(f"document.querySelector('video').pause(); document.querySelector('video').currentTime = {seconds}")
    expect(page.get_by_test_id("captions")).to_have_text(words)


def test_a_viewer_chooses_a_language_and_it_is_remembered(
    platform: Platform, film: tuple[Course, str], open_page: OpenPage
) -> None:
    page = open_page()
    by_our_player(platform, page, film[0], 1.0)
    read_at(page, 1.5, "გამარჯობა 1")
    page.get_by_test_id("player").hover()
    page.get_by_test_id("captions-menu").click()
    expect(page.get_by_test_id("captions-menu-ka")).to_have_attribute("aria-checked", "true")
    expect(page.get_by_role("menuitemradio")).to_have_text(["Off", "ქართული", "English", "How captions look…"])
    page.get_by_test_id("captions-menu-en").click()
    read_at(page, 4.0, "Hello 2")
    page.keyboard.press("c")
    expect(page.get_by_test_id("captions")).to_be_hidden()
    page.keyboard.press("c")
    expect(page.get_by_test_id("captions")).to_have_text("Hello 2")
    # A Georgian keyboard has another letter on that key.
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ც', code: 'KeyC', bubbles: true }))")
    expect(page.get_by_test_id("captions")).to_be_hidden()
    page.keyboard.press("c")
    kept = json.loads(str(page.evaluate("localStorage.getItem('lectern.player')")))
    assert (kept["captions"], kept["captionsOn"]) == ("en", True)


def test_markup_of_a_cue_is_drawn_and_never_run(platform: Platform, tmp_path: Path, open_page: OpenPage) -> None:
    course = platform.new_course()
    path = make_marked_film(tmp_path / "m.mp4", [1.0], seconds=6, size="640x360", fps=FPS)
    video = platform.ready(course.chapters[0], path)
    body = (
        "WEBVTT\n\n00:00.000 --> 00:05.500\n<v Nino>Salt &amp; <b>light</b>\n&lt;img src=x onerror=alert(1)&gt;"
        "<script>window.hacked = 1</script>\n\n00:00.000 --> 00:05.500 line:0\nOn top\n"
    )
    good(platform.admin.put(f"/api/videos/{video}/captions/en?isDefault=true", content=body.encode()))
    page = open_page(language="ka")
    by_our_player(platform, page, course, 1.0)
    read_at(page, 2.0, "Nino: Salt & light\n<img src=x onerror=alert(1)>window.hacked = 1")
    expect(page.get_by_test_id("captions-top")).to_have_text("On top")
    assert page.locator("[data-testid=captions] b").inner_text() == "light"
    assert page.evaluate(
        "[window.hacked, document.querySelectorAll('.lp-captions img, .lp-captions script').length]"
    ) == [None, 0]
