"""Ringing and answering over arq.

Payloads are JSON (arq's default is pickle, which would run whatever a hostile Redis hands it) and results are not
kept, because a kept result makes arq drop the next job of the same id without a word.
"""

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.cron import CronJob, cron
from arq.worker import Worker, func

from shared.contracts.jobs import Job

log = logging.getLogger(__name__)

Payload = TypeVar("Payload", bound=Job)
JobHandler = Callable[[Payload], Awaitable[None]]


def _encode(value: dict[str, Any]) -> bytes:
    return json.dumps(value, default=str).encode()


def _decode(value: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(value)
    return decoded


def redis_settings(url: str) -> RedisSettings:
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = 5
    settings.conn_retries = 5
    return settings


class Doorbell:
    """Rings jobs of one queue. Connects at the first ring, and again when Redis went away."""

    def __init__(self, redis_url: str, queue: str) -> None:
        self._settings = redis_settings(redis_url)
        self._queue = queue
        self._pool: ArqRedis | None = None
        self._connecting = asyncio.Lock()
        self._ringing: set[asyncio.Task[None]] = set()

    async def _connected(self) -> ArqRedis:
        async with self._connecting:
            if self._pool is None:
                self._settings.conn_retries = 0
                self._pool = await create_pool(
                    self._settings,
                    job_serializer=_encode,
                    job_deserializer=_decode,
                    default_queue_name=self._queue,
                )
            return self._pool

    async def ring(self, job: Job, *, defer_by: float = 0) -> None:
        """Ask for ``job``; its handler is found by the class name. A ring may be lost or answered twice."""
        pool = await self._connected()
        await pool.enqueue_job(type(job).__name__, job.model_dump(mode="json"), _defer_by=defer_by or None)

    def ring_soon(self, job: Job) -> None:
        """Ask for ``job`` while nobody waits: where answers must not hang on a Redis that says nothing."""
        task = asyncio.get_running_loop().create_task(self._ring_quietly(job))
        self._ringing.add(task)
        task.add_done_callback(self._ringing.discard)

    async def _ring_quietly(self, job: Job) -> None:
        try:
            await self.ring(job)
        except Exception as error:
            log.warning("a doorbell could not be rung (%s); the work will be found by looking", type(error).__name__)

    async def ping(self) -> None:
        await (await self._connected()).ping()

    async def close(self) -> None:
        for task in self._ringing:
            task.cancel()
        await asyncio.gather(*self._ringing, return_exceptions=True)
        if self._pool is not None:
            await self._pool.aclose()


CronHandler = Callable[[dict[str, Any]], Awaitable[None]]


def every(
    handler: CronHandler, name: str, *, second: set[int] | None = None, minute: set[int] | None = None
) -> CronJob:
    """Run ``handler`` at these seconds of each minute, or at these minutes of each hour, once over all workers."""
    return cron(
        handler,  # type: ignore[arg-type]  # arq asks for a protocol with attributes that no plain function has
        name=name,
        second=second if second is not None else 0,
        minute=minute,
        run_at_startup=True,
        max_tries=1,
        keep_result=0,
    )


def _handler(kind: type[Payload], handle: JobHandler[Payload]) -> Any:
    async def run(context: dict[str, Any], payload: dict[str, Any]) -> None:
        await handle(kind.model_validate(payload))

    return func(
        run,  # type: ignore[arg-type]  # as in `every`
        name=kind.__name__,
        keep_result=0,
        timeout=kind.timeout,
        max_tries=5,
    )


def worker_for(
    redis_url: str,
    queue: str,
    handlers: Sequence[tuple[type[Any], Callable[[Any], Awaitable[None]]]],
    *,
    cron_jobs: Sequence[CronJob] = (),
    max_jobs: int = 10,
) -> Worker:
    """An arq worker of one queue that lives in the running event loop and leaves signals to its owner."""
    return Worker(
        functions=[_handler(kind, handle) for kind, handle in handlers],
        queue_name=queue,
        cron_jobs=list(cron_jobs),
        redis_settings=redis_settings(redis_url),
        job_serializer=_encode,
        job_deserializer=_decode,
        handle_signals=False,
        max_jobs=max_jobs,
        keep_result=0,
        poll_delay=0.2,
        health_check_interval=30,
        allow_abort_jobs=False,
    )


RETRY_AFTER = 2.0


async def run_worker(make: Callable[[], Worker]) -> None:
    """Keep a worker running until cancelled. Redis may go away and come back empty: the worker is made anew."""
    while True:
        worker = make()
        try:
            await worker.async_run()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.warning("the job queue is away (%s); trying again", type(error).__name__)
        finally:
            try:
                await asyncio.shield(worker.close())
            except Exception as error:
                # It wants to tell a Redis that may be gone. That is no reason to end: work is found without a ring.
                log.warning("the job queue could not be told of the end (%s)", type(error).__name__)
        await asyncio.sleep(RETRY_AFTER)


async def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` until it ends or SIGTERM or SIGINT asks it to; then cancel it and let it clear up."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
