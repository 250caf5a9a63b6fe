"""The encoders of H.264 that FFmpeg may have: x264 everywhere, others where there is hardware for them.

That a build of FFmpeg lists an encoder says nothing of the machine, so each is found by encoding a picture with it, in
the cage and with the arguments of real work. All make what the plan promises: a keyframe at each given frame, closed
groups of pictures, profile and level as told, a quality that is capped in rate. What the chips call quality is not
x264's CRF; `_Known.quality` brings it near. Only x264 was measured (bench/transcode).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path

from services.transcoder.ffmpeg.process import FFmpegFailed, ProcessLimits, run
from services.transcoder.ladder.schema import VideoRendition

SOFTWARE = "libx264"
PRESET = "veryfast"
AUTO = "auto"
_TRIAL_SECONDS = 30.0
_TRIAL_RUNG = VideoRendition(
    name="360p", width=640, height=360, crf=24, maxrate=800_000, bufsize=1_600_000, profile="main", level="3.0",
    codecs="avc1.4d401e", bandwidth=1_000_000,
)  # fmt: skip
_TRIAL_FRAMES = 3
# "[h264_qsv @ 0x5622228e6940] " says where, and not what.
_WHERE = re.compile(r"^(\[[^\]]*\] *)+")


class EncoderUnavailable(Exception):
    """The encoder that was asked for does not work on this machine. The message is for an operator."""


@dataclass(frozen=True)
class _Known:
    rate: Callable[[VideoRendition], list[str]]
    """Arguments for a capped quality."""
    idr: tuple[str, ...] = ()
    """What makes a forced keyframe one that players can start at, where that is not the encoder's way anyhow."""
    global_arguments: tuple[str, ...] = ()
    filter_suffix: str = ""
    devices: tuple[str, ...] = ()
    """What it needs to read and write besides files, as patterns."""
    maps_all_memory: bool = False


def _x264(rung: VideoRendition) -> list[str]:
    # Adaptive quantisation that measures each picture's own variance: for the same VMAF it takes 3 to 22 % fewer bits
    # than x264's default, and lifts what is still and a little noisy, such as a face before a wall, by two to four points.
    return ["-preset", PRESET, "-aq-mode", "2", "-crf", f"{rung.crf:g}", *_cap(rung)]


def _nvenc(rung: VideoRendition) -> list[str]:
    return ["-preset", "p5", "-tune", "hq", "-rc", "vbr", "-cq", f"{rung.crf + 3:g}", "-b:v", "0", *_cap(rung)]


def _qsv(rung: VideoRendition) -> list[str]:
    # Quality, average and cap together are its "quality-defined variable bit rate".
    return ["-preset", "medium", "-global_quality", f"{rung.crf:.0f}", *_average(rung), *_cap(rung)]


def _vaapi(rung: VideoRendition) -> list[str]:
    # The same; the driver is asked, and takes plain variable bit rate where it knows no quality.
    return ["-global_quality", f"{rung.crf:.0f}", *_average(rung), *_cap(rung)]


def _videotoolbox(rung: VideoRendition) -> list[str]:
    return [*_average(rung), *_cap(rung)]


def _cap(rung: VideoRendition) -> list[str]:
    return ["-maxrate", str(rung.maxrate), "-bufsize", str(rung.bufsize)]


