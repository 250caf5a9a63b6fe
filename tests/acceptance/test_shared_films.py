"""All shared films through upload: each becomes ready and plays right, or is refused or fails with a code of its own."""

import subprocess
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from tests.support.clients import Platform
from tests.support.films import shared_media
from tests.support.patience import until
from tests.support.player import lasted, play, read_master, read_media
from tests.support.running import Suite
from tests.support.workers import scratch

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]

FILMS = sorted(path for path in shared_media().glob("*") if path.suffix in (".mp4", ".mkv", ".avi", ".ts", ".webm"))
REFUSED = {
    "056_hevc": "unsupported_container",
    "083_bbb_1920x1080_60fps_vp8": "unsupported_container",
    "100_unknown_sized_non_master_element": "not_media",
}
"""Code of the answer to the upload."""
FAILS = {
    "070_sample_malformed_free_box": "not_media",
    "087_invalid_userdata": "truncated",
    "089_chunk_out_of_range": "not_media",
}
"""Code of the failure. All others become ready, VVC too: the packaged FFmpeg decodes it."""
FAILS_WITHIN = 30.0
SIDE = 48
"""Pixels to which pictures are brought before they are compared."""


def test_the_films_are_there() -> None:
    if not shared_media().is_dir():
        pytest.skip("the shared films are not on this machine; name them with LECTERN_MEDIA_DIR")
    assert FILMS


@pytest.mark.parametrize("film", FILMS, ids=[film.stem for film in FILMS])
def test_a_film_plays_or_says_why_not(suite: Suite, platform: Platform, film: Path) -> None:
    chapter = platform.new_course().chapters[0]
    before = suite.files("public") | suite.files("private")
    answer = platform.send(chapter, film, film.name)
    if film.stem in REFUSED:
        assert answer.status_code in (415, 422), answer.text
        assert answer.json()["code"] == REFUSED[film.stem], answer.text
        assert suite.files("public") | suite.files("private") == before
        return
    video, sent = answer.json()["videoId"], time.monotonic()
    status = platform.wait_for(video, "ready", "failed", patience=1800)
    if film.stem in FAILS:
        assert status["status"] == "failed"
        assert time.monotonic() - sent < FAILS_WITHIN
        assert status["error"]["code"] == FAILS[film.stem], status
        assert len(status["error"]["message"]) > 20
        until(lambda: not [name for name in suite.files("public") if video in name], "nothing of it to be published")
        until(lambda: not scratch(suite), "no scratch file to be left")
        return
    assert status["status"] == "ready", status
    master = platform.watch(platform.admin, video).master
    assert _loudness(master) == pytest.approx(_loudness(str(film)), abs=3) or _loudness(str(film)) < -60
    if status["width"] is None:
        return
    variants = read_master(master)
    assert [one.height for one in variants] == sorted(one.height for one in variants)
    played = play(master, quality=len(variants) - 1)
    assert played.complaints == ""
    segments = read_media(variants[-1].url)
    assert abs(lasted(played, status["fps"]) - status["duration"]) <= len(segments) / status["fps"]
    own, published = _picture(str(film)), _picture(master)
    assert _likeness(own, published) > 0.8, "another picture, or not upright"
    # Within two even pixels of the smaller side.
    assert _aspect(master, len(variants) - 1) == pytest.approx(_aspect(str(film)), rel=0.02)


def _ffmpeg(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=600)


def _picture(url: str) -> np.ndarray:
    """The first picture, small and grey, as a player would show it."""
    done = _ffmpeg(
        "-v", "error", "-i", url, "-frames:v", "1", "-vf", f"scale={SIDE}:{SIDE}:flags=area,format=gray",
        "-f", "rawvideo", "-",
    )  # fmt: skip
    return np.frombuffer(done.stdout[: SIDE * SIDE], np.uint8).reshape(SIDE, SIDE).astype(float)


def _likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation: brightness and contrast may differ, as HDR is brought into SDR."""
    if one.std() < 4:
        return 1.0 if other.std() < 12 else 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _aspect(url: str, stream: int = 0) -> float:
    """Width over height of the first picture as shown: square pixels, upright."""
    chosen = ("-map", f"0:v:{stream}") if stream else ()
    done = _ffmpeg(
        "-v", "info", "-i", url, *chosen, "-frames:v", "1", "-vf", "scale=iw*sar:ih,setsar=1,showinfo", "-f", "null", "-"
    )  # fmt: skip
    line = next(line for line in done.stderr.decode(errors="replace").splitlines() if " s:" in line and "n:" in line)
    width, height = line.split(" s:")[1].split(" ")[0].split("x")
    return int(width) / int(height)


def _loudness(url: str) -> float:
    """Mean level in dB of all sound folded to mono; -inf where there is none."""
    # Both are folded in the same way, each channel at its own level: FFmpeg's default turns six channels down.
    folded = "aresample=16000:ochl=stereo:osf=fltp:rematrix_maxval=64,pan=mono|c0=0.5*c0+0.5*c1"
    done = _ffmpeg("-v", "error", "-i", url, "-map", "0:a:0", "-af", folded, "-f", "s16le", "-")
    samples = np.frombuffer(done.stdout[: len(done.stdout) // 2 * 2], np.int16).astype(float) / 32768
    return float(10 * np.log10(np.mean(samples**2))) if len(samples) and samples.any() else float("-inf")
