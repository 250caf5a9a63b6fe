"""All shared films through upload: each becomes ready and plays, or is refused or fails with a code of its own."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import shared_media
from tests.support.clients import Platform
from tests.support.films import run_ffmpeg
from tests.support.player import lasted, play, read_master

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]

FILMS = sorted(path for path in shared_media().glob("*") if path.suffix in (".mp4", ".mkv", ".avi", ".ts", ".webm"))
REFUSALS = {"not_media", "unsupported_container", "empty_file"}
FAULTS = {
    "not_media", "no_video_or_audio", "unsupported_codec", "encrypted_source", "truncated", "too_large", "too_long",
}  # fmt: skip
TOLERANCE = 0.5


def test_the_films_are_there() -> None:
    if not shared_media().is_dir():
        pytest.skip("the shared films are not on this machine; name them with LECTERN_MEDIA_DIR")
    assert FILMS


@pytest.mark.parametrize("film", FILMS, ids=[film.stem for film in FILMS])
def test_a_film_plays_or_says_why_not(platform: Platform, film: Path) -> None:
    chapter = platform.new_course().chapters[0]
    answer = platform.send(chapter, film, film.name)
    if answer.status_code != 202:
        assert answer.json()["code"] in REFUSALS, answer.text
        return
    video = answer.json()["videoId"]
    status = platform.wait_for(video, "ready", "failed", patience=1800)
    if status["status"] == "failed":
        assert status["error"]["code"] in FAULTS, status
        assert len(status["error"]["message"]) > 20
        return
    master = platform.watch(platform.admin, video).master
    if status["width"] is None:
        assert run_ffmpeg("-v", "warning", "-i", master, "-map", "0:a", "-f", "null", "-") == ""
        return
    variants = read_master(master)
    assert [one.height for one in variants] == sorted(one.height for one in variants)
    played = play(master, quality=len(variants) - 1)
    assert played.complaints == ""
    assert abs(lasted(played, status["fps"]) - status["duration"]) < TOLERANCE
