"""Text tracks of a source as WebVTT, whatever they were: SubRip, SubStation, MP4's own text."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import ProcessLimits, check, run
from services.transcoder.ffmpeg.segments import common_arguments, input_arguments, seconds
from services.transcoder.ladder.schema import CaptionPlan, Plan

MOST_BYTES = 2 * 1024 * 1024
"""Of one track: what is larger is no text that anybody reads."""
# The whole file is gone through, and FFmpeg says nothing between two texts.
STALL_TIMEOUT = 900.0


async def extract_subtitles(
    source: Path, plan: Plan, out_dir: Path, options: EncodeOptions, *, begins_at: int
) -> list[tuple[CaptionPlan, str]]:
    """Each text track of the plan with its WebVTT, on a clock that shows `begins_at` seconds when the film begins.

    Those that hold nothing are left out. Raises FFmpegFailed.
    """
    tracks = plan.captions
    if not tracks:
        return []
    paths = [out_dir / f"{number}.vtt" for number in range(len(tracks))]
    offset = seconds(begins_at - Fraction(plan.origin))
    argv = [*common_arguments(options.ffmpeg), "-vn", "-an", "-dn", *input_arguments(source, plan.container, None)]
    for track, path in zip(tracks, paths, strict=True):
        argv += ["-map", f"0:{track.stream_index}", "-c:s", "webvtt", "-map_metadata", "-1"]
        argv += ["-output_ts_offset", offset, "-avoid_negative_ts", "disabled", "-f", "webvtt", f"file:{path}"]
    limits = replace(options.limits or ProcessLimits(), file_bytes=MOST_BYTES)
    finished = await run(
        argv,
        stall_timeout=options.stall_timeout or STALL_TIMEOUT,
        on_progress=options.on_progress,
        limits=limits,
        on_start=options.on_start,
    )
    check(finished)
    texts = await asyncio.to_thread(_read, paths)
    return [(track, text) for track, text in zip(tracks, texts, strict=True) if "-->" in text]


def _read(paths: Sequence[Path]) -> list[str]:
    # Text of MP4 and Matroska is UTF-8 or nothing that can be told.
    return [path.read_bytes().decode("utf-8", "replace").replace("\0", "") if path.is_file() else "" for path in paths]
