"""Encodes one chunk of pictures: one process decodes once and writes the segments of every rung.

Joins are exact because each chunk places source pictures on the same grid by
their absolute time. The clock is first divided so finely that a frame of the
grid is a whole number of its ticks; a chunk then only subtracts a whole number
of frames, and no rounding can differ between two chunks, however the source's
pictures are spaced.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from fractions import Fraction
from pathlib import Path

from services.transcoder.ffmpeg.codec_check import check_codecs
from services.transcoder.ffmpeg.colour import conversion, source_tags
from services.transcoder.ffmpeg.encoders import ENCODERS, filter_suffix, global_arguments, rate_arguments
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, LinePipe, check, run
from services.transcoder.ffmpeg.segments import (
    OnSegment,
    Segment,
    common_arguments,
    input_arguments,
    is_whole,
    listed,
    segment_arguments,
    segment_ends,
)
from services.transcoder.ladder.schema import ChunkPlan, Plan, VideoPlan, VideoRendition

STALL_TIMEOUT = 120.0
_FINE_TICKS = 240_000
# Pictures before the first one that a deinterlacer looks at.
_NEIGHBOURS = 3


async def encode_video_chunk(
    source: Path,
    plan: Plan,
    chunk: ChunkPlan,
    out_dir: Path,
    on_segment: OnSegment,
    options: EncodeOptions,
) -> None:
    """Writes `out_dir/{rendition}/{segment}.ts` for each rendition and segment of `chunk`.

    `on_segment` is awaited once for each file, as soon as it is complete; the
    last segment of the chunk is handed over only after the count of pictures
    was checked. `chunk` may be any stretch of the grid and any of the rungs,
    whether or not the plan holds such a chunk. Raises FFmpegFailed:
    "truncated" where the source ends more than one segment early,
    "codec_mismatch" where the encoder did not keep to profile and level, else
    the reason of the process.
    """
    video = plan.video
    if video is None or chunk.kind != "video":
        raise ValueError("not a video chunk of this plan")
    names = plan.chunk_renditions(chunk)
    renditions = [r for r in video.renditions if r.name in names]
    if not renditions:
        raise ValueError("the chunk makes none of the plan's rungs")
    hand_over = _HandOver(plan, chunk, out_dir, on_segment)
    for rendition in renditions:
        await asyncio.to_thread((out_dir / rendition.name).mkdir, parents=True, exist_ok=True)
    with contextlib.ExitStack() as opened:
        pipes = [LinePipe(hand_over.lines_of(r.name)) for r in renditions]
        for pipe in pipes:
            opened.callback(pipe.close)
        finished = await run(
            _arguments(source, plan, video, chunk, out_dir, renditions, pipes, options),
            stall_timeout=options.stall_timeout or STALL_TIMEOUT,
            on_progress=options.on_progress,
            limits=options.limits,
            pipes=pipes,
            on_start=options.on_start,
        )
    check(finished)
    wanted = video.segment_starts[chunk.first_segment + chunk.segment_count] - video.segment_starts[chunk.first_segment]
    if finished.progress.frame != wanted:
        raise FFmpegFailed(
            "truncated",
            "The picture ends before the film does: the file seems to have been cut off.",
            finished.stderr_tail,
        )
    await hand_over.finish(names)


class _HandOver:
    """Turns the segment muxer's list into calls of `on_segment`, holding back the last segment of each rendition."""

    def __init__(self, plan: Plan, chunk: ChunkPlan, out_dir: Path, on_segment: OnSegment) -> None:
        self._durations = {name: plan.exact_segment_durations(name) for name in plan.chunk_renditions(chunk)}
        self._ends = {name: segment_ends(durations) for name, durations in self._durations.items()}
        self._last = chunk.first_segment + chunk.segment_count - 1
        self._first = chunk.first_segment
        self._codecs = {r.name: r.codecs for r in plan.video.renditions} if plan.video else {}
        self._out_dir = out_dir
        self._on_segment = on_segment
        self._lock = asyncio.Lock()  # one call at a time, whichever rendition it is for

    def lines_of(self, rendition: str) -> Callable[[str], Awaitable[None]]:
        async def on_line(line: str) -> None:
            index, end = listed(line)
            if index < self._last and is_whole(end, self._ends[rendition][index]):
                await self._give(rendition, index)

        return on_line

    async def finish(self, renditions: tuple[str, ...]) -> None:
        for rendition in renditions:
            await self._give(rendition, self._last)

    async def _give(self, rendition: str, index: int) -> None:
        path = self._out_dir / rendition / f"{index}.ts"
        if index == self._first:
            await asyncio.to_thread(check_codecs, path, self._codecs[rendition])
        segment = Segment(rendition, index, path, float(self._durations[rendition][index]))
        async with self._lock:
            await self._on_segment(segment)


def _arguments(
    source: Path,
    plan: Plan,
    video: VideoPlan,
    chunk: ChunkPlan,
    out_dir: Path,
    renditions: list[VideoRendition],
    pipes: list[LinePipe],
    options: EncodeOptions,
) -> list[str]:
    if options.encoder not in ENCODERS:
        raise ValueError(f"unknown encoder {options.encoder!r}")
    last = chunk.first_segment + chunk.segment_count
    starts = video.segment_starts[chunk.first_segment : last + 1]
    decode_from = min(starts[0], last_picture(plan, video))
    limited = ["-threads", str(options.threads)] if options.threads else []
    argv = [
        *common_arguments(options.ffmpeg),
        *global_arguments(options.encoder),
        *(["-filter_complex_threads", str(options.threads)] if options.threads else []),
        *limited,
        *("-an", "-sn", "-dn", "-noautorotate", "-reinit_filter", "0"),
        *input_arguments(source, plan.container, seek_time(plan, video, decode_from)),
        *("-filter_complex", _graph(plan, video, starts, decode_from, renditions, filter_suffix(options.encoder))),
    ]
    borders = [start - starts[0] for start in starts[1:]]
    for position, (rendition, pipe) in enumerate(zip(renditions, pipes, strict=True)):
        argv += [
            *("-map", f"[v{position}]", *encoder_arguments(video, rendition, borders, options.encoder), *limited),
            *segment_arguments(borders, chunk.first_segment, pipe.url, out_dir / rendition.name / "%d.ts"),
        ]
    return argv


