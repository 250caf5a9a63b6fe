"""How Alembic reaches the database; see ``shared.db.migrate`` for why it is safe beside running code."""

import asyncio
import re

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.models import Base
from shared.db.roles import SCHEMAS

LOCK = 7_309_441_221_937_002
"""Any number, so long as nothing else in this database takes the same advisory lock."""


PARTITION = re.compile(r"_(\d{8}|default)")
"""How the partitions of a table are called, which come and go with time and stand in no model."""


def _ours(name: str | None, kind: str, parents: object) -> bool:
    if kind == "table" and name is not None and (found := PARTITION.search(name)):
        return found.end() != len(name)
    return kind != "schema" or name in SCHEMAS


def _run(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_schemas=True,
            include_name=_ours,
            compare_server_default=False,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
        connection.commit()


async def _online() -> None:
    engine = create_async_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_online())
