"""The probe tells what a file is, refuses what is none with a sentence, and opens nothing a file names."""

from __future__ import annotations

import os
from collections import Counter
from fractions import Fraction
from pathlib import Path

import av
import pytest

from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ladder.model import Refused
from services.transcoder.ladder.plan import make_plan
from tests.support.films import shared_media
from tests.transcoder.ffmpeg.films import CONTAINERS, ffmpeg, picture, publish, write_film

MEDIA = shared_media()
needs_media = pytest.mark.skipif(
    not MEDIA.is_dir(), reason="the collection of real films is not here (LECTERN_MEDIA_DIR)"
)

REFUSED = {
    "070_sample_malformed_free_box.mp4": "not_media",
    "087_invalid_userdata.mp4": "truncated",
    "089_chunk_out_of_range.mp4": "not_media",
    "100_unknown_sized_non_master_element.mkv": "not_media",
    "empty.mp4": "not_media",
    "exe.mp4": "not_media",
    "ffconcat_abs.mp4": "not_media",
    "hls_file_passwd.mp4": "not_media",
    "hls_http_loopback.mp4": "not_media",
}
# name: (rotation, lines of the top rung, length in seconds)
KNOWN = {
    "014_pixel7_videoOnly_cleaned.mp4": (180, "1080p", 1.2),
    "019_hdr10-av1.mp4": (0, "720p", 4.24),
    "022_h265_with_metadata_track.mp4": (90, "1080p", 0.1),
    "023_internal_emulator_transformer_output_270_rotated.mp4": (270, "720p", 4.97),
    "035_one-by-one-person-detection.mp4": (0, "432p", 139.4),
    "045_nasa_13013.mp4": (0, "270p", 13.02),
    "053_rotate-buck-bunny.mp4": (90, "1080p", 1.96),
    "068_sample_vvc.mp4": (0, "180p", 5.0),
    "105_bbb_1080p25_62s_51aac.mp4": (0, "1080p", 62.3),
    "110_bbb_xvid_mp3.avi": (0, "480p", 10.04),
}


def films() -> list[Path]:
    found = sorted(MEDIA.rglob("*.*")) if MEDIA.is_dir() else []
    return [p for p in found if p.suffix in CONTAINERS]


@needs_media
@pytest.mark.parametrize("path", films(), ids=lambda p: p.name)
async def test_real_films(path: Path) -> None:
    if path.name in REFUSED:
        with pytest.raises(Refused) as refused:
            await probe(path, container=CONTAINERS[path.suffix])
        assert refused.value.code == REFUSED[path.name]
        assert refused.value.message.endswith(".")
        return
    found = await probe(path, container=CONTAINERS[path.suffix])
    plan = make_plan(found)
    assert found.size_bytes == path.stat().st_size
    if path.name in KNOWN:
        rotation, top, length = KNOWN[path.name]
        assert found.video is not None
        assert found.video.rotation == rotation
        assert plan.rendition_names[0] == top
        assert plan.duration == pytest.approx(length, abs=0.06)


@needs_media
@pytest.mark.acceptance
@pytest.mark.parametrize("path", [p for p in films() if p.name not in REFUSED], ids=lambda p: p.name)
async def test_real_films_are_published(path: Path, tmp_path: Path) -> None:
    published = await publish(path, tmp_path / "out")
    count = Counter(s.rendition for s in published.segments)
    assert count == dict.fromkeys(published.plan.rendition_names, published.plan.segment_count)
    if published.plan.video is not None:
        pictures, _ = published.pictures(published.plan.video.renditions[-1].name)
        assert len(pictures) == published.plan.video.frame_count
    if published.plan.audio:
        assert published.sound().shape[1] == published.plan.audio[0].frame_count * 1024


def seconds(count: int) -> list[Fraction]:
    return [Fraction(n, 25) for n in range(count * 25)]


@pytest.mark.parametrize("form", ["hls", "ffconcat", "concat-file", "dash"])
@pytest.mark.parametrize("reference", ["relative", "absolute"])
@pytest.mark.parametrize("container", ["mov", "avi", "matroska", "mpegts"])
async def test_a_text_that_names_another_film_shows_nothing_of_it(
    tmp_path: Path, form: str, reference: str, container: str
) -> None:
    other = write_film(tmp_path / "other.ts", seconds(1))
    # A named pipe in its place: whoever opens it would wait for ever, and the probe would be ended for it.
    named = other if form != "dash" else tmp_path / "pipe.ts"
    if form == "dash":
        os.mkfifo(named)
    name = str(named) if reference == "absolute" else named.name
    texts = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n",
        "dash": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{name}'\n",
        "concat-file": f"concat:{name}",
    }
    hostile = tmp_path / "film.mp4"
    hostile.write_text(texts[form])
    with pytest.raises(Refused) as refused:
        await probe(hostile, container=container)
    assert refused.value.code == "not_media"


