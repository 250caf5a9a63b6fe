"""The whole ladder: ours in chunks, beside one plain FFmpeg with ``split``, and beside one process per rendition."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.table import show
from bench.transcode.films import FFMPEG, run
from services.transcoder.ffmpeg.audio import encode_audio_chunk
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ffmpeg.thumbnails import make_images
from services.transcoder.ffmpeg.video import encode_video_chunk, encoder_arguments
from services.transcoder.ladder.plan import make_plan
from services.transcoder.ladder.schema import ChunkPlan, Plan, VideoRendition
from services.transcoder.ladder.storyboard import tile_interval

OPTIONS = EncodeOptions(FFMPEG)


def plan_of(film: Path) -> Plan:
    return make_plan(asyncio.run(probe(film, container="mov")))


async def make_chunk(film: Path, plan: Plan, chunk: ChunkPlan, out: Path, options: EncodeOptions = OPTIONS) -> None:
    """One chunk as a worker makes it, its segments thrown away as they come."""

    async def take(segment: Segment) -> None:
        segment.path.unlink()

    target = out / f"{chunk.kind}-{chunk.index}"
    if chunk.kind == "video":
        await encode_video_chunk(film, plan, chunk, target, take, options)
    elif chunk.kind == "audio":
        await encode_audio_chunk(film, plan, chunk, target, take, options)
    else:
        await make_images(film, plan, chunk, target, options)


def _ours(film: Path, plan: Plan, out: Path) -> float:
    async def line(chunks: Iterable[ChunkPlan]) -> None:
        for chunk in chunks:
            await make_chunk(film, plan, chunk, out)

    async def all_chunks() -> None:
        # As a worker's slots do: the picture's chunks one after the other, sound and stills beside them.
        await asyncio.gather(
            line(chunk for chunk in plan.chunks if chunk.kind == "video"),
            line(chunk for chunk in plan.chunks if chunk.kind != "video"),
        )

    return _timed(lambda: asyncio.run(all_chunks()))


def coding(plan: Plan, rung: VideoRendition) -> list[str]:
    """The same encoder, told the same; only keyframes go by time instead of by the plan's grid."""
    assert plan.video is not None
    given = encoder_arguments(plan.video, rung, ())
    given[given.index("-force_key_frames") + 1] = "expr:gte(t,n_forced*6)"
    return given


def _sized(plan: Plan, rung: VideoRendition) -> str:
    """The rung's size and a constant rate. ``-r`` would be the usual way to that, and drops pictures: of a screen
    recording's bursts it kept 84 of 300."""
    assert plan.video is not None
    return f"scale={rung.width}:{rung.height},setsar=1,format=yuv420p,fps={plan.video.fps}:start_time=0"


def _segments(out: Path, name: str) -> list[str]:
    return ["-f", "segment", "-segment_time", "6", str(out / f"{name}-%d.ts")]


def _sound(out: Path) -> list[str]:
    return ["-map", "0:a?", "-c:a", "aac", "-b:a", "128k", "-ac", "2", *_segments(out, "audio")]


def _stills(source: str, out: Path, interval: int) -> list[str]:
    """Thumbnails every ten seconds and a storyboard as fine as ours."""
    return [
        *("-map", source, "-vf", "fps=1/10,scale=320:-2", "-q:v", "4", str(out / "thumb-%d.jpg")),
        *("-map", source, "-vf", f"fps=1/{interval},scale=160:-2,tile=10x10", "-q:v", "4", str(out / "sheet-%d.jpg")),
    ]


def _split(film: Path, plan: Plan, out: Path, interval: int) -> float:
    assert plan.video is not None
    rungs = plan.video.renditions
    heads = "".join(f"[s{index}]" for index in range(len(rungs)))
    graph = f"[0:v]split={len(rungs)}{heads};" + ";".join(
        f"[s{index}]{_sized(plan, rung)}[v{index}]" for index, rung in enumerate(rungs)
    )
    command: list[str] = ["-i", str(film), "-filter_complex", graph]
    for index, rung in enumerate(rungs):
        command += ["-map", f"[v{index}]", *coding(plan, rung), *_segments(out, rung.name)]
    return _timed(lambda: run(*command, *_sound(out), *_stills("0:v", out, interval)))


def _one_by_one(film: Path, plan: Plan, out: Path, interval: int) -> float:
    assert plan.video is not None
    rungs = plan.video.renditions

    def all_rungs() -> None:
        for rung in rungs:
            run("-i", film, "-map", "0:v", "-vf", _sized(plan, rung), *coding(plan, rung), *_segments(out, rung.name))
        run("-i", film, *_sound(out))
        run("-i", film, *_stills("0:v", out, interval))

    return _timed(all_rungs)


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(films: dict[str, Path], directory: Path) -> dict[str, Any]:
    """Seconds of each way and the ratios, per film. Ours runs between two runs of the plain one."""
    figures: dict[str, Any] = {}
    rows: list[list[object]] = []
    for name, film in films.items():
        out = directory / f"ladder-{film.stem}"
        out.mkdir()
        plan = plan_of(film)
        assert plan.video is not None
        interval = tile_interval(plan.duration, plan.video.longest_gop)
        before = _split(film, plan, out, interval)
        ours = _ours(film, plan, out)
        plain = (before + _split(film, plan, out, interval)) / 2
        apart = _one_by_one(film, plan, out, interval)
        figures[name] = {"seconds": plan.duration, "ours": ours, "split": plain, "one_by_one": apart}
        figures[name] |= {"ratio_split": ours / plain, "ratio_one_by_one": ours / apart}
        rows.append([name, f"{plan.duration:.0f} s", ours, plain, apart, ours / plain, ours / apart])
    head = ["film", "length", "ours s", "split s", "one by one s", "ours/split (<= 1.10)", "ours/one by one (<= 0.80)"]
    show(head, rows)
    return figures
