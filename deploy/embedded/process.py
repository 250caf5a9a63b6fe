"""One supervised process: started, watched, restarted with growing pauses, stopped."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.embedded import launch
from deploy.embedded.account import Account
from deploy.embedded.logs import LineSplitter, LogBook
from deploy.embedded.probes import Probe
from deploy.embedded.problem import SetupProblemError
from deploy.embedded.sentinel import MARKER_VARIABLE, NAME_VARIABLE, kill_group, kill_marked

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# A process that ran this long is taken for healthy: the next pause is the first again.
STEADY_AFTER = 30.0
# Before the suite was ever ready, this many stops in a row end the start: waiting would not mend it.
STOPS_WHILE_STARTING = 5
# Another status than that of a Python that ends with a traceback.
SAID_WHY = 4


@dataclass(frozen=True)
class ProcessSpec:
    """What to run. `argv[0]` is an absolute path; `env` is the whole environment, nothing is inherited."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    directory: Path
    account: Account | None = None
    ready: Probe | None = None
    before_start: Callable[[], Awaitable[None]] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_patience: float = 15.0
    start_patience: float = 180.0
    first_pause: float = field(default=FIRST_PAUSE)
    umask: int = 0o077
    """What it writes is its own; -1 leaves it to the umask of whoever started Lectern."""
    speaks: bool = False
    """Whether its last line, where it ends with SAID_WHY, is the sentence to end with."""


class GroupWatcher(Protocol):
    """Who has to know which process groups live; the sentinel."""

    def born(self, group: int) -> None: ...

    def gone(self, group: int) -> None: ...


class ManagedProcess:
    """Keeps the process of `spec` alive until stop()."""

    def __init__(self, spec: ProcessSpec, log: LogBook, watcher: GroupWatcher) -> None:
        self.spec = spec
        self._log = log
        self._watcher = watcher
        self._child: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False
        self._last_words = ""
        self.stops = 0
        self.last_exit: int | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    def start(self) -> None:
        """Begins to keep it alive; wait_ready() tells when it answers."""
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.spec.name}")

    async def wait_ready(self) -> None:
        """Returns once the probe says yes. Raises SetupProblemError when it never will."""
        pause = 0.03
        try:
            async with asyncio.timeout(self.spec.start_patience):
                while self.pid is None or (self.spec.ready is not None and not await self.spec.ready()):
                    self.check_start()
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.3, 0.25)
        except TimeoutError:
            raise self._problem(f"did not answer within {self.spec.start_patience:.0f} s") from None

    def check_start(self) -> None:
        """Raises SetupProblemError when it has stopped so often that waiting for it is in vain."""
        if self._keeper is not None and self._keeper.done():
            self._keeper.result()
        if self.stops >= STOPS_WHILE_STARTING:
            raise self._problem(f"stopped {self.stops} times while starting")

    async def run_once(self, patience: float) -> None:
        """Runs it to its end. Raises SetupProblemError unless it ends with 0 in time."""
        try:
            async with asyncio.timeout(patience):
                code = await self._run()
        except TimeoutError:
            raise self._problem(f"did not end within {patience:.0f} s") from None
        if code == SAID_WHY and self.spec.speaks and self._last_words:
            raise SetupProblemError(self._last_words)
        if code != 0:
            raise self._problem(f"ended with {_exit_text(code)}")

    async def stop(self) -> None:
        """Asks it to stop, then kills it. Afterwards neither it nor what it started is there."""
        self._stopping = True
        child = self._child
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(self.spec.stop_signal)
        if self._keeper is None:
            return
        _, late = await asyncio.wait({self._keeper}, timeout=self.spec.stop_patience if self.pid else 0)
        if late:
            if self.pid is not None:
                self._log.line("lectern", f"{self.spec.name} did not stop when asked and is killed")
            self._keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError, SetupProblemError):
            await self._keeper

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        pause = self.spec.first_pause
        while not self._stopping:
            began = loop.time()
            self.last_exit = await self._run()
            if self._stopping:
                return
            self.stops += 1
            if loop.time() - began >= STEADY_AFTER:
                pause = self.spec.first_pause
            self._log.line(
                "lectern", f"{self.spec.name} ended with {_exit_text(self.last_exit)}; starting it again in {pause:g} s"
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run(self) -> int:
        """One life of the process, from launch to the death of its whole group."""
        if self.spec.before_start is not None:
            await self.spec.before_start()
        user = self.spec.account.as_argument() if self.spec.account else "-"
        # A pipe of our own: asyncio's waits for the end of the pipe before it tells the end of the process, and a
        # program that the process left behind would keep it open.
        ours, theirs = os.pipe()
        try:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), user, "--", *self.spec.argv,
                env={**self.spec.env, NAME_VARIABLE: self.spec.name},
                cwd=self.spec.directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                umask=self.spec.umask,
                start_new_session=True,  # Ctrl-C at the terminal is for the supervisor alone
            )  # fmt: skip
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._child = child
        self._watcher.born(child.pid)
        if self._stopping:
            child.send_signal(self.spec.stop_signal)
        pump = asyncio.create_task(self._pump(ours), name=f"pump {self.spec.name}")
        try:
            return await child.wait()
        finally:
            # Also when cancelled: all it started dies with it.
            kill_group(child.pid)
            await child.wait()
            await asyncio.to_thread(kill_marked, self.spec.env.get(MARKER_VARIABLE, ""), self.spec.name)
            self._watcher.gone(child.pid)
            # What it said last is still in the pipe.
            await asyncio.wait({pump}, timeout=2.0)
            pump.cancel()

    async def _pump(self, descriptor: int) -> None:
        reader = asyncio.StreamReader()
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        splitter = LineSplitter()
        try:
            while data := await reader.read(65536):
                self._take(splitter.feed(data))
            self._take(splitter.finish())
        finally:
            transport.close()

    def _take(self, lines: list[bytes]) -> None:
        for line in lines:
            self._log.line(self.spec.name, line)
            if line.strip():
                self._last_words = line.decode("utf-8", "replace").strip()

    def _problem(self, what: str) -> SetupProblemError:
        words = f' (its last words: "{self._last_words[:300]}")' if self._last_words else ""
        return SetupProblemError(
            f"{self.spec.name} {what}{words}: read {self._log.path(self.spec.name)}, mend what it tells, and start again."
        )


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"status {code}"
