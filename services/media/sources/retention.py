"""What becomes of uploaded files once their films are made: they stay, are moved to where they cost less, or are let go.

One object may be the source of several versions: it is touched only when each of them is ready for so many days and
nobody works on any of them. All of them are written in one transaction, and the old object is buried in the same one;
the sweeper waits for whoever has it open.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from services.media.sources import repository
from services.media.videos import repository as videos
from shared.contracts.jobs import RetainSources, SweepStorage
from shared.db import Database, Session
from shared.jobs import Doorbell
from shared.storage import CopyStore, StorageError, Store

log = logging.getLogger(__name__)

AT_ONCE = 500
WORK_SECONDS = 3000.0
"""Less than its job lasts: what is left then is rung for again."""
IF_NOTHING_COMES_OF_IT = timedelta(days=1)
"""A copy that no version was given is removed after so long."""
ONE_WHO_JUST_ASKED = timedelta(minutes=1)
"""A retry may have been asked for in the very moment in which its source was let go: its work finds it still there."""


@dataclass(frozen=True)
class Policy:
    """``days`` after a film is ready. ``storage_class`` is S3's, of what is moved."""

    what: Literal["keep", "cold", "drop"] = "keep"
    days: float = 30
    storage_class: str | None = None

    @property
    def age(self) -> timedelta:
        return timedelta(days=self.days)


class Retention:
    """``media`` is the doorbell of media's queue."""

    def __init__(self, database: Database, private: Store, media: Doorbell, policy: Policy) -> None:
        self._database = database
        self._private = private
        self._media = media
        self._policy = policy

    async def ring(self) -> None:
        """Ring if something is to be done."""
        if self._policy.what == "keep":
            return
        async with self._database.session_scope() as session:
            found = await self._old(session, limit=1)
        if found:
            await self._media.ring(RetainSources())

    async def work(self) -> int:
        """Move or let go what is old enough; how many objects. Twice, or at the same time as itself: no matter."""
        if self._policy.what == "keep":
            return 0
        async with self._database.session_scope() as session:
            found = await self._old(session, limit=AT_ONCE)
        done = 0
        clock = asyncio.get_running_loop().time
        until = clock() + WORK_SECONDS
        for key in found:
            if clock() > until:
                break
            try:
                done += await (self._drop(key) if self._policy.what == "drop" else self._move(key))
            except StorageError as error:
                log.warning("the source %s could not be moved: %s", key, error)
        return done

    async def _old(self, session: Session, *, limit: int, key: str | None = None) -> list[str]:
        warm = self._policy.what == "cold"
        return list(await repository.old(session, self._policy.age, limit, warm=warm, key=key))

    async def _may_be_touched(self, session: Session, key: str) -> bool:
        """Asked with the versions locked, so that the answer holds until the transaction ends."""
        await repository.lock_users(session, key)
        return bool(await self._old(session, limit=1, key=key)) and not await repository.may_be_read(session, key)

    async def _drop(self, key: str) -> bool:
        async with self._database.session_scope() as session:
            if not await self._may_be_touched(session, key):
                return False
            await repository.drop(session, key)
            await videos.bury(session, "private", key, "source let go", datetime.now(UTC) + ONE_WHO_JUST_ASKED)
        return True

    async def _move(self, key: str) -> bool:
        to = f"{repository.COLD}{key}"
        async with self._database.session_scope() as session:
            if not await self._may_be_touched(session, key):
                return False
            # Before there is anything to bury: nothing in storage is unknown to the database.
            when = datetime.now(UTC) + IF_NOTHING_COMES_OF_IT
            await videos.bury(session, "private", to, "moved, and not needed", when)
        if not isinstance(self._private, CopyStore):
            log.warning("this store copies nothing, so sources stay where they are")
            return False
        copied = await self._private.copy(key, to, storage_class=self._policy.storage_class)
        async with self._database.session_scope() as session:
            if not await self._may_be_touched(session, key):
                return False
            await repository.recall(session, to)
            # An earlier try may have been buried, and swept in this moment.
            there = await self._private.stat(to)
            if there is None or there.size != copied.size:
                return False
            await repository.repoint(session, key, to)
            await videos.bury(session, "private", key, "source moved")
            session.ring_after_commit(lambda: self._media.ring(SweepStorage(), defer_by=1))
        return True
