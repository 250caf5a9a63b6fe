"""Working under a lease: the work goes on for as long as the lease can be renewed, and not a moment longer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class LeaseLost(Exception):
    """Somebody else may have the work by now, or nobody wants it any more."""


async def under_lease(work: Coroutine[Any, Any, Result], renew: Callable[[], Awaitable[bool]], every: float) -> Result:
    """Do ``work`` while ``renew`` (asked each ``every`` seconds) says that the lease is ours; else LeaseLost.

    A ``renew`` that raises is asked again: a database that is away for a moment costs no work.
    """
    task = asyncio.ensure_future(work)
    pulse = asyncio.create_task(_pulse(renew, every))
    try:
        await asyncio.wait({task, pulse}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise LeaseLost
        return task.result()
    finally:
        for running in (task, pulse):
            running.cancel()
        await asyncio.gather(task, pulse, return_exceptions=True)


async def _pulse(renew: Callable[[], Awaitable[bool]], every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            ours = await renew()
        except Exception:
            log.warning("a lease could not be renewed; trying again", exc_info=True)
            continue
        if not ours:
            return
