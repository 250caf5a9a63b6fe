"""Chunks made apart join exactly: every picture, its time, and the stream's continuity, for every kind of source."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from services.transcoder.ffmpeg.codec_check import first_sps
from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ffmpeg.segments import OFFSET
from services.transcoder.ladder.plan import ChunkPlan, make_plan
from tests.transcoder.ffmpeg.films import (
    FFMPEG,
    Published,
    ffmpeg,
    number_in,
    picture,
    publish,
    shown,
    ssim,
    write_film,
)


def assert_exact(published: Published, times: list[Fraction], origin: Fraction, *, at_least: float = 0.95) -> None:
    """Every frame of the grid shows the source picture that belongs there, at its time."""
    video = published.plan.video
    assert video is not None
    pictures, wanted = assert_on_grid(published, times, origin, video.renditions[0].name)
    # Each picture was identified above; likeness is looked at around the joins and at every fifth.
    near = {b + d for b in video.segment_starts for d in range(-6, 7)} | set(range(0, video.frame_count, 5))
    likeness = [ssim(pictures[n], picture(wanted[n])) for n in sorted(near) if 0 <= n < video.frame_count]
    assert min(likeness) > 0.8
    assert float(np.mean(likeness)) >= at_least


def assert_on_grid(
    published: Published, times: list[Fraction], origin: Fraction, rendition: str
) -> tuple[np.ndarray, list[int]]:
    """As assert_exact, by the numbers in the pictures alone; answers the pictures and those numbers."""
    video = published.plan.video
    assert video is not None
    pictures, stamps = published.pictures(rendition)
    assert len(pictures) == video.frame_count
    assert [abs(s - round((OFFSET + n / video.rate) * 90_000)) <= 1 for n, s in enumerate(stamps)] == [True] * len(
        stamps
    )
    wanted = [shown(times, origin, video.rate, n) for n in range(video.frame_count)]
    assert [number_in(p, pictures.shape[1] / 180) for p in pictures] == wanted
    return pictures, wanted


def constant(rate: Fraction, seconds: float) -> list[Fraction]:
    return [n / rate for n in range(int(rate * Fraction(seconds)))]


@pytest.mark.parametrize("segments_per_chunk", [1, 2])
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(60)])
async def test_constant_rates(tmp_path: Path, rate: Fraction, segments_per_chunk: int) -> None:
    times = constant(rate, 13 if rate < 60 else 7)
    source = write_film(tmp_path / "film.mp4", times, rate=rate)
    published = await publish(source, tmp_path / "out", segments_per_chunk=segments_per_chunk)
    assert published.plan.video is not None
    assert Fraction(published.plan.video.fps) == rate
    assert_exact(published, times, Fraction(0))


async def test_rates_above_60_are_halved(tmp_path: Path) -> None:
    times = constant(Fraction(120), 7)
    source = write_film(tmp_path / "film.mp4", times, rate=Fraction(120))
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert published.plan.video is not None
    assert published.plan.video.fps == "60"
    assert_exact(published, times, Fraction(0))


def screen_recording() -> list[Fraction]:
    """Pictures that last two seconds, bursts at 30 per second with jitter, and a long pause across a segment border."""
    times = [Fraction(2 * i) for i in range(3)]  # 0, 2, 4
    times += [Fraction(5) + Fraction(33 * i + (i * 7) % 5, 1000) for i in range(40)]
    times += [Fraction(8) + Fraction(2 * i) + Fraction(17, 1000) for i in range(3)]  # ... 12.017
    times += [Fraction(13) + Fraction(i, 30) for i in range(20)]
    return [*times, Fraction(16), Fraction(18)]


@pytest.mark.parametrize("segments_per_chunk", [1, 2, 5])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
async def test_variable_rate(tmp_path: Path, suffix: str, segments_per_chunk: int) -> None:
    times = screen_recording()
    base = Fraction(1, 90_000 if suffix == "mp4" else 1000)
    source = write_film(
        tmp_path / f"film.{suffix}",
        times,
        rate=Fraction(30),
        time_base=base,
        gop=250,
        bframes=2 if suffix == "mp4" else 0,
    )
    published = await publish(source, tmp_path / "out", segments_per_chunk=segments_per_chunk)
    assert published.plan.video is not None
    assert published.plan.duration >= 18
    assert_exact(published, times, Fraction(0))


async def test_pictures_that_all_last_two_seconds(tmp_path: Path) -> None:
    times = [Fraction(2 * i) for i in range(10)]
    source = write_film(tmp_path / "film.mp4", times, rate=Fraction(1, 2), gop=100)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert published.plan.duration == 20
    assert_exact(published, times, Fraction(0))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
async def test_a_last_picture_of_no_length_is_shown(tmp_path: Path, suffix: str) -> None:
    """Muxers give the last picture whatever they have left: less than a frame of the grid may be all."""
    times = [Fraction(t) for t in (0, 2, Fraction(5, 2), Fraction(24, 5), 5, 9, Fraction(99, 10), 14, 18)]
    base = Fraction(1, 90_000 if suffix == "mp4" else 1000)
    source = write_film(tmp_path / f"film.{suffix}", times, gop=100, time_base=base)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert_exact(published, times, Fraction(0))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
async def test_long_groups_with_b_frames(tmp_path: Path, suffix: str) -> None:
    times = constant(Fraction(25), 13)
    source = write_film(tmp_path / f"film.{suffix}", times, gop=240, bframes=3)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert published.plan.video is not None
    assert_exact(published, times, Fraction(0))


@pytest.mark.parametrize("kind", ["long-groups", "variable-rate"])
async def test_a_chunk_of_one_segment_of_one_rung_joins_the_others(tmp_path: Path, kind: str) -> None:
    """What a viewer's far seek has made at once: chunks that no plan holds, of any segments and any rungs."""
    times = constant(Fraction(25), 19) if kind == "long-groups" else [*screen_recording(), Fraction(39, 2)]
    small = write_film(tmp_path / "small.mp4", times, gop=240, bframes=3, time_base=Fraction(1, 90_000))
    source = tmp_path / "film.mp4"
    large = ["-vf", "scale=854:480", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-g", "240"]
    ffmpeg("-i", small, *large, "-fps_mode", "passthrough", "-enc_time_base", "1:90000", source)
    plan = make_plan(await probe(source, container="mov"))
    assert plan.video_names == ("480p", "360p")
    assert plan.segment_count == 5

    def chunk(index: int, segments: range, *renditions: str) -> ChunkPlan:
        return ChunkPlan(
            kind="video",
            index=index,
            first_segment=segments.start,
            segment_count=len(segments),
            renditions=renditions,
        )

    made = (
        chunk(9, range(3, 4), "360p"),
        plan.chunk("video", 0),
        plan.chunk("video", 1),
        chunk(2, range(2, 3)),
        chunk(7, range(3, 5), "480p"),
        chunk(8, range(4, 5), "360p"),
    )
    published = await publish(source, tmp_path / "out", plan=plan.model_copy(update={"chunks": made}))
    assert [(s.rendition, s.index) for s in published.segments][:3] == [("360p", 3), ("360p", 0), ("360p", 1)]
    for rendition in plan.video_names:
        assert_on_grid(published, times, Fraction(0), rendition)


async def test_avi(tmp_path: Path) -> None:
    times = constant(Fraction(25), 13)
    source = write_film(tmp_path / "film.avi", times, codec="mpeg4", gop=100, bframes=0)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert_exact(published, times, Fraction(0))


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
async def test_first_picture_far_from_zero(tmp_path: Path, suffix: str) -> None:
    late = Fraction(1467, 1000) if suffix == "mkv" else Fraction(3723)
    times = constant(Fraction(25), 13)
    shifted = [t + late for t in times]
    base = Fraction(1, 1000 if suffix == "mkv" else 90_000)
    source = write_film(tmp_path / f"film.{suffix}", shifted, time_base=base, bframes=2)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert_exact(published, times, Fraction(0))


async def test_edit_list_that_starts_inside_a_group(tmp_path: Path) -> None:
    times = constant(Fraction(25), 16)
    whole = write_film(tmp_path / "whole.mp4", times, gop=60, bframes=2)
    source = tmp_path / "cut.mp4"
    ffmpeg("-ss", "3.32", "-i", whole, "-c", "copy", source)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    pictures, _ = published.pictures()
    numbers = [number_in(p) for p in pictures]
    # The picture at 3.32 s is number 83; FFmpeg may show the ones since its keyframe, but never skips one.
    assert numbers == list(range(numbers[0], 400))
    assert numbers[0] <= 83


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_keyframe+delay_moov+dash+global_sidx"])
async def test_fragmented(tmp_path: Path, flags: str) -> None:
    times = constant(Fraction(25), 13)
    whole = write_film(tmp_path / "whole.mp4", times, bframes=2)
    source = tmp_path / "film.mp4"
    ffmpeg("-i", whole, "-c", "copy", "-movflags", flags, source)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert_exact(published, times, Fraction(0))


async def test_every_rung_has_the_same_pictures_and_keeps_its_promise(tmp_path: Path) -> None:
    times = constant(Fraction(10), 13)
    small = write_film(tmp_path / "small.mp4", times, rate=Fraction(10))
    source = tmp_path / "film.mp4"
    ffmpeg("-i", small, "-vf", "scale=960:540", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", source)
    published = await publish(source, tmp_path / "out", segments_per_chunk=2)
    assert published.plan.video is not None
    rungs = published.plan.video.renditions
    assert [r.name for r in rungs] == ["540p", "480p", "360p"]
    for rung in rungs:
        pictures, _ = published.pictures(rung.name)
        assert [number_in(p, rung.height / 180) for p in pictures] == list(range(len(times)))
        sps = first_sps(tmp_path / "out" / rung.name / "0.ts")
        assert sps is not None
        assert rung.codecs == f"avc1.{sps.hex()}"
        for index, duration in enumerate(published.plan.segment_durations(rung.name)):
            size = (tmp_path / "out" / rung.name / f"{index}.ts").stat().st_size
            assert size * 8 / duration <= rung.bandwidth


async def test_the_cap_holds_for_noise(tmp_path: Path) -> None:
    source = tmp_path / "noise.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "nullsrc=s=480x360:r=25:d=7,geq=lum='random(1)*255':cb=128:cr=128"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", source),
    )
    published = await publish(source, tmp_path / "out")
    assert published.plan.video is not None
    rung = published.plan.video.renditions[0]
    [*durations] = published.plan.segment_durations(rung.name)
    sizes = [(tmp_path / "out" / rung.name / f"{i}.ts").stat().st_size * 8 for i in range(len(durations))]
    assert sum(sizes) / sum(durations) > rung.maxrate * 0.7  # the cap was reached
    assert sizes[0] / durations[0] <= rung.bandwidth


async def test_segments_are_handed_over_while_the_chunk_is_made(tmp_path: Path) -> None:
    times = constant(Fraction(25), 19)
    source = write_film(tmp_path / "film.mp4", times)
    published = await publish(source, tmp_path / "out", segments_per_chunk=5)
    assert [(s.rendition, s.index) for s in published.segments] == [("180p", i) for i in range(5)]
    assert [s.duration for s in published.segments] == [2.0, 4.0, 6.0, 6.0, 1.0]
    assert FFMPEG.exists()
