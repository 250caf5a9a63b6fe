"""The worker's side: what is due is sent, by one worker per endpoint, one after the other, in the order of events."""

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from services.progress.rounds import Waking
from services.progress.webhooks import repository
from services.progress.webhooks.schedule import wait_after
from services.progress.webhooks.sending import Outcome, Sender, body_of
from services.progress.webhooks.signing import Secrets, Signer
from shared.db import Database
from shared.http.addresses import Allowed

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=25)
"""Longer than an attempt may take. What a killed worker had in hand, another takes after this."""
MOST_LANES = 32
"""So many endpoints are sent to at the same time by one worker."""
IN_A_ROW = 100
"""After so many an endpoint is let go of, for others may wait for a lane."""
GONE = "The receiver answered 410 (gone)."


class Deliverer:
    """``owner`` names this worker, ``waking`` wakes who looks. ``scale`` shortens the waits between attempts."""

    def __init__(
        self, database: Database, allowed: Allowed, secrets: Secrets, waking: Waking, owner: str, scale: float
    ) -> None:
        self._database = database
        self._allowed = allowed
        self._secrets = secrets
        self._waking = waking
        self._owner = owner
        self._scale = scale
        self._lanes: set[asyncio.Task[None]] = set()

    async def look(self) -> bool:
        """Begin a lane for an endpoint for which something is due; False where there is none, or no lane is free."""
        if len(self._lanes) >= MOST_LANES:
            await asyncio.wait(self._lanes, return_when=asyncio.FIRST_COMPLETED)
        async with self._database.session_scope() as session:
            endpoint_id = await repository.claim(session, self._owner, LEASE)
        if endpoint_id is None:
            return False
        lane = asyncio.create_task(self._lane(endpoint_id))
        self._lanes.add(lane)
        lane.add_done_callback(self._lanes.discard)
        return True

    async def close(self) -> None:
        """Break off what is on its way. It is sent again by whoever comes next."""
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    async def _lane(self, endpoint_id: UUID) -> None:
        sender = Sender(self._allowed)
        try:
            for _ in range(IN_A_ROW):
                if not await self._one(endpoint_id, sender):
                    break
        except Exception:
            # The lease runs out, and then somebody tries again.
            log.warning("webhook %s could not be served; trying again", endpoint_id, exc_info=True)
            return
        finally:
            await sender.close()
        async with self._database.session_scope() as session:
            await repository.release(session, endpoint_id, self._owner)
        # Something may have become due after it was looked for, and before it was let go of.
        self._waking.wake()

    async def _one(self, endpoint_id: UUID, sender: Sender) -> bool:
        """Send what is due next; False where nothing is, or the endpoint is not this worker's."""
        async with self._database.session_scope() as session:
            endpoint = await repository.hold(session, endpoint_id, self._owner, LEASE)
            due = await repository.next_due(session, endpoint_id) if endpoint is not None else None
        if endpoint is None or due is None:
            return False
        signer = Signer(self._secrets, endpoint_id, endpoint["generation"], endpoint["with_previous"])
        outcome = await sender.send(endpoint["url"], due["event_id"], body_of(due), signer)
        state, wait = self._verdict(outcome, due["attempts"] + 1)
        async with self._database.session_scope() as session:
            await repository.settle(session, due["id"], due["attempts"], state, wait, outcome.log())
            if outcome.gone:
                await repository.disable(session, endpoint_id, GONE)
        if state != "delivered":
            log.warning(
                "webhook %s: attempt %d of event %s failed: %s",
                *(endpoint_id, due["attempts"] + 1, due["event_id"], outcome.problem),
            )
        return True

    def _verdict(self, outcome: Outcome, attempts: int) -> tuple[str, timedelta]:
        if outcome.problem is None:
            return "delivered", timedelta()
        wait = wait_after(attempts, self._scale)
        if outcome.gone or wait is None:
            return "failed", timedelta()
        return "pending", max(wait, outcome.wait)
