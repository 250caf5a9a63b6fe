"""What every store has to be able to do, tried one by one with objects of our own, which are removed again."""

import asyncio
import hashlib
import uuid
from contextlib import aclosing
from dataclasses import dataclass

from cli.doctor import disk
from cli.doctor.report import Report, Wrong
from shared.storage import MIN_PART_SIZE, LocalStore, Part, PartStore, StorageError, Store
from shared.storage.errors import UploadNotFound

CONTENT = bytes(range(256)) * 32
PART = MIN_PART_SIZE
TAIL = b"the end"


@dataclass(frozen=True)
class Trial:
    """A store, and the place in it that belongs to this trial alone. It ends in ``/``."""

    store: Store
    report: Report
    place: str

    @classmethod
    def of(cls, store: Store, report: Report) -> "Trial":
        return cls(store, report, f"health-check/doctor-{uuid.uuid4().hex}/")

    @property
    def object(self) -> str:
        # Of a kind that is published, so that nothing but its place decides whether it is found.
        return f"{self.place}0.ts"

    @property
    def film(self) -> str:
        return f"{self.place}film.ts"

    async def written(self) -> bool:
        """The first check: what fails here would fail everywhere."""
        return await self.report.check("write", self._write())

    async def used(self) -> None:
        """Reading, ranges, listing and uploads in parts."""
        await self.report.check("read", self._read())
        await self.report.check("ranges", self._range())
        await self.report.check("list", self._list())
        if isinstance(self.store, PartStore):
            await self.report.check("multipart", self._multipart(self.store))

    async def removed(self) -> None:
        """The last check: nothing of ours is left."""
        await self.report.check("delete", self._delete())

    async def _write(self) -> str:
        put = await self.store.put(self.object, CONTENT, cache_control="no-store")
        if put.size != len(CONTENT):
            raise Wrong(f"Of {len(CONTENT)} bytes {put.size} were written: look into the store's log.")
        return "an object was written"

    async def _read(self) -> str:
        if await self._bytes(self.object) != CONTENT:
            raise Wrong("What was read is not what was written: look for a proxy in between that changes bodies.")
        found = await self.store.stat(self.object)
        if found is None or found.size != len(CONTENT):
            raise Wrong("The object is not found by its key, though it can be read: look into the store's log.")
        return "it is read back as it was written"

    async def _range(self) -> str:
        if await self._bytes(self.object, 1000, 1010) != CONTENT[1000:1010]:
            raise Wrong("A part of an object is not the part that was asked for: the store does not know ranges.")
        return "parts of it are read"

    async def _list(self) -> str:
        async with aclosing(self.store.list(self.place)) as found:
            keys = [item.key async for item in found]
        if keys != [self.object]:
            raise Wrong("What was written is not listed: the store answers with an old state of itself.")
        return "it is listed"

    async def _multipart(self, store: PartStore) -> str:
        sizes = [PART, PART, len(TAIL)]
        pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
        pieces[-1] = TAIL
        upload = await store.create_multipart(self.film, part_size=PART)
        try:
            sent = [await store.upload_part(self.film, upload, n, piece) for n, piece in enumerate(pieces, 1)]
            await self._complete(store, upload, sent)
        except StorageError:
            await store.abort_multipart(self.film, upload)
            raise
        digest = hashlib.sha256(b"".join(pieces)).digest()
        if hashlib.sha256(await self._bytes(self.film)).digest() != digest:
            raise Wrong("An object of three parts is not what its parts were: look into the store's log.")
        if isinstance(store, LocalStore):
            await asyncio.to_thread(disk.forget, store, upload)
        await self._abort(store)
        return "an object is made of parts of one size, and an upload can be given up"

    async def _complete(self, store: PartStore, upload: str, sent: list[Part]) -> None:
        listed = [part async for part in store.list_parts(self.film, upload)]
        if [(part.number, part.size) for part in listed] != [(part.number, part.size) for part in sent]:
            raise Wrong("The parts of an upload are not listed as they were sent: uploads could not be resumed.")
        await store.complete_multipart(self.film, upload, sent)

    async def _abort(self, store: PartStore) -> None:
        upload = await store.create_multipart(f"{self.place}given-up.ts")
        await store.upload_part(f"{self.place}given-up.ts", upload, 1, TAIL)
        await store.abort_multipart(f"{self.place}given-up.ts", upload)
        try:
            left = [part async for part in store.list_parts(f"{self.place}given-up.ts", upload)]
        except UploadNotFound:
            return
        if left:
            raise Wrong(
                "An upload that was given up keeps its bytes: they would be paid for until a rule removes them."
            )

    async def _delete(self) -> str:
        await self.store.delete_prefix(self.place)
        if isinstance(self.store, PartStore):
            async with aclosing(self.store.list_uploads(self.place)) as uploads:
                for upload in [upload async for upload in uploads]:
                    await self.store.abort_multipart(upload.key, upload.upload_id)
        async with aclosing(self.store.list(self.place)) as found:
            left = [item.key async for item in found]
        if left or await self.store.stat(self.object) is not None:
            raise Wrong(f"What was deleted is still there: remove what stands under {self.place} by hand.")
        return "everything of this trial is removed"

    async def _bytes(self, key: str, start: int | None = None, end: int | None = None) -> bytes:
        async with aclosing(self.store.get(key, start, end)) as pieces:
            return b"".join([piece async for piece in pieces])
