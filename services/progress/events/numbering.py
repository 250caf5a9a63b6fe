"""From committed to told: media's events are taken over, all are numbered, and each goes to the endpoints that want it.

Numbers are given by one transaction at a time, and only to what is committed. So they become visible in their order, and
whoever has read up to one has not missed any below it.
"""

from datetime import timedelta

from services.progress.events import repository
from services.progress.rounds import Waking
from services.progress.watching.stretching import stretch
from shared.db import Database

AT_ONCE = 500
FORGOTTEN_AT_ONCE = 5000


class Numbering:
    """``waking`` wakes whoever delivers them. Events are kept for ``keep``."""

    def __init__(self, database: Database, waking: Waking, keep: timedelta) -> None:
        self._database = database
        self._waking = waking
        self._keep = keep

    async def work(self) -> bool:
        """Number what waits, up to a few hundred; True where there may be more. Safe to run anywhere, at any time."""
        await self._stretch_replaced()
        async with self._database.session_scope() as session:
            if not await repository.lock(session):
                return False
            await repository.take_over(session, AT_ONCE)
            ids = await repository.number(session, AT_ONCE)
            if ids:
                await repository.fan_out(session, ids)
        if ids:
            self._waking.wake()
        return len(ids) == AT_ONCE

    async def _stretch_replaced(self) -> None:
        # In transactions of their own, before the event is told: who hears of it finds progress on the new clock.
        async with self._database.session_scope() as session:
            videos = await repository.replaced(session)
        for video_id in videos:
            async with self._database.session_scope() as session:
                await stretch(session, video_id)

    async def forget(self) -> None:
        """Remove what is older than events are kept."""
        while True:
            async with self._database.session_scope() as session:
                if await repository.forget(session, self._keep, FORGOTTEN_AT_ONCE) < FORGOTTEN_AT_ONCE:
                    return
