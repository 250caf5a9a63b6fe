"""Waiting for a condition, with a watchdog: never for a time."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 240.0
"""Seconds after which a condition counts as never coming. Generous: a busy machine is no defect."""

_pause = threading.Event()

Value = TypeVar("Value")


def until(condition: Callable[[], Value], what: str, *, patience: float = PATIENCE, every: float = 0.05) -> Value:
    """The first true value of ``condition``, asked again and again; an AssertionError that names ``what`` if none."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        _pause.wait(every)
