"""A film to take home holds every published picture and sample, where it was, and nothing else."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import AsyncGenerator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from services.transcoder.ffmpeg.process import FFmpegFailed, ProcessLimits
from services.transcoder.ffmpeg.remux import Track, remux
from tests.transcoder.ffmpeg.films import FFMPEG, OPTIONS, RATE, Published, publish, write_film


def sine(seconds: float, hertz: float = 440.0) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def tracks(published: Published, *names: str) -> list[Track]:
    sounds = {audio.name for audio in published.plan.audio}

    async def segments(name: str) -> AsyncGenerator[bytes, None]:
        for index in range(published.plan.segment_count):
            yield (published.out / name / f"{index}.ts").read_bytes()

    return [Track("audio" if name in sounds else "video", segments(name), is_default=True) for name in names]


async def taken(published: Published, target: Path, *names: str) -> Path:
    video = published.plan.video
    limits = ProcessLimits(readable=(), writable=(target.parent,), file_bytes=2**30, disk_bytes=2**30)
    count = video.frame_count if video else None
    await remux(tracks(published, *names), target, replace(OPTIONS, limits=limits), pictures=count)
    return target


def decoded(path: Path, stream: str, *options: str) -> tuple[bytes, list[Fraction]]:
    """Raw pictures or samples as a strict player gets them, and their times in seconds; asserts silence."""
    raw = path.with_suffix(".raw")
    argv = [FFMPEG, "-nostdin", "-v", "warning", "-y", "-fflags", "+discardcorrupt", "-i", path]
    argv += ["-map", stream, *options, raw, "-map", stream, "-fps_mode", "passthrough", "-f", "framecrc", "-"]
    done = subprocess.run([*map(str, argv)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    base = Fraction(re.search(r"#tb 0: (\S+)", done.stdout)[1])  # type: ignore[index]
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    data = raw.read_bytes()
    raw.unlink()
    return data, [int(line.split(",")[2]) * base for line in lines]


def boxes(path: Path) -> list[str]:
    """The names of an MP4's outermost boxes, in order."""
    data, place, found = path.read_bytes(), 0, []
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        found.append(data[place + 4 : place + 8].decode())
        place += size if size > 1 else int.from_bytes(data[place + 8 : place + 16], "big")
    return found


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(60)])
async def test_every_picture_and_sample_at_its_time(tmp_path: Path, rate: Fraction) -> None:
    seconds = 9 if rate < 60 else 5
    times = [number / rate for number in range(int(rate * seconds))]
    source = write_film(tmp_path / "film.mp4", times, rate=rate, bframes=2, sound=sine(seconds))
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    plan = published.plan
    assert plan.video is not None
    assert plan.segment_count > 1
    name = plan.video.renditions[0].name
    film = await taken(published, tmp_path / "home.mp4", name, "audio")

    pictures, moments = decoded(film, "0:v", "-vf", "extractplanes=y", "-fps_mode", "passthrough", "-f", "rawvideo")
    meant, _ = published.pictures(name)
    assert len(moments) == plan.video.frame_count
    assert np.array_equal(np.frombuffer(pictures, np.uint8), meant.reshape(-1))
    assert all(abs(moment - number / rate) < Fraction(1, 20_000) for number, moment in enumerate(moments))

    samples, _ = decoded(film, "0:a", "-f", "f32le")
    assert np.array_equal(np.frombuffer(samples, np.float32).reshape(-1, 2).T, published.sound())
    with av.open(str(film)) as container:
        assert [stream.start_time for stream in container.streams] == [0, 0]
        assert container.duration is not None
        assert abs(container.duration / 1e6 - plan.duration) < 0.05
        packets = {stream.index: 0 for stream in container.streams}
        for packet in container.demux():
            packets[packet.stream.index] += packet.size > 0
    assert packets == {0: plan.video.frame_count, 1: plan.audio[0].frame_count}


