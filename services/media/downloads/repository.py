"""What a film and its course say of downloads, and the files that were asked for."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from shared.db import Session, new_id

EFFECTIVE = text("SELECT catalog.download_policy(ch) FROM catalog.current_chapters ch WHERE ch.video_id = :video_id")

# ``percent`` and ``is_stale`` are the transcoder's: a part of the film was made again since, and the file shows the old.
FILM = text("""
SELECT v.id AS version_id, v.status, ch.title FROM media.videos video
JOIN media.video_versions v ON v.id = video.current_version_id
LEFT JOIN catalog.current_chapters ch ON ch.video_id = video.id
WHERE video.id = :video_id AND video.deleted_at IS NULL
""")

FIND = text("""
SELECT d.id, d.video_id, d.version_id, d.rendition, d.state, d.key, d.bytes, d.sha256, d.error_code, d.error_message,
       d.settled_at, coalesce(w.percent, 0) AS percent,
       d.settled_at < now() - make_interval(secs => :retry) AS may_be_tried_again,
       EXISTS (SELECT 1 FROM transcoding.video_processing_jobs j
               WHERE j.version_id = d.version_id AND j.finished_at > d.created_at) AS is_stale
FROM media.downloads d LEFT JOIN transcoding.downloads w ON w.id = d.id
WHERE d.version_id = :version_id AND d.rendition = :rendition
""")

WANT = text("""
INSERT INTO media.downloads (id, video_id, version_id, rendition, state)
VALUES (:id, :video_id, :version_id, :rendition, 'preparing') ON CONFLICT DO NOTHING
""")

USED = text("""
UPDATE media.downloads SET last_used_at = now()
WHERE id = :id AND last_used_at < now() - make_interval(secs => :grain)
""")

TAKE_OVER = text("""
UPDATE media.downloads d SET state = CASE w.state WHEN 'done' THEN 'ready' ELSE 'failed' END, settled_at = now(),
       key = w.key, bytes = w.bytes, sha256 = w.sha256, error_code = w.error_code, error_message = w.error_message
FROM transcoding.downloads w
WHERE w.id = d.id AND d.state = 'preparing' AND w.state IN ('done', 'failed')
  AND (CAST(:id AS uuid) IS NULL OR d.id = :id)
""")

UNENTERED = text("""
SELECT d.id FROM media.downloads d
WHERE d.state = 'preparing' AND NOT EXISTS (SELECT 1 FROM transcoding.downloads w WHERE w.id = d.id)
""")

OUTLIVED = text("""
SELECT d.id, d.video_id, d.version_id FROM media.downloads d WHERE d.last_used_at < now() - make_interval(secs => :keep)
ORDER BY d.last_used_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")


async def effective_policy(session: Session, video_id: UUID) -> str:
    return await session.scalar(EFFECTIVE, {"video_id": video_id}) or "off"


async def film(session: Session, video_id: UUID) -> RowMapping | None:
    """The version that viewers of a live video get, and its chapter's title."""
    return (await session.execute(FILM, {"video_id": video_id})).mappings().first()


async def find(session: Session, version_id: UUID, rendition: str, retry_after: float) -> RowMapping | None:
    """``may_be_tried_again``: it was given up more than ``retry_after`` seconds ago."""
    values = {"version_id": version_id, "rendition": rendition, "retry": retry_after}
    return (await session.execute(FIND, values)).mappings().first()


async def want(session: Session, video_id: UUID, version_id: UUID, rendition: str) -> UUID | None:
    """Write a wish down; its id, or None where somebody else just did."""
    download_id = new_id()
    values = {"id": download_id, "video_id": video_id, "version_id": version_id, "rendition": rendition}
    written = (await session.execute(WANT, values)).rowcount  # type: ignore[attr-defined]
    return download_id if written else None


async def used(session: Session, download_id: UUID, grain: float) -> None:
    """Note the use, at most once per ``grain`` seconds."""
    await session.execute(USED, {"id": download_id, "grain": grain})


async def drop(session: Session, download_id: UUID) -> None:
    await session.execute(text("DELETE FROM media.downloads WHERE id = :id"), {"id": download_id})


async def drop_of_video(session: Session, video_id: UUID) -> None:
    await session.execute(text("DELETE FROM media.downloads WHERE video_id = :id"), {"id": video_id})


async def take_over(session: Session, download_id: UUID | None = None) -> None:
    """Bring what is being made up to the transcoder's ledger, all of it or this one."""
    await session.execute(TAKE_OVER, {"id": download_id})


async def unentered(session: Session) -> Sequence[UUID]:
    return (await session.scalars(UNENTERED)).all()


async def outlived(session: Session, keep: timedelta, limit: int) -> Sequence[RowMapping]:
    """Of what nobody took for so long, the oldest."""
    return (await session.execute(OUTLIVED, {"keep": keep.total_seconds(), "limit": limit})).mappings().all()
