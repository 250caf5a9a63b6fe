"""What all tests share: a real Postgres with our schema, made once per test process and gone afterwards."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest_asyncio

from deploy.embedded.throwaway import throwaway_postgres
from shared.db import Database
from shared.db.migrate import alembic_config
from shared.db.roles import GRANTS, apply_roles
from tests.support.scheduling import pytest_xdist_make_scheduler

__all__ = ["pytest_xdist_make_scheduler"]


@dataclass(frozen=True)
class TestDatabase:
    """``owner`` is the URL of the schemas' owner, ``services`` that of each service's own role."""

    __test__ = False

    owner: str
    services: dict[str, str]


@pytest_asyncio.fixture(scope="session")
async def postgres() -> AsyncIterator[TestDatabase]:
    import asyncio

    from alembic import command

    async with throwaway_postgres() as owner:
        await asyncio.to_thread(command.upgrade, alembic_config(owner), "head")
        scheme, _, rest = owner.partition("://")
        place = rest.rpartition("@")[2]
        services = {name: f"{scheme}://test_{name}:secret-{name}@{place}" for name in GRANTS}
        connection = await asyncpg.connect(owner)
        await apply_roles(connection, services)
        await connection.close()
        yield TestDatabase(owner, services)


@pytest_asyncio.fixture(scope="session")
async def owner(postgres: TestDatabase) -> AsyncIterator[Database]:
    database = Database(postgres.owner, application="tests", pool_size=3)
    yield database
    await database.close()
