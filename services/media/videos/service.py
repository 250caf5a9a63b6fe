"""A video's life: made from an upload, taken over from the transcoder's ledger, replaced, deleted."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import RowMapping

from services.media.captions import repository as captions
from services.media.catalog.staff import require_staff
from services.media.downloads import repository as downloads
from services.media.keys.content_keys import new_content_key
from services.media.keys.periods import Periods
from services.media.uploads import errors as upload_errors
from services.media.uploads.intake import StoredSource
from services.media.videos import errors, repository
from services.media.videos import ledger as ledgers
from services.media.videos.ledger import Ledger
from services.media.videos.outbox import Outbox
from services.media.videos.retiring import bury_borrowed, retire
from services.media.videos.schemas import (
    BatchStatus,
    Fault,
    RenditionProgress,
    ReplacementStatus,
    Storyboard,
    Thumbnail,
    ThumbnailList,
    VideoStatusAnswer,
)
from services.media.videos.staff_view import told_to_staff
from services.media.videos.storyboard import storyboard
from shared.contracts.access import Actor, Role
from shared.contracts.jobs import CancelVersion, HashSource, PlanVersion, SweepStorage
from shared.crypto import KeyRing
from shared.db import Database, Session
from shared.db.models.media import Video, VideoVersion
from shared.http import Problem
from shared.jobs import Doorbell


class VideoService:
    """``transcoder`` and ``media`` are the doorbells of the two queues."""

    def __init__(
        self,
        database: Database,
        keyring: KeyRing,
        transcoder: Doorbell,
        media: Doorbell,
        outbox: Outbox,
        public_base_url: str,
        periods: Periods,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._periods = periods
        self._transcoder = transcoder
        self._media = media
        self._outbox = outbox
        self._public_base_url = public_base_url.rstrip("/")

    async def require_free_chapter(self, chapter_id: str, actor: Actor) -> str:
        """The chapter's course; Problem where ``actor`` may not give this chapter its film, or it has one."""
        async with self._database.session_scope() as session:
            return await _take_chapter(session, chapter_id, await repository.chapter(session, chapter_id), actor)

    async def require_own(self, video_id: UUID, actor: Actor) -> Video:
        """The live video, of a course on which ``actor`` may act."""
        async with self._database.session_scope() as session:
            return await self.require_own_in(session, video_id, actor)

    async def require_own_in(self, session: Session, video_id: UUID, actor: Actor) -> Video:
        video = await repository.live_video(session, video_id)
        if video is None:
            raise errors.video_not_found(video_id)
        await require_staff(session, video.course_id, actor)
        return video

    async def create(
        self,
        session: Session,
        video_id: UUID,
        version_id: UUID,
        chapter_id: str,
        name: str,
        source: StoredSource,
        actor: Actor,
    ) -> None:
        """A new video of a chapter that has none; its source is stored already."""
        chapter = await repository.lock_chapter(session, chapter_id)
        course_id = await _take_chapter(session, chapter_id, chapter, actor)
        session.add(
            Video(
                id=video_id,
                course_id=course_id,
                chapter_id=chapter_id,
                pending_version_id=version_id,
                created_by=actor.user_id,
            )
        )
        await session.flush()
        await self._new_version(session, video_id, version_id, name, source)

    async def add_version(
        self, session: Session, video_id: UUID, version_id: UUID, name: str, source: StoredSource
    ) -> None:
        """A replacement beside the current version. One that was still being made gives way to it."""
        video = await repository.live_video(session, video_id, lock=True)
        if video is None:
            raise errors.video_not_found(video_id)
        if video.pending_version_id is not None:
            await self._abandon(session, video, video.pending_version_id)
        video.pending_version_id = version_id
        await self._new_version(session, video_id, version_id, name, source)

    async def _new_version(
        self, session: Session, video_id: UUID, version_id: UUID, name: str, source: StoredSource
    ) -> None:
        session.add(
            VideoVersion(
                id=version_id,
                video_id=video_id,
                number=await repository.next_number(session, video_id),
                status="processing",
                original_name=name,
                container=source.container.value,
                source_key=source.key,
                source_bytes=source.bytes,
                source_sha256=source.sha256,
                public_secret=secrets.token_hex(16),
            )
        )
        await session.flush()
        session.add(new_content_key(self._keyring, version_id, 1, self._periods.next))
        session.ring_after_commit(lambda: self._transcoder.ring(PlanVersion(version_id=version_id)))
        session.ring_after_commit(lambda: self._media.ring(HashSource(version_id=version_id)))

    async def status(self, video_id: UUID, actor: Actor | None = None) -> VideoStatusAnswer:
        """Where a film stands; FFmpeg's last words about a failure are for admins."""
        async with self._database.session_scope() as session:
            video = await repository.live_video(session, video_id)
            shown = video and (video.current_version_id or video.pending_version_id)
            version = await repository.version(session, shown) if shown else None
            if video is None or version is None:
                raise errors.video_not_found(video_id)
            unfinished = version.status != "ready"
            ledger = await ledgers.read(session, version.id) if unfinished else None
            renditions = await repository.renditions(session, version.id)
            replacing = None
            if video.pending_version_id not in (None, version.id):
                replacing = await self._replacement(session, video.pending_version_id)
            told = await told_to_staff(session, video, version, actor)
        status = _status(version, ledger)
        in_hand = ledger if status in ("processing", "playable") else None
        tells_all = actor is not None and actor.role is Role.ADMIN
        return VideoStatusAnswer(
            video_id=str(video.id),
            chapter_id=video.chapter_id,
            status=status,
            stage=_stage(version, ledger),
            percent=_percent(version, ledger),
            speed=in_hand.speed if in_hand else None,
            eta=in_hand.eta if in_hand else None,
            duration=version.duration,
            width=version.width,
            height=version.height,
            fps=version.fps,
            original_name=version.original_name,
            size_bytes=version.source_bytes,
            job_id=str(ledger.job_id) if ledger and tells_all else None,
            renditions=[
                RenditionProgress(
                    name=rendition.name,
                    kind=rendition.kind,
                    width=rendition.width,
                    height=rendition.height,
                    percent=ledger.rendition_percent(rendition.name) if ledger else 100.0,
                )
                for rendition in renditions
            ],
            replacing=replacing,
            previous=told.previous,
            source=told.source,
            same_content=told.same_content,
            error=_fault(version, ledger, detailed=tells_all),
        )

    async def batch_status(self, video_ids: Sequence[UUID], actor: Actor) -> BatchStatus:
        """What ``status`` says of each; a video of a course that is not the actor's is not there for them."""
        found, missing = [], []
        for video_id in dict.fromkeys(video_ids):
            try:
                await self.require_own(video_id, actor)
                found.append(await self.status(video_id, actor))
            except Problem as refusal:
                if refusal.status not in (403, 404):
                    raise
                missing.append(str(video_id))
        return BatchStatus(videos=found, not_found=missing)

    async def _replacement(self, session: Session, version_id: UUID | None) -> ReplacementStatus | None:
        version = await repository.version(session, version_id) if version_id else None
        if version is None:
            return None
        ledger = await ledgers.read(session, version.id)
        return ReplacementStatus(
            status=_status(version, ledger),
            stage=_stage(version, ledger),
            percent=_percent(version, ledger),
            eta=ledger.eta if ledger else None,
            error=_fault(version, ledger),
        )

    async def storyboard(self, video_id: UUID) -> Storyboard:
        """The sprites for the preview over a player's bar; empty until they are made."""
        async with self._database.session_scope() as session:
            video = await repository.live_video(session, video_id)
            if video is None:
                raise errors.video_not_found(video_id)
            shown = video.current_version_id
            rows = await repository.sheets(session, shown) if shown else []
            version = await repository.version(session, shown) if shown else None
        duration = version.duration if version and version.duration else 0.0
        return storyboard(str(video_id), rows, duration, self._public_base_url)

    async def thumbnails(self, video_id: UUID) -> ThumbnailList:
        async with self._database.session_scope() as session:
            video = await repository.live_video(session, video_id)
            if video is None:
                raise errors.video_not_found(video_id)
            shown = video.current_version_id
            rows = await repository.thumbnails(session, shown) if shown else []
        return ThumbnailList(
            video_id=str(video_id),
            thumbnails=[
                Thumbnail(time=row.time, url=f"{self._public_base_url}/{row.key}", width=row.width, height=row.height)
                for row in rows
            ],
        )

    async def delete(self, video_id: UUID, actor: Actor) -> None:
        """A tombstone first: viewers are refused at once, storage follows by the outbox. Asked twice, the same."""
        async with self._database.session_scope() as session:
            video = await repository.live_video(session, video_id, lock=True)
            if video is None:
                return
            await require_staff(session, video.course_id, actor)
            video.deleted_at = datetime.now(UTC)
            self._outbox.deleted(session, video)
            for version_id in {video.current_version_id, video.pending_version_id} - {None}:
                assert version_id is not None
                self._cancel_after_commit(session, version_id)
            await downloads.drop_of_video(session, video_id)
            await captions.drop_of_video(session, video_id)
            await repository.bury_everywhere(session, f"{video_id}/", "video deleted")
            for version in await repository.versions_of(session, video_id):
                await bury_borrowed(session, version, "video deleted")
            session.ring_after_commit(lambda: self._media.ring(SweepStorage(), defer_by=1))

    def _cancel_after_commit(self, session: Session, version_id: UUID) -> None:
        session.ring_after_commit(lambda: self._transcoder.ring(CancelVersion(version_id=version_id)))

    async def _abandon(self, session: Session, video: Video, version_id: UUID) -> None:
        """Nobody will see this version: stop its work, and let its objects go."""
        version = await repository.version(session, version_id, lock=True)
        if version is None:
            return
        has_failed = version.status == "failed"
        version.status = "failed"
        version.error_code = "cancelled"
        version.error_message = "Another file was uploaded in its place before this one was ready."
        if not has_failed:
            self._outbox.failed(session, video, version)
        self._cancel_after_commit(session, version_id)
        await retire(session, version, "version given up")
        session.ring_after_commit(lambda: self._media.ring(SweepStorage(), defer_by=1))


