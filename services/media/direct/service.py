"""Uploads whose bytes go from the browser to S3 and never through us."""

from contextlib import aclosing
from uuid import UUID

from services.media.direct import errors
from services.media.direct.schemas import (
    DirectInput,
    DirectUpload,
    PartAddress,
    PartAddresses,
    StoredPart,
    StoredParts,
    UploadAnswer,
    UploadError,
)
from services.media.uploads import errors as upload_errors
from services.media.uploads import repository
from services.media.uploads.ledger import Sender, Target, UploadLedger, Wanted
from services.media.uploads.service import clean_name
from shared.contracts.access import Actor
from shared.db import Database
from shared.db.models.uploads import Upload
from shared.http import Problem
from shared.storage import MultipartStore, Store, UploadNotFound

ADDRESS_SECONDS = 3600


class DirectService:
    def __init__(self, database: Database, ledger: UploadLedger, store: Store) -> None:
        self._database = database
        self._ledger = ledger
        self._store = store

    def _direct(self) -> MultipartStore:
        if not isinstance(self._store, MultipartStore):
            raise errors.direct_unavailable()
        return self._store

    async def create(self, body: DirectInput, actor: Actor) -> DirectUpload:
        self._direct()
        wanted = Wanted("direct", Target(body.chapter_id, body.video_id), clean_name(body.file_name), body.size)
        upload = await self._ledger.begin(wanted, Sender(actor))
        assert upload.expires_at is not None
        return DirectUpload(
            upload_id=str(upload.id),
            video_id=str(upload.video_id),
            part_size=upload.part_size,
            parts=_count(upload),
            expires_at=upload.expires_at,
        )

    async def addresses(self, upload_id: UUID, numbers: list[int], actor: Actor) -> PartAddresses:
        """Each is good for its own number and size alone."""
        store, upload = self._direct(), await self._mine(upload_id, actor)
        assert upload.multipart_id is not None and upload.length is not None
        count = _count(upload)
        made = []
        for number in numbers:
            if number > count:
                raise errors.no_such_part(number, count)
            size = min(upload.part_size, upload.length - (number - 1) * upload.part_size)
            url = await store.presign_part(upload.source_key, upload.multipart_id, number, ADDRESS_SECONDS, size=size)
            made.append(PartAddress(number=number, size=size, url=url))
        return PartAddresses(parts=made)

    async def parts(self, upload_id: UUID, actor: Actor) -> StoredParts:
        """What is stored already: whoever comes back sends the rest."""
        store, upload = self._direct(), await self._mine(upload_id, actor)
        assert upload.multipart_id is not None
        try:
            with upload_errors.storage_told():
                async with aclosing(store.list_parts(upload.source_key, upload.multipart_id)) as parts:
                    found = [StoredPart(number=part.number, size=part.size) async for part in parts]
        except UploadNotFound:
            found = []
        return StoredParts(part_size=upload.part_size, parts=found)

    async def complete(self, upload_id: UUID, actor: Actor) -> Upload:
        """The film of its parts; asked again, the same."""
        upload = await self._mine(upload_id, actor, complete=True)
        if upload.state == "complete":
            return upload
        assert upload.length is not None
        if upload.received != upload.length:
            async with self._database.session_scope() as session:
                await repository.advance(session, upload.id, upload.epoch, received=upload.length)
        try:
            with upload_errors.storage_told():
                done = await self._ledger.settle(upload.id)
        except Problem as refusal:
            if refusal.code == "parts_missing":
                async with self._database.session_scope() as session:
                    await repository.advance(session, upload.id, upload.epoch, received=0)
            raise
        if done is None:
            raise upload_errors.upload_incomplete(upload.received, upload.length)
        return done

    async def end(self, upload_id: UUID, actor: Actor) -> None:
        upload = await self._ledger.find(upload_id, Sender(actor))
        if upload.state == "complete" and not upload.is_partial:
            raise upload_errors.upload_complete()
        await self._ledger.end(upload_id)

    async def state(self, upload_id: UUID, actor: Actor) -> UploadAnswer:
        """How far an upload of any kind is, and why it came to nothing where it did."""
        upload = await self._ledger.look(upload_id, Sender(actor))
        error = None
        if upload.error_code is not None:
            error = UploadError(code=upload.error_code, message=upload.error_message or "")
        return UploadAnswer(
            upload_id=str(upload.id),
            kind=upload.kind,
            state=upload.state,
            received=upload.received,
            size=upload.length,
            file_name=upload.name,
            video_id=str(upload.video_id) if upload.video_id else None,
            chapter_id=upload.chapter_id,
            expires_at=upload.expires_at,
            error=error,
        )

    async def _mine(self, upload_id: UUID, actor: Actor, *, complete: bool = False) -> Upload:
        upload = await self._ledger.find(upload_id, Sender(actor))
        if upload.kind != "direct":
            raise upload_errors.upload_not_found()
        if upload.state == "complete" and not complete:
            raise upload_errors.upload_complete()
        return upload


def _count(upload: Upload) -> int:
    assert upload.length is not None
    return -(-upload.length // upload.part_size)
