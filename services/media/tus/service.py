"""tus uploads: created, gone on with, joined, given up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

from starlette.requests import ClientDisconnect

from services.media.tus import errors
from services.media.tus.protocol import Checksum, Concat, metadata
from services.media.uploads import errors as upload_errors
from services.media.uploads import repository
from services.media.uploads.feeding import Feeder
from services.media.uploads.ledger import Sender, Target, UploadLedger, Wanted
from services.media.uploads.reception import Reception, Unfit
from services.media.uploads.service import clean_name
from shared.contracts.model import is_external_id
from shared.db import Database
from shared.db.models.uploads import Upload
from shared.storage import StorageFull, StorageUnavailable


class TusService:
    def __init__(self, database: Database, ledger: UploadLedger, reception: Reception, feeder: Feeder) -> None:
        self._database = database
        self._ledger = ledger
        self._reception = reception
        self._feeder = feeder

    async def create(
        self, sender: Sender, target: Target | None, length: int | None, said: str, joining: Concat | None
    ) -> Upload:
        """A new upload. ``target`` is what a link says, and stands before what the metadata says."""
        about = metadata(said)
        wanted = Wanted(
            kind="tus",
            target=target or _target(about),
            name=clean_name(about.get("filename") or about.get("name") or ""),
            length=length,
            tus_metadata=said or None,
        )
        if joining is None:
            return await self._ledger.begin(wanted, sender)
        if joining.is_partial:
            return await self._ledger.begin(replace(wanted, target=Target(), is_partial=True), sender)
        return await self._join(wanted, joining, sender)

    async def _join(self, wanted: Wanted, joining: Concat, sender: Sender) -> Upload:
        async with self._database.session_scope() as session:
            found = await repository.several(session, joining.parts)
        length = 0
        for part_id in joining.parts:
            part = found.get(part_id)
            if part is None or not part.is_partial or part.created_by != sender.actor.user_id:
                raise errors.no_partial(str(part_id))
            if part.link_id != sender.link_id:
                raise errors.no_partial(str(part_id))
            if part.state != "complete" or part.length is None:
                raise upload_errors.upload_incomplete(part.received, part.length)
            length += part.length
        upload = await self._ledger.begin(replace(wanted, length=length, joined=joining.parts), sender)
        if upload.expires_at is not None:
            async with self._database.session_scope() as session:
                await repository.keep(session, joining.parts, upload.expires_at)
        await self._feeder.ring(upload.id)
        return upload

    async def find(self, upload_id: UUID, sender: Sender) -> Upload:
        """Where an upload stands. What is whole is settled on the way, should nobody have done it yet."""
        upload = await self._ledger.find(upload_id, sender)
        return await self._settled(upload) if upload.state == "receiving" else upload

    async def add(
        self,
        upload_id: UUID,
        sender: Sender,
        offset: int,
        length: int | None,
        body: AsyncIterator[bytes],
        checksum: Checksum | None,
        declared: int | None,
    ) -> Upload:
        """The bytes that follow ``offset``; ``declared`` is how many the request says it brings."""
        upload = await self._ledger.find(upload_id, sender)
        if upload.joined is not None:
            raise errors.final_takes_no_bytes()
        if upload.state == "complete" and offset == upload.received and not declared:
            return upload
        async with self._database.session_scope() as session:
            claimed = await repository.claim(session, upload_id, offset)
            if claimed is not None and claimed.length is None and length is not None:
                if length > self._ledger.limit:
                    raise upload_errors.too_large(self._ledger.limit)
                if length < claimed.received:
                    raise errors.bad_header("Upload-Length", "more is here already")
                claimed.length = length
        if claimed is None:
            raise upload_errors.offset_conflict(upload.received)
        most = claimed.length if claimed.length is not None else self._ledger.limit
        if declared is not None and offset + declared > most:
            raise upload_errors.upload_too_long(most)
        received = await self._take(claimed, body, checksum)
        claimed.received = received
        return await self._settled(claimed)

    async def _take(self, upload: Upload, body: AsyncIterator[bytes], checksum: Checksum | None) -> int:
        try:
            with upload_errors.storage_told():
                return await self._reception.take(upload, body, checksum)
        except Unfit as unfit:
            await asyncio.shield(self._ledger.refuse(upload.id, unfit.problem))
            raise unfit.problem from None
        except ClientDisconnect as error:
            raise upload_errors.upload_interrupted() from error

    async def _settled(self, upload: Upload) -> Upload:
        if upload.length is None or upload.received != upload.length:
            return upload
        try:
            return await self._ledger.settle(upload.id) or upload
        except (StorageFull, StorageUnavailable):
            # Every byte is here and stays; the reconciler goes on with it.
            return upload

    async def end(self, upload_id: UUID, sender: Sender) -> None:
        upload = await self._ledger.find(upload_id, sender)
        if upload.state == "complete" and not upload.is_partial:
            raise upload_errors.upload_complete()
        await self._ledger.end(upload_id)


def _target(about: dict[str, str]) -> Target:
    """What the metadata says the film is for."""
    chapter_id, video_id = about.get("chapterId") or None, about.get("videoId") or None
    if chapter_id is not None and not is_external_id(chapter_id):
        raise upload_errors.invalid_chapter_id()
    try:
        return Target(chapter_id, UUID(video_id) if video_id else None)
    except ValueError:
        raise errors.bad_header("Upload-Metadata", "videoId is no UUID") from None
