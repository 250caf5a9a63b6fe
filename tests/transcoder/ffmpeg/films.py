"""Films whose every picture says which one it is, and the reading of what was published of them."""

from __future__ import annotations

import functools
import json
import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np

from services.transcoder.ffmpeg.audio import encode_audio_chunk
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ffmpeg.segments import OFFSET, Segment
from services.transcoder.ffmpeg.video import encode_video_chunk
from services.transcoder.ladder.plan import ChunkKind, ChunkPlan, Plan, make_plan

FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
OPTIONS = EncodeOptions(FFMPEG)
RATE = 48_000
WIDTH, HEIGHT = 320, 180
_BITS, _CELL, _TOP, _LEFT = 12, 20, 8, 40
CONTAINERS = {".mp4": "mov", ".mov": "mov", ".m4a": "mov", ".mkv": "matroska", ".avi": "avi", ".ts": "mpegts"}
CONTAINERS[".webm"] = "matroska"


@functools.lru_cache(maxsize=2000)
def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Luma (limited range) of picture `number`: a moving pattern with the number in black and white cells."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    luma = 120 + 45 * np.sin((x + 5 * number) / 17) + 40 * np.cos((y - 3 * number) / 11)
    for bit in range(_BITS):
        left = _LEFT + bit * _CELL
        luma[_TOP : _TOP + _CELL, left : left + _CELL] = 225 if number >> bit & 1 else 25
    return np.clip(luma, 16, 235).astype(np.uint8)


