"""VMAF of each rung against the source scaled to it, and the bits that FFmpeg's own ladder needs for the same VMAF."""

import asyncio
import math
import re
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.table import show
from bench.transcode.films import FFMPEG
from bench.transcode.ladder import OPTIONS, plan_of
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ffmpeg.video import encode_video_chunk
from services.transcoder.ladder.schema import ChunkPlan, Plan, VideoRendition

FIRST, COUNT = 3, 2
"""Segments looked at."""
PLAIN_CRF = (19, 23, 27)
SDR = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"


def _ours(film: Path, plan: Plan, out: Path) -> dict[str, Path]:
    """Rendition -> its segments of the stretch, one after the other in one file."""
    made: dict[str, Path] = {}

    async def take(segment: Segment) -> None:
        whole = out / f"ours-{segment.rendition}.ts"
        with whole.open("ab") as file:
            file.write(segment.path.read_bytes())
        made[segment.rendition] = whole

    chunk = ChunkPlan(kind="video", index=0, first_segment=FIRST, segment_count=COUNT)
    asyncio.run(encode_video_chunk(film, plan, chunk, out, take, OPTIONS))
    return made


def _reference(film: Path, plan: Plan, rung: VideoRendition, out: Path) -> Path:
    """The source's own pictures of the stretch at the rung's size, without loss."""
    assert plan.video is not None
    starts = plan.video.segment_starts
    first, after = starts[FIRST], starts[FIRST + COUNT]
    path = out / f"reference-{rung.name}.mkv"
    graph = (
        # The film's own clock: where the first picture comes late, frame 0 of the grid is that picture all the same.
        f"setpts=PTS-({float(Fraction(plan.origin)):.6f})/TB,"
        f"fps={plan.video.fps}:start_time=0,trim=start_frame={first}:end_frame={after},setpts=PTS-STARTPTS,"
        f"scale={rung.width}:{rung.height}:flags=bicubic,setsar=1,format=yuv420p"
    )
    _ffmpeg("-copyts", "-i", film, "-an", "-vf", graph, "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", path)
    return path


def _plain(reference: Path, rung: VideoRendition, crf: int, out: Path) -> Path:
    path = out / f"plain-{rung.name}-{crf}.ts"
    coding = ("-c:v", "libx264", "-preset", "veryfast", "-crf", crf, "-profile:v", "high")
    _ffmpeg("-i", reference, *coding, "-force_key_frames", "expr:gte(t,n_forced*6)", path)
    return path


def _ffmpeg(*arguments: object) -> str:
    command = [str(FFMPEG), "-hide_banner", "-nostdin", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def _vmaf(made: Path, reference: Path) -> float:
    # By number, in whole ticks: N/25/TB is a hair too small now and then, and pairs a picture with the one before.
    clock = f"settb=1/25,setpts=N,{SDR}"
    graph = f"[0:v]{clock}[a];[1:v]{clock}[b];[a][b]libvmaf=n_threads=2:n_subsample=2"
    said = _ffmpeg("-i", made, "-i", reference, "-lavfi", graph, "-f", "null", "-")
    found = re.search(r"VMAF score: ([\d.]+)", said)
    assert found is not None, said
    return float(found[1])


def _bits_for(score: float, points: list[tuple[float, int]]) -> float:
    """Bits of the plain ladder at a score, between its measured points (the logarithm of bits is near a line)."""
    points = sorted(points)
    pairs = list(pairwise(points))
    (low, few), (high, many) = next((pair for pair in pairs if score <= pair[1][0]), pairs[-1])
    if high - low < 0.05:
        return float(many)
    share = (score - low) / (high - low)
    return math.exp(math.log(few) + share * (math.log(many) - math.log(few)))


def measure(films: dict[str, Path], directory: Path) -> dict[str, Any]:
    """Per film and rung: mean VMAF, kbit/s, and our bits over the plain ladder's at the same VMAF."""
    figures: dict[str, Any] = {}
    rows: list[list[object]] = []
    for name, film in films.items():
        out = directory / f"quality-{film.stem}"
        out.mkdir()
        plan = plan_of(film)
        assert plan.video is not None
        made = _ours(film, plan, out)
        seconds = sum(plan.segment_durations(plan.video_names[0])[FIRST : FIRST + COUNT])
        for rung in plan.video.renditions:
            reference = _reference(film, plan, rung, out)
            score, size = _vmaf(made[rung.name], reference), made[rung.name].stat().st_size
            plain = [(_vmaf(path, reference), path.stat().st_size)
                     for path in (_plain(reference, rung, crf, out) for crf in PLAIN_CRF)]  # fmt: skip
            ratio = size / _bits_for(score, plain)
            rate = 8 * size / seconds / 1000
            at_23 = plain[PLAIN_CRF.index(23)]
            figures[f"{name} {rung.name}"] = {
                "vmaf": score, "kbit_s": rate, "bits_ratio": ratio, "vmaf_crf23": at_23[0],
                "kbit_s_crf23": 8 * at_23[1] / seconds / 1000,
            }  # fmt: skip
            rows.append([name, rung.name, score, round(rate), at_23[0], round(8 * at_23[1] / seconds / 1000), ratio])
    show(["film", "rung", "VMAF (>= 93)", "kbit/s", "VMAF crf 23", "kbit/s crf 23", "bits at that VMAF (<= 1.0)"], rows)
    return figures
