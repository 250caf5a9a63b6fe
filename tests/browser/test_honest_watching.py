"""On a restricted first watch, who watches honestly at up to twice the speed never meets a key that is not open."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support import player
from tests.support.clients import Course, Platform, refused
from tests.support.films import make_film
from tests.support.honest import by_ffmpeg, by_our_player, by_stock_player, watch_to_the_end
from tests.support.patience import until

OpenPage = Callable[..., Page]
REFUSED = re.compile(r"lectern\.access.*/api/playback/.* 4\d\d [\d.]+ ms")


@pytest.fixture
def beside() -> Iterator[Executor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def restricted_chapter(platform: Platform, tmp_path: Path, seconds: float) -> tuple[Course, str]:
    """A course of one restricted chapter with a film of tiny pictures, and with sound; its third window begins closed.

    Somebody has tried it: that is the one refusal in the gateway's log.
    """
    course = platform.new_course(restricted=True)
    film = make_film(tmp_path / "chapter.mp4", seconds=seconds, size="96x54", fps=5)
    video = platform.ready(course.chapters[0], film)
    view = platform.watch(platform.student(course), video)
    for url in (player.read_master(view.master)[0].url, player.audio_url(view.master)):
        assert "#EXT-X-ENDLIST" not in player.fetch(url).decode()
    refused(platform.client().get(view.path("key/1/2.key")), 403, "not_watched_yet")
    until(lambda: refusals(platform), "the refusal to stand in the log")
    return course, video


def refusals(platform: Platform) -> list[str]:
    """What the gateway refused to players, by its own log."""
    return [line for line in platform.suite.lines if REFUSED.search(line)]


@pytest.mark.acceptance
def test_at_twice_the_speed_no_player_is_refused_a_key(
    platform: Platform, open_page: OpenPage, beside: Executor, tmp_path: Path
) -> None:
    """All three at once, as each of them takes a minute and little else."""
    course, video = restricted_chapter(platform, tmp_path, 120)
    before = refusals(platform)
    viewers = [
        by_ffmpeg(platform, beside, course, video, 2),
        by_stock_player(platform, open_page(), course, video, 2),
        by_our_player(platform, open_page(), course, 2),
    ]
    watch_to_the_end(platform, course, viewers, patience=600)
    assert refusals(platform) == before


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
def test_at_any_speed_no_player_is_refused_a_key(
    platform: Platform, open_page: OpenPage, beside: Executor, tmp_path: Path
) -> None:
    """Over a chapter longer than what is open at first and a window more, each at its own rate."""
    course, video = restricted_chapter(platform, tmp_path, 200)
    before = refusals(platform)
    viewers = [
        *(by_ffmpeg(platform, beside, course, video, rate) for rate in (0.5, 1)),
        *(by_stock_player(platform, open_page(), course, video, rate) for rate in (1, 2)),
        *(by_our_player(platform, open_page(), course, rate) for rate in (0.5, 1, 2)),
    ]
    watch_to_the_end(platform, course, viewers, patience=2400)
    assert refusals(platform) == before
