"""Two gigabytes in one upload, and a film of an hour."""

from pathlib import Path

import psutil
import pytest

from tests.support.clients import Platform
from tests.support.films import make_film, padded_film
from tests.support.player import lasted, play
from tests.support.running import Suite

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(5400)]

LIMIT = 2_147_483_648
MEGABYTE = 1024 * 1024


def test_two_gigabytes_come_in_whole_and_one_byte_more_does_not(
    platform: Platform, suite: Suite, tmp_path: Path
) -> None:
    small = make_film(tmp_path / "small.mp4", seconds=6)
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        for piece in padded_film(small, LIMIT):
            file.write(piece)
    assert large.stat().st_size == LIMIT
    processes = [suite.process("services.gateway"), suite.process("services.media")]
    idle = [process.memory_info().rss for process in processes]
    course = platform.new_course(2)
    answer = platform.send(course.chapters[0], large)
    assert answer.status_code == 202, answer.text
    grown = [_peak(process) - before for process, before in zip(processes, idle, strict=True)]
    assert max(grown) <= 32 * MEGABYTE, grown
    platform.wait_for(answer.json()["videoId"], "ready", patience=600)
    with large.open("ab") as file:
        file.write(b"\0")
    refused = platform.send(course.chapters[1], large)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


def _peak(process: psutil.Process) -> int:
    """The most a process ever had resident, as the kernel kept it."""
    [line] = [one for one in Path(f"/proc/{process.pid}/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def test_an_hour_is_playable_long_before_it_is_ready(platform: Platform, tmp_path: Path) -> None:
    film = make_film(tmp_path / "hour.mp4", seconds=3600, size="256x144", fps=10)
    chapter = platform.new_course().chapters[0]
    video = platform.upload(chapter, film)
    status = platform.wait_for(video, "playable", "ready", patience=600)
    assert status["percent"] < 50
    platform.wait_for(video, "ready", patience=3600)
    played = play(platform.watch(platform.admin, video).master)
    assert played.complaints == ""
    assert abs(lasted(played, 10) - 3600) < 1