def number_in(luma: np.ndarray, scale: float = 1.0) -> int:
    """The number `picture` wrote, read from a picture scaled by `scale`."""
    number = 0
    for bit in range(_BITS):
        y = int((_TOP + _CELL / 2) * scale)
        x = int((_LEFT + bit * _CELL + _CELL / 2) * scale)
        number |= int(luma[y - 2 : y + 3, x - 2 : x + 3].mean() > 125) << bit
    return number


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity over 8x8 windows without overlap."""
    h, w = a.shape[0] // 8 * 8, a.shape[1] // 8 * 8
    x, y = (p[:h, :w].astype(np.float32).reshape(h // 8, 8, w // 8, 8).swapaxes(1, 2) for p in (a, b))
    axes = (2, 3)
    mx, my = x.mean(axes), y.mean(axes)
    vx, vy = (x * x).mean(axes) - mx * mx, (y * y).mean(axes) - my * my
    cov = (x * y).mean(axes) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((((2 * mx * my + c1) * (2 * cov + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


def loudest_tones(sound: np.ndarray, count: int = 1) -> list[int]:
    """Hertz, rising, of the strongest tones in seconds 1 to 2 of one channel."""
    spectrum = np.abs(np.fft.rfft(sound[RATE : 2 * RATE] * np.hanning(RATE)))
    found: list[int] = []
    for _ in range(count):
        at = int(spectrum.argmax())
        found.append(at)
        spectrum[max(0, at - 5) : at + 6] = 0
    return sorted(found)


def write_film(
    path: Path,
    times: list[Fraction],
    *,
    codec: str = "libx264",
    gop: int = 50,
    bframes: int = 0,
    time_base: Fraction | None = None,
    rate: Fraction = Fraction(25),
    sound: np.ndarray | None = None,
    sound_start: Fraction = Fraction(0),
    sound_rate: int = 48_000,
    sound_codec: str = "aac",
    movflags: str | None = None,
    metadata: dict[str, str] | None = None,
    drawn: Any = picture,
) -> Path:
    """Encodes `picture(0..)` shown at `times` (seconds), with mono or stereo float `sound` beside it."""
    options = {"movflags": movflags} if movflags else {}
    options["avoid_negative_ts"] = "disabled"
    with av.open(str(path), "w", options=options) as out:
        out.metadata.update(metadata or {})
        video: Any = out.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.gop_size = gop
        if codec == "libx264":
            video.options = {"preset": "ultrafast", "crf": "12", "bf": str(bframes), "sc_threshold": "0"}
            if bframes:
                video.options |= {"preset": "veryfast"}
        else:
            video.bit_rate, video.max_b_frames = 2_500_000, bframes
        base = time_base or 1 / Fraction(rate)
        video.codec_context.time_base = base
        audio = _sound_stream(out, sound, sound_rate, sound_codec) if sound is not None else None
        packets: list[Any] = []
        for number, time in enumerate(times):
            plane = drawn(number)
            frame = av.VideoFrame.from_ndarray(
                np.vstack([plane, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)]), format="yuv420p"
            )
            frame.pts, frame.time_base = round(time / base), base
            frame.colorspace, frame.color_range = 1, 1
            packets += video.encode(frame)
        packets += video.encode(None)
        if audio is not None and sound is not None:
            packets += _sound_packets(audio, sound, sound_rate, sound_start)
        packets.sort(key=lambda p: p.dts * p.time_base)
        for packet in packets:
            out.mux(packet)
    return path


def _sound_stream(out: Any, sound: np.ndarray, rate: int, codec: str) -> Any:
    audio = out.add_stream(codec, rate=rate)
    audio.layout = "stereo" if sound.ndim == 2 else "mono"
    if not codec.startswith("pcm"):
        audio.bit_rate = 192_000
    return audio


def _sound_packets(audio: Any, sound: np.ndarray, rate: int, start: Fraction) -> list[Any]:
    """Whole frames only, so that the sound's length is known to the sample."""
    fmt, layout = audio.codec_context.format.name, audio.layout.name
    resampler = av.AudioResampler(format=fmt, layout=layout, rate=rate)
    planes = sound.T if sound.ndim == 2 else sound[None]
    packets: list[Any] = []
    step = audio.codec_context.frame_size or 1024
    first = round(start * rate)
    for at in range(0, planes.shape[1], step):
        block = np.ascontiguousarray(planes[:, at : at + step], dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, first + at, Fraction(1, rate)
        for ready in resampler.resample(frame):
            packets += audio.encode(ready)
    return packets + list(audio.encode(None))


def luma_of(path: Path) -> np.ndarray:
    """Luma of a picture file, in limited range."""
    argv = [FFMPEG, "-v", "error", "-i", path, "-frames:v", "1", "-vf"]
    argv += ["scale=out_range=tv,format=yuv420p,extractplanes=y", "-f", "rawvideo", "-"]
    with av.open(str(path)) as image:
        width, height = image.streams.video[0].width, image.streams.video[0].height
    data = subprocess.run([*map(str, argv)], capture_output=True, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(height, width)


def ffmpeg(*arguments: Any) -> subprocess.CompletedProcess[bytes]:
    argv = [str(FFMPEG), "-hide_banner", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(argv, check=True, capture_output=True)


def rechunked(plan: Plan, segments: int) -> Plan:
    """The same plan in chunks of `segments` segments each, so that a short film has many joins."""
    spans = [(first, min(segments, plan.segment_count - first)) for first in range(0, plan.segment_count, segments)]
    makers: list[tuple[ChunkKind, tuple[str, ...]]] = [("audio", (audio.name,)) for audio in plan.audio]
    makers += [("video", plan.video_names)] if plan.video else []
    chunks = [
        ChunkPlan(kind=kind, index=i, first_segment=first, segment_count=count, renditions=names)
        for kind, names in makers
        for i, (first, count) in enumerate(spans)
    ]
    return plan.model_copy(update={"chunks": tuple(chunks)})


@dataclass
class Published:
    """What a film became: its plan and its segments, in the order in which they were handed over."""

    plan: Plan
    out: Path
    segments: list[Segment] = field(default_factory=list)

    def playlist(self, rendition: str) -> Path:
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:7", "#EXT-X-PLAYLIST-TYPE:VOD"]
        for index, duration in enumerate(self.plan.segment_durations(rendition)):
            lines += [f"#EXTINF:{duration:.6f},", f"{index}.ts"]
        path = self.out / rendition / "plain.m3u8"
        path.write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
        return path

    def pictures(self, rendition: str | None = None) -> tuple[np.ndarray, list[int]]:
        """(luma of every picture, presentation times in 1/90000 s), read as a strict player would; asserts silence."""
        assert self.plan.video is not None
        name = rendition or self.plan.video.renditions[0].name
        rung = next(r for r in self.plan.video.renditions if r.name == name)
        raw = self.out / f"{name}.gray"
        argv = [FFMPEG, "-hide_banner", "-nostdin", "-v", "warning", "-y", "-copyts", "-fflags", "+discardcorrupt"]
        argv += ["-i", self.playlist(name), "-map", "0:v", "-fps_mode", "passthrough", "-vf", "extractplanes=y"]
        argv += ["-f", "rawvideo", raw, "-map", "0:v", "-fps_mode", "passthrough", "-enc_time_base", "1:90000"]
        done = subprocess.run([*map(str, argv), "-f", "framecrc", "-"], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        times = [int(line.split(",")[2]) for line in done.stdout.splitlines() if not line.startswith("#")]
        data = np.fromfile(raw, np.uint8).reshape(-1, rung.height, rung.width)
        raw.unlink()
        return data, times

    def sound(self, name: str = "audio") -> np.ndarray:
        """All samples, one row per channel; asserts silence on stderr and the first sample's time."""
        raw = self.out / f"{name}.f32"
        argv = [FFMPEG, "-hide_banner", "-nostdin", "-v", "warning", "-y", "-copyts", "-fflags", "+discardcorrupt"]
        argv += ["-i", self.playlist(name), "-map", "0:a", "-f", "f32le", raw]
        argv += ["-map", "0:a", "-c", "copy", "-f", "framecrc", "-"]
        done = subprocess.run([*map(str, argv)], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        times = [int(line.split(",")[2]) for line in done.stdout.splitlines() if not line.startswith("#")]
        # 1024 samples at 48 kHz are 1920 ticks of 1/90000 s: each packet follows the one before.
        assert times == [OFFSET * 90_000 + 1920 * i for i in range(len(times))]
        return np.fromfile(raw, np.float32).reshape(-1, 2).T


async def publish(
    source: Path, out: Path, *, segments_per_chunk: int | None = None, plan: Plan | None = None
) -> Published:
    """Probes, plans and encodes all chunks of picture and sound."""
    if plan is None:
        plan = make_plan(await probe(source, container=CONTAINERS[source.suffix]))
    if segments_per_chunk is not None:
        plan = rechunked(plan, segments_per_chunk)
    assert Plan.model_validate(json.loads(plan.model_dump_json())) == plan
    published = Published(plan, out)

    async def on_segment(segment: Segment) -> None:
        assert segment.path.stat().st_size % 188 == 0
        published.segments.append(segment)

    for chunk in plan.chunks:
        if chunk.kind == "video":
            await encode_video_chunk(source, plan, chunk, out, on_segment, OPTIONS)
        elif chunk.kind == "audio":
            await encode_audio_chunk(source, plan, chunk, out, on_segment, OPTIONS)
    return published


def shown(times: list[Fraction], origin: Fraction, rate: Fraction, frame: int) -> int:
    """Which source picture belongs at a frame of the grid: the last one that stands there or earlier."""
    due = [i for i, t in enumerate(times) if (t - origin) * rate < frame + Fraction(1, 2)]
    return due[-1] if due else 0
