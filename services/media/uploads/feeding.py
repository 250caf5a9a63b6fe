"""Uploads whose bytes nobody sends: parts that are joined, and what is fetched from elsewhere.

A media worker feeds them. It may die at any byte; another goes on where the row stands.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

from services.media.uploads import errors, repository
from services.media.uploads.ledger import UploadLedger
from services.media.uploads.reception import Reception, Unfit
from shared.contracts.jobs import FeedUpload
from shared.db import Database
from shared.db.models.uploads import Upload
from shared.http import Problem
from shared.jobs import Doorbell
from shared.storage import StorageError, Store

log = logging.getLogger(__name__)

HEARTBEAT = 15.0
PAUSES = (5, 25, 125, 300, 300)


class TryLater(Exception):
    """What is fetched does not come now; the sentence says why."""


class Source(Protocol):
    """Where the bytes of an upload come from."""

    def open(self, upload: Upload) -> AbstractAsyncContextManager["Opened"]:
        """Raises Problem where it will never come, `TryLater` where it may."""
        ...


class Opened(Protocol):
    """``starts_at``: the offset of its first byte. ``length`` of the whole, ``etag`` a strong one; None where unknown."""

    starts_at: int
    length: int | None
    etag: str | None

    def pieces(self) -> AsyncIterator[bytes]: ...


class Feeder:
    """``sources`` by the kind of an upload; those that are joined have one of their own."""

    def __init__(
        self,
        database: Database,
        ledger: UploadLedger,
        reception: Reception,
        store: Store,
        fetched: Source,
        bell: Doorbell,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._reception = reception
        self._joined: Source = _Joined(database, store)
        self._fetched = fetched
        self._bell = bell

    async def ring(self, upload_id: UUID) -> None:
        """Ask a worker to feed it. A ring that is lost costs a minute: the reconciler finds it."""
        try:
            await self._bell.ring(FeedUpload(upload_id=upload_id))
        except Exception:
            log.warning("a doorbell could not be rung; the reconciler will find the upload", exc_info=True)

    async def ring_waiting(self) -> None:
        async with self._database.session_scope() as session:
            waiting = await repository.unfed(session)
        for upload_id in waiting:
            await self.ring(upload_id)

    async def feed(self, upload_id: UUID) -> None:
        """Bring what is missing of an upload, and settle it. Twice at once, the later goes on and the other ends."""
        async with self._database.session_scope() as session:
            upload = await repository.find(session, upload_id)
            if upload is None or upload.state != "receiving" or upload.received == upload.length:
                return
            claimed = await repository.claim(session, upload_id, upload.received)
            if claimed is None:
                return
            claimed.not_before = None
        try:
            await self._feed(claimed)
        except Unfit as unfit:
            await self._ledger.refuse(upload_id, unfit.problem)
        except Problem as refusal:
            if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                # Ours to mend, and no word on the film.
                await self._put_back(claimed, refusal.detail)
            elif refusal.code != "offset_conflict":
                await self._ledger.refuse(upload_id, refusal)
        except (TryLater, StorageError, OSError) as error:
            await self._put_back(claimed, str(error) or type(error).__name__)
        except Exception as error:
            log.exception("an upload could not be fed")
            await self._put_back(claimed, f"something went wrong on our side ({type(error).__name__})")

    async def _feed(self, upload: Upload) -> None:
        source = self._joined if upload.joined is not None else self._fetched
        async with self._heartbeat(upload), source.open(upload) as opened:
            if opened.length is not None and opened.length > self._ledger.limit:
                raise errors.too_large(self._ledger.limit)
            if opened.length == 0:
                raise errors.empty_file()
            changes: dict[str, object] = {"length": opened.length, "url_etag": opened.etag}
            if opened.starts_at != upload.received:
                changes |= {"received": 0, "tail_key": None, "container": None}
            async with self._database.session_scope() as session:
                if not await repository.advance(session, upload.id, upload.epoch, **changes):
                    return
            for name, value in changes.items():
                setattr(upload, name, value)
            received = await self._reception.take(upload, self._limited(opened))
        if upload.length is None:
            async with self._database.session_scope() as session:
                await repository.advance(session, upload.id, upload.epoch, length=received)
            if received == 0:
                raise errors.empty_file()
        elif received < upload.length:
            raise TryLater("it ended before all of it was here")
        await self._ledger.settle(upload.id)

    async def _limited(self, opened: Opened) -> AsyncGenerator[bytes, None]:
        seen = opened.starts_at
        async for piece in opened.pieces():
            seen += len(piece)
            if seen > self._ledger.limit:
                raise errors.too_large(self._ledger.limit)
            yield piece

    async def _put_back(self, upload: Upload, why: str) -> None:
        """Try again after a while; after too many tries that brought nothing, say so for good."""
        async with self._database.session_scope() as session:
            now = await repository.find(session, upload.id, lock=True)
            if now is None or now.epoch != upload.epoch or now.state != "receiving":
                return
            now.attempts += 1
            tries = now.attempts
            if tries <= len(PAUSES):
                now.not_before = datetime.now(UTC) + timedelta(seconds=PAUSES[tries - 1])
                now.error_message = why[:500]
        log.info("an upload is fed again later: %s", why)
        if tries > len(PAUSES):
            await self._ledger.refuse(upload.id, errors.fetch_failed(why))

    @asynccontextmanager
    async def _heartbeat(self, upload: Upload) -> AsyncIterator[None]:
        async def beat() -> None:
            while True:
                await asyncio.sleep(HEARTBEAT)
                with contextlib.suppress(Exception):
                    async with self._database.session_scope() as session:
                        await repository.advance(session, upload.id, upload.epoch, updated_at=datetime.now(UTC))

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()


class _Joined:
    """The bytes of partial uploads, one after the other."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    @asynccontextmanager
    async def open(self, upload: Upload) -> AsyncIterator[Opened]:
        ids = upload.joined or []
        async with self._database.session_scope() as session:
            parts = await repository.several(session, ids)
        if any(part_id not in parts for part_id in ids):
            raise errors.upload_expired()
        yield _Parts(self._store, [(parts[one].source_key, parts[one].length or 0) for one in ids], upload)


class _Parts:
    etag: str | None = None

    def __init__(self, store: Store, objects: list[tuple[str, int]], upload: Upload) -> None:
        self._store = store
        self._objects = objects
        self.starts_at = upload.received
        self.length: int | None = upload.length

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        skipped = self.starts_at
        for key, size in self._objects:
            if skipped >= size:
                skipped -= size
                continue
            async with aclosing(self._store.get(key, skipped)) as pieces:
                async for piece in pieces:
                    yield piece
            skipped = 0
