"""Models and migrations say the same, and every migration goes down and up again."""

import asyncio

from deploy.embedded.throwaway import throwaway_postgres
from shared.db.check import check


async def test_models_and_migrations_agree() -> None:
    async with throwaway_postgres() as owner:
        assert await asyncio.to_thread(check, owner) == []
