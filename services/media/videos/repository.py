"""Videos and versions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.contracts.outline import Outline, Sheet, Still
from shared.db import Session, new_id
from shared.db.models.catalog import current_chapters
from shared.db.models.media import (
    ContentKey,
    KeyRotation,
    Rendition,
    StorageTombstone,
    StoryboardSheet,
    Video,
    VideoThumbnail,
    VideoVersion,
)
from shared.db.models.transcoding import Chunk, DownloadWork, ProcessingJob

STORES = ("private", "public", "downloads")


async def live_video(session: Session, video_id: UUID, *, lock: bool = False) -> Video | None:
    query = select(Video).where(Video.id == video_id, Video.deleted_at.is_(None))
    return await session.scalar(query.with_for_update() if lock else query)


async def version(session: Session, version_id: UUID, *, lock: bool = False) -> VideoVersion | None:
    query = select(VideoVersion).where(VideoVersion.id == version_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def lock_with_video(session: Session, version_id: UUID) -> VideoVersion | None:
    """A version behind its video: whoever replaces or rolls back holds them in this order, too."""
    of_version = select(VideoVersion.video_id).where(VideoVersion.id == version_id).scalar_subquery()
    await session.execute(select(Video.id).where(Video.id == of_version).with_for_update())
    return await version(session, version_id, lock=True)


async def lock_chapter(session: Session, chapter_id: str) -> RowMapping | None:
    """The chapter with its live video, while no other upload to it can commit."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"chapter/{chapter_id}"})
    return await chapter(session, chapter_id)


async def chapter(session: Session, chapter_id: str) -> RowMapping | None:
    query = select(current_chapters).where(current_chapters.c.chapter_id == chapter_id)
    return (await session.execute(query)).mappings().first()


async def next_number(session: Session, video_id: UUID) -> int:
    highest = await session.scalar(select(func.max(VideoVersion.number)).where(VideoVersion.video_id == video_id))
    return (highest or 0) + 1


async def renditions(session: Session, version_id: UUID) -> Sequence[Rendition]:
    query = select(Rendition).where(Rendition.version_id == version_id).order_by(Rendition.position)
    return (await session.scalars(query)).all()


async def write_renditions(session: Session, version_id: UUID, outline: Outline) -> None:
    """Take over what the plan promises; a second time changes nothing."""
    for position, rendition in enumerate(outline.renditions):
        statement = insert(Rendition).values(
            version_id=version_id,
            position=position,
            segment_durations=list(rendition.segment_durations),
            **rendition.model_dump(exclude={"segment_durations"}),
        )
        await session.execute(statement.on_conflict_do_nothing())


async def measure_rendition(
    session: Session, version_id: UUID, name: str, *, bandwidth: int, average: int, size: int
) -> None:
    await session.execute(
        update(Rendition)
        .where(Rendition.version_id == version_id, Rendition.name == name)
        .values(bandwidth=bandwidth, average_bandwidth=average, bytes=size)
    )


async def write_stills(session: Session, version_id: UUID, stills: Sequence[Still]) -> None:
    """Thumbnails; a second time changes nothing."""
    if stills:
        rows = [{"version_id": version_id, **still.model_dump()} for still in stills]
        await session.execute(insert(VideoThumbnail).values(rows).on_conflict_do_nothing())


async def write_sheets(session: Session, version_id: UUID, sheets: Sequence[Sheet]) -> None:
    """The storyboard's sprites; a second time changes nothing."""
    if sheets:
        rows = [{"version_id": version_id, **sheet.model_dump()} for sheet in sheets]
        await session.execute(insert(StoryboardSheet).values(rows).on_conflict_do_nothing())


async def sheets(session: Session, version_id: UUID) -> Sequence[StoryboardSheet]:
    query = select(StoryboardSheet).where(StoryboardSheet.version_id == version_id).order_by(StoryboardSheet.start)
    return (await session.scalars(query)).all()


async def forget_made(session: Session, version_id: UUID) -> None:
    """What a version showed before it is made anew: its images and renditions are written again with their names."""
    for table in (VideoThumbnail, StoryboardSheet, Rendition):
        await session.execute(delete(table).where(table.version_id == version_id))


async def thumbnails(session: Session, version_id: UUID) -> Sequence[VideoThumbnail]:
    query = select(VideoThumbnail).where(VideoThumbnail.version_id == version_id).order_by(VideoThumbnail.time)
    return (await session.scalars(query)).all()


