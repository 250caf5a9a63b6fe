"""An embedded Postgres for a test or a check: in a temporary directory, gone afterwards, not durable.

async with throwaway_postgres() as url: ...        url is that of the owner of an empty database
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from deploy.embedded.environment import base_environment
from deploy.embedded.home import Home
from deploy.embedded.logs import LogBook
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.probes import free_ports
from deploy.embedded.supervisor import Supervisor


@contextlib.asynccontextmanager
async def throwaway_postgres() -> AsyncIterator[str]:
    """Raises SetupProblemError when it cannot be started. Nothing outlives the block, nor a kill -9 in it."""
    home = Home(Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="lectern-postgres-")))
    home.prepare()
    home.lock()
    log = LogBook(home.logs, quiet=True)
    supervisor = Supervisor(home, log)
    try:
        environment = base_environment(os.environ, home)
        postgres = EmbeddedPostgres(
            home.postgres, free_ports(1)[0], secrets.token_hex(16), secrets.token_hex(16), durable=False
        )
        await postgres.prepare(environment)
        await supervisor.start([postgres.spec(environment)])
        await postgres.ensure_database()
        yield postgres.owner_url
    finally:
        await supervisor.stop()
        log.close()
        home.unlock()
        await asyncio.to_thread(shutil.rmtree, home.path, ignore_errors=True)