def encoder_arguments(
    video: VideoPlan, rendition: VideoRendition, borders: Sequence[int], encoder: str = "libx264"
) -> list[str]:
    """One rung: capped quality, a keyframe at each segment's start, profile and level as promised.

    `borders` are the frames, counted from the first one encoded, at which later segments start.
    KeyError for an `encoder` that is not known.
    """
    return [
        *rate_arguments(encoder, rendition, gop=video.frames_per_segment, keyframes=(0, *borders)),
        *("-fps_mode", "passthrough", "-enc_time_base", "filter"),
        *("-colorspace", video.space, "-color_primaries", video.primaries, "-color_trc", video.transfer),
        *("-color_range", "tv"),
    ]


def last_picture(plan: Plan, video: VideoPlan) -> int:
    """The frame of the grid at which the source's last picture stands."""
    if video.last_time is None:
        return video.frame_count - video.held_frames - 1
    return max(0, round((Fraction(video.last_time) - Fraction(plan.origin)) * video.rate))


def seek_time(plan: Plan, video: VideoPlan, frame: int) -> Fraction | None:
    """Where to send the demuxer so that the picture shown at `frame` is decoded; None for the file's start."""
    back = frame - (_NEIGHBOURS if video.deinterlace else 0) - Fraction(3, 2)
    return Fraction(plan.origin) + back / video.rate if back > 0 else None


def timing(plan: Plan, video: VideoPlan, first_frame: int, held: float | None = 0.0) -> str:
    """Filters that put pictures on the grid: frame `first_frame` comes out first, with time stamp 0.

    `held` is for how many seconds the last picture that is decoded stands for those that are not; None where it does
    not come to that.
    """
    rate = video.rate
    per_tick = -(-_FINE_TICKS // rate.numerator)
    clock = rate.numerator * per_tick
    shift = round(Fraction(plan.origin) * clock) + first_frame * rate.denominator * per_tick
    # The last picture counts as shown for as long as its packet says, which may be nothing: held on, so that it
    # reaches its frame of the grid.
    last = "" if held is None else f"tpad=stop_mode=clone:stop_duration={float(2 / rate) + held:.6f},"
    return f"settb=1/{clock},setpts=PTS-({shift}),{last}fps={rate.numerator}/{rate.denominator}:start_time=0"


def steady(video: VideoPlan) -> list[str]:
    """Brings pictures to one size, where filters follow that are built for one; nothing is done to most films.

    A film may change its size midway, and `-reinit_filter 0` keeps the graph: scaling notices, turning reads on
    beyond the smaller picture.
    """
    if video.coded_size is None or not (video.rotation or video.hflip or video.deinterlace):
        return []
    width, height = video.coded_size
    return [f"scale={width}:{height}:flags=bicubic"]


def upright(video: VideoPlan) -> list[str]:
    turn = {0: [], 90: ["transpose=clock"], 180: ["hflip", "vflip"], 270: ["transpose=cclock"]}[video.rotation]
    return [*turn, "hflip"] if video.hflip else turn


def _graph(
    plan: Plan,
    video: VideoPlan,
    starts: tuple[int, ...],
    decode_from: int,
    renditions: list[VideoRendition],
    suffix: str = "",
) -> str:
    count = starts[-1] - starts[0]
    known = max(0, starts[-1] - max(starts[0], video.frame_count - video.held_frames))
    shape = [*upright(video), *conversion(video, renditions[0].width, renditions[0].height)]
    # Far from the film's end no picture has to be held; a source that ends there already is cut off.
    near_end = starts[-1] + 2 * video.frames_per_segment > video.frame_count - video.held_frames
    hold = [f"tpad=stop_mode=clone:stop={known + video.frames_per_segment}"] if near_end else []
    place = [
        timing(plan, video, decode_from, None if not near_end else 0.0),
        *hold,
        f"trim=end_frame={count}",
        f"setpts=PTS+{starts[0]}",
    ]
    head = [
        *source_tags(video),
        *steady(video),
        *(["bwdif=mode=send_frame:parity=auto:deint=all"] if video.deinterlace else []),
    ]
    # What costs is done once for each picture: before pictures are repeated on the grid, after they are left out.
    head += shape if video.repeats else [*place, *shape]
    last = place if video.repeats else []
    outs = "".join(f"[s{i}]" for i in range(len(renditions)))
    branches = [
        f"[s{i}]scale={r.width}:{r.height}:flags=bicubic:in_range={_range(video)}:out_range=tv"
        f":in_color_matrix={_matrix(video.space)}:out_color_matrix={_matrix(video.space)},"
        f"format=yuv420p,setsar=1,setparams=range=tv{''.join(f',{one}' for one in last)}{suffix}[v{i}]"
        for i, r in enumerate(renditions)
    ]
    return f"[0:{video.stream_index}]{','.join(head)},split={len(renditions)}{outs};" + ";".join(branches)


def _range(video: VideoPlan) -> str:
    return video.source_range if video.colour == "keep" else "tv"


def _matrix(space: str) -> str:
    return {"smpte170m": "smpte170m", "bt470bg": "bt470bg"}.get(space, "bt709")
