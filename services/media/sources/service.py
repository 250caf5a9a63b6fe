"""What was uploaded before and is uploaded again: seen by its SHA-256, and made a film of without being sent again."""

from uuid import UUID

from services.media.catalog.staff import require_staff
from services.media.quotas.service import Quota
from services.media.sources import errors, repository
from services.media.sources.schemas import FromExisting, SameContent, SameContentList
from services.media.uploads.intake import StoredSource
from services.media.uploads.schemas import UploadAccepted
from services.media.videos import errors as video_errors
from services.media.videos import repository as videos
from services.media.videos.service import VideoService
from shared.contracts.access import Actor
from shared.contracts.video import Container
from shared.db import Database, Session, new_id
from shared.db.models.media import VideoVersion
from shared.storage import Store


class SourceService:
    def __init__(self, database: Database, private: Store, making: VideoService, quota: Quota) -> None:
        self._database = database
        self._private = private
        self._making = making
        self._quota = quota

    async def same_content(self, sha256: str, size: int, actor: Actor) -> SameContentList:
        """Films of the actor's courses whose source has this SHA-256 (hex) and so many bytes."""
        async with self._database.session_scope() as session:
            found = await repository.same_content(session, sha256.lower(), size, actor)
        return SameContentList(videos=[SameContent(**one) for one in found])

    async def from_existing(self, wanted: FromExisting, actor: Actor) -> UploadAccepted:
        """A new film for a chapter from the source of another one, which is neither sent nor stored again.

        Problems ``video_not_found``, ``unknown_chapter``, ``chapter_has_video``, ``not_your_course`` (of either),
        ``course_quota_exceeded``, ``source_dropped``, ``source_missing``.
        """
        video_id, version_id = new_id(), new_id()
        course_id = await self._making.require_free_chapter(wanted.chapter_id, actor)
        async with self._database.session_scope() as session:
            version = await self._source(session, wanted.video_id, actor)
            await self._quota.require_room_in(session, course_id, version.source_bytes)
            source = StoredSource(
                version.source_key, Container(version.container), version.source_bytes, version.source_sha256
            )
            await self._making.create(
                session, video_id, version_id, wanted.chapter_id, version.original_name, source, actor
            )
        return UploadAccepted(video_id=str(video_id), status="processing")

    async def _source(self, session: Session, video_id: UUID, actor: Actor) -> VideoVersion:
        """The version from whose source something may be made; it stays until the transaction ends."""
        video = await videos.live_video(session, video_id)
        if video is None:
            raise video_errors.video_not_found(video_id)
        await require_staff(session, video.course_id, actor)
        version = await repository.shown(session, video_id)
        if version is None:
            raise video_errors.video_not_found(video_id)
        if version.source_dropped_at is not None:
            raise errors.source_dropped()
        there = await self._private.stat(version.source_key)
        if version.status == "uploading" or there is None or there.size != version.source_bytes:
            raise errors.source_missing()
        return version
