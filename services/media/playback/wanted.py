"""Segments that viewers wait for. However many wait for one, it is asked for once and looked for once."""

import asyncio
import logging
from uuid import UUID

from services.media.videos import ledger as ledgers
from shared.contracts.jobs import SegmentWanted
from shared.db import Database
from shared.jobs import Doorbell

log = logging.getLogger(__name__)

PATIENCE = 7.0
"""Seconds a request for a segment not made yet is held; players give up after 9 or 10."""
LOOK_EVERY = 0.1
ASK_AGAIN = 2.0
"""A ring may be lost; a second one for the same segment changes nothing."""


class WantedSegments:
    def __init__(self, database: Database, transcoder: Doorbell) -> None:
        self._database = database
        self._transcoder = transcoder
        self._searches: dict[SegmentWanted, asyncio.Task[bool]] = {}

    async def wait(self, version_id: UUID, rendition: str, index: int) -> bool:
        """Ask for a segment and wait until it is there; False where patience ran out first."""
        wanted = SegmentWanted(version_id=version_id, rendition=rendition, index=index)
        if wanted not in self._searches:
            self._searches[wanted] = asyncio.create_task(self._search(wanted))
            self._searches[wanted].add_done_callback(lambda _: self._searches.pop(wanted, None))
        # Shielded: a viewer who leaves must not take the answer from the others.
        return await asyncio.shield(self._searches[wanted])

    async def _search(self, wanted: SegmentWanted) -> bool:
        clock = asyncio.get_running_loop().time
        deadline, ask_at = clock() + PATIENCE, clock()
        while clock() < deadline:
            if clock() >= ask_at:
                ask_at = clock() + ASK_AGAIN
                await self._ask(wanted)
            async with self._database.session_scope() as session:
                if await ledgers.is_made(session, wanted.version_id, wanted.rendition, wanted.index):
                    return True
            await asyncio.sleep(LOOK_EVERY)
        return False

    async def _ask(self, wanted: SegmentWanted) -> None:
        try:
            await self._transcoder.ring(wanted)
        except Exception:
            log.warning("a segment could not be asked for; it comes in its turn", exc_info=True)
