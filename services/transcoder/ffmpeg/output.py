"""What a child writes, read as it comes: progress, lines, the last of its complaints."""

from __future__ import annotations

import asyncio
import collections
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from services.transcoder.ffmpeg.errors import FFmpegFailed

KEPT_LINES = 40
_KEPT_LINE_LENGTH = 600
_MOST_STDOUT = 64 * 1024 * 1024


@dataclass(frozen=True)
class Progress:
    """One report of FFmpeg. `out_time` is seconds of output so far, `speed` a multiple of real time."""

    frame: int = 0
    out_time: float = 0.0
    total_size: int = 0
    speed: float | None = None
    done: bool = False


class ChildPipe(Protocol):
    """A pipe between us and a child, besides its stdout and stderr: it inherits `child_fd`."""

    child_fd: int

    def close_child_end(self) -> None: ...

    def close(self) -> None: ...

    async def pump(self) -> None: ...


class LinePipe:
    """A pipe the child writes lines to, besides stdout and stderr: name it `pipe.url` in the arguments."""

    def __init__(self, on_line: Callable[[str], Awaitable[None]]) -> None:
        self.on_line = on_line
        self._read_fd, self.child_fd = os.pipe()

    @property
    def url(self) -> str:
        return f"pipe:{self.child_fd}"

    def close(self) -> None:
        """Closes what is still open; needed only where the pipe never reached `run`."""
        self.close_child_end()
        if self._read_fd >= 0:
            os.close(self._read_fd)
            self._read_fd = -1

    def close_child_end(self) -> None:
        if self.child_fd >= 0:
            os.close(self.child_fd)
            self.child_fd = -1

    async def pump(self) -> None:
        """Hands every line to `on_line` until the child has closed its end."""
        reader = asyncio.StreamReader()
        file = os.fdopen(self._read_fd, "rb", buffering=0)
        self._read_fd = -1
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), file
        )
        try:
            while line := await reader.readline():
                await self.on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
        finally:
            transport.close()


class Watch:
    """When the child last got on, on the event loop's clock."""

    def __init__(self, on_progress: Callable[[Progress], None] | None) -> None:
        self._on_progress = on_progress
        self.latest = Progress()
        self.touch()

    def touch(self) -> None:
        self.moved_at = asyncio.get_running_loop().time()

    def report(self, progress: Progress) -> None:
        before = (self.latest.frame, self.latest.out_time, self.latest.total_size)
        if (progress.frame, progress.out_time, progress.total_size) != before:
            self.touch()
        self.latest = progress
        if self._on_progress is not None:
            self._on_progress(progress)


async def read_progress(stream: asyncio.StreamReader, watch: Watch) -> None:
    values: dict[str, str] = {}
    while line := await stream.readline():
        key, _, value = line.decode("utf-8", "replace").strip().partition("=")
        values[key] = value.strip()
        if key == "progress":
            watch.report(_progress(values))


def _progress(values: dict[str, str]) -> Progress:
    def number(key: str, scale: float = 1.0) -> float:
        try:
            return float(values.get(key, "").rstrip("x")) / scale
        except ValueError:  # FFmpeg writes N/A before it knows
            return 0.0

    return Progress(
        frame=int(number("frame")),
        out_time=number("out_time_us", 1e6),
        total_size=int(number("total_size")),
        speed=number("speed") or None,
        done=values["progress"] == "end",
    )


async def collect(stream: asyncio.StreamReader, into: bytearray, watch: Watch) -> None:
    while data := await stream.read(65536):
        watch.touch()
        if len(into) + len(data) > _MOST_STDOUT:
            raise FFmpegFailed("file_limit", "The helper process answered with too much.")
        into += data


async def drain(stream: asyncio.StreamReader, tail: collections.deque[str]) -> None:
    rest = b""
    while data := await stream.read(65536):
        *lines, rest = (rest + data).replace(b"\r", b"\n").split(b"\n")
        rest = rest[:_KEPT_LINE_LENGTH]
        tail.extend(_line(line) for line in lines[-KEPT_LINES:] if line.strip())
    if rest.strip():
        tail.append(_line(rest))


def _line(data: bytes) -> str:
    return data[:_KEPT_LINE_LENGTH].decode("utf-8", "replace").rstrip()
