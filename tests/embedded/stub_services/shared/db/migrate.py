"""Counts its runs in the database, so that a test sees whether data is found again, and makes the services' roles."""

import asyncio
import os

import asyncpg


async def main() -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz NOT NULL DEFAULT now())")
    await connection.execute("INSERT INTO starts DEFAULT VALUES")
    for service in ("GATEWAY", "MEDIA", "TRANSCODER", "PROGRESS"):
        url = os.environ.get(f"{service}_DATABASE_URL")
        if url and not await connection.fetchval(
            "SELECT 1 FROM pg_roles WHERE rolname = $1", f"lectern_{service.lower()}"
        ):
            password = url.split("@")[0].rsplit(":", 1)[1]
            await connection.execute(f"CREATE ROLE lectern_{service.lower()} LOGIN PASSWORD '{password}'")
    await connection.close()


asyncio.run(main())
