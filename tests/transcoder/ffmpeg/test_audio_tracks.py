"""Each language comes out in its own rendition, and microphones written as streams of their own become one mix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ladder.model import Refused
from tests.transcoder.ffmpeg.films import RATE, ffmpeg, loudest_tones, publish
from tests.transcoder.ffmpeg.test_audio_joins import loudness

LENGTH = 14


def level(sound: np.ndarray) -> float:
    """Decibels of the root mean square from second 1 to second 12."""
    return float(10 * np.log10(np.mean(sound[RATE : 12 * RATE].astype(np.float64) ** 2) + 1e-12))


def leap(sound: np.ndarray) -> float:
    """The largest second difference: a sample lost, doubled or of another level stands out of pure tones."""
    return float(np.abs(np.diff(sound[RATE : 13 * RATE], 2)).max())


@pytest.mark.parametrize(
    ("suffix", "codec", "rates"),
    [("mkv", "libopus", (48_000, 48_000)), ("mp4", "aac", (48_000, 44_100)), ("mov", "pcm_s16le", (44_100, 48_000))],
)
async def test_two_languages(tmp_path: Path, suffix: str, codec: str, rates: tuple[int, int]) -> None:
    source = tmp_path / f"film.{suffix}"
    tones = [f"sine=f={f}:r={r}:d={LENGTH},volume=2" for f, r in zip((440, 1000), rates, strict=True)]
    inputs = [a for tone in ["testsrc2=s=128x96:r=5:d=14", *tones] for a in ("-f", "lavfi", "-i", tone)]
    ffmpeg(
        *inputs,
        *("-map", 0, "-map", 1, "-map", 2, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", codec, "-b:a", "128k"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=geo"),
        *("-disposition:a:0", "0", "-disposition:a:1", "default", source),
    )
    chunked = await publish(source, tmp_path / "chunked", segments_per_chunk=1)
    whole = await publish(source, tmp_path / "whole", segments_per_chunk=9)
    assert [(a.name, a.language, a.label) for a in chunked.plan.audio] == [
        ("audio", "ka", "ქართული"),
        ("audio-en", "en", "English"),
    ]
    for name, tone in (("audio", 1000), ("audio-en", 440)):
        got, reference = chunked.sound(name), whole.sound(name)
        assert got.shape == reference.shape
        assert loudest_tones(got[0]) == [tone]
        assert leap(got[0]) <= 1.5 * leap(reference[0]) + 1e-3
        assert np.abs(got - reference).max() < 0.03


async def test_two_microphones_are_the_two_sides(tmp_path: Path) -> None:
    source = tmp_path / "film.mov"
    tones = [("-f", "lavfi", "-i", f"sine=f={f}:r=44100:d={LENGTH},volume={v}") for f, v in ((440, 2), (1000, 1))]
    ffmpeg(*tones[0], *tones[1], "-map", 0, "-map", 1, "-c:a", "pcm_s16le", source)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert [a.stream_indexes for a in published.plan.audio] == [(0, 1)]
    left, right = published.sound()
    assert (loudest_tones(left), loudest_tones(right)) == ([440], [1000])
    # A sine of FFmpeg's has a peak of 1/8.
    assert level(left) == pytest.approx(20 * np.log10(2 / 8) - 3.01, abs=0.5)
    assert level(right) == pytest.approx(20 * np.log10(1 / 8) - 3.01, abs=0.5)
    assert max(leap(left), leap(right)) < 0.02


async def test_six_microphones_are_folded_down_as_surround_sound_is(tmp_path: Path) -> None:
    mixed, apart = tmp_path / "mixed.mov", tmp_path / "apart.mov"
    # Front left, front right, centre, bass, and the two behind.
    tones = [f"sine=f={f}:r=48000:d={LENGTH},volume={v}[t{i}]" for i, (f, v) in enumerate(
        ((400, 1), (600, 1), (1000, 2), (60, 1), (1500, 0.5), (2000, 0.5))
    )]  # fmt: skip
    graph = ";".join(tones)
    ffmpeg("-filter_complex", graph, *(a for i in range(6) for a in ("-map", f"[t{i}]")), "-c:a", "pcm_s16le", apart)
    labels = "".join(f"[t{i}]" for i in range(6))
    ffmpeg(
        "-filter_complex", f"{graph};{labels}amerge=inputs=6,aformat=channel_layouts=5.1", "-c:a", "pcm_s16le", mixed
    )
    published = await publish(apart, tmp_path / "out", segments_per_chunk=1)
    beside = await publish(mixed, tmp_path / "beside", segments_per_chunk=1)
    assert [a.stream_indexes for a in published.plan.audio] == [tuple(range(6))]
    sound, surround = published.sound(), beside.sound()
    assert loudest_tones(sound[0], 3) == [400, 1000, 1500]
    assert loudest_tones(sound[1], 3) == [600, 1000, 2000]
    assert [level(s) for s in sound] == pytest.approx([level(s) for s in surround], abs=0.1)
    assert loudness(published.playlist("audio")) == pytest.approx(loudness(mixed), abs=1)


async def test_three_microphones_are_heard_on_both_sides_as_loud_as_they_were(tmp_path: Path) -> None:
    source = tmp_path / "film.mov"
    tones = ";".join(f"sine=f={f}:r=48000:d={LENGTH},volume=2[t{i}]" for i, f in enumerate((440, 1000, 1700)))
    ffmpeg("-filter_complex", tones, *(a for i in range(3) for a in ("-map", f"[t{i}]")), "-c:a", "pcm_s16le", source)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    left, right = published.sound()
    assert loudest_tones(left, 3) == loudest_tones(right, 3) == [440, 1000, 1700]
    both = 10 * np.log10(sum(10 ** (level(side) / 10) for side in (left, right)))
    assert both == pytest.approx(20 * np.log10(2 / 8) - 3.01 + 10 * np.log10(3), abs=1)


async def test_a_microphone_that_stopped_early_is_silent_from_then_on(tmp_path: Path) -> None:
    source = tmp_path / "film.mov"
    tones = [("-f", "lavfi", "-i", f"sine=f={f}:r=48000:d={d},volume=2") for f, d in ((440, LENGTH), (1000, 3))]
    ffmpeg(*tones[0], *tones[1], "-map", 0, "-map", 1, "-c:a", "pcm_s16le", source)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    left, right = published.sound()
    assert level(left) == pytest.approx(-15.05, abs=0.5)
    assert loudest_tones(right) == [1000]
    assert np.abs(right[4 * RATE : 13 * RATE]).max() < 1e-2


async def test_a_language_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    good, source = tmp_path / "good.mkv", tmp_path / "film.mkv"
    sines = [("-f", "lavfi", "-i", f"sine=f={f}:d=3") for f in (440, 1000)]
    languages = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=geo")
    ffmpeg(*sines[0], *sines[1], "-map", 0, "-map", 1, "-c:a:0", "libopus", "-c:a:1", "flac", *languages, good)
    # The second stream's codec is renamed to one that nobody knows, of the same length.
    source.write_bytes(good.read_bytes().replace(b"A_FLAC", b"A_FLUC"))
    found = await probe(source, container="matroska")
    assert [a.codec for a in found.audio] == ["opus"]
    source.write_bytes(good.read_bytes().replace(b"A_FLAC", b"A_FLUC").replace(b"A_OPUS", b"A_OPAS"))
    with pytest.raises(Refused) as refused:
        await probe(source, container="matroska")
    assert refused.value.code == "unsupported_codec"
