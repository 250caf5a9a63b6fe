"""Starts processes stage by stage, keeps them alive, and stops them in reverse order, leaving nothing behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from deploy.embedded import sentinel
from deploy.embedded.home import Home
from deploy.embedded.logs import LogBook
from deploy.embedded.process import ManagedProcess, ProcessSpec

ONCE_PATIENCE = 600.0


class Sentinel:
    """The process that outlives us by an instant (sentinel.py), and the pipe that tells it whom to kill."""

    def __init__(self, home: Home) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", sentinel.__file__, str(home.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(home.lock_descriptor,),
            env={"PATH": os.environ.get("PATH", os.defpath)},
            start_new_session=True,
            text=True,
        )

    def born(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def gone(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def dismiss(self) -> None:
        """Closes the pipe: it sweeps once more and ends."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        # Without it (somebody killed it) the death signal of launch.py still holds.
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(line)
            self._process.stdin.flush()


class Supervisor:
    """Runs the stages of an installation whose home is locked.

    Use: `await run_once(spec)` and `await start(stage)` in order, `await stop()` in the end, whatever happened.
    """

    def __init__(self, home: Home, log: LogBook) -> None:
        self._home = home
        self._log = log
        self._stages: list[list[ManagedProcess]] = []
        # Under the lock of this home, whatever still carries its mark is left from a run that was killed.
        left = sentinel.kill_marked(str(home.path))
        if left:
            log.line("lectern", f"killed {len(left)} processes that an earlier run left behind")
        self._sentinel = Sentinel(home)

    @property
    def processes(self) -> list[ManagedProcess]:
        return [process for stage in self._stages for process in stage]

    async def run_once(self, spec: ProcessSpec) -> None:
        await ManagedProcess(spec, self._log, self._sentinel).run_once(ONCE_PATIENCE)

    async def start(self, stage: Sequence[ProcessSpec], *, wait: bool = True) -> None:
        """Starts all of a stage at once and, by default, returns when all answer. Raises SetupProblemError."""
        processes = [ManagedProcess(spec, self._log, self._sentinel) for spec in stage]
        self._stages.append(processes)
        for process in processes:
            process.start()
        if wait:
            await self.wait_ready(processes)

    async def wait_ready(self, processes: Sequence[ManagedProcess] | None = None) -> None:
        waits = [asyncio.ensure_future(one.wait_ready()) for one in (processes or self.processes)]
        try:
            await asyncio.gather(*waits)
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self) -> None:
        """Stops the stages last to first, then kills what is left over."""
        while self._stages:
            await asyncio.gather(*(process.stop() for process in self._stages.pop()))
        await asyncio.to_thread(self._sentinel.dismiss)


async def until_stopped(work: asyncio.Task[None], log: LogBook) -> signal.Signals | None:
    """Runs `work` until it ends or somebody asks to stop; then cancels it. A second Ctrl-C is not heard twice:
    the stop is bounded anyway, and half a stop is what leaves orphans."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[signal.Signals] = loop.create_future()

    def ask(which: signal.Signals) -> None:
        if asked.done():
            log.line("lectern", "already stopping")
        else:
            asked.set_result(which)

    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(which, ask, which)
    either: set[asyncio.Future[Any]] = {work, asked}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not asked.done():
        await work
        return None
    log.line("lectern", f"stopping ({asked.result().name})")
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    return asked.result()
