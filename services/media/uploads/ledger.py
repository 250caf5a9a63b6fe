"""Uploads as rows: begun, looked up by who may, given up, and settled as a film. See ADR 11."""

import logging
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from services.media.links import repository as links
from services.media.quotas.service import Quota
from services.media.uploads import errors, repository
from services.media.uploads.containers import Sniffer
from services.media.uploads.intake import StoredSource
from services.media.uploads.reception import UploadStore, tail_prefix
from services.media.uploads.sniff import HEAD_BYTES
from services.media.videos.service import VideoService
from shared.contracts.access import Actor, Role
from shared.contracts.video import Container
from shared.db import Database, Session, new_id
from shared.db.models.uploads import Upload
from shared.http import Problem
from shared.storage import DEFAULT_PART_SIZE, Part, StorageError, UploadNotFound, part_size_for

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
"""For so long it is known what became of an upload."""
_FOR_GOOD = {403, 404, 409, 410, 413, 415, 422}
_FOR_NOW = {"parts_missing", "upload_incomplete"}


@dataclass(frozen=True)
class Sender:
    """Who uploads: somebody signed in, or whoever holds a link, on behalf of who made it."""

    actor: Actor
    link_id: UUID | None = None


@dataclass(frozen=True)
class Target:
    """What a film is for: a chapter that has none, or the video whose film it replaces."""

    chapter_id: str | None = None
    video_id: UUID | None = None


@dataclass(frozen=True)
class Wanted:
    """An upload as it is announced. ``length`` in bytes, None where it is not known yet."""

    kind: Literal["tus", "direct", "ingest"]
    target: Target
    name: str
    length: int | None
    url: str | None = None
    tus_metadata: str | None = None
    is_partial: bool = False
    joined: Sequence[UUID] | None = None