async def _take_chapter(session: Session, chapter_id: str, chapter: RowMapping | None, actor: Actor) -> str:
    """The course of a chapter that may take a video from ``actor``."""
    if chapter is None:
        raise upload_errors.unknown_chapter(chapter_id)
    course_id = str(chapter["course_id"])
    await require_staff(session, course_id, actor)
    if chapter["video_id"] is not None:
        raise upload_errors.chapter_has_video(chapter_id, str(chapter["video_id"]))
    return course_id


def _percent(version: VideoVersion, ledger: Ledger | None) -> float:
    if version.status == "ready":
        return 100.0
    if ledger is None or ledger.run != version.run:
        return version.percent
    return max(version.percent, ledger.percent)


def _status(version: VideoVersion, ledger: Ledger | None) -> str:
    """Begun anew, a film is in hand again from the moment that the ledger says so."""
    return "processing" if ledger is not None and ledger.run > version.run else version.status


def _stage(version: VideoVersion, ledger: Ledger | None) -> str | None:
    if _status(version, ledger) in ("ready", "failed"):
        return None
    return ledger.stage if ledger else "waiting"


def _fault(version: VideoVersion, ledger: Ledger | None, *, detailed: bool = False) -> Fault | None:
    if version.error_code is None or _status(version, ledger) != "failed":
        return None
    detail = ledger.error_detail if ledger and detailed else None
    return Fault(code=version.error_code, message=version.error_message or "", detail=detail)
