"""Whatever the source's pictures are, the published ones are upright, square, 8-bit SDR, and carry no secrets."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from services.transcoder.ffmpeg.thumbnails import make_images
from tests.transcoder.ffmpeg.films import OPTIONS, ffmpeg, luma_of, number_in, picture, publish, write_film


def seconds(count: int) -> list[Fraction]:
    return [Fraction(n, 25) for n in range(count * 25)]


@pytest.mark.parametrize("degrees", [90, 180, 270])
async def test_turned_films_are_upright(tmp_path: Path, degrees: int) -> None:
    upright = write_film(tmp_path / "upright.mp4", seconds(2))
    lying = tmp_path / "lying.mp4"
    back = {90: "transpose=cclock", 180: "hflip,vflip", 270: "transpose=clock"}[degrees]
    ffmpeg("-i", upright, "-vf", back, "-c:v", "libx264", "-crf", "12", "-preset", "ultrafast", lying)
    source = tmp_path / "film.mp4"
    ffmpeg("-display_rotation", -degrees, "-i", lying, "-c", "copy", source)
    published = await publish(source, tmp_path / "out")
    assert published.plan.video is not None
    assert published.plan.video.rotation == degrees
    pictures, _ = published.pictures()
    assert [number_in(p) for p in pictures] == list(range(50))
    images = await make_images(source, published.plan, published.plan.chunk("thumbnails", 0), tmp_path / "s", OPTIONS)
    [thumbnail] = images.thumbnails
    assert (thumbnail.width, thumbnail.height) == (320, 180)
    assert number_in(luma_of(thumbnail.path)) == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ten-bit.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv420p10le"]),
        ("four-two-two.mov", ["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"]),
        ("four-four-four.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv444p"]),
        ("full-range.mp4", ["-vf", "scale=in_range=tv:out_range=pc", "-c:v", "libx264", "-color_range", "pc"]),
        ("rgb.mkv", ["-c:v", "libx264rgb", "-pix_fmt", "rgb24"]),
        ("nine.webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]),
        ("old.avi", ["-c:v", "msmpeg4", "-q:v", "3"]),
    ],
)
async def test_every_kind_of_pixel_becomes_the_same(tmp_path: Path, name: str, arguments: list[str]) -> None:
    plain = write_film(tmp_path / "plain.mp4", seconds(2))
    source = tmp_path / name
    quality = ["-crf", "12", "-preset", "ultrafast"] if "libx264" in " ".join(arguments) else []
    ffmpeg("-i", plain, *arguments, *quality, source)
    published = await publish(source, tmp_path / "out")
    pictures, _ = published.pictures()
    assert [number_in(p) for p in pictures] == list(range(50))
    # Same brightness as the film it was made from: range and depth were understood.
    assert np.abs(pictures[25].astype(int) - picture(25)).mean() < 4
    with av.open(str(published.segments[0].path)) as segment:
        context = segment.streams.video[0].codec_context
        assert (context.pix_fmt, context.profile, int(context.color_range)) == ("yuv420p", "High", 1)
        assert int(context.colorspace) in (1, 5, 6)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
async def test_hdr_becomes_sdr(tmp_path: Path, transfer: str) -> None:
    source = tmp_path / "hdr.mp4"
    # Greys of an SDR film, white at 203 cd/m2, as a grader would put them into HDR.
    graph = "testsrc2=s=320x180:r=25:d=2,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,"
    graph += f"zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt2020:t={transfer}:m=2020_ncl:r=tv:npl=203,format=yuv420p10le"
    tags = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", transfer, "-color_range", "tv"]
    ffmpeg("-f", "lavfi", "-i", graph, "-c:v", "libx264", "-crf", "12", "-preset", "ultrafast", *tags, source)
    published = await publish(source, tmp_path / "out")
    assert published.plan.video is not None
    assert published.plan.video.colour == "tonemap"
    pictures, _ = published.pictures()
    assert len(pictures) == 50
    assert pictures.std() > 35  # not the washed-out grey of PQ shown as SDR
    assert pictures.max() > 190
    with av.open(str(published.segments[0].path)) as segment:
        context = segment.streams.video[0].codec_context
        assert (int(context.color_trc), int(context.color_primaries), int(context.colorspace)) == (1, 1, 1)


async def test_interlaced_films_lose_their_combs(tmp_path: Path) -> None:
    progressive = write_film(tmp_path / "fast.mp4", [Fraction(n, 50) for n in range(700)], rate=Fraction(50))
    source = tmp_path / "interlaced.mp4"
    ffmpeg(
        "-i",
        progressive,
        "-vf",
        "interlace=scan=tff:lowpass=off",
        "-c:v",
        "libx264",
        "-flags",
        "+ilme+ildct",
        "-crf",
        "10",
        source,
    )
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert published.plan.video is not None
    assert published.plan.video.deinterlace
    whole = await publish(source, tmp_path / "whole", segments_per_chunk=9)
    joined, _ = published.pictures()
    once, _ = whole.pictures()
    combs = np.abs(2 * joined[5:9, 1:-1].astype(int) - joined[5:9, :-2] - joined[5:9, 2:])[:, 30:].mean()
    assert combs < 8
    assert len(joined) == len(once) == 350
    border = published.plan.video.segment_starts[1]
    assert np.abs(joined[border].astype(int) - once[border]).mean() < 2


async def test_nothing_of_the_source_s_metadata_is_published(tmp_path: Path) -> None:
    secrets = {
        "title": "SECRET-TITLE",
        "location": "+41.7151+044.8271/",
        "comment": "SECRET-COMMENT",
        "artist": "SECRET-NAME",
        "make": "SECRET-MAKER",
        "com.apple.quicktime.model": "SECRET-DEVICE",
    }
    sound = np.zeros(48_000 * 2, np.float32)
    source = write_film(tmp_path / "film.mp4", seconds(2), metadata=secrets, sound=sound, movflags="use_metadata_tags")
    plain, source = source, tmp_path / "titled.mp4"
    titles = ["-metadata:s:v", "title=SECRET-TRACK", "-metadata:s:a", "handler_name=SECRET-HANDLER"]
    ffmpeg("-i", plain, "-c", "copy", *titles, "-movflags", "use_metadata_tags", source)
    secrets |= {"track": "SECRET-TRACK", "handler": "SECRET-HANDLER"}
    found = source.read_bytes()
    assert [secret for secret in secrets.values() if secret.encode() not in found] == []
    published = await publish(source, tmp_path / "out")
    await make_images(source, published.plan, published.plan.chunk("thumbnails", 0), tmp_path / "out", OPTIONS)
    files = [p for p in (tmp_path / "out").rglob("*.*") if p.is_file()]
    assert {p.suffix for p in files} == {".ts", ".jpg"}
    for path in files:
        data = path.read_bytes()
        assert not [secret for secret in secrets.values() if secret.encode() in data]


async def test_everything_can_be_made_again_in_the_same_place(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", seconds(2), sound=np.zeros(96_000, np.float32))
    first = await publish(source, tmp_path / "out")
    made = {s.path: s.path.read_bytes() for s in first.segments}
    again = await publish(source, tmp_path / "out")
    assert {s.path: s.path.read_bytes() for s in again.segments} == made
    chunk = first.plan.chunk("thumbnails", 0)
    assert await make_images(source, first.plan, chunk, tmp_path / "still", OPTIONS) == await make_images(
        source, first.plan, chunk, tmp_path / "still", OPTIONS
    )
