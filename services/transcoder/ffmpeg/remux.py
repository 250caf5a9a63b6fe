"""Published segments as one MP4 file, every packet as it is: nothing is encoded again.

Segments are transport streams on one clock that begins at `OFFSET`, so those of one rendition, put one behind the
other, are a stream FFmpeg reads without a seam. The MP4 begins at 0, its index stands in front (`faststart`), and it
holds nothing that was not published: neither the source's metadata nor a date, so that made again it is the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.transcoder.ffmpeg.feeding import FeedPipe
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, check, run
from services.transcoder.ffmpeg.segments import OFFSET, common_arguments

# Moving the index to the front rewrites the file, of which FFmpeg says nothing meanwhile.
STALL_TIMEOUT = 900.0


@dataclass(frozen=True)
class Track:
    """One rendition. `segments` gives its transport stream; `language` is an ISO 639-2 code ("kat")."""

    kind: str
    segments: AsyncGenerator[bytes, None]
    language: str | None = None
    is_default: bool = True


async def remux(tracks: Sequence[Track], target: Path, options: EncodeOptions, *, pictures: int | None) -> None:
    """Writes `target` from the tracks, pictures first. `pictures` is how many there have to be in the end.

    Raises FFmpegFailed ("truncated" where the count is another), and what the tracks raise.
    """
    pipes = [FeedPipe(track.segments) for track in tracks]
    try:
        finished = await run(
            _arguments(tracks, pipes, target, options),
            stall_timeout=options.stall_timeout or STALL_TIMEOUT,
            on_progress=options.on_progress,
            limits=options.limits,
            pipes=pipes,
            on_start=options.on_start,
        )
    finally:
        for pipe in pipes:
            pipe.close()
    check(finished)
    if pictures is not None and finished.progress.frame != pictures:
        raise FFmpegFailed(
            "truncated",
            f"The file holds {finished.progress.frame} pictures instead of {pictures}.",
            finished.stderr_tail,
        )


def _arguments(tracks: Sequence[Track], pipes: Sequence[FeedPipe], target: Path, options: EncodeOptions) -> list[str]:
    argv = common_arguments(options.ffmpeg)
    for pipe in pipes:
        argv += ["-copyts", "-protocol_whitelist", "pipe", "-f", "mpegts", "-i", pipe.url]
    sounds = 0
    for number, track in enumerate(tracks):
        argv += ["-map", f"{number}:{track.kind[0]}:0"]
        if track.kind == "audio":
            if track.language:
                argv += [f"-metadata:s:a:{sounds}", f"language={track.language}"]
            argv += [f"-disposition:a:{sounds}", "default" if track.is_default else "0"]
            sounds += 1
    return [
        *argv,
        *("-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"),
        *("-output_ts_offset", str(-OFFSET), "-movflags", "+faststart", "-f", "mp4"),
        f"file:{target}",
    ]
