"""The published sound of a film as one WAV file, as programs that write down what is said like it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

from services.transcoder.ffmpeg.feeding import FeedPipe
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import check, run
from services.transcoder.ffmpeg.segments import OFFSET, common_arguments

RATE = 16_000
"""Samples a second, of one channel and two bytes each."""
STALL_TIMEOUT = 120.0


async def write_speech(segments: AsyncGenerator[bytes, None], target: Path, options: EncodeOptions) -> None:
    """Decodes a rendition's segments, put one behind the other; second 0 of the file is second 0 of the film.

    Raises FFmpegFailed, and what `segments` raises.
    """
    pipe = FeedPipe(segments)
    # What the first packets lack of the film's beginning is silence, and nothing moves up in its place.
    placed = f"asetpts=PTS-{OFFSET}/TB,aresample={RATE}:async=1:first_pts=0"
    argv = [
        *common_arguments(options.ffmpeg),
        *("-copyts", "-protocol_whitelist", "pipe", "-f", "mpegts", "-i", pipe.url),
        *("-map", "0:a:0", "-af", placed, "-ac", "1", "-c:a", "pcm_s16le", "-map_metadata", "-1", "-f", "wav"),
        f"file:{target}",
    ]
    try:
        finished = await run(
            argv,
            stall_timeout=options.stall_timeout or STALL_TIMEOUT,
            on_progress=options.on_progress,
            limits=options.limits,
            pipes=[pipe],
            on_start=options.on_start,
        )
    finally:
        pipe.close()
    check(finished)
