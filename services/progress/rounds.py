"""Work that is found by looking. A bell only shortens the wait, so whoever loses the bell loses a moment and no work."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator

log = logging.getLogger(__name__)

AFTER_FAULT = 2.0


class Waking:
    """Wakes everybody who waits, each of them once."""

    def __init__(self) -> None:
        self._sleeping: set[asyncio.Event] = set()

    def wake(self) -> None:
        for event in self._sleeping:
            event.set()

    @contextlib.contextmanager
    def sleeper(self) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._sleeping.add(event)
        try:
            yield event
        finally:
            self._sleeping.discard(event)


async def keep_looking(name: str, look: Callable[[], Awaitable[bool]], waking: Waking, every: float) -> None:
    """Call ``look`` until cancelled: at once where it found something, else when woken or after ``every`` seconds.

    A look that fails is logged and repeated after a while.
    """
    with waking.sleeper() as woken:
        while True:
            woken.clear()
            wait = every
            try:
                if await look():
                    continue
            except Exception:
                log.warning("%s failed; trying again", name, exc_info=True)
                wait = AFTER_FAULT
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), wait)
