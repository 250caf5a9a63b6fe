"""Sound made in chunks joins as well as sound made in one go, stays in step with the picture and keeps its loudness."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from services.transcoder.ffmpeg.audio import encode_audio_chunk
from services.transcoder.ffmpeg.process import FFmpegFailed
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ladder.plan import ChunkPlan, Plan
from services.transcoder.ladder.schema import AAC_FRAME
from tests.transcoder.ffmpeg.films import FFMPEG, OPTIONS, RATE, Published, ffmpeg, picture, publish, write_film

_EDGE = 4096  # samples around a join that are looked at


def tones(seconds: float, rate: int = RATE) -> np.ndarray:
    """A chord whose tones never repeat together, with a slow swell: any slip of a sample shows."""
    t = np.arange(int(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * f * t + i) for i, f in enumerate((220.3, 447.1, 1013.7, 3001.9)))
    return (0.15 * chord * (0.7 + 0.3 * np.sin(2 * np.pi * 0.4 * t))).astype(np.float32)


def write_sound(path: Path, sound: np.ndarray, rate: int, *arguments: str) -> Path:
    raw = path.with_suffix(".f32")
    sound.astype(np.float32).tofile(raw)
    ffmpeg("-f", "f32le", "-ar", rate, "-ac", 1, "-i", raw, *arguments, path)
    return path


def decoded(path: Path, *arguments: str) -> np.ndarray:
    argv = [FFMPEG, "-v", "error", "-i", path, *arguments, "-ac", "1", "-ar", RATE, "-f", "f32le", "-"]
    data = subprocess.run([*map(str, argv)], capture_output=True, check=True).stdout
    return np.frombuffer(data, np.float32)


def joins(plan: Plan) -> list[int]:
    assert plan.audio
    firsts = [c.first_segment for c in plan.chunks if c.kind == "audio" and c.first_segment]
    return [plan.audio[0].segment_starts[first] * AAC_FRAME for first in firsts]


def mono(published: Published) -> np.ndarray:
    """Both channels are the same; mono comes out 3 dB lower in each."""
    left, right = published.sound()
    assert np.abs(left - right).max() < 0.05
    return left * np.sqrt(2)


def worst_at(places: list[int], got: np.ndarray, wanted: np.ndarray) -> float:
    error = np.abs(got[: len(wanted)] - wanted[: len(got)])
    return max(float(error[p - _EDGE : p + _EDGE].max()) for p in places)


@pytest.mark.parametrize(
    ("suffix", "rate", "codec"),
    [
        ("mov", 48_000, ["-c:a", "pcm_s16le"]),
        ("mov", 44_100, ["-c:a", "pcm_s16le"]),
        ("mp4", 44_100, ["-c:a", "aac", "-b:a", "320k"]),
        ("mkv", 44_100, ["-c:a", "aac", "-b:a", "320k"]),
        ("mkv", 48_000, ["-c:a", "libopus", "-b:a", "256k"]),
        ("mkv", 44_100, ["-c:a", "libvorbis", "-q:a", "9"]),
        ("ts", 48_000, ["-c:a", "aac", "-b:a", "320k"]),
        ("avi", 44_100, ["-c:a", "libmp3lame", "-b:a", "320k"]),
    ],
)
async def test_joins_are_as_good_as_one_whole_encode(tmp_path: Path, suffix: str, rate: int, codec: list[str]) -> None:
    source = write_sound(tmp_path / f"sound.{suffix}", tones(25, rate), rate, *codec)
    chunked = await publish(source, tmp_path / "chunked", segments_per_chunk=1)
    whole = await publish(source, tmp_path / "whole", segments_per_chunk=99)
    assert len(joins(chunked.plan)) == 5
    # What the decoder of the source hears is what both encodes were given.
    given = decoded(source)
    got, reference = mono(chunked), mono(whole)
    assert len(got) == len(reference)
    places = [p for p in joins(chunked.plan) if p + _EDGE < len(got)]
    assert len(places) >= 4
    assert worst_at(places, got, given) <= 1.5 * worst_at(places, reference, given) + 1e-3
    assert worst_at(places, got, reference) < 0.03


def flash_and_beep(duration: int, at: list[float], rate: int = 25) -> tuple[list[Fraction], np.ndarray, set[int]]:
    times = [Fraction(n, rate) for n in range(duration * rate)]
    flashes = {round(a * rate) for a in at}
    sound = np.zeros(duration * RATE, np.float32)
    t = np.arange(int(0.04 * RATE)) / RATE
    for a in at:
        start = round(a * RATE)
        sound[start : start + len(t)] = 0.8 * np.sin(2 * np.pi * 1000 * t)[: len(sound) - start]
    return times, sound, flashes


def seen_and_heard(published: Published) -> list[tuple[float, float]]:
    """(seconds of each flash, seconds of the beep nearest to it)."""
    assert published.plan.video is not None
    pictures, _ = published.pictures()
    bright = pictures.reshape(len(pictures), -1).mean(axis=1) > 128
    starts = np.flatnonzero(bright & ~np.roll(bright, 1) | (bright & (np.arange(len(bright)) == 0)))
    level = np.abs(published.sound()).max(axis=0)
    loud = np.flatnonzero(level > 0.2)
    beeps = loud[np.flatnonzero(np.diff(loud, prepend=-RATE) > RATE // 50)] / RATE
    flashes = [float(n / published.plan.video.rate) for n in starts]
    return [(f, float(beeps[np.argmin(np.abs(beeps - f))])) for f in flashes]


@pytest.mark.parametrize(
    ("suffix", "late"),
    [("mp4", Fraction(0)), ("mkv", Fraction(1467, 1000)), ("ts", Fraction(1000)), ("mp4", Fraction(2))],
)
async def test_flash_and_beep_stay_together(tmp_path: Path, suffix: str, late: Fraction) -> None:
    at = [0.0, 5.96, 6.0, 11.92, 12.0, 15.0, 18.0, 19.0, 19.92]
    times, sound, flashes = flash_and_beep(20, at)
    source = write_film(
        tmp_path / f"film.{suffix}",
        [t + late for t in times],
        sound=sound,
        sound_start=late,
        time_base=Fraction(1, 1000 if suffix == "mkv" else 90_000),
        bframes=2,
        drawn=lambda n: np.full_like(picture(0), 235 if n in flashes else 16),
    )
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    pairs = seen_and_heard(published)
    assert [round(f, 2) for f, _ in pairs] == [0.0, 5.96, 11.92, 12.0, 15.0, 18.0, 19.0, 19.92]
    for flash, beep in pairs:
        assert abs(flash - beep) <= 0.020


@pytest.mark.parametrize("start", [Fraction(1, 2), Fraction(7)])
async def test_sound_that_starts_late_keeps_its_place(tmp_path: Path, start: Fraction) -> None:
    times, sound, flashes = flash_and_beep(14, [8.0, 12.0])
    source = write_film(
        tmp_path / "film.mp4",
        times,
        sound=sound[round(start * RATE) :],
        sound_start=start,
        drawn=lambda n: np.full_like(picture(0), 235 if n in flashes else 16),
    )
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    pairs = seen_and_heard(published)
    assert [round(f, 2) for f, _ in pairs] == [8.0, 12.0]
    assert all(abs(f - b) <= 0.020 for f, b in pairs)
    assert np.abs(published.sound()[:, : round((start - Fraction(1, 10)) * RATE)]).max() < 1e-3


async def test_sound_that_ends_early_is_followed_by_silence(tmp_path: Path) -> None:
    times = [Fraction(n, 25) for n in range(20 * 25)]
    source = write_film(tmp_path / "film.mp4", times, sound=tones(4))
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    sound = published.sound()
    assert sound.shape[1] == round(20 * RATE / AAC_FRAME) * AAC_FRAME
    assert np.abs(sound[:, 5 * RATE :]).max() < 1e-3
    assert np.abs(sound[:, RATE : 3 * RATE]).max() > 0.1


async def test_picture_that_ends_early_is_held(tmp_path: Path) -> None:
    times = [Fraction(n, 25) for n in range(5 * 25)]
    source = write_film(tmp_path / "film.mp4", times, sound=tones(20))
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert published.plan.video is not None
    assert abs(published.plan.duration - 20) < 0.1
    pictures, _ = published.pictures()
    assert len(pictures) == published.plan.video.frame_count
    assert np.abs(pictures[-1].astype(int) - picture(124)).mean() < 8


async def test_sound_that_starts_before_the_picture_is_kept(tmp_path: Path) -> None:
    times, sound, flashes = flash_and_beep(14, [2.0, 6.0, 12.0])
    source = write_film(
        tmp_path / "film.mkv",
        times[25:],
        time_base=Fraction(1, 1000),
        sound=sound,
        drawn=lambda n: np.full_like(picture(0), 235 if n + 25 in flashes else 16),
    )
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert published.plan.duration == pytest.approx(14, abs=0.05)
    assert [round(f, 2) for f, _ in seen_and_heard(published)] == [2.0, 6.0, 12.0]
    assert all(abs(f - b) <= 0.020 for f, b in seen_and_heard(published))


async def test_audio_only(tmp_path: Path) -> None:
    source = write_sound(tmp_path / "talk.m4a", tones(14), RATE, "-c:a", "aac", "-b:a", "192k", "-f", "mp4")
    published = await publish(source, tmp_path / "out")
    assert published.plan.video is None
    assert published.plan.rendition_names == ("audio",)
    assert [s.index for s in published.segments] == [0, 1, 2, 3]
    assert sum(published.plan.segment_durations("audio")) == pytest.approx(14, abs=0.03)
    assert published.sound().shape[1] == pytest.approx(14 * RATE, abs=1500)


def loudness(path: Path, *arguments: str) -> float:
    argv = [FFMPEG, "-hide_banner", "-nostdin", "-i", path, "-vn", "-af", "ebur128=framelog=quiet", "-f", "null", "-"]
    done = subprocess.run([*map(str, argv)], capture_output=True, text=True, check=True)
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", done.stderr)[-1])


@pytest.mark.parametrize("layout", ["5.1", "mono", "7.1"])
async def test_folding_to_stereo_keeps_the_loudness(tmp_path: Path, layout: str) -> None:
    channels = {"mono": 1, "5.1": 6, "7.1": 8}[layout]
    source = tmp_path / "film.mov"
    # Speech stands in the middle: pink noise there, a little less around it.
    noise = ";".join(
        f"anoisesrc=c=pink:s={i}:r=48000:d=13:a={0.2 if i in (0, 2) and channels > 1 else 0.1}[n{i}]"
        for i in range(channels)
    )
    mixed = "".join(f"[n{i}]" for i in range(channels))
    graph = f"{noise};{mixed}amerge=inputs={channels},pan={layout}|" if channels > 1 else f"{noise};[n0]anull"
    if channels > 1:
        graph += "|".join(f"c{i}={'0*' if i == 3 else ''}c{i}" for i in range(channels))
    ffmpeg("-filter_complex", graph + "[out]", "-map", "[out]", "-c:a", "pcm_s16le", source)
    published = await publish(source, tmp_path / "out")
    assert loudness(published.playlist("audio")) == pytest.approx(loudness(source), abs=1.5)


async def test_sound_that_was_cut_off_is_not_published(tmp_path: Path) -> None:
    whole = write_sound(tmp_path / "talk.mkv", tones(20), RATE, "-c:a", "flac")
    published = await publish(whole, tmp_path / "out")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 5])
    handed: list[int] = []

    async def on_segment(segment: Segment) -> None:
        handed.append(segment.index)

    # Some four seconds are left.
    for first, count in ((0, 5), (2, 2), (3, 1)):
        chunk = ChunkPlan(kind="audio", index=0, first_segment=first, segment_count=count)
        with pytest.raises(FFmpegFailed) as failed:
            await encode_audio_chunk(cut, published.plan, chunk, tmp_path / "cut", on_segment, OPTIONS)
        assert failed.value.code == "truncated"
    assert 0 in handed
    assert 2 not in handed
    assert 3 not in handed
