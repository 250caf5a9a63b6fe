"""``python -m services.progress.worker``: numbers events, delivers webhooks, forwards statements, and tidies up.

Events, deliveries and statements are found in Postgres by looking every few seconds; the doorbell only shortens the wait,
so they go out while Redis is away. What runs by the clock (``cron_jobs``) waits until it is back.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from services.progress.analytics.jobs import keep, roll_up, settle
from services.progress.events.numbering import Numbering
from services.progress.rounds import Waking, keep_looking
from services.progress.settings import ProgressWorkerSettings
from services.progress.statements.forwarding import Forwarder, Store
from services.progress.watching.idle import IdleSessions
from services.progress.webhooks.delivery import Deliverer
from services.progress.webhooks.errors import ADDRESSES
from services.progress.webhooks.signing import Secrets
from shared.contracts.jobs import PROGRESS_QUEUE, EventsWaiting
from shared.db import Database
from shared.http.addresses import Allowed
from shared.jobs import every, run_until_stopped, run_worker, worker_for
from shared.observability import configure_logging
from shared.settings import read

LOOK_EVERY = 2.0
EVERY_TEN_SECONDS = set(range(0, 60, 10))
MAKE_PARTITIONS = text("SELECT analytics.make_partitions(now(), now() + interval '8 weeks')")


@dataclass(frozen=True)
class Parts:
    database: Database
    waking: Waking
    numbering: Numbering
    deliverer: Deliverer
    idle: IdleSessions
    forwarder: Forwarder | None
    """None where there is no learning record store."""


@asynccontextmanager
async def _open_parts(settings: ProgressWorkerSettings) -> AsyncIterator[Parts]:
    database = Database(
        settings.database_url.get_secret_value(),
        application="lectern-progress-worker",
        pool_size=settings.database_pool_size,
    )
    waking = Waking()
    deliverer = Deliverer(
        database,
        Allowed(settings.webhook_allow, ADDRESSES),
        Secrets(settings.webhook_secret_key.get_secret_value()),
        waking,
        owner=f"{socket.gethostname()}-{os.getpid()}",
        scale=settings.webhook_retry_scale,
    )
    store = Store(settings.lrs_url, settings.lrs_username, settings.lrs_password.get_secret_value())
    try:
        yield Parts(
            database=database,
            waking=waking,
            numbering=Numbering(database, waking, timedelta(days=settings.event_retention_days)),
            deliverer=deliverer,
            idle=IdleSessions(database, settings.home_page),
            forwarder=Forwarder(database, store) if store.url else None,
        )
    finally:
        await deliverer.close()
        await database.close()


async def work(settings: ProgressWorkerSettings) -> None:
    async with _open_parts(settings) as parts, asyncio.TaskGroup() as group:
        looks = {
            "numbering events": parts.numbering.work,
            "delivering webhooks": parts.deliverer.look,
        }
        if parts.forwarder is not None:
            looks["forwarding statements"] = parts.forwarder.look
        for name, look in looks.items():
            group.create_task(keep_looking(name, look, parts.waking, LOOK_EVERY))
        group.create_task(run_worker(lambda: _worker(settings, parts)))


def _worker(settings: ProgressWorkerSettings, parts: Parts) -> Any:
    policy = settings.analytics_policy

    async def wake(job: EventsWaiting) -> None:
        parts.waking.wake()

    async def make_partitions(context: dict[str, Any]) -> None:
        async with parts.database.session_scope() as session:
            await session.execute(MAKE_PARTITIONS)

    async def end_silent_sessions(context: dict[str, Any]) -> None:
        await parts.idle.end(datetime.now(UTC))

    async def settle_sessions(context: dict[str, Any]) -> None:
        await settle(parts.database, policy)

    async def make_days(context: dict[str, Any]) -> None:
        await roll_up(parts.database)

    async def keep_what_is_kept(context: dict[str, Any]) -> None:
        await keep(parts.database, policy)

    async def forget_events(context: dict[str, Any]) -> None:
        await parts.numbering.forget()

    return worker_for(
        settings.redis_url.get_secret_value(),
        PROGRESS_QUEUE,
        [(EventsWaiting, wake)],
        cron_jobs=[
            every(make_partitions, "make_partitions", minute={11}),
            every(forget_events, "forget_events", minute={13}),
            every(end_silent_sessions, "end_silent_sessions", second=EVERY_TEN_SECONDS),
            every(settle_sessions, "settle_sessions", second=EVERY_TEN_SECONDS),
            every(make_days, "make_days", second={5}),
            every(keep_what_is_kept, "keep_what_is_kept", minute={17}),
        ],
    )


if __name__ == "__main__":
    worker_settings = read(ProgressWorkerSettings)
    configure_logging(worker_settings.log_level)
    asyncio.run(run_until_stopped(work(worker_settings)))
