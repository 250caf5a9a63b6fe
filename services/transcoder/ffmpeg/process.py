"""Runs one untrusting child process: caged, drained, watched, and gone when nobody waits for it any more.

The child gets an argument list (never a shell), no stdin, a bare environment,
its own process group and the limits of `ProcessLimits`. Its stderr is read to
the end, only the last lines are kept. Nothing here blocks the event loop.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.transcoder.ffmpeg.cage import Cage, ProcessLimits, caged, sandbox_facts
from services.transcoder.ffmpeg.cgroup import kill_members
from services.transcoder.ffmpeg.errors import CageBroken, FFmpegFailed
from services.transcoder.ffmpeg.output import (
    KEPT_LINES,
    ChildPipe,
    LinePipe,
    Progress,
    Watch,
    collect,
    drain,
    read_progress,
)
from services.transcoder.ffmpeg.reads import ReadGate

__all__ = [
    "CageBroken",
    "FFmpegFailed",
    "Finished",
    "LinePipe",
    "ProcessLimits",
    "Progress",
    "check",
    "run",
    "sandbox_facts",
]

_CAGE_BROKEN = 125
_LEFTOVER_LOOKS = 0.5  # seconds
_DISK_LOOKS = 0.5  # seconds between two looks at what a child has written
_GRACE = 2.0  # seconds between TERM and KILL


@dataclass(frozen=True)
class Finished:
    """How a child ended. `returncode` is negative for a signal, `stdout` empty where progress was read from it."""

    returncode: int
    stderr_tail: list[str]
    stdout: bytes = b""
    progress: Progress = field(default_factory=Progress)


async def run(
    argv: Sequence[str],
    *,
    stall_timeout: float,
    on_progress: Callable[[Progress], None] | None = None,
    cwd: Path | None = None,
    limits: ProcessLimits | None = None,
    pipes: Sequence[ChildPipe] = (),
    capture_stdout: bool = False,
    environment: dict[str, str] | None = None,
    on_start: Callable[[int], None] | None = None,
) -> Finished:
    """Runs `argv` to its end and says how it ended.

    stdout is read as FFmpeg's `-progress pipe:1`, or kept whole with
    `capture_stdout`. The child is ended (TERM, then KILL) and FFmpegFailed
    "stalled" raised when neither output nor progress has come on for
    `stall_timeout` seconds, time in which it was stopped (SIGSTOP) or waited
    for bytes of `limits.reads` not counted; and with "disk_budget" when it has written more than it may.
    When the caller is cancelled, or a callback raises, the child is killed and
    reaped before the exception goes on. `on_start` gets the pid, which is also
    the process group. Raises CageBroken, and what `limits.reads` raises.
    """
    limits = limits or ProcessLimits()
    watch = Watch(on_progress)
    tail: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
    out = bytearray()
    gate = ReadGate(limits.reads, watch.touch) if limits.reads is not None else None
    async with _spawned(argv, cwd, limits, pipes, environment or {}, gate) as (child, cage):
        assert child.stdout is not None
        assert child.stderr is not None
        if on_start is not None:
            on_start(child.pid)
        reading = [
            asyncio.ensure_future(
                collect(child.stdout, out, watch) if capture_stdout else read_progress(child.stdout, watch)
            ),
            asyncio.ensure_future(drain(child.stderr, tail)),
            *(asyncio.ensure_future(pipe.pump()) for pipe in pipes),
        ]
        everything = asyncio.gather(*reading)
        guards = [asyncio.ensure_future(_stalled(child.pid, watch, stall_timeout, gate))]
        if limits.disk_bytes is not None:
            guards.append(asyncio.ensure_future(_over_budget(limits.writable, limits.disk_bytes)))
        serving = asyncio.ensure_future(gate.serve() if gate is not None else _nothing())
        sweeping = asyncio.ensure_future(_end_leftovers(child, cage))
        try:
            reason = await _first_reason(everything, guards, serving)
            if reason is not None:
                await _end(child)
                raise FFmpegFailed(*reason, list(tail))
            await everything
            returncode = await child.wait()
        finally:
            tasks: list[asyncio.Future[Any]] = [*reading, serving, sweeping, *guards]
            for task in tasks:
                task.cancel()
            await asyncio.gather(everything, *tasks, return_exceptions=True)
    if returncode == _CAGE_BROKEN and any(line.startswith("cage: ") for line in tail):
        raise CageBroken("\n".join(tail))
    return Finished(returncode, list(tail), bytes(out), watch.latest)


async def _first_reason(
    everything: asyncio.Future[Any],
    guards: list[asyncio.Task[tuple[str, str]]],
    serving: asyncio.Task[None],
) -> tuple[str, str] | None:
    """Waits for the child's output to end: None then, or what a guard has against going on. Raises what `serving` does."""
    waited: set[asyncio.Future[Any]] = {everything, serving, *guards}
    while not everything.done():
        done, waited = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if serving in done:
            serving.result()
        for guard in guards:
            if guard in done and not everything.done():
                return guard.result()
    return None