async def content_key(session: Session, version_id: UUID, epoch: int) -> ContentKey | None:
    return await session.get(ContentKey, (version_id, epoch))


async def bury(session: Session, store: str, prefix: str, reason: str, not_before: datetime | None = None) -> None:
    """Put a prefix into the outbox of removals."""
    session.add(
        StorageTombstone(
            id=new_id(), store=store, prefix=prefix, reason=reason, not_before=not_before or datetime.now(UTC)
        )
    )


async def bury_everywhere(session: Session, prefix: str, reason: str, not_before: datetime | None = None) -> None:
    """The same in all stores, of a film or a version that is gone."""
    for store in STORES:
        await bury(session, store, prefix, reason, not_before)


async def unbury(session: Session, prefix: str) -> bool:
    """Take a prefix out of the outbox of all stores; False where the sweeper has begun with one of them."""
    query = (
        select(StorageTombstone)
        .where(StorageTombstone.prefix == prefix, StorageTombstone.done_at.is_(None), StorageTombstone.attempts == 0)
        .with_for_update()
    )
    found = (await session.scalars(query)).all()
    if {tombstone.store for tombstone in found} != set(STORES):
        return False
    for tombstone in found:
        await session.delete(tombstone)
    return True


async def unbury_object(session: Session, store: str, key: str) -> None:
    """Take one object out of the outbox."""
    await session.execute(
        delete(StorageTombstone).where(
            StorageTombstone.store == store, StorageTombstone.prefix == key, StorageTombstone.done_at.is_(None)
        )
    )


async def previous(session: Session, video: Video, *, lock: bool = False) -> VideoVersion | None:
    """The version that was replaced last, if it is kept for some time yet.

    A minute of that is left out: the outbox may not come due while somebody brings it back.
    """
    query = (
        select(VideoVersion)
        .where(
            VideoVersion.video_id == video.id,
            VideoVersion.status == "ready",
            VideoVersion.id != video.current_version_id,
            VideoVersion.gone_at > func.now() + timedelta(minutes=1),
        )
        .order_by(VideoVersion.gone_at.desc())
        .limit(1)
    )
    return await session.scalar(query.with_for_update() if lock else query)


async def due_tombstones(session: Session, limit: int = 20) -> Sequence[StorageTombstone]:
    query = (
        select(StorageTombstone)
        .where(StorageTombstone.done_at.is_(None), StorageTombstone.not_before <= func.now())
        .order_by(StorageTombstone.not_before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def is_being_made(session: Session, version_id: UUID) -> bool:
    """Whether a worker may be making a part of this version from its source."""
    query = (
        select(ProcessingJob.state, func.count(Chunk.id).filter(Chunk.state == "active"))
        .outerjoin(Chunk, Chunk.job_id == ProcessingJob.id)
        .where(ProcessingJob.version_id == version_id)
        .group_by(ProcessingJob.state)
    )
    row = (await session.execute(query)).first()
    return row is not None and (row[0] in ("planning", "encoding") or row[1] > 0)


async def work_in_hand(session: Session, version_id: UUID) -> bool:
    """Whether a worker may still write objects of this version: chunks, segments under new keys, a film to take home."""
    if await is_being_made(session, version_id):
        return True
    rotating = KeyRotation.version_id == version_id, KeyRotation.state == "running"
    if await session.scalar(select(func.count()).where(*rotating)):
        return True
    held = DownloadWork.state == "active", DownloadWork.lease_until > func.now()
    return bool(await session.scalar(select(func.count()).where(DownloadWork.version_id == version_id, *held)))


async def unfinished(session: Session) -> list[tuple[UUID, bool]]:
    """Versions that are still being made, and whether the ledger knows them."""
    query = (
        select(VideoVersion.id, ProcessingJob.id.is_not(None))
        .join(Video, Video.id == VideoVersion.video_id)
        .outerjoin(ProcessingJob, ProcessingJob.version_id == VideoVersion.id)
        .where(VideoVersion.status.in_(("processing", "playable")), Video.deleted_at.is_(None))
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def forget_done_tombstones(session: Session, older_than: timedelta) -> None:
    await session.execute(delete(StorageTombstone).where(StorageTombstone.done_at < datetime.now(UTC) - older_than))


async def versions_of(session: Session, video_id: UUID) -> Sequence[VideoVersion]:
    return (await session.scalars(select(VideoVersion).where(VideoVersion.video_id == video_id))).all()
