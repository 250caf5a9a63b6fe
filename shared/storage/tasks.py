"""Finishing what was begun, although the task is cancelled meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def settled(future: "asyncio.Future[Any]") -> None:
    """Wait until the future is done, through any number of cancellations; its outcome is dropped.

    For cleaning up only: the caller already carries the error, or the cancellation, that comes out in the end.
    """
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue
    if not future.cancelled():
        future.exception()


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which runs to its end; a cancellation comes out after it, with the result dropped."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await settled(task)
        raise
