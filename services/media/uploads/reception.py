"""Bytes of an upload that come in pieces, cut into equal parts and made durable as they come.

What S3 asks (parts of one size, 5 MiB at least) and what clients send (what their network gives, over several
requests to several of us) meet here. See ADR 11.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from services.media.uploads import errors, repository
from services.media.uploads.containers import Sniffer
from services.media.uploads.sniff import HEAD_BYTES
from shared.db import Database
from shared.db.models.uploads import Upload
from shared.http import Problem
from shared.storage import PartStore, Store

SPARE_BUFFERS = 8
"""Of all requests of a process together; each has one of its own."""
MOST_SPARE = 2
"""Of one request: so many parts are on their way to the store while the next one fills."""
COMMIT_EVERY = 0.25
"""Seconds. How far it is need not be written down with each part of a fast client; what is told waits for it."""


class Digest(Protocol):
    """Of a request's body. ``verify`` raises the Problem to answer with where it is not what the client said."""

    def update(self, piece: bytes) -> None: ...
    def verify(self) -> None: ...


class UploadStore(Store, PartStore, Protocol):
    """The private store: it takes objects whole and in parts."""


class Unfit(Exception):
    """The bytes are nothing that is taken here, whatever follows. ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Reception:
    """``lives``: an upload of which nothing is heard for so long is given up."""

    def __init__(self, database: Database, store: UploadStore, sniffer: Sniffer, lives: timedelta) -> None:
        self._database = database
        self._store = store
        self._sniffer = sniffer
        self._lives = lives
        self._spare = asyncio.Semaphore(SPARE_BUFFERS)

    async def take(self, upload: Upload, body: AsyncIterator[bytes], digest: Digest | None = None) -> int:
        """Add ``body`` to a claimed upload; the bytes it has then.

        Where ``body`` raises, what came before stays, and that error comes out; with a ``digest`` nothing stays.
        Raises Problem ``offset_conflict`` where a newer request has taken over, ``upload_too_long``; `Unfit`.
        """
        request = _Request(self._database, self._store, self._sniffer, self._lives, upload, digest)
        held = 0
        while held < MOST_SPARE and not self._spare.locked():
            await self._spare.acquire()
            held += 1
        request.free = [bytearray(upload.part_size) for _ in range(held)]
        try:
            return await self._take(request, body)
        finally:
            for _ in range(held):
                self._spare.release()

    async def _take(self, request: "_Request", body: AsyncIterator[bytes]) -> int:
        await request.begin()
        try:
            async for piece in body:
                await request.add(piece)
        except (Exception, asyncio.CancelledError):
            await request.keep_what_came()
            raise
        return await request.end()


@dataclass
class _Request:
    """One request's way through an upload. Between ``base`` and ``base + filled`` stands what is in ``part``."""

    database: Database
    store: UploadStore
    sniffer: Sniffer
    lives: timedelta
    upload: Upload
    digest: Digest | None
    free: list[bytearray] = field(default_factory=list)
    part: bytearray = field(init=False)
    base: int = field(init=False)
    filled: int = 0
    durable: int = field(init=False)
    sending: list[asyncio.Task[bytearray]] = field(default_factory=list)
    is_broken: bool = False
    """A part could not be stored, or too much was sent: what is in hand is not kept."""

    def __post_init__(self) -> None:
        size = self.upload.part_size
        self.part = bytearray(size)
        self.base = self.upload.received // size * size
        self.durable = self.upload.received
        self.container = self.upload.container
        self.old_tail = self.upload.tail_key
        # Only a request that brings the whole can tell its hash; of all others it is read once later.
        self.sha = hashlib.sha256() if self.upload.received == 0 else None
        # A lock is given in the order in which it is asked for: parts are hashed one after the other.
        self.hashing = asyncio.Lock()
        self.committed_at = 0.0

    @property
    def position(self) -> int:
        return self.base + self.filled

    async def begin(self) -> None:
        """Put what the last request left over before what this one brings."""
        left = self.upload.received - self.base
        if left and self.old_tail is not None:
            async with contextlib.aclosing(self.store.get(self.old_tail)) as pieces:
                async for piece in pieces:
                    self._copy(memoryview(piece))
        if self.filled != left:
            raise errors.storage_unavailable()

    async def add(self, piece: bytes) -> None:
        if self.upload.length is not None and self.position + len(piece) > self.upload.length:
            # A request that brings more than there is of the film is wrong as a whole.
            self.is_broken = True
            raise errors.upload_too_long(self.upload.length)
        if self.digest is not None:
            self.digest.update(piece)
        view = memoryview(piece)
        while view:
            view = view[self._copy(view) :]
            self._recognise()
            if self.filled == len(self.part):
                await self._send()

    def _copy(self, view: memoryview) -> int:
        taken = min(len(view), len(self.part) - self.filled)
        self.part[self.filled : self.filled + taken] = view[:taken]
        self.filled += taken
        return taken

    def _recognise(self, *, is_all: bool = False) -> None:
        if self.container is not None or self.upload.is_partial or self.base > 0:
            return
        if self.filled >= HEAD_BYTES or is_all or self.position == self.upload.length:
            try:
                self.container = self.sniffer.container(bytes(self.part[:HEAD_BYTES])).value
            except Problem as refusal:
                raise Unfit(refusal) from None

    async def _send(self) -> None:
        """Send the part that is full. The next one fills meanwhile where there is a buffer to fill."""
        part, number = self.part, self.base // self.upload.part_size + 1
        self.base, length = self.position, self.filled
        self.filled = 0
        before = self.sending[-1] if self.sending else None
        self.sending.append(asyncio.create_task(self._store_part(number, part, length, self.base, before)))
        while not self.free:
            await self._first_sent()
        self.part = self.free.pop()

    async def _store_part(
        self, number: int, part: bytearray, length: int, end: int, before: asyncio.Task[bytearray] | None
    ) -> bytearray:
        """Store a part, and write down that all is there up to its ``end``; the buffer it was in."""
        assert self.upload.multipart_id is not None
        view = memoryview(part)[:length]
        key, multipart_id = self.upload.source_key, self.upload.multipart_id
        await asyncio.gather(self._hash(view), self.store.upload_part(key, multipart_id, number, view))
        if before is not None:
            await before
        if self.digest is None and asyncio.get_running_loop().time() - self.committed_at > COMMIT_EVERY:
            # At once, and not when the next part is full: that may take a slow client minutes.
            await self._commit(end, None)
        return part

    async def _hash(self, view: memoryview) -> None:
        if self.sha is not None:
            async with self.hashing:
                await asyncio.to_thread(self.sha.update, view)

    async def _first_sent(self) -> None:
        """Wait for the first of the parts that are on their way."""
        try:
            self.free.append(await self.sending.pop(0))
        except BaseException:
            self.is_broken = True
            raise

    async def _sent(self) -> None:
        """Wait for all of them, and write down how far it is."""
        while self.sending:
            await self._first_sent()
        if self.digest is None and self.durable < self.base:
            await self._commit(self.base, None)

    async def end(self) -> int:
        """The body is over."""
        if self.digest is not None:
            self.digest.verify()
        if self.position == self.upload.length:
            if self.filled:
                self._recognise(is_all=True)
                await self._send()
            await self._sent()
            if self.durable < self.position:
                await self._commit(self.position, None)
        else:
            await self._keep_tail()
        return self.durable

    async def keep_what_came(self) -> None:
        """The body broke off. Nobody may be there any more to hear of what goes wrong now."""
        if self.digest is not None or self.is_broken:
            for task in self.sending:
                task.cancel()
            await asyncio.gather(*self.sending, return_exceptions=True)
            return
        with contextlib.suppress(Exception):
            await asyncio.shield(asyncio.ensure_future(self._keep_tail()))

    async def _keep_tail(self) -> None:
        await self._sent()
        if self.position == self.durable:
            return
        key = None
        if self.filled:
            key = f"{tail_prefix(self.upload)}tail-{self.upload.epoch}"
            await self.store.put(key, bytes(memoryview(self.part)[: self.filled]))
        try:
            await self._commit(self.position, key)
        except Problem:
            # Taken over: nobody will name it. Of any other fault it is not known whether the row names it now.
            if key is not None:
                with contextlib.suppress(Exception):
                    await self.store.delete(key)
            raise

    async def _commit(self, received: int, tail_key: str | None) -> None:
        values: dict[str, Any] = {"received": received, "tail_key": tail_key, "container": self.container}
        values |= {"expires_at": datetime.now(UTC) + self.lives, "attempts": 0}
        if self.sha is not None and received == self.upload.length:
            values["sha256"] = self.sha.hexdigest()
        async with self.database.session_scope() as session:
            if not await repository.advance(session, self.upload.id, self.upload.epoch, **values):
                raise errors.offset_conflict()
        self.durable, self.committed_at = received, asyncio.get_running_loop().time()
        if self.old_tail not in (None, tail_key):
            with contextlib.suppress(Exception):
                await self.store.delete(str(self.old_tail))
        self.old_tail = tail_key


def tail_prefix(upload: Upload) -> str:
    """Where everything of an upload stands that is no part of it."""
    return f"uploads/{upload.id}/"