@pytest.mark.parametrize("container", ["hls", "concat", "image2", "lavfi", "rawvideo", ""])
async def test_other_demuxers_cannot_be_asked_for(tmp_path: Path, container: str) -> None:
    film = write_film(tmp_path / "film.mp4", seconds(1))
    with pytest.raises(Refused, match="not_media"):
        await probe(film, container=container)


async def test_a_film_cut_off_in_the_middle_is_refused(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "whole.mp4", seconds(10))
    fast = tmp_path / "fast.mp4"
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "+faststart", fast)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(fast.read_bytes()[: fast.stat().st_size * 2 // 3])
    with pytest.raises(Refused) as refused:
        await probe(cut, container="mov")
    assert refused.value.code == "truncated"


async def test_an_encrypted_film_is_refused(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "whole.mp4", seconds(2))
    source = tmp_path / "drm.mp4"
    key = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "0" * 32, "-encryption_kid", "1" * 32)
    ffmpeg("-i", whole, "-c", "copy", *key, source)
    with pytest.raises(Refused) as refused:
        await probe(source, container="mov")
    assert refused.value.code == "encrypted_source"


async def test_a_cover_is_not_the_film(tmp_path: Path) -> None:
    cover = tmp_path / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1920x1080", "-frames:v", "1", cover)
    song = tmp_path / "song.m4a"
    ffmpeg(
        *("-f", "lavfi", "-i", "sine=d=3", "-i", cover, "-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "copy"),
        *("-disposition:v", "attached_pic", "-f", "mp4", song),
    )
    found = await probe(song, container="mov")
    assert found.video is None
    assert make_plan(found).rendition_names == ("audio",)


async def test_streams_are_described(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", seconds(3), gop=25)
    source = tmp_path / "two.mkv"
    ffmpeg(
        *("-i", film, "-f", "lavfi", "-i", "sine=d=3:r=48000", "-f", "lavfi", "-i", "sine=d=3:r=44100"),
        *("-map", 0, "-map", 1, "-map", 2, "-c:v", "copy", "-c:a:0", "libopus", "-c:a:1", "libvorbis"),
        *("-metadata:s:a:0", "language=kat", "-metadata:s:a:1", "language=eng"),
        *("-metadata:s:a:1", "title=The lecturer", source),
    )
    found = await probe(source, container="matroska")
    assert found.video is not None
    assert (found.video.codec, found.video.width, found.video.height, found.video.fps) == (
        "h264",
        *picture(0).shape[::-1],
        "25",
    )
    assert [(a.codec, a.sample_rate, a.language, a.title) for a in found.audio] == [
        ("opus", 48000, "kat", None),
        ("vorbis", 44100, "eng", "The lecturer"),
    ]
    assert found.duration == pytest.approx(3.0, abs=0.05)


async def test_aac_in_avi_whose_codec_is_named_by_a_number(tmp_path: Path) -> None:
    source = tmp_path / "film.avi"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc=d=2", "-f", "lavfi", "-i", "sine=d=2", "-c:v", "mpeg4", "-c:a", "aac", source
    )  # fmt: skip
    found = await probe(source, container="avi")
    assert [stream.codec for stream in found.audio] == ["aac"]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
async def test_what_pads_a_file_explains_no_work(tmp_path: Path, suffix: str) -> None:
    """Eight minutes of 4K at 60 pictures a second, all of them the same: a megabyte or two, and hours of work."""
    still, path = tmp_path / "still.mkv", tmp_path / f"film.{suffix}"
    one = ["-f", "lavfi", "-i", "color=gray:s=3840x2160:r=60:d=8", "-c:v", "libx264", "-preset", "ultrafast"]
    ffmpeg(*one, "-x264-params", "keyint=600:bframes=0", still)
    ffmpeg("-stream_loop", "59", "-i", still, "-c", "copy", "-fflags", "+genpts", path)
    if suffix == "mp4":
        with path.open("ab") as file:
            file.write((9_000_000).to_bytes(4, "big") + b"free" + bytes(8_999_992))
    with av.open(str(path)) as film:
        held = sum(packet.size for packet in film.demux(video=0))
    found = await probe(path, container=CONTAINERS[path.suffix])
    assert found.video is not None and found.video.coded_bytes is not None
    assert held * 0.95 <= found.video.coded_bytes <= held * 2
    with pytest.raises(Refused, match="too_costly"):
        make_plan(found)
