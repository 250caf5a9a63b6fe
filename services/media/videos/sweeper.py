"""The outbox of removals, emptied: what is due leaves storage, but for sources that somebody still needs."""

from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.media.sources import repository as sources
from services.media.videos import repository
from shared.db import Database, Session
from shared.db.models.media import StorageTombstone
from shared.storage import Store

LOOK_AGAIN = timedelta(seconds=10)


class Sweeper:
    """``stores`` has each store by the name that tombstones call it.

    A tombstone names a folder (it ends in ``/``) or one object. A folder is emptied at once, and again until nobody
    can write into it any more; an object is a source, which waits until nobody can be reading it, or a poster, which need not.
    """

    def __init__(self, database: Database, stores: Mapping[str, Store]) -> None:
        self._database = database
        self._stores = stores

    async def sweep(self) -> int:
        """Remove what is due; answers how many tombstones are done. What fails, or may still be written, waits."""
        done = 0
        async with self._database.session_scope() as session:
            for tombstone in await repository.due_tombstones(session):
                done += await self._end(session, tombstone)
        return done

    async def _end(self, session: Session, tombstone: StorageTombstone) -> bool:
        is_folder = tombstone.prefix.endswith("/")
        if not is_folder and await sources.may_be_read(session, tombstone.prefix):
            # Behind the others: a film that is paused for a week must not hold them up.
            tombstone.not_before = datetime.now(UTC) + LOOK_AGAIN
            return False
        tombstone.attempts += 1
        try:
            await self._remove(session, tombstone.store, tombstone.prefix)
        except Exception as error:
            tombstone.last_error = f"{type(error).__name__}: {error}"[:500]
            return False
        if is_folder and await self._may_still_be_written(session, tombstone.prefix):
            return False
        tombstone.done_at = datetime.now(UTC)
        return True

    async def _remove(self, session: Session, name: str, prefix: str) -> None:
        store = self._stores[name]
        # The store of downloads is the private one, where no other is named: sources are never looked for elsewhere.
        kept = await sources.in_use(session, prefix) if name != "public" else frozenset[str]()
        if not prefix.endswith("/"):
            if prefix not in kept:
                await store.delete(prefix)
        elif not kept:
            await store.delete_prefix(prefix)
        else:
            async with aclosing(store.list(prefix)) as found:
                async for item in found:
                    if item.key not in kept:
                        await store.delete(item.key)

    async def _may_still_be_written(self, session: Session, prefix: str) -> bool:
        parts = [part for part in prefix.split("/") if part]
        if len(parts) > 1:
            return await repository.work_in_hand(session, UUID(parts[1]))
        versions = await repository.versions_of(session, UUID(parts[0]))
        return any([await repository.work_in_hand(session, version.id) for version in versions])
