"""Keeps this host's processors free for what somebody waits for.

Ordinary FFmpegs always run at low priority. While a chunk of the urgent lane is made, this worker's ordinary ones are
stopped as well where there are few processors: even a patient process takes cache and memory bandwidth.
"""

import contextlib
import os
import signal
from collections.abc import Iterator

PATIENT = 10
"""Niceness of ordinary work."""
FEW_PROCESSORS = 4


class Brake:
    """One per worker process. Process groups are known by their leader's pid."""

    def __init__(self, processors: int | None = None) -> None:
        self._stops = (processors or _processors()) <= FEW_PROCESSORS
        self._ordinary: set[int] = set()
        self._holders = 0

    @contextlib.contextmanager
    def ordinary(self) -> Iterator["OrdinaryWork"]:
        """Work that gives way; tell it each process that is started."""
        work = OrdinaryWork(self)
        try:
            yield work
        finally:
            self._ordinary -= work.groups

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """While somebody waits: ordinary work of this worker stands still."""
        self._holders += 1
        if self._holders == 1:
            self._signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self._holders -= 1
            if self._holders == 0:
                self._signal_all(signal.SIGCONT)

    def add(self, group: int) -> None:
        self._ordinary.add(group)
        if self._holders and self._stops:
            _signal(group, signal.SIGSTOP)

    def _signal_all(self, number: signal.Signals) -> None:
        if self._stops:
            for group in self._ordinary:
                _signal(group, number)


def _processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class OrdinaryWork:
    def __init__(self, brake: Brake) -> None:
        self._brake = brake
        self.groups: set[int] = set()

    def started(self, pid: int) -> None:
        """A process of this work began; its pid is its group's too."""
        self.groups.add(pid)
        self._brake.add(pid)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
