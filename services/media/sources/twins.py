"""Versions of the same content share one object: each source is read once, and what is stored twice is let go.

Safe to run twice, late, or at the same time as itself. A worker that reads the copy that is let go reads it to its end
(the sweeper waits for it); work that is taken up later reads the object that is shared.
"""

import asyncio
import hashlib
import logging
from contextlib import aclosing
from uuid import UUID

from services.media.sources import repository
from services.media.videos import repository as videos
from shared.contracts.jobs import HashSource, SweepStorage
from shared.db import Database, Session
from shared.jobs import Doorbell
from shared.storage import ObjectNotFound, Store

log = logging.getLogger(__name__)

IN_HAND = 2
"""Sources one worker reads at once: films that are being made do not wait for more."""
RUNG_AT_ONCE = 20


class Twins:
    """``media`` is the doorbell of media's queue."""

    def __init__(self, database: Database, private: Store, media: Doorbell) -> None:
        self._database = database
        self._private = private
        self._media = media
        self._in_hand: set[UUID] = set()

    async def ring_unread(self) -> None:
        """Ring for some sources that nobody has read: their ring was lost, or their worker."""
        if len(self._in_hand) >= IN_HAND:
            return
        async with self._database.session_scope() as session:
            found = await repository.unread(session, IN_HAND)
        for version_id in found:
            await self._media.ring(HashSource(version_id=version_id))

    async def ring_stored_twice(self) -> None:
        async with self._database.session_scope() as session:
            found = await repository.stored_twice(session, RUNG_AT_ONCE)
        for version_id in found:
            await self._media.ring(HashSource(version_id=version_id))

    async def work(self, version_id: UUID) -> None:
        """Learn what a version's source is, if nobody knows, and share it with an older one of the same content."""
        async with self._database.session_scope() as session:
            version = await videos.version(session, version_id)
            wanted = await repository.stays(session, version_id)
        if version is None or not wanted or version.source_dropped_at is not None or version.status == "uploading":
            return
        if version.source_sha256 is None and not await self._learn(version_id, version.source_key):
            return
        async with self._database.session_scope() as session:
            await self._share(session, version_id)

    async def _learn(self, version_id: UUID, key: str) -> bool:
        """Read the source and note its SHA-256; False where others do, or it is not there."""
        if version_id in self._in_hand or len(self._in_hand) >= IN_HAND:
            return False
        self._in_hand.add(version_id)
        try:
            sha256 = await self._read(key)
        except ObjectNotFound:
            log.info("the source %s is not in storage", key)
            return False
        finally:
            self._in_hand.discard(version_id)
        async with self._database.session_scope() as session:
            await repository.note_hash(session, version_id, sha256)
        return True

    async def _read(self, key: str) -> str:
        digest = hashlib.sha256()
        async with aclosing(self._private.get(key)) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(digest.update, piece)
        return digest.hexdigest()

    async def _share(self, session: Session, version_id: UUID) -> None:
        version = await videos.version(session, version_id)
        if version is None:
            return
        users = await repository.lock_users(session, version.source_key)
        version = next((user for user in users if user.id == version_id), None)
        if version is None or not await repository.stays(session, version_id):
            return
        key = version.source_key
        twin = await repository.twin(session, version)
        there = await self._private.stat(twin) if twin else None
        if twin is None or there is None or there.size != version.source_bytes:
            # Better stored twice than lost once.
            return
        await repository.repoint(session, key, twin)
        await videos.bury(session, "private", key, "stored already")
        session.ring_after_commit(lambda: self._media.ring(SweepStorage(), defer_by=1))
