"""Playback sessions. Their state is read from Postgres on every request, so that a revocation holds at once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import Session
from shared.db.models.access import PlaybackSession

# Deleted videos end their sessions without anybody having to write so: the join says it.
FIND = text("""
SELECT s.id, s.video_id, s.version_id, s.course_id, s.chapter_id, s.user_id, s.role, s.first_watch_restricted,
       s.expires_at, s.absolute_expires_at, s.revoked_at, s.revoked_reason,
       v.deleted_at IS NOT NULL AS video_deleted, s.expires_at <= now() AS expired,
       s.absolute_expires_at <= now() AS absolutely_expired,
       (:anywhere OR coalesce(s.network_v4 >>= CAST(:ip AS inet), false)
                  OR coalesce(s.network_v6 >>= CAST(:ip AS inet), false)) AS network_proven,
       ve.duration
FROM access.playback_sessions s JOIN media.videos v ON v.id = s.video_id
LEFT JOIN media.video_versions ve ON ve.id = s.version_id
WHERE s.credential_hash = :hash
""")

SLIDE = text("""
UPDATE access.playback_sessions
SET expires_at = least(absolute_expires_at, now() + make_interval(secs => :seconds)), last_seen_at = now()
WHERE id = :id AND expires_at < now() + make_interval(secs => CAST(:most AS double precision))
RETURNING expires_at
""")

RENEW = text("""
UPDATE access.playback_sessions
SET expires_at = least(absolute_expires_at, now() + make_interval(secs => :seconds)), last_seen_at = now(),
    network_v4 = coalesce(CAST(:v4 AS cidr), network_v4), network_v6 = coalesce(CAST(:v6 AS cidr), network_v6)
WHERE id = :id RETURNING expires_at
""")

NEWEST = text("""
SELECT id, created_at FROM access.playback_sessions
WHERE user_id = :user_id AND video_id = :video_id AND revoked_at IS NULL AND expires_at > now()
ORDER BY created_at DESC LIMIT 1
""")

SECRET = text("SELECT kid, nonce, wrapped FROM media.content_keys WHERE version_id = :version_id AND epoch = :epoch")

FILM = text("""
SELECT v.duration, v.status FROM media.video_versions v WHERE v.id = :version_id
""")


@dataclass(frozen=True)
class Found:
    id: UUID
    video_id: UUID
    version_id: UUID
    course_id: str
    chapter_id: str
    user_id: str
    role: str
    first_watch_restricted: bool
    expires_at: datetime
    absolute_expires_at: datetime
    revoked_at: datetime | None
    revoked_reason: str | None
    video_deleted: bool
    expired: bool
    absolutely_expired: bool
    network_proven: bool
    duration: float | None


async def find(session: Session, credential_hash: bytes, ip: str, *, anywhere: bool) -> Found | None:
    values = {"hash": credential_hash, "ip": ip, "anywhere": anywhere}
    row = (await session.execute(FIND, values)).mappings().first()
    return Found(**row) if row else None


async def newest(session: Session, user_id: str, video_id: UUID) -> tuple[UUID, datetime] | None:
    """Id and opening time of the living session of a user for a video that was opened last."""
    row = (await session.execute(NEWEST, {"user_id": user_id, "video_id": video_id})).first()
    return (row[0], row[1]) if row else None


async def open_session(session: Session, opened: PlaybackSession) -> None:
    session.add(opened)


async def slide(session: Session, session_id: UUID, seconds: int, grain: int) -> datetime | None:
    """Move the end on, at most once per ``grain`` seconds: a key request is a read, not a write."""
    values = {"id": session_id, "seconds": seconds, "most": seconds - grain}
    return (await session.execute(SLIDE, values)).scalar()


async def renew(session: Session, session_id: UUID, seconds: int, network: str) -> datetime:
    v4, v6 = (network, None) if ":" not in network else (None, network)
    values = {"id": session_id, "seconds": seconds, "v4": v4, "v6": v6}
    moved: datetime = (await session.execute(RENEW, values)).scalar_one()
    return moved


async def wrapped_secret(session: Session, version_id: UUID, epoch: int) -> tuple[str, bytes, bytes] | None:
    row = (await session.execute(SECRET, {"version_id": version_id, "epoch": epoch})).first()
    return (row[0], row[1], row[2]) if row else None


async def duration(session: Session, version_id: UUID) -> float | None:
    row = (await session.execute(FILM, {"version_id": version_id})).first()
    return row[0] if row else None