def _average(rung: VideoRendition) -> list[str]:
    return ["-b:v", str(rung.maxrate * 3 // 4)]


_DRI = ("/dev/dri", "/sys/class/drm", "/sys/dev/char", "/sys/devices")
# In the order in which `auto` takes them.
_KNOWN: dict[str, _Known] = {
    "h264_nvenc": _Known(
        _nvenc, idr=("-forced-idr", "1"), devices=("/dev/nvidia*", "/proc/driver/nvidia"), maps_all_memory=True
    ),
    "h264_qsv": _Known(_qsv, idr=("-forced_idr", "1"), filter_suffix=",format=nv12", devices=_DRI),
    "h264_vaapi": _Known(
        _vaapi,
        global_arguments=("-init_hw_device", "vaapi=hw", "-filter_hw_device", "hw"),
        filter_suffix=",format=nv12,hwupload",
        devices=_DRI,
    ),
    "h264_videotoolbox": _Known(_videotoolbox),
    SOFTWARE: _Known(_x264, idr=("-forced-idr", "1")),
}
ENCODERS = tuple(_KNOWN)


def rate_arguments(encoder: str, rung: VideoRendition, *, gop: int, keyframes: Sequence[int]) -> list[str]:
    """The encoder and all it is told for one rung of one output.

    `gop` is the longest distance of keyframes in frames, `keyframes` the frames that have to be one, counted from the
    first one encoded. Colours and time are the caller's to set.
    """
    known = _KNOWN[encoder]
    keys = "+".join(f"eq(n,{frame})" for frame in keyframes)
    return [
        *("-c:v", encoder, *known.rate(rung), "-profile:v", rung.profile, "-level:v", rung.level),
        # Keyframes at scene cuts stay allowed: forbidding them costs a point of VMAF or 7 % of the bits.
        *("-g", str(gop), "-force_key_frames", f"expr:{keys}", *known.idr),
        *("-flags:v", "+cgop+bitexact"),
    ]


def global_arguments(encoder: str) -> list[str]:
    """What stands before the first `-i`."""
    return list(_KNOWN[encoder].global_arguments)


def filter_suffix(encoder: str) -> str:
    """What a rung's filter chain, which gives yuv420p, has to end in; begins with a comma where there is any."""
    return _KNOWN[encoder].filter_suffix


def limits_for(encoder: str, limits: ProcessLimits) -> ProcessLimits:
    """`limits` that let the encoder reach its hardware. Looks into /dev, so call it in a thread, or once."""
    known = _KNOWN[encoder]
    if known.maps_all_memory:
        # CUDA maps the memory of card and host before it uses any: only what is resident can be limited.
        limits = replace(limits, memory_bytes=None, resident_bytes=limits.resident_bytes or limits.memory_bytes)
    devices = tuple(Path(found) for pattern in known.devices for found in sorted(glob(pattern)))  # noqa: PTH207
    return replace(limits, devices=devices)


async def trials(ffmpeg: Path) -> dict[str, str | None]:
    """Each encoder by name: None where it works here, else why not, in FFmpeg's words."""
    return {name: await trial(ffmpeg, name) for name in ENCODERS}


async def working_encoders(ffmpeg: Path) -> tuple[str, ...]:
    """The encoders that work on this machine, the fastest first, x264 last."""
    return tuple(name for name, fault in (await trials(ffmpeg)).items() if fault is None)


async def choose(ffmpeg: Path, setting: str) -> str:
    """The encoder to use for `setting`: the one it names, or with "auto" the first that works.

    Raises EncoderUnavailable with a sentence that says what to set instead.
    """
    if setting != AUTO and setting not in _KNOWN:
        raise EncoderUnavailable(f"There is no encoder {setting!r}: choose one of {AUTO}, {', '.join(ENCODERS)}.")
    for name in ENCODERS if setting == AUTO else (setting,):
        fault = await trial(ffmpeg, name)
        if fault is None:
            return name
        if setting != AUTO:
            raise EncoderUnavailable(f"{setting} does not work on this machine ({fault}): choose {SOFTWARE} or {AUTO}.")
    raise EncoderUnavailable(f"{ffmpeg} has no H.264 encoder that works here: name an FFmpeg built with {SOFTWARE}.")


async def trial(ffmpeg: Path, encoder: str) -> str | None:
    """None if the encoder encodes here, else the reason. Three pictures, as some take more than one before they start."""
    rung = _TRIAL_RUNG
    argv = [
        *(str(ffmpeg), "-hide_banner", "-nostdin", "-v", "error", "-progress", "pipe:1", *global_arguments(encoder)),
        *("-f", "lavfi", "-i", f"color=s={rung.width}x{rung.height}:r=25"),
        *("-vf", f"format=yuv420p{filter_suffix(encoder)}"),
        *("-frames:v", str(_TRIAL_FRAMES), *rate_arguments(encoder, rung, gop=150, keyframes=[0])),
        *("-f", "null", "-"),
    ]
    limits = limits_for(encoder, ProcessLimits(cpu_seconds=60, readable=()))
    try:
        finished = await run(argv, stall_timeout=_TRIAL_SECONDS, limits=limits)
    except (FFmpegFailed, OSError) as error:
        return str(error)
    if finished.returncode == 0 and finished.progress.frame == _TRIAL_FRAMES:
        return None
    said = (_WHERE.sub("", line).strip() for line in finished.stderr_tail)
    return next((line.rstrip(".") for line in said if line), f"it ended with {finished.returncode}")
