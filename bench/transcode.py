"""The whole ladder in chunks, beside FFmpeg making the same ladder without chunks.

The other side is one plain FFmpeg process with ``split``: same binary, same rungs, same encoder flags, same sound.
"""

import asyncio
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from bench.table import show
from services.transcoder.ffmpeg.audio import encode_audio_chunk
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ffmpeg.video import PRESET, encode_video_chunk
from services.transcoder.ladder.plan import make_plan
from services.transcoder.ladder.schema import Plan

FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
SECONDS = 40
CODING = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "aac")
FILMS = {
    "film-like": f"mandelbrot=size=1280x720:rate=25:end_scale=0.02,format=yuv420p,trim=duration={SECONDS}",
    "slides": f"testsrc=size=1280x720:rate=25:duration={SECONDS}",
}


def _make(path: Path, pictures: str) -> None:
    sound = f"sine=frequency=330:duration={SECONDS}"
    command = [str(FFMPEG), "-v", "error", "-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound]
    subprocess.run([*command, *CODING, str(path)], check=True)


async def _ours(film: Path, plan: Plan, out: Path) -> float:
    async def take(segment: Segment) -> None:
        segment.path.unlink()

    started = time.perf_counter()
    for chunk in plan.chunks:
        if chunk.kind == "video":
            await encode_video_chunk(film, plan, chunk, out / f"v{chunk.index}", take, EncodeOptions(FFMPEG))
        elif chunk.kind == "audio":
            await encode_audio_chunk(film, plan, chunk, out / f"a{chunk.index}", take, EncodeOptions(FFMPEG))
    return time.perf_counter() - started


def _plain(film: Path, plan: Plan, out: Path) -> float:
    assert plan.video is not None
    rungs = plan.video.renditions
    heads = "".join(f"[s{index}]" for index in range(len(rungs)))
    scales = ";".join(
        f"[s{index}]scale={rung.width}:{rung.height},setsar=1[v{index}]" for index, rung in enumerate(rungs)
    )
    command = [str(FFMPEG), "-v", "error", "-y", "-i", str(film)]
    command += ["-filter_complex", f"[0:v]split={len(rungs)}{heads};{scales}"]
    for index, rung in enumerate(rungs):
        command += [
            "-map", f"[v{index}]", "-c:v", "libx264", "-preset", PRESET, "-crf", str(rung.crf),
            "-maxrate", str(rung.maxrate), "-bufsize", str(rung.bufsize), "-profile:v", rung.profile,
            "-g", str(plan.video.frames_per_segment), "-keyint_min", str(plan.video.frames_per_segment),
            "-sc_threshold", "0", "-f", "segment", "-segment_time", "6", str(out / f"plain-{rung.name}-%d.ts"),
        ]  # fmt: skip
    command += ["-map", "0:a", "-c:a", "aac", "-b:a", "128k", "-f", "segment", "-segment_time", "6"]
    started = time.perf_counter()
    subprocess.run([*command, str(out / "plain-audio-%d.ts")], check=True)
    return time.perf_counter() - started


def measure() -> dict[str, Any]:
    """Seconds of both sides and their ratio, per film."""
    figures: dict[str, Any] = {}
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="lectern-bench-") as directory:
        for name, pictures in FILMS.items():
            film, out = Path(directory) / f"{name}.mp4", Path(directory) / name
            out.mkdir()
            _make(film, pictures)
            plan = make_plan(asyncio.run(probe(film, container="mov")))
            # Plain, ours, plain again: whatever the machine does meanwhile falls on both.
            plain = [_plain(film, plan, out)]
            ours = asyncio.run(_ours(film, plan, out))
            plain.append(_plain(film, plan, out))
            beside = sum(plain) / 2
            figures[name] = {"ours": ours, "plain": plain, "ratio": ours / beside}
            rows.append([name, f"{ours:.1f} s", f"{beside:.1f} s", ours / beside])
    show(["film", "ours, in chunks", "one plain FFmpeg", "ratio"], rows)
    return figures
