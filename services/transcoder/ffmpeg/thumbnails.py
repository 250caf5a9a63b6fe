"""Still pictures of a film: thumbnails, the sheets of its storyboard, and a poster worth looking at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from statistics import fmean, pstdev

from services.transcoder.ffmpeg.colour import conversion, source_tags
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, Finished, check, run
from services.transcoder.ffmpeg.segments import common_arguments, input_arguments
from services.transcoder.ffmpeg.video import last_picture, seek_time, steady, timing, upright
from services.transcoder.ladder.schema import ChunkPlan, Plan, VideoPlan
from services.transcoder.ladder.storyboard import (
    THUMBNAIL_EVERY,
    THUMBNAIL_WIDTH,
    Stills,
    Tile,
    fitted,
    keyframes_do,
    stills,
)

STALL_TIMEOUT = 300.0
POSTER_WIDTH = 1280
_JPEG = (
    *("-map_metadata", "-1", "-fps_mode", "passthrough", "-f", "image2"),
    *("-c:v", "mjpeg", "-q:v", "4", "-huffman", "optimal", "-strict", "unofficial"),
)

# The poster is sought among pictures this far apart, in the film's first minutes.
_POSTER_STEP = 2.0
_POSTER_SEARCH = 120.0
_POSTER_SAMPLES = 120
# Seconds for which a keyframe may have to stand, where no other picture is decoded.
_LONGEST_GOP = _POSTER_SEARCH
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


@dataclass(frozen=True)
class Sheet:
    """A JPEG of many small pictures. `number` counts over the film, `tiles` say where and when each picture is."""

    number: int
    path: Path
    width: int
    height: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Images:
    """What one chunk has to show. Only the film's first chunk has a poster."""

    thumbnails: tuple[Thumbnail, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    poster: Thumbnail | None = None


async def make_images(source: Path, plan: Plan, chunk: ChunkPlan, out_dir: Path, options: EncodeOptions) -> Images:
    """The still pictures of `chunk`, as JPEGs: upright, with square pixels, in SDR, without the source's metadata.

    `thumbnails/{n}.jpg` shows second 10 * n, 320 pixels wide. `sheets/{n}.jpg`
    is a sheet of the storyboard; see ladder.storyboard for the times and
    places of its tiles. `poster.jpg` is at most 1280 pixels wide, and neither
    black nor flat unless the whole beginning is.

    Only keyframes are decoded where the file has one every two seconds or
    oftener; a picture is then of the keyframe before its time. Raises
    FFmpegFailed, "truncated" where no picture of the chunk can be read. A film
    of sound alone has a poster only: the shape of its sound.
    """
    if plan.video is None:
        return Images(poster=await _wave(source, plan, out_dir / "poster.jpg", options))
    wanted = stills(plan, chunk)
    thumbnails, sheets = await _stills(source, plan, plan.video, wanted, out_dir, options)
    poster = await _poster(source, plan, plan.video, out_dir / "poster.jpg", options) if wanted.start == 0 else None
    return Images(thumbnails, sheets, poster)


async def _stills(
    source: Path, plan: Plan, video: VideoPlan, wanted: Stills, out_dir: Path, options: EncodeOptions
) -> tuple[tuple[Thumbnail, ...], tuple[Sheet, ...]]:
    if wanted.tile_count == 0:
        return (), ()
    small, large = out_dir / "sheets", out_dir / "thumbnails"
    for directory in (small, large):
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    width, height = fitted(video, THUMBNAIL_WIDTH)
    outputs = [("[sheets]", wanted.sheets, small)]
    if wanted.thumbnails:
        outputs.append(("[thumbnails]", wanted.thumbnails, large))
    argv = _one_pass(source, plan, video, wanted, options)
    for label, numbers, directory in outputs:
        argv += ["-map", label, "-frames:v", str(len(numbers)), *_JPEG]
        argv += ["-start_number", str(numbers.start), str(directory / "%d.jpg")]
    finished = check(await _run(argv, options))
    thumbnails = tuple(
        Thumbnail(float(n * THUMBNAIL_EVERY), large / f"{n}.jpg", width, height) for n in wanted.thumbnails
    )
    sheets = tuple(Sheet(n, small / f"{n}.jpg", *wanted.sheet_size, wanted.tiles(n)) for n in wanted.sheets)
    for path in [t.path for t in thumbnails] + [s.path for s in sheets]:
        if not await asyncio.to_thread(path.is_file):
            raise FFmpegFailed("truncated", "The film holds no readable picture here.", finished.stderr_tail)
    return thumbnails, sheets


def _one_pass(source: Path, plan: Plan, video: VideoPlan, wanted: Stills, options: EncodeOptions) -> list[str]:
    """Tiles and thumbnails from one decode: a thumbnail is the picture of every n-th tile, larger."""
    start = Fraction(wanted.start)
    every = THUMBNAIL_EVERY // wanted.interval
    keyframes = keyframes_do(video.longest_gop)
    head = [
        *_sampled(plan, video, start, Fraction(wanted.interval), wanted.tile_count, keyframes=keyframes),
        *conversion(video, *fitted(video, THUMBNAIL_WIDTH)),
    ]
    tile = f"tile=layout={wanted.columns}x{wanted.rows}:nb_frames={wanted.per_sheet}"
    sheets = [*_picture(video, wanted.tile_width, wanted.tile_height), tile]
    branches = [f"[a]{','.join(sheets)}[sheets]"]
    if wanted.thumbnails:
        chosen = f"select='not(mod(n+{wanted.first_tile % every},{every}))'"
        branches.append(f"[b]{','.join([chosen, *_picture(video, *fitted(video, THUMBNAIL_WIDTH))])}[thumbnails]")
    split = "split[a][b];" if wanted.thumbnails else "null[a];"
    return [
        *common_arguments(options.ffmpeg),
        *_decoder(keyframes, options.threads),
        *input_arguments(source, plan.container, seek_time(plan, video, _first_frame(plan, video, start))),
        *("-filter_complex", f"[0:{video.stream_index}]{','.join(head)},{split}{';'.join(branches)}"),
    ]


async def _poster(source: Path, plan: Plan, video: VideoPlan, path: Path, options: EncodeOptions) -> Thumbnail:
    # Among keyframes first, which cost next to nothing; a beginning that is all one take may have none worth showing,
    # and some films show nothing for minutes.
    keyframes, time = True, await _telling_time(source, plan, video, options, keyframes=True)
    if time is None:
        keyframes, time = False, await _telling_time(source, plan, video, options, keyframes=False)
    if time is None and plan.duration > _POSTER_SEARCH:
        keyframes, time = True, await _telling_time(source, plan, video, options, keyframes=True, whole=True)
    time = time or Fraction(0)
    width, height = fitted(video, min(POSTER_WIDTH, video.renditions[0].width))
    shown = [*conversion(video, width, height), *_picture(video, width, height)]
    argv = [
        *common_arguments(options.ffmpeg),
        *_decoder(keyframes, options.threads),
        *input_arguments(source, plan.container, seek_time(plan, video, _first_frame(plan, video, time))),
        *("-map", f"0:{video.stream_index}", "-vf"),
        ",".join([*_sampled(plan, video, time, Fraction(1), 1, keyframes=keyframes), *shown]),
        *(*_JPEG, "-frames:v", "1", "-update", "1", str(path)),
    ]
    finished = check(await _run(argv, options))
    if finished.progress.frame < 1:
        raise FFmpegFailed("truncated", "The film holds no readable picture.", finished.stderr_tail)
    return Thumbnail(float(time), path, width, height)


async def _wave(source: Path, plan: Plan, path: Path, options: EncodeOptions) -> Thumbnail:
    """The loudness of the whole film, drawn from left to right."""
    width, height = POSTER_WIDTH, POSTER_WIDTH * 9 // 16
    graph = (
        f"[0:{plan.audio[0].stream_indexes[0]}]aformat=channel_layouts=mono,"
        f"showwavespic=s={width}x{height}:colors=0x8fb8de:scale=sqrt[wave];"
        f"color=c=0x14213d:s={width}x{height},format=yuv420p[ground];[ground][wave]overlay=format=auto,format=yuvj420p"
    )
    argv = [
        *common_arguments(options.ffmpeg),
        *("-vn", "-sn", "-dn"),
        *input_arguments(source, plan.container, None),
        *("-filter_complex", graph, *_JPEG, "-frames:v", "1", "-update", "1", str(path)),
    ]
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    finished = check(await _run(argv, options))
    if finished.progress.frame < 1:
        raise FFmpegFailed("truncated", "The film holds no sound that can be read.", finished.stderr_tail)
    return Thumbnail(0.0, path, width, height)


async def _telling_time(
    source: Path, plan: Plan, video: VideoPlan, options: EncodeOptions, *, keyframes: bool, whole: bool = False
) -> Fraction | None:
    """Looks at tiny grey copies of pictures of the beginning, or of the whole film, and answers when the best one is
    shown; None if none shows anything."""
    searched = plan.duration if whole else min(plan.duration, _POSTER_SEARCH)
    longest_step = searched / _POSTER_SAMPLES if whole else _POSTER_STEP
    step = Fraction(max(0.1, min(longest_step, searched / 16))).limit_denominator(1000)
    count = max(1, ceil(searched / step))
    width, height = _SAMPLE
    sampled = _sampled(plan, video, Fraction(0), step, count, keyframes=keyframes)
    argv = [
        *(a if a != "pipe:1" else "pipe:2" for a in common_arguments(options.ffmpeg)),
        *_decoder(keyframes, options.threads),
        *input_arguments(source, plan.container, None),
        *("-map", f"0:{video.stream_index}", "-vf"),
        ",".join([*sampled, f"scale={width}:{height}:flags=area,format=gray"]),
        *("-fps_mode", "passthrough", "-frames:v", str(count), "-f", "rawvideo", "pipe:1"),
    ]
    finished = check(await _run(argv, options, capture_stdout=True))
    size = width * height
    pictures = [finished.stdout[i : i + size] for i in range(0, len(finished.stdout) - size + 1, size)]
    worth = [_worth(picture, position) for position, picture in enumerate(pictures)]
    best = max(range(len(worth)), key=worth.__getitem__, default=None)
    if best is None or not worth[best][0]:
        return None
    return step * best


def _worth(picture: bytes, position: int) -> tuple[bool, float]:
    """Ranks a picture: showing something first; then contrast, an early picture before a late one."""
    brightness, contrast = fmean(picture), pstdev(picture)
    shows = brightness > _BLACK and contrast > _FLAT
    return shows, min(contrast, 50.0) - 0.5 * position if shows else brightness + contrast


def _decoder(keyframes: bool, threads: int | None) -> list[str]:
    return [
        *(["-threads", str(threads)] if threads else []),
        *(["-skip_frame", "nokey"] if keyframes else []),
        *("-an", "-sn", "-dn", "-noautorotate", "-reinit_filter", "0"),
    ]


def _first_frame(plan: Plan, video: VideoPlan, start: Fraction) -> int:
    """The frame of the grid to decode for what is shown at `start`: the last picture where that is shown for good."""
    return min(floor(start * video.rate), last_picture(plan, video))


def _sampled(
    plan: Plan, video: VideoPlan, start: Fraction, step: Fraction, count: int, *, keyframes: bool
) -> list[str]:
    """Filters for the pictures published at `start`, `start` + `step`, ... seconds of the film, upright.

    They go over the film's own grid: so a still is the very picture that a
    viewer sees at that time, and the last one is held as long as it is there.
    """
    rate = video.rate
    from_frame = floor(start * rate)
    frames = floor((start + (count - 1) * step) * rate) - from_frame + 1
    per, due = step * rate, start * rate
    # Whole numbers are multiplied before they are divided, so that no frame is missed by a rounding.
    scale = per.denominator * due.denominator
    nth = f"floor(({int(due * scale)}+{int(per * scale)}*ld(0))/{scale})-{from_frame}"
    return [
        *source_tags(video),
        *steady(video),
        *(["bwdif=mode=send_frame:parity=auto:deint=all"] if video.deinterlace else []),
        timing(plan, video, _first_frame(plan, video, start), _LONGEST_GOP if keyframes else 0.0),
        f"tpad=stop_mode=clone:stop={frames}",
        f"select='if(gte(n,{nth}),st(0,ld(0)+1))'",
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


async def _run(argv: list[str], options: EncodeOptions, *, capture_stdout: bool = False) -> Finished:
    return await run(
        argv,
        stall_timeout=options.stall_timeout or STALL_TIMEOUT,
        on_progress=options.on_progress,
        limits=options.limits,
        capture_stdout=capture_stdout,
        on_start=options.on_start,
    )