async def test_nothing_of_the_source_and_no_date_is_in_it(tmp_path: Path) -> None:
    times = [Fraction(number, 25) for number in range(60)]
    metadata = {"title": "SECRETTITLE", "comment": "SECRETCOMMENT", "artist": "SECRETARTIST"}
    source = write_film(tmp_path / "film.mp4", times, sound=sine(2.4), metadata=metadata)
    assert b"SECRETTITLE" in source.read_bytes()
    published = await publish(source, tmp_path / "out")
    name = published.plan.video_names[0]
    first = await taken(published, tmp_path / "first.mp4", name, "audio")
    again = await taken(published, tmp_path / "again.mp4", name, "audio")
    assert b"SECRET" not in first.read_bytes()
    # Made again it is the same, to the byte.
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()
    # The index stands in front: a player begins before all of it is there.
    assert boxes(first).index("moov") < boxes(first).index("mdat")
    with av.open(str(first)) as container:
        assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
        assert all(set(stream.metadata) <= {"language", "handler_name"} for stream in container.streams)


async def test_sound_alone(tmp_path: Path) -> None:
    source = tmp_path / "talk.m4a"
    argv = [
        FFMPEG,
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=500:sample_rate=48000:duration=8",
        "-c:a",
        "aac",
    ]
    subprocess.run([*map(str, argv), str(source)], check=True)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    film = await taken(published, tmp_path / "home.mp4", "audio")
    samples, _ = decoded(film, "0:a", "-f", "f32le")
    assert np.array_equal(np.frombuffer(samples, np.float32).reshape(-1, 2).T, published.sound())


async def test_every_language_is_in_it(tmp_path: Path) -> None:
    source = tmp_path / "film.mkv"
    argv = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4"]
    for hertz in (400, 900):
        argv += ["-f", "lavfi", "-i", f"sine=frequency={hertz}:sample_rate=48000:duration=4"]
    argv += [
        "-map",
        "0",
        "-map",
        "1",
        "-map",
        "2",
        "-metadata:s:a:0",
        "language=kat",
        "-metadata:s:a:1",
        "language=eng",
    ]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", source]
    subprocess.run([*map(str, argv)], check=True)
    published = await publish(source, tmp_path / "out")
    names = [audio.name for audio in published.plan.audio]
    assert len(names) == 2
    made = tracks(published, published.plan.video_names[0], *names)
    given = [made[0], replace(made[1], language="kat"), replace(made[2], language="eng", is_default=False)]
    film = tmp_path / "home.mp4"
    await remux(given, film, OPTIONS, pictures=published.plan.video.frame_count)  # type: ignore[union-attr]
    with av.open(str(film)) as container:
        assert [stream.metadata["language"] for stream in container.streams.audio] == ["kat", "eng"]
        assert [bool(stream.disposition & 1) for stream in container.streams.audio] == [True, False]
    for number, name in enumerate(names):
        samples, _ = decoded(film, f"0:a:{number}", "-f", "f32le")
        assert np.array_equal(np.frombuffer(samples, np.float32).reshape(-1, 2).T, published.sound(name))


@pytest.fixture
async def published(tmp_path: Path) -> Published:
    times = [Fraction(number, 25) for number in range(225)]
    source = write_film(tmp_path / "film.mp4", times, sound=sine(9))
    return await publish(source, tmp_path / "out", segments_per_chunk=1)


async def test_a_missing_picture_is_noticed(published: Published, tmp_path: Path) -> None:
    with pytest.raises(FFmpegFailed) as caught:
        await remux(tracks(published, published.plan.video_names[0]), tmp_path / "home.mp4", OPTIONS, pictures=226)
    assert caught.value.code == "truncated"


async def test_what_cannot_be_fetched_ends_it_and_ffmpeg(published: Published, tmp_path: Path) -> None:
    name = published.plan.video_names[0]

    async def broken() -> AsyncGenerator[bytes, None]:
        yield (published.out / name / "0.ts").read_bytes()
        raise OSError("the storage is away")

    seen: list[int] = []
    options = replace(OPTIONS, on_start=seen.append)
    with pytest.raises(OSError, match="the storage is away"):
        await remux([Track("video", broken())], tmp_path / "home.mp4", options, pictures=None)
    assert not Path(f"/proc/{seen[0]}").exists()


async def test_an_ffmpeg_that_gives_up_ends_it(published: Published, tmp_path: Path) -> None:
    name = published.plan.video_names[0]

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield (published.out / name / "0.ts").read_bytes()

    with pytest.raises(FFmpegFailed):
        await remux([Track("video", endless())], tmp_path / "nowhere" / "home.mp4", OPTIONS, pictures=None)
