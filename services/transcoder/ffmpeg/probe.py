"""Finds out what a file holds, in a caged process of its own: demuxers are where hostile files do their harm."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pydantic import ValidationError

from services.transcoder.ffmpeg.process import FFmpegFailed, ProcessLimits, run
from services.transcoder.ladder.model import Probe, Refused

CONTAINERS = frozenset({"mov", "avi", "matroska", "mpegts"})
PROBE_LIMITS = ProcessLimits(memory_bytes=4 * 1024**3, cpu_seconds=60, file_bytes=0, open_files=64)
_ROOT = Path(__file__).resolve().parents[3]
_NOT_MEDIA = "The file is not a video that can be read, or it is damaged. Export it as MP4 and upload that."


async def probe(path: Path, *, container: str, timeout: float = 30.0, limits: ProcessLimits | None = None) -> Probe:
    """What `path` holds, read as `container` ("mov", "avi", "matroska", "mpegts") and as nothing else.

    Raises Refused with "not_media", "truncated", "unsupported_codec" or
    "encrypted_source" and a sentence for the person who uploaded it.
    """
    if container not in CONTAINERS:
        raise Refused(
            "not_media", "The file is not a video format that can be published. Export it as MP4 and upload that."
        )
    argv = [sys.executable, "-P", "-m", "services.transcoder.ffmpeg.probe_main", container, os.path.abspath(path)]  # noqa: ASYNC240, PTH100 - touches no disk
    try:
        finished = await run(
            argv,
            stall_timeout=timeout,
            limits=limits or PROBE_LIMITS,
            capture_stdout=True,
            environment={"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        )
    except FFmpegFailed as error:
        raise Refused(
            "not_media", "The file takes too long to read; it seems to be damaged. Export it as MP4 and upload that."
        ) from error
    try:
        answer = json.loads(finished.stdout)
        if "refused" in answer:
            raise Refused(answer["refused"], answer["message"])
        return Probe.model_validate(answer)
    except (ValueError, ValidationError) as error:
        raise Refused("not_media", _NOT_MEDIA) from error
