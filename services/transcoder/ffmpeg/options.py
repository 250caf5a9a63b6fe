"""How a chunk is encoded on this machine: what no plan decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.transcoder.ffmpeg.process import ProcessLimits, Progress


@dataclass(frozen=True)
class EncodeOptions:
    """One set for each call.

    `ffmpeg` is the program, `threads` caps each of its parts (None: as many
    as FFmpeg likes), `stall_timeout` is in seconds (None: what fits the
    work), `on_start` gets the pid, `encoder` is FFmpeg's name of an H.264 encoder.
    """

    ffmpeg: Path
    threads: int | None = None
    limits: ProcessLimits | None = None
    stall_timeout: float | None = None
    on_progress: Callable[[Progress], None] | None = None
    on_start: Callable[[int], None] | None = None
    encoder: str = "libx264"
