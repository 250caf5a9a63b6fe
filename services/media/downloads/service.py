"""Films to take home: made by the transcoder when somebody first asks, and kept for as long as somebody does.

A row in ``media.downloads`` is the wish; the transcoder makes what it says and writes down what came of it under the
same id, and this takes that over. Whatever is done here may be done twice, or late.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from services.media.catalog.staff import require_staff
from services.media.downloads import errors, repository
from services.media.downloads.schemas import DownloadPolicyAnswer, DownloadState, DownloadWanted, Policy
from services.media.videos import errors as video_errors
from services.media.videos import repository as videos
from shared.contracts.access import Actor
from shared.contracts.jobs import MakeDownload
from shared.contracts.video import VideoStatus, download_prefix
from shared.db import Database, Session
from shared.db.models.media import Rendition
from shared.jobs import Doorbell
from shared.storage import LocalPaths, Store

TRY_AGAIN_AFTER = 60
USED_GRAIN = 60
LINGER = timedelta(hours=6)
"""For how long a file that is not kept any more stays in storage: somebody may be in the middle of it."""
AT_ONCE = 100


@dataclass(frozen=True)
class KeptFile:
    """A file in the store of downloads. It never changes: what is made anew has another ``etag``."""

    key: str
    size: int
    etag: str
    modified: datetime
    name: str
    content_type: str


class DownloadService:
    """``store`` keeps the files; ``transcoder`` is the doorbell of those who make them."""

    def __init__(self, database: Database, store: Store, transcoder: Doorbell) -> None:
        self._database = database
        self._store = store
        self._transcoder = transcoder

    async def set_policy(self, video_id: UUID, policy: Policy, actor: Actor) -> DownloadPolicyAnswer:
        """What a film says of itself; ``inherit`` leaves it to its course."""
        async with self._database.session_scope() as session:
            video = await videos.live_video(session, video_id, lock=True)
            if video is None:
                raise video_errors.video_not_found(video_id)
            await require_staff(session, video.course_id, actor)
            video.download_policy = policy
            await session.flush()
            effective = await repository.effective_policy(session, video_id)
        return DownloadPolicyAnswer(video_id=str(video_id), policy=policy, effective=effective)

    async def ensure(self, wanted: DownloadWanted) -> DownloadState:
        """How far the file is; one that nobody asked for yet is asked for now."""
        async with self._database.session_scope() as session:
            film = await repository.film(session, wanted.video_id)
            if film is None:
                raise video_errors.video_not_found(wanted.video_id)
            if film["status"] != VideoStatus.READY:
                raise errors.video_not_ready()
            rendition = await _rendition(session, film["version_id"], wanted.quality)
            found = await repository.find(session, film["version_id"], rendition.name, TRY_AGAIN_AFTER)
            if found is not None and _is_over(found):
                await self._let_go(session, found, "made anew")
                found = None
            if found is None:
                await self._want(session, wanted.video_id, film["version_id"], rendition.name)
            elif found["state"] == "failed":
                raise errors.download_failed(found["error_code"], found["error_message"], TRY_AGAIN_AFTER)
            elif found["state"] == "ready":
                await repository.used(session, found["id"], USED_GRAIN)
        ready = found is not None and found["state"] == "ready"
        return DownloadState(
            status="ready" if ready else "preparing",
            percent=100.0 if ready else min(99.9, found["percent"] if found is not None else 0.0),
            version_id=film["version_id"],
            quality=rendition.name,
            size_bytes=found["bytes"] if ready and found is not None else None,
            file_name=_file_name(film["title"], rendition),
        )

    async def _want(self, session: Session, video_id: UUID, version_id: UUID, rendition: str) -> None:
        download_id = await repository.want(session, video_id, version_id, rendition)
        if download_id is not None:
            session.ring_after_commit(lambda: self._transcoder.ring(MakeDownload(download_id=download_id)))

    async def kept(self, video_id: UUID, version_id: UUID, quality: str) -> KeptFile:
        """A file that is there; Problem ``download_gone`` where it is not, or not any more."""
        async with self._database.session_scope() as session:
            film = await repository.film(session, video_id)
            rendition = await _rendition(session, version_id, quality)
            found = await repository.find(session, version_id, quality, TRY_AGAIN_AFTER)
            if film is None or found is None or found["state"] != "ready":
                raise errors.download_gone()
            await repository.used(session, found["id"], USED_GRAIN)
        there = await self._store.stat(found["key"])
        if there is None or there.size != found["bytes"]:
            # Somebody emptied the store: it is a cache, and the next who asks has it made again.
            async with self._database.session_scope() as session:
                await repository.drop(session, found["id"])
            raise errors.download_gone()
        return KeptFile(
            key=found["key"],
            size=found["bytes"],
            etag=f'"{found["sha256"][:32]}"',
            modified=found["settled_at"].astimezone(UTC),
            name=_file_name(film["title"], rendition),
            content_type="video/mp4" if rendition.kind == "video" else "audio/mp4",
        )

    @property
    def on_disk(self) -> bool:
        """Whether the files can be opened by somebody else on this machine, such as nginx."""
        return isinstance(self._store, LocalPaths)

    def bytes_of(self, file: KeptFile, start: int, end: int) -> AsyncGenerator[bytes, None]:
        return self._store.get(file.key, start, end)

    async def take_over(self, download_id: UUID | None = None) -> None:
        """Bring what is being made up to the transcoder's ledger."""
        async with self._database.session_scope() as session:
            await repository.take_over(session, download_id)

    async def reconcile(self) -> None:
        """The same of all, and a ring for each whose first one was lost."""
        await self.take_over()
        async with self._database.session_scope() as session:
            waiting = await repository.unentered(session)
        for download_id in waiting:
            await self._transcoder.ring(MakeDownload(download_id=download_id))

    async def expire(self, keep: timedelta) -> int:
        """Let go of what nobody took for so long; how many files that were."""
        gone = 0
        while True:
            async with self._database.session_scope() as session:
                old = await repository.outlived(session, keep, AT_ONCE)
                for found in old:
                    await self._let_go(session, found, "not asked for any more")
            gone += len(old)
            if len(old) < AT_ONCE:
                return gone

    async def _let_go(self, session: Session, found: RowMapping, reason: str) -> None:
        await repository.drop(session, found["id"])
        prefix = download_prefix(str(found["video_id"]), str(found["version_id"]), str(found["id"]))
        await videos.bury(session, "downloads", f"{prefix}/", reason, datetime.now(UTC) + LINGER)


def _is_over(found: RowMapping) -> bool:
    if found["state"] == "failed":
        return bool(found["may_be_tried_again"])
    return found["state"] == "ready" and bool(found["is_stale"])


async def _rendition(session: Session, version_id: UUID, quality: str | None) -> Rendition:
    """The rung of that name; without one the highest, or the sound of a film that has no pictures."""
    renditions = await videos.renditions(session, version_id)
    choices = [one for one in renditions if one.kind == "video"] or list(renditions[:1])
    for one in choices:
        if quality in (None, one.name):
            return one
    raise errors.quality_not_found(quality or "", [one.name for one in choices])


def _file_name(title: str | None, rendition: Rendition) -> str:
    """What the file is called on the student's disk: as its chapter, not as whoever uploaded it called it."""
    if rendition.kind == "audio":
        return f"{title or 'Sound'}.m4a"
    return f"{title or 'Film'} ({rendition.name}).mp4"
