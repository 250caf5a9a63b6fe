"""Bring a database to the newest schema and its roles to their grants: ``python -m shared.db.migrate``.

Safe beside running code and beside itself: an advisory lock lets one migration run at a time, a lock timeout keeps it
from queueing in front of every reader, and each migration only adds what older code can live with.
"""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from shared.db.roles import GRANTS, apply_roles


def alembic_config(url: str) -> Config:
    """The configuration of our migrations against ``url``, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = make_url(url).set(drivername="postgresql+asyncpg")
    return config


def newest() -> str:
    """The revision the code expects."""
    head = ScriptDirectory.from_config(alembic_config("postgresql://nowhere")).get_current_head()
    assert head is not None
    return head


async def _roles(url: str, service_urls: dict[str, str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await apply_roles(connection, service_urls)
    finally:
        await connection.close()


def migrate(url: str, service_urls: dict[str, str]) -> None:
    """Upgrade ``url`` (the owner's) to the newest revision, then create and grant the roles in ``service_urls``."""
    command.upgrade(alembic_config(url), "head")
    if service_urls:
        asyncio.run(_roles(url, service_urls))


def main() -> int:
    url = os.environ.get("DATABASE_URL")
    if not url:
        print("Set DATABASE_URL to the database's owner: postgresql://user:password@host/name", file=sys.stderr)
        return 2
    named = {service: os.environ.get(f"{service.upper()}_DATABASE_URL", "") for service in GRANTS}
    migrate(url, {service: value for service, value in named.items() if value})
    return 0


if __name__ == "__main__":
    sys.exit(main())
