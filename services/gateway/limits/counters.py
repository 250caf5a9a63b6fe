"""Counting what happened within the last minute: in Redis for all gateways together, in this process while it is away.

Nobody waits for a Redis that is gone. The first request that it fails opens the circuit: all others count here from
then on, and a task beside them asks once a second whether it is back. What was counted at the one place is not known at
the other, so around an outage more passes than a limit says, and never less: no outage locks anybody out.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import BlockingConnectionPool

log = logging.getLogger(__name__)

PREFIX = "lectern:limits"
PATIENCE = 0.5
"""Seconds for an answer of Redis, a connection, or a place among them."""
CONNECTIONS = 32
LOOK_AGAIN = 1.0
_PROBE = RateLimitItemPerMinute(1_000_000, namespace="probe")


class Counters:
    """``redis_url`` None counts in this process alone, by ``clock``: seconds that never go back."""

    def __init__(self, redis_url: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._here = _Here(clock)
        self._pool = _pool(redis_url) if redis_url else None
        self._shared = SlidingWindowCounterRateLimiter(_storage(self._pool)) if self._pool else None
        self._looking: asyncio.Task[None] | None = None

    async def hit(self, name: str, who: str, most: int) -> float:
        """Count one more of ``name`` for ``who``: 0 where that makes at most ``most`` within a minute, else how many
        seconds to wait. One that does not fit is not counted."""
        if self._shared is not None and self._looking is None:
            try:
                return await _hit(self._shared, RateLimitItemPerMinute(most, namespace=name), who)
            except Exception as error:
                # Whatever it is, it is no reason to refuse anybody.
                self._is_away(error)
        return self._here.hit(name, who, most)

    def _is_away(self, error: Exception) -> None:
        if self._looking is None:
            log.warning("Redis is away (%s): limits are counted by each gateway for itself", type(error).__name__)
            self._looking = asyncio.create_task(self._look_until_back())

    async def _look_until_back(self) -> None:
        assert self._shared is not None
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            # A Redis that answers and can not be written to is none: so it is asked for what is needed of it.
            with contextlib.suppress(Exception):
                await self._shared.hit(_PROBE, "gateway")
                break
        log.info("Redis is back: limits are counted for all gateways together")
        self._looking = None

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        if self._pool is not None:
            await self._pool.disconnect()


class _Here:
    """By the minutes of the clock, and forgotten with each: nothing to sweep, however many there are."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._minute = 0
        self._counted: Counter[tuple[str, str]] = Counter()

    def hit(self, name: str, who: str, most: int) -> float:
        minute, second = divmod(self._clock(), 60)
        if minute != self._minute:
            self._minute = int(minute)
            self._counted.clear()
        if self._counted[name, who] >= most:
            return 60 - second
        self._counted[name, who] += 1
        return 0.0


async def _hit(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, who: str) -> float:
    if await limiter.hit(item, who):
        return 0.0
    return max(1.0, (await limiter.get_window_stats(item, who)).reset_time - time.time())


def _pool(url: str) -> BlockingConnectionPool:
    """A burst of requests takes turns on a few connections; it does not open a thousand."""
    return BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=PATIENCE,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
    )


def _storage(pool: BlockingConnectionPool) -> RedisStorage:
    # The address is the pool's, which takes all forms that REDIS_URL may have; this one only chooses the library.
    return RedisStorage("redis://", implementation="redispy", key_prefix=PREFIX, connection_pool=pool)  # type: ignore[arg-type]
