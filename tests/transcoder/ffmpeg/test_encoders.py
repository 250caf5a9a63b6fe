"""Which encoders work here is found out by encoding, and what each is told is what FFmpeg says it takes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import av
import pytest

from services.transcoder.ffmpeg import encoders
from services.transcoder.ffmpeg.cage import ProcessLimits
from services.transcoder.ffmpeg.encoders import EncoderUnavailable, choose, rate_arguments, trials, working_encoders
from services.transcoder.ladder.schema import VideoRendition
from tests.transcoder.ffmpeg.films import FFMPEG

RUNG = VideoRendition(
    name="720p", width=1280, height=720, crf=23, maxrate=3_000_000, bufsize=4_500_000, profile="high", level="3.1",
    codecs="avc1.64001f", bandwidth=3_500_000,
)  # fmt: skip
HARDWARE = [name for name in encoders.ENCODERS if name != encoders.SOFTWARE]
# What FFmpeg takes for every encoder, whatever its own page says.
COMMON = {"-c:v", "-maxrate", "-bufsize", "-b:v", "-g", "-force_key_frames", "-flags:v", "-global_quality"}
COMMON |= {"-profile:v", "-level:v"}


async def test_x264_works_and_every_other_says_why_not() -> None:
    said = await trials(FFMPEG)
    assert said["libx264"] is None
    for name in HARDWARE:
        if said[name] is None:
            continue  # this machine has one
        assert re.search(r"load|device|session|[Uu]nknown encoder|available|support", said[name] or ""), said
        with pytest.raises(EncoderUnavailable) as refused:
            await choose(FFMPEG, name)
        assert name in str(refused.value)
        assert (said[name] or "") in str(refused.value)
    print(said)


async def test_the_setting_is_followed() -> None:
    assert await choose(FFMPEG, "libx264") == "libx264"
    works = await working_encoders(FFMPEG)
    assert works[-1] == "libx264"
    assert await choose(FFMPEG, "auto") == works[0]
    with pytest.raises(EncoderUnavailable, match="There is no encoder 'h265'"):
        await choose(FFMPEG, "h265")


async def test_a_broken_ffmpeg_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(EncoderUnavailable, match=re.escape(str(broken))):
        await choose(broken, "auto")


@pytest.mark.parametrize("name", encoders.ENCODERS)
def test_ffmpeg_knows_what_the_encoder_is_told(name: str) -> None:
    asked = [str(FFMPEG), "-hide_banner", "-h", f"encoder={name}"]
    page = subprocess.run(asked, check=False, capture_output=True, text=True)
    if "AVOptions" not in page.stdout:
        pytest.skip(f"this FFmpeg was built without {name}")
    own: dict[str, set[str]] = {}
    option = ""
    for line in page.stdout.splitlines():
        if found := re.match(r"  -(\S+) +<", line):
            option = found[1]
            own[option] = set()
        elif found := re.match(r"     (\S+) +-?\d+ +E", line):
            own[option].add(found[1])
    told = rate_arguments(name, RUNG, gop=150, keyframes=[0, 150])
    pairs = dict(zip(told[::2], told[1::2], strict=True))
    for key, value in pairs.items():
        plain = key.removeprefix("-").removesuffix(":v")
        assert key in COMMON or plain in own, f"{name} has no {key}"
        if name != "libx264" and own.get(plain) and plain != "profile":
            assert value in own[plain] or value in {"0", "1"}, f"{name} takes no {value} for {key}"
    assert pairs["-maxrate"] == "3000000"
    assert pairs["-force_key_frames"] == "expr:eq(n,0)+eq(n,150)"
    assert "cgop" in pairs["-flags:v"]
    if any("forced" in known for known in own):
        assert any("forced" in key for key in pairs)


def test_keyframes_stand_where_they_were_asked_for(tmp_path: Path) -> None:
    made = tmp_path / "made.ts"
    told = rate_arguments("libx264", RUNG, gop=50, keyframes=[0, 33, 71])
    source = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=4", "-pix_fmt", "yuv420p"]
    subprocess.run([str(FFMPEG), "-v", "error", *source, *told, str(made)], check=True)
    with av.open(str(made)) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.profile == "High"
        times = [(p.pts, p.is_keyframe) for p in film.demux(stream) if p.pts is not None]
    first = min(time for time, _ in times)
    keys = {round((time - first) / 3600) for time, key in times if key}
    assert {0, 33, 71} <= keys


def test_a_card_gets_its_devices_and_no_wall_of_addresses() -> None:
    limits = encoders.limits_for("h264_nvenc", ProcessLimits(readable=()))
    assert limits.memory_bytes is None
    assert limits.resident_bytes == ProcessLimits().memory_bytes
    assert encoders.limits_for("libx264", ProcessLimits()) == ProcessLimits()
    assert encoders.filter_suffix("h264_vaapi").endswith("hwupload")
    assert encoders.global_arguments("h264_vaapi")[0] == "-init_hw_device"
