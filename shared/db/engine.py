"""The one way to the database: a pool, and a session scope that alone commits.

A job is a doorbell for work that stands in Postgres, so it may only be rung once that work is visible to others:
``Session.ring_after_commit`` keeps the bells until the commit has succeeded.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

log = logging.getLogger(__name__)

Bell = Callable[[], Awaitable[None]]


class Session(AsyncSession):
    """A unit of work. Code that is handed one never commits; the scope that made it does."""

    def ring_after_commit(self, bell: Bell) -> None:
        """Call ``bell`` once this unit of work is committed; not at all when it is rolled back."""
        self.info.setdefault("bells", []).append(bell)


class Database:
    """A pool of connections as one Postgres role.

    ``url`` is ``postgresql://user:password@host:port/name``. ``application`` names the service in
    ``pg_stat_activity``. Statements that run for more than ``statement_timeout`` seconds are cancelled.
    """

    def __init__(self, url: str, *, application: str, pool_size: int = 10, statement_timeout: float = 30.0) -> None:
        address = make_url(url)
        self._address = address.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connect_args: dict[str, Any] = {
            "timeout": 10,
            "server_settings": {
                "application_name": application,
                "statement_timeout": str(int(statement_timeout * 1000)),
                "idle_in_transaction_session_timeout": "60000",
                "timezone": "UTC",
            },
        }
        self._engine = create_async_engine(
            address.set(drivername="postgresql+asyncpg"),
            # All of them are kept: one beyond what is kept is closed when it is given back, and a connection costs ten
            # times what a key's question does. The last one used is the first one taken, so that few are in use.
            pool_size=2 * pool_size,
            max_overflow=0,
            pool_use_lifo=True,
            pool_pre_ping=True,
            pool_timeout=10,
            # Parameters hold tokens' hashes and people's ids; they have no place in a traceback.
            hide_parameters=True,
            connect_args=self._connect_args,
        )
        self._sessions = async_sessionmaker(self._engine, class_=Session, expire_on_commit=False)

    @asynccontextmanager
    async def session_scope(self) -> AsyncIterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises; then the bells ring.

        A bell that fails is logged and forgotten: the ledger holds the work, and a reconciler finds it.
        """
        async with self._sessions() as session:
            async with session.begin():
                yield session
            bells: list[Bell] = session.info.pop("bells", [])
        for bell in bells:
            try:
                await bell()
            except Exception:
                log.warning("a doorbell could not be rung; the reconciler will find the work", exc_info=True)

    async def connect(self) -> asyncpg.Connection:
        """A connection outside of the pool, for reads of one statement without a transaction. Its taker closes it."""
        return await asyncpg.connect(self._address, **self._connect_args)

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def head(self) -> str | None:
        """The migration this database stands at."""
        async with self._engine.connect() as connection:
            return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()

    async def close(self) -> None:
        await self._engine.dispose()