async def _nothing() -> None:
    return None


def check(finished: Finished) -> Finished:
    """`finished` itself, or FFmpegFailed with the reason where the child did not end well."""
    if finished.returncode == 0:
        return finished
    text = "\n".join(finished.stderr_tail)
    signalled = -finished.returncode
    if "No space left on device" in text:
        raise FFmpegFailed("disk_full", "The worker's disk is full.", finished.stderr_tail)
    if "Cannot allocate memory" in text or "malloc" in text:
        raise FFmpegFailed("out_of_memory", "The film needs more memory than a worker may use.", finished.stderr_tail)
    if signalled == signal.SIGXCPU:
        raise FFmpegFailed(
            "cpu_limit", "The film needs more computing time than a chunk may use.", finished.stderr_tail
        )
    if signalled == signal.SIGXFSZ or "File too large" in text:
        raise FFmpegFailed("file_limit", "The encoder wrote more than a segment may hold.", finished.stderr_tail)
    how = f"was ended by signal {signalled}" if signalled > 0 else f"ended with code {finished.returncode}"
    raise FFmpegFailed(
        "encoder_failed",
        f"The film could not be encoded (FFmpeg {how}). Retry it; if that fails too, export it anew as MP4 with H.264 "
        "and upload that.",
        finished.stderr_tail,
    )


@contextlib.asynccontextmanager
async def _spawned(
    argv: Sequence[str],
    cwd: Path | None,
    limits: ProcessLimits,
    pipes: Sequence[ChildPipe],
    environment: dict[str, str],
    gate: ReadGate | None,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Cage]]:
    channel = gate.child_end.fileno() if gate is not None else None
    try:
        async with caged(argv, limits, environment, channel) as cage:
            child = await asyncio.create_subprocess_exec(
                *cage.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=cwd,
                env={"LC_ALL": "C", "PATH": os.defpath, **environment},
                pass_fds=[*(pipe.child_fd for pipe in pipes), *([] if channel is None else [channel])],
                process_group=0,
            )
            for pipe in pipes:
                pipe.close_child_end()
            if gate is not None:
                gate.child_end.close()
            try:
                yield child, cage
            finally:
                # Shielded, so that a second cancellation cannot leave the child behind.
                await asyncio.shield(_kill(child))
    finally:
        for pipe in pipes:
            pipe.close()
        if gate is not None:
            gate.close()


async def _end(child: asyncio.subprocess.Process) -> None:
    _signal(child, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), _GRACE)


async def _end_leftovers(child: asyncio.subprocess.Process, cage: Cage) -> None:
    """Once the child has ended, ends what it started: that may hold its output open for ever."""
    while child.returncode is None:  # noqa: ASYNC110 - child.wait() waits for its output, too
        await asyncio.sleep(_LEFTOVER_LOOKS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    while True:
        for group in cage.groups:
            await asyncio.to_thread(kill_members, group)
        await asyncio.sleep(_LEFTOVER_LOOKS)


async def _kill(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        _signal(child, signal.SIGKILL)
    await child.wait()


def _signal(child: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


async def _stalled(pid: int, watch: Watch, timeout: float, gate: ReadGate | None) -> tuple[str, str]:
    """Returns when nothing has moved for `timeout` seconds."""
    clock = asyncio.get_running_loop().time
    while (left := watch.moved_at + timeout - clock()) > 0:
        await asyncio.sleep(min(left, 1.0))
        if _is_stopped(pid) or (gate is not None and gate.is_waiting):
            watch.touch()
    return "stalled", "The encoder stopped making progress and was ended."


async def _over_budget(directories: Sequence[Path], most: int) -> tuple[str, str]:
    """Returns when more than `most` bytes lie in the directories."""
    while await asyncio.to_thread(_bytes_in, directories) <= most:  # noqa: ASYNC110 - the kernel tells nobody
        await asyncio.sleep(_DISK_LOOKS)
    return "disk_budget", "The film fills more of the worker's disk than one of its parts may."


def _bytes_in(directories: Sequence[Path]) -> int:
    total = 0
    for directory in directories:
        for folder, _, names in os.walk(directory):
            for name in names:
                with contextlib.suppress(FileNotFoundError):  # published and removed meanwhile
                    total += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118 - thousands of them
    return total


def _is_stopped(pid: int) -> bool:
    try:
        # procfs answers from memory: this is no disk access.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state == "T"
