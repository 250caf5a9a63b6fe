"""Films coming in by the multipart form: a new one for a chapter, or a new version of one that is there."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from starlette.requests import ClientDisconnect

from services.media.links import repository as links
from services.media.quotas.service import Quota
from services.media.uploads import errors, repository
from services.media.uploads.containers import Sniffer
from services.media.uploads.forms import PartHead, StreamedForm
from services.media.uploads.intake import Intake, StoredSource
from services.media.uploads.ledger import Sender, Target
from services.media.uploads.schemas import UploadAccepted
from services.media.videos.service import VideoService
from shared.contracts.access import Actor
from shared.contracts.model import is_external_id
from shared.db import Database, Session, new_id
from shared.storage import Store

log = logging.getLogger(__name__)

ABANDONED_AFTER = timedelta(hours=24)
MAX_NAME = 255


@dataclass
class _Form:
    """What was read of a form so far."""

    chapter_id: str | None = None
    course_id: str | None = None
    name: str = ""
    source: StoredSource | None = None


@dataclass(frozen=True)
class _Reading:
    """A form that is about to be read."""

    content_type: str
    body: AsyncIterator[bytes]
    actor: Actor
    declared: int
    wants_chapter: bool


class UploadService:
    """``limit`` is the most bytes a film may have. ``declared`` is what the headers of a form say of a film's size."""

    def __init__(
        self,
        database: Database,
        private: Store,
        videos: VideoService,
        quota: Quota,
        sniffer: Sniffer,
        limit: int,
    ) -> None:
        self._database = database
        self._private = private
        self._videos = videos
        self._quota = quota
        self._sniffer = sniffer
        self._limit = limit

    async def upload(
        self, content_type: str, body: AsyncIterator[bytes], actor: Actor, declared: int
    ) -> UploadAccepted:
        """A new film for the chapter that the form names."""
        reading = _Reading(content_type, body, actor, declared, wants_chapter=True)
        return await self._new_film(reading, None, Sender(actor))

    async def replace(
        self, video_id: UUID, content_type: str, body: AsyncIterator[bytes], actor: Actor, declared: int
    ) -> UploadAccepted:
        """A new version of a film; the old one stays in place until the new one can be watched."""
        reading = _Reading(content_type, body, actor, declared, wants_chapter=False)
        return await self._new_version(reading, video_id, Sender(actor))

    async def by_link(
        self, target: Target, sender: Sender, content_type: str, body: AsyncIterator[bytes], declared: int
    ) -> UploadAccepted:
        """The film that a link asks for; what else the form says is not heard."""
        reading = _Reading(content_type, body, sender.actor, declared, wants_chapter=False)
        if target.video_id is not None:
            return await self._new_version(reading, target.video_id, sender)
        return await self._new_film(reading, target.chapter_id, sender)

    async def _new_film(self, reading: _Reading, chapter_id: str | None, sender: Sender) -> UploadAccepted:
        video_id, version_id = new_id(), new_id()
        course_id = await self._admit(chapter_id, reading) if chapter_id is not None else None
        async with self._receiving(video_id, version_id, sender.actor) as key:
            form = await self._read(reading, key)
            chapter_id, course_id = chapter_id or form.chapter_id, course_id or form.course_id
            assert chapter_id is not None and course_id is not None and form.source is not None
            async with self._database.session_scope() as session:
                await self._quota.require_room_in(session, course_id, form.source.bytes)
                # One transaction: from now on the source belongs to the video, and no sweep may take it for abandoned.
                await self._videos.create(
                    session, video_id, version_id, chapter_id, form.name, form.source, sender.actor
                )
                await self._settle(session, version_id, sender)
        return UploadAccepted(video_id=str(video_id), status="processing")

    async def _new_version(self, reading: _Reading, video_id: UUID, sender: Sender) -> UploadAccepted:
        video = await self._videos.require_own(video_id, sender.actor)
        await self._quota.require_room(video.course_id, max(1, reading.declared))
        version_id = new_id()
        async with self._receiving(video_id, version_id, sender.actor) as key:
            form = await self._read(reading, key)
            assert form.source is not None
            async with self._database.session_scope() as session:
                await self._quota.require_room_in(session, video.course_id, form.source.bytes)
                await self._videos.add_version(session, video_id, version_id, form.name, form.source)
                await self._settle(session, version_id, sender)
        return UploadAccepted(video_id=str(video_id), status="processing")

    async def _settle(self, session: Session, version_id: UUID, sender: Sender) -> None:
        if sender.link_id is not None:
            await links.spend(session, sender.link_id)
        await repository.end_form(session, version_id)

    @asynccontextmanager
    async def _receiving(self, video_id: UUID, version_id: UUID, actor: Actor) -> AsyncIterator[str]:
        """The source's key while it comes in. Whatever ends the upload early, no row and no object stays."""
        key = f"{video_id}/{version_id}/source"
        async with self._database.session_scope() as session:
            await repository.begin_form(session, version_id, key, actor.user_id)
        try:
            with errors.storage_told():
                yield key
        except BaseException as error:
            await asyncio.shield(self._undo(version_id, key))
            if isinstance(error, ClientDisconnect):
                raise errors.upload_interrupted() from error
            raise

    async def _undo(self, version_id: UUID, key: str) -> None:
        try:
            await self._private.delete(key)
            async with self._database.session_scope() as session:
                await repository.end_form(session, version_id)
        except Exception:
            # The row still stands, so the sweep of abandoned uploads will do it.
            log.warning("an upload that ended early is not cleared away yet", exc_info=True)

    async def _read(self, reading: _Reading, key: str) -> _Form:
        streamed = StreamedForm(reading.content_type, reading.body)
        form = _Form()
        async for head in streamed.parts():
            if head.name == "chapterId" and head.filename is None and reading.wants_chapter:
                await self._chapter(form, await streamed.text(), reading)
            elif head.name == "video" and head.filename is not None:
                await self._film(form, head, streamed, key)
            else:
                async for _ in streamed.data():
                    pass
        if form.source is None:
            raise errors.missing_field("video")
        if reading.wants_chapter and form.chapter_id is None:
            raise errors.missing_field("chapterId")
        # A request that ends otherwise than it said is refused, and what is refused leaves nothing.
        await streamed.drain()
        return form

    async def _chapter(self, form: _Form, value: str, reading: _Reading) -> None:
        if form.chapter_id is not None:
            raise errors.repeated_field("chapterId")
        if not is_external_id(value):
            raise errors.invalid_chapter_id()
        form.course_id = await self._admit(value, reading)
        form.chapter_id = value

    async def _admit(self, chapter_id: str, reading: _Reading) -> str:
        """The chapter's course. Asked before the film is read, so that two gigabytes are not sent for nothing."""
        course_id = await self._videos.require_free_chapter(chapter_id, reading.actor)
        await self._quota.require_room(course_id, max(1, reading.declared))
        return course_id

    async def _film(self, form: _Form, head: PartHead, streamed: StreamedForm, key: str) -> None:
        if form.source is not None:
            raise errors.repeated_field("video")
        form.name = clean_name(head.filename or "")
        form.source = await Intake(self._private, key, self._limit, self._sniffer).take(streamed.data())

    async def sweep_abandoned(self) -> int:
        """Clear away uploads whose process died in the middle. Safe to run at any time, by several at once."""
        async with self._database.session_scope() as session:
            dead = await repository.abandoned_forms(session, ABANDONED_AFTER)
            for upload in dead:
                await self._private.delete(upload.source_key)
                await repository.end_form(session, upload.id)
        return len(dead)


def clean_name(name: str) -> str:
    """The name a person will be shown: the last part of a path, without control characters, of sane length."""
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable[-MAX_NAME:] or "film"
