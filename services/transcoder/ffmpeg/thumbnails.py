"""Still pictures of a film: one every few seconds for the scrubber, and a poster worth looking at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from statistics import fmean, pstdev

from services.transcoder.ffmpeg.colour import conversion, source_tags
from services.transcoder.ffmpeg.process import FFmpegFailed, ProcessLimits, Progress, check, run
from services.transcoder.ffmpeg.segments import common_arguments, input_arguments
from services.transcoder.ffmpeg.video import last_picture, upright
from services.transcoder.ladder.schema import Plan, VideoPlan

STALL_TIMEOUT = 300.0
THUMBNAIL_WIDTH = 320
POSTER_WIDTH = 1280
_JPEG = ("-c:v", "mjpeg", "-q:v", "4", "-huffman", "optimal", "-strict", "unofficial")

# The poster is sought among pictures this far apart, in the film's first minutes.
_POSTER_STEP = 2.0
_POSTER_SEARCH = 120.0
_SAMPLE = (32, 18)
_BLACK = 24.0  # mean brightness (0-255) below which a picture is as good as black
_FLAT = 6.0  # contrast below which it shows nothing


@dataclass(frozen=True)
class Thumbnail:
    """A JPEG of the picture shown at `time` seconds of the published film."""

    time: float
    path: Path
    width: int
    height: int


async def extract_thumbnails(
    source: Path,
    plan: Plan,
    out_dir: Path,
    *,
    ffmpeg: Path,
    every: float = 10.0,
    on_progress: Callable[[Progress], None] | None = None,
    threads: int | None = None,
    limits: ProcessLimits | None = None,
    on_start: Callable[[int], None] | None = None,
) -> list[Thumbnail]:
    """Writes `out_dir/{number}.jpg`, 320 pixels wide, for 0, `every`, 2 * `every`, ... up to the film's end.

    Upright and in SDR. Only keyframes are decoded where the file has one at
    least every `every` seconds; a thumbnail then shows the keyframe before
    its time. Nothing for a film without pictures.
    """
    video = plan.video
    if video is None:
        return []
    await asyncio.to_thread(out_dir.mkdir, parents=True, exist_ok=True)
    count = max(1, ceil(plan.duration / every - 1e-9))
    width, height = _fitted(video, THUMBNAIL_WIDTH)
    step = Fraction(every).limit_denominator(1000)
    argv = [
        *common_arguments(ffmpeg),
        *_decoder(video, every, threads),
        *input_arguments(source, plan.container, None),
        *("-map", f"0:{video.stream_index}", "-vf"),
        ",".join([*_stills(plan, video, step, count), *_picture(video, width, height)]),
        *("-map_metadata", "-1", "-fps_mode", "passthrough", *_JPEG, "-frames:v", str(count)),
        *("-f", "image2", "-start_number", "0", str(out_dir / "%d.jpg")),
    ]
    finished = await run(argv, stall_timeout=STALL_TIMEOUT, on_progress=on_progress, limits=limits, on_start=on_start)
    check(finished)
    if finished.progress.frame < count:
        raise FFmpegFailed("truncated", "The picture ends before the film does.", finished.stderr_tail)
    return [Thumbnail(i * every, out_dir / f"{i}.jpg", width, height) for i in range(count)]


async def extract_poster(
    source: Path,
    plan: Plan,
    path: Path,
    *,
    ffmpeg: Path,
    threads: int | None = None,
    limits: ProcessLimits | None = None,
) -> Thumbnail | None:
    """Writes a JPEG of at most 1280 pixels' width to `path`: the first picture that shows something.

    It is neither black nor flat unless the whole beginning is. None for a
    film without pictures.
    """
    video = plan.video
    if video is None:
        return None
    time = await _telling_time(source, plan, video, ffmpeg, threads, limits)
    width, height = _fitted(video, min(POSTER_WIDTH, video.renditions[0].width))
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    frame = min(int(Fraction(time) * video.rate), last_picture(plan, video))
    at = Fraction(plan.origin) + frame / video.rate
    argv = [
        *common_arguments(ffmpeg),
        *_decoder(video, None, threads),
        *input_arguments(source, plan.container, at if frame > 0 else None),
        *("-map", f"0:{video.stream_index}", "-vf"),
        ",".join([*_stills(plan, video, Fraction(1, 1000), 1, at), *_picture(video, width, height)]),
        *("-map_metadata", "-1", "-fps_mode", "passthrough", *_JPEG, "-frames:v", "1", "-update", "1"),
        *("-f", "image2", str(path)),
    ]
    finished = check(await run(argv, stall_timeout=STALL_TIMEOUT, limits=limits))
    if finished.progress.frame < 1:
        raise FFmpegFailed("truncated", "The film holds no readable picture.", finished.stderr_tail)
    return Thumbnail(time, path, width, height)


async def _telling_time(
    source: Path, plan: Plan, video: VideoPlan, ffmpeg: Path, threads: int | None, limits: ProcessLimits | None
) -> float:
    """Looks at tiny grey copies of pictures of the beginning and answers when the best one is shown."""
    searched = min(plan.duration, _POSTER_SEARCH)
    step = Fraction(max(0.1, min(_POSTER_STEP, searched / 16))).limit_denominator(1000)
    count = max(1, ceil(searched / step))
    width, height = _SAMPLE
    grey = [*upright(video), f"scale={width}:{height}:flags=area,format=gray"]
    argv = [
        *(a if a != "pipe:1" else "pipe:2" for a in common_arguments(ffmpeg)),
        *_decoder(video, float(step), threads),
        *input_arguments(source, plan.container, None),
        *("-map", f"0:{video.stream_index}", "-vf", ",".join([*_stills(plan, video, step, count), *grey])),
        *("-fps_mode", "passthrough", "-frames:v", str(count), "-f", "rawvideo", "pipe:1"),
    ]
    finished = check(await run(argv, stall_timeout=STALL_TIMEOUT, limits=limits, capture_stdout=True))
    size = width * height
    pictures = [finished.stdout[i : i + size] for i in range(0, len(finished.stdout) - size + 1, size)]
    return float(step * max(range(len(pictures)), key=lambda i: _worth(pictures[i], i), default=0))


def _worth(picture: bytes, position: int) -> tuple[bool, float]:
    """Ranks a picture: showing something first; then contrast, an early picture before a late one."""
    brightness, contrast = fmean(picture), pstdev(picture)
    shows = brightness > _BLACK and contrast > _FLAT
    return shows, min(contrast, 50.0) - 0.5 * position if shows else brightness + contrast


def _decoder(video: VideoPlan, every: float | None, threads: int | None) -> list[str]:
    keyframes_do = every is not None and video.longest_gop is not None and video.longest_gop <= every
    return [
        *(["-threads", str(threads)] if threads else []),
        *(["-skip_frame", "nokey"] if keyframes_do else []),
        *("-an", "-sn", "-dn", "-noautorotate", "-reinit_filter", "0"),
    ]


def _stills(plan: Plan, video: VideoPlan, step: Fraction, count: int, start: Fraction | None = None) -> list[str]:
    """Filters for the pictures shown at `start`, `start` + `step`, ...: the last one that began before each time."""
    origin = Fraction(plan.origin) if start is None else start
    rate = 1 / step
    # A picture may stand half a tick of its container's clock late: it still counts as begun.
    early = Fraction(1, 2) / video.rate
    return [
        *source_tags(video),
        *(["bwdif=mode=send_frame:parity=auto:deint=all"] if video.deinterlace else []),
        f"settb=1/1000000,setpts=PTS-({round((origin + early) * 1_000_000)})",
        f"fps={rate.numerator}/{rate.denominator}:start_time=0:round=up",
        f"tpad=stop_mode=clone:stop={count}",
        f"trim=end_frame={count}",
        *upright(video),
    ]


def _picture(video: VideoPlan, width: int, height: int) -> list[str]:
    """Filters to a JPEG's colours, which are BT.601 in full range."""
    converted = conversion(video, width, height)
    range_in = video.source_range if not converted else "tv"
    space = video.space if not converted else "bt709"
    matrix = space if space in ("smpte170m", "bt470bg") else "bt709"
    return [
        *converted,
        f"scale={width}:{height}:flags=bicubic:in_range={range_in}:out_range=pc"
        f":in_color_matrix={matrix}:out_color_matrix=smpte170m",
        "format=yuvj420p,setsar=1",
    ]


def _fitted(video: VideoPlan, width: int) -> tuple[int, int]:
    top = video.renditions[0]
    width -= width % 2
    return width, max(2, round(top.height * width / top.width / 2) * 2)