class UploadLedger:
    """``limit`` is the most bytes of a film, ``lives`` for how long an upload may be silent."""

    def __init__(
        self,
        database: Database,
        store: UploadStore,
        videos: VideoService,
        quota: Quota,
        sniffer: Sniffer,
        limit: int,
        lives: timedelta,
    ) -> None:
        self._database = database
        self._store = store
        self._videos = videos
        self._quota = quota
        self._sniffer = sniffer
        self.limit = limit
        self._lives = lives

    async def begin(self, wanted: Wanted, sender: Sender) -> Upload:
        """A new row, and the multipart upload that its bytes go into. Refuses what can be refused before they come."""
        if wanted.length is not None and wanted.length > self.limit:
            raise errors.too_large(self.limit)
        if wanted.length == 0:
            raise errors.empty_file()
        course_id, video_id = await self._admit(wanted, sender)
        upload_id = new_id()
        key = f"{video_id}/{upload_id}/source" if video_id else f"uploads/{upload_id}/partial"
        upload = Upload(
            id=upload_id,
            kind=wanted.kind,
            video_id=video_id,
            chapter_id=wanted.target.chapter_id,
            course_id=course_id,
            name=wanted.name,
            source_key=key,
            length=wanted.length,
            part_size=part_size_for(wanted.length or self.limit, DEFAULT_PART_SIZE),
            is_partial=wanted.is_partial,
            joined=list(wanted.joined) if wanted.joined is not None else None,
            tus_metadata=wanted.tus_metadata,
            url=wanted.url,
            link_id=sender.link_id,
            created_by=sender.actor.user_id,
            created_role=sender.actor.role.value,
            expires_at=datetime.now(UTC) + self._lives,
        )
        async with self._database.session_scope() as session:
            session.add(upload)
        try:
            with errors.storage_told():
                multipart_id = await self._store.create_multipart(key, part_size=upload.part_size)
        except Problem:
            # Nobody is told its id: it is not to wait for bytes, nor for a worker that feeds it.
            await self.end(upload.id)
            raise
        async with self._database.session_scope() as session:
            await repository.advance(session, upload.id, 0, multipart_id=multipart_id)
        upload.multipart_id = multipart_id
        return upload

    async def _admit(self, wanted: Wanted, sender: Sender) -> tuple[str | None, UUID | None]:
        """The course, and the id of the video that it will be or replace."""
        target = wanted.target
        if wanted.is_partial:
            return None, None
        if target.chapter_id is not None and target.video_id is not None:
            raise errors.two_targets()
        if target.chapter_id is not None:
            course_id = await self._videos.require_free_chapter(target.chapter_id, sender.actor)
            video_id = new_id()
        elif target.video_id is not None:
            video = await self._videos.require_own(target.video_id, sender.actor)
            course_id, video_id = video.course_id, video.id
        else:
            raise errors.no_target()
        await self._quota.require_room(course_id, wanted.length or 1)
        return course_id, video_id

    async def look(self, upload_id: UUID, sender: Sender) -> Upload:
        """The upload, for whoever began it and for those who see all."""
        async with self._database.session_scope() as session:
            upload = await repository.find(session, upload_id)
        if upload is None or not _is_theirs(upload, sender):
            raise errors.upload_not_found()
        return upload

    async def find(self, upload_id: UUID, sender: Sender) -> Upload:
        """The same; Problem where it came to nothing."""
        upload = await self.look(upload_id, sender)
        if upload.state in ("refused", "ended"):
            raise why_not(upload)
        if upload.state == "receiving" and upload.expires_at is not None and upload.expires_at <= datetime.now(UTC):
            raise errors.upload_expired()
        return upload

    async def settle(self, upload_id: UUID) -> Upload | None:
        """Make a film of an upload that is whole; again, late and by anybody the same. None where it is not whole.

        Raises the Problem for which it came to nothing.
        """
        async with self._database.session_scope() as session:
            upload = await repository.find(session, upload_id)
        if upload is None:
            raise errors.upload_not_found()
        if upload.state == "complete":
            return upload
        if upload.state != "receiving":
            raise why_not(upload)
        if upload.length is None or upload.received != upload.length:
            return None
        try:
            container = await self._joined(upload)
            done = await self._publish(upload, container)
        except Problem as refusal:
            if refusal.status not in _FOR_GOOD or refusal.code in _FOR_NOW:
                raise
            await self.refuse(upload.id, refusal)
            raise
        if not upload.is_partial:
            with suppress(StorageError):
                await self._store.delete_prefix(tail_prefix(upload))
        for part_id in done.joined or ():
            await self.end(part_id)
        return done

    async def _joined(self, upload: Upload) -> str | None:
        """Make one object of its parts; what its head says it is."""
        assert upload.multipart_id is not None and upload.length is not None
        parts = await self._parts(upload)
        if parts:
            # None where it is joined already, and just nobody wrote down that it is.
            await self._store.complete_multipart(upload.source_key, upload.multipart_id, parts)
        if upload.is_partial or upload.container is not None:
            return upload.container
        return self._sniffer.container(bytes(await self._read(upload.source_key, HEAD_BYTES))).value

    async def _read(self, key: str, end: int | None = None) -> bytearray:
        """The first bytes of an object, or all of a small one."""
        found = bytearray()
        async with aclosing(self._store.get(key, 0, end)) as pieces:
            async for piece in pieces:
                found += piece
        return found

    async def _parts(self, upload: Upload) -> list[Part]:
        assert upload.multipart_id is not None and upload.length is not None
        count = -(-upload.length // upload.part_size)
        found: dict[int, Part] = {}
        try:
            async with aclosing(self._store.list_parts(upload.source_key, upload.multipart_id)) as parts:
                async for part in parts:
                    found[part.number] = part
        except UploadNotFound:
            there = await self._store.stat(upload.source_key)
            if there is not None and there.size == upload.length:
                return []
            raise errors.storage_unavailable() from None
        last = upload.length - (count - 1) * upload.part_size
        if upload.tail_key is not None and count not in found:
            # Its length was learnt after its last byte had come.
            tail = await self._read(upload.tail_key)
            found[count] = await self._store.upload_part(
                upload.source_key, upload.multipart_id, count, memoryview(tail)
            )
        wanted = [(number, upload.part_size if number < count else last) for number in range(1, count + 1)]
        wrong = [number for number, size in wanted if number not in found or found[number].size != size]
        if wrong:
            raise errors.parts_missing(wrong)
        return [found[number] for number, _ in wanted]

    async def _publish(self, upload: Upload, container: str | None) -> Upload:
        actor = Actor(user_id=upload.created_by, role=Role(upload.created_role))
        async with self._database.session_scope() as session:
            now = await repository.find(session, upload.id, lock=True)
            if now is None or now.state not in ("receiving", "complete"):
                raise errors.upload_ended()
            if now.state == "complete":
                return now
            if upload.course_id is not None:
                await self._quota.require_room_in(session, upload.course_id, upload.length or 1)
            if not upload.is_partial:
                assert container is not None and upload.length is not None and upload.video_id is not None
                source = StoredSource(upload.source_key, Container(container), upload.length, now.sha256)
                await self._make_film(session, upload, source, actor)
            if upload.link_id is not None and not upload.is_partial:
                await links.spend(session, upload.link_id)
            now.state, now.container, now.tail_key = "complete", container, None
            now.ended_at = datetime.now(UTC)
            return now

    async def _make_film(self, session: Session, upload: Upload, source: StoredSource, actor: Actor) -> None:
        assert upload.video_id is not None
        if upload.chapter_id is not None:
            await self._videos.create(
                session, upload.video_id, upload.id, upload.chapter_id, upload.name, source, actor
            )
        else:
            await self._videos.require_own_in(session, upload.video_id, actor)
            await self._videos.add_version(session, upload.video_id, upload.id, upload.name, source)

    async def refuse(self, upload_id: UUID, refusal: Problem) -> None:
        """It will never be a film: say why to whoever asks, and let go of what is stored of it."""
        await self._close(upload_id, "refused", refusal)

    async def end(self, upload_id: UUID) -> None:
        """Give an upload up, or a part that is in another now. One that is complete is a film, and stays."""
        await self._close(upload_id, "ended", errors.upload_ended())

    async def _close(self, upload_id: UUID, state: str, why: Problem) -> None:
        async with self._database.session_scope() as session:
            upload = await repository.find(session, upload_id, lock=True)
            if upload is None or not (
                upload.state == "receiving" or (upload.is_partial and upload.state == "complete")
            ):
                return
            _say_why(upload, state, why)
        await self._drop(upload)

    async def _drop(self, upload: Upload) -> None:
        try:
            if upload.multipart_id is not None:
                await self._store.abort_multipart(upload.source_key, upload.multipart_id)
            await self._store.delete(upload.source_key)
            await self._store.delete_prefix(tail_prefix(upload))
            async with self._database.session_scope() as session:
                await repository.dropped(session, upload.id)
        except Exception:
            # The row still says that there is something, so the sweep will do it.
            log.warning("an upload that came to nothing is not cleared away yet", exc_info=True)

    async def settle_waiting(self) -> None:
        """Settle what is whole, where whoever brought the last byte did not get to it."""
        async with self._database.session_scope() as session:
            waiting = await repository.whole(session)
        for upload_id in waiting:
            try:
                await self.settle(upload_id)
            except Problem as problem:
                log.info("an upload could not be settled: %s", problem.code)
            except StorageError:
                log.warning("an upload could not be settled yet", exc_info=True)

    async def sweep(self) -> None:
        """Give up what nobody went on with, clear away what is left of that, forget what ended long ago."""
        async with self._database.session_scope() as session:
            for upload in await repository.expired(session):
                _say_why(upload, "ended", errors.upload_expired())
        async with self._database.session_scope() as session:
            left = await repository.undropped(session)
        for upload in left:
            await self._drop(upload)
        async with self._database.session_scope() as session:
            await repository.forget_ended(session, KEPT)


def _say_why(upload: Upload, state: str, why: Problem) -> None:
    upload.state, upload.ended_at = state, datetime.now(UTC)
    upload.error_status, upload.error_code, upload.error_message = why.status, why.code, why.detail


def why_not(upload: Upload) -> Problem:
    """Why an upload came to nothing."""
    if upload.error_status is None or upload.error_code is None:
        return errors.upload_ended()
    return Problem(upload.error_status, upload.error_code, upload.error_message or "The upload was given up.")


def _is_theirs(upload: Upload, sender: Sender) -> bool:
    if sender.link_id is not None:
        return upload.link_id == sender.link_id
    return sender.actor.role.sees_all or upload.created_by == sender.actor.user_id
