"""What a segment really is stands in its first parameter set, and a segment that breaks the promise is not handed over."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from services.transcoder.ffmpeg.codec_check import check_codecs, first_sps
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ffmpeg.process import FFmpegFailed
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ffmpeg.video import encode_video_chunk
from services.transcoder.ladder.plan import ChunkPlan, make_plan
from tests.transcoder.ffmpeg.films import FFMPEG, OPTIONS, ffmpeg, publish, write_film


def segment(path: Path, *, profile: str = "high", level: str = "3.1") -> Path:
    coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-profile:v", profile, "-level:v", level, "-f", "mpegts"]
    # Sound comes first, as it may in anybody's transport stream.
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=1", "-c:a", "aac", *coding, path)
    return path


@pytest.mark.parametrize(
    ("profile", "level"), [("high", "3.1"), ("high", "4.0"), ("main", "3.1"), ("baseline", "3.0"), ("high", "5.1")]
)
def test_the_parameter_set_is_what_another_reader_finds(tmp_path: Path, profile: str, level: str) -> None:
    path = segment(tmp_path / "0.ts", profile=profile, level=level)
    found = first_sps(path)
    assert found is not None
    with av.open(str(path)) as opened:
        extradata = bytes(opened.streams.video[0].codec_context.extradata or b"")
    at = extradata.index(b"\x00\x00\x01\x67") + 4
    assert found == extradata[at : at + 3]
    assert found[2] == int(level.replace(".", ""))


@pytest.mark.parametrize("promised", ["avc1.64001f", "avc1.640028"])
def test_what_keeps_the_promise_passes(tmp_path: Path, promised: str) -> None:
    check_codecs(segment(tmp_path / "0.ts"), promised)


@pytest.mark.parametrize("promised", ["avc1.64001e", "avc1.4d401f", "avc1.42c01f", "avc1.64101f"])
def test_another_profile_or_a_higher_level_is_noticed(tmp_path: Path, promised: str) -> None:
    path = segment(tmp_path / "0.ts")
    with pytest.raises(FFmpegFailed) as failed:
        check_codecs(path, promised)
    assert failed.value.code == "codec_mismatch"
    assert "avc1.64001f" in failed.value.message


@pytest.mark.parametrize(
    "content", [b"", b"\x47" * 187, b"\x00" * 1880, bytes(range(256)) * 20, b"\x47\x40\x11\x30\xff" * 400]
)
def test_what_is_no_segment_is_noticed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "0.ts"
    path.write_bytes(content)
    with pytest.raises(FFmpegFailed, match="codec_mismatch"):
        check_codecs(path, "avc1.64001f")


async def test_a_segment_of_another_level_is_not_handed_over(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [Fraction(n, 25) for n in range(75)])
    plan = (await publish(film, tmp_path / "out")).plan
    assert plan.video is not None
    promise = plan.video.renditions[0].model_copy(update={"codecs": "avc1.64000a"})
    other = plan.model_copy(update={"video": plan.video.model_copy(update={"renditions": (promise,)})})
    handed: list[Segment] = []

    async def on_segment(made: Segment) -> None:
        handed.append(made)

    with pytest.raises(FFmpegFailed) as failed:
        await encode_video_chunk(film, other, other.chunk("video", 0), tmp_path / "again", on_segment, OPTIONS)
    assert failed.value.code == "codec_mismatch"
    assert handed == []


async def test_an_unknown_encoder_is_an_error_of_the_caller(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [Fraction(n, 25) for n in range(5)])
    plan = make_plan(await probe(film, container="mov"))

    async def on_segment(made: Segment) -> None:
        raise AssertionError(made)

    options = EncodeOptions(FFMPEG, encoder="h264_unheard_of")
    with pytest.raises(ValueError, match="h264_unheard_of"):
        await encode_video_chunk(film, plan, plan.chunk("video", 0), tmp_path / "out", on_segment, options)
    none = ChunkPlan(kind="video", index=0, first_segment=0, segment_count=1, renditions=("2160p",))
    with pytest.raises(ValueError, match="rungs"):
        await encode_video_chunk(film, plan, none, tmp_path / "out", on_segment, OPTIONS)
