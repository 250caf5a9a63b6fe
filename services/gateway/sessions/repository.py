"""Playback sessions. Their state is read from Postgres on every request, so that a revocation holds at once."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from services.gateway.rights.schemas import Question
from services.gateway.sessions.batches import BatchedQuery
from shared.db import Session
from shared.db.models.access import PlaybackSession

# Asked for many at once, each with its own place in the answer. Deleted videos end their sessions without anybody having
# to write so: the join says it.
FIND = """
SELECT q.place, s.id, s.video_id, s.version_id, s.course_id, s.chapter_id, s.user_id, s.role, s.device_id,
       NOT s.as_staff AND coalesce(c.first_watch_restricted, s.first_watch_restricted) AS first_watch_restricted,
       NOT s.as_staff AND coalesce(NOT c.is_free, s.needs_enrollment) AS needs_enrollment,
       s.as_staff, s.key_epoch, s.revoked_at, s.revoked_reason,
       v.deleted_at IS NOT NULL AS video_deleted, s.expires_at <= now() AS expired,
       s.absolute_expires_at <= now() AS absolutely_expired,
       (q.anywhere OR coalesce(s.network_v4 >>= CAST(q.ip AS inet), false)
                   OR coalesce(s.network_v6 >>= CAST(q.ip AS inet), false)) AS network_proven,
       CASE WHEN s.as_staff THEN catalog.is_staff(s.course_id, s.user_id, s.role)
            WHEN coalesce(NOT c.is_free, s.needs_enrollment) THEN q.platform_decides OR EXISTS (
                SELECT 1 FROM catalog.enrollments e WHERE e.course_id = s.course_id AND e.user_id = s.user_id
                AND (e.starts_at IS NULL OR e.starts_at <= now()) AND (e.ends_at IS NULL OR e.ends_at > now()))
            ELSE true END AS entitled,
       (SELECT count(*) FROM access.playback_sessions newer
        WHERE newer.user_id = s.user_id AND newer.id > s.id AND newer.revoked_at IS NULL AND newer.expires_at > now()
        AND newer.last_active_at > now() - make_interval(secs => q.active)) AS newer_active,
       coalesce(p.frontier_ms, 0) AS frontier_ms, coalesce(p.is_completed, false) AS is_completed,
       s.last_active_at IS NULL OR s.last_active_at < now() - make_interval(secs => q.grain) AS is_stale
FROM unnest($1::bytea[], $2::text[], $3::boolean[], $4::boolean[], $5::integer[], $6::integer[])
     WITH ORDINALITY AS q (hash, ip, anywhere, platform_decides, active, grain, place)
JOIN access.playback_sessions s ON s.credential_hash = q.hash JOIN media.videos v ON v.id = s.video_id
-- What the course says now, not what it said when the session was opened.
LEFT JOIN catalog.courses k ON k.id = s.course_id
LEFT JOIN catalog.chapters c ON c.course_version_id = k.current_version_id AND c.id = s.chapter_id
LEFT JOIN learning.progress p ON p.user_id = s.user_id AND p.chapter_id = s.chapter_id
"""

SLIDE = text("""
UPDATE access.playback_sessions
SET expires_at = least(absolute_expires_at, now() + make_interval(secs => :seconds)),
    last_seen_at = now(), last_active_at = now()
WHERE id = :id AND revoked_at IS NULL
  AND (last_active_at IS NULL OR last_active_at < now() - make_interval(secs => :grain))
""")

REVOKE = text("""
UPDATE access.playback_sessions SET revoked_at = now(), revoked_reason = :reason
WHERE revoked_at IS NULL AND absolute_expires_at > now() -- one that rests may be renewed until then
  AND (CAST(:session AS uuid) IS NULL OR id = :session) AND (CAST(:user AS text) IS NULL OR user_id = :user)
  AND (CAST(:video AS uuid) IS NULL OR video_id = :video) AND (CAST(:device AS uuid) IS NULL OR device_id = :device)
""")

LIVING = text("""
SELECT s.id, s.video_id, s.course_id, s.chapter_id, s.device_id, d.user_agent, s.created_at, s.last_active_at,
       s.expires_at, coalesce(s.last_active_at > now() - make_interval(secs => :active), false) AS is_active
FROM access.playback_sessions s LEFT JOIN access.devices d ON d.id = s.device_id
WHERE s.user_id = :user_id AND s.revoked_at IS NULL AND s.absolute_expires_at > now() ORDER BY s.created_at DESC LIMIT 200
""")

DEVICES = text("""
SELECT d.id, d.user_agent, d.first_seen_at, d.last_seen_at,
       (SELECT count(*) FROM access.playback_sessions s
        WHERE s.device_id = d.id AND s.revoked_at IS NULL AND s.absolute_expires_at > now()) AS sessions
FROM access.devices d WHERE d.user_id = :user_id ORDER BY d.last_seen_at DESC LIMIT 200
""")

FORGET_DEVICE = text("DELETE FROM access.devices WHERE id = :id AND user_id = :user_id RETURNING id")

# Any rendition tells: all have the same segments, to a hundredth of a second.
SEGMENTS = text("""
SELECT segment_durations FROM media.renditions WHERE version_id = :version_id ORDER BY position LIMIT 1
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

FILM = text("SELECT v.duration, v.key_epoch FROM media.video_versions v WHERE v.id = :version_id")

FETCHED = text("""
INSERT INTO access.key_fetches (version_id, fetched_at) VALUES (:version_id, now())
ON CONFLICT (version_id) DO UPDATE SET fetched_at = now()
""")


class Found(NamedTuple):
    """As the columns of ``FIND`` stand, after the place."""

    id: UUID
    video_id: UUID
    version_id: UUID
    course_id: str
    chapter_id: str
    user_id: str
    role: str
    device_id: UUID | None
    first_watch_restricted: bool
    needs_enrollment: bool
    as_staff: bool
    key_epoch: int | None
    revoked_at: datetime | None
    revoked_reason: str | None
    video_deleted: bool
    expired: bool
    absolutely_expired: bool
    network_proven: bool
    entitled: bool
    """By what we know ourselves: where the platform decides, it is to be asked."""
    newer_active: int
    """How many sessions of the user that were opened later are active."""
    frontier_ms: int
    is_completed: bool
    is_stale: bool
    """Whether its use is to be noted again, and its end to be moved on."""

    @property
    def question(self) -> Question:
        """What the platform is asked about this session, where it decides."""
        return Question(self.user_id, self.course_id, self.chapter_id, self.video_id)

    @property
    def is_restricted(self) -> bool:
        """Whether the film opens only as it is watched."""
        return self.first_watch_restricted and not self.is_completed


async def find(
    sessions: BatchedQuery,
    credential_hash: bytes,
    ip: str,
    *,
    anywhere: bool,
    platform_decides: bool,
    active: int,
    grain: int,
) -> Found | None:
    """Reads it now, in a snapshot of the database that is taken after this call.

    ``active``: for how many seconds a key or a beat makes a session count as in use; ``grain``: for how many seconds
    nobody needs to note the next one.
    """
    row = await sessions.ask(credential_hash, ip, anywhere, platform_decides, active, grain)
    return None if row is None else Found(*row[1:])


async def newest(session: Session, user_id: str, video_id: UUID) -> tuple[UUID, datetime] | None:
    """Id and opening time of the living session of a user for a video that was opened last."""
    row = (await session.execute(NEWEST, {"user_id": user_id, "video_id": video_id})).first()
    return (row[0], row[1]) if row else None


async def open_session(session: Session, opened: PlaybackSession) -> None:
    session.add(opened)


async def slide(session: Session, session_id: UUID, seconds: int, grain: int) -> None:
    """Move the end on and note the use, at most once per ``grain`` seconds: a key request is a read, not a write."""
    await session.execute(SLIDE, {"id": session_id, "seconds": seconds, "grain": grain})


async def revoke(
    session: Session,
    reason: str,
    *,
    session_id: UUID | None = None,
    user_id: str | None = None,
    video_id: UUID | None = None,
    device_id: UUID | None = None,
) -> int:
    """End the living sessions that all of what is named applies to; how many there were. Something must be named."""
    if session_id is None and user_id is None and video_id is None and device_id is None:
        raise ValueError("name whose sessions are to end")
    values = {"reason": reason, "session": session_id, "user": user_id, "video": video_id, "device": device_id}
    ended: int = (await session.execute(REVOKE, values)).rowcount  # type: ignore[attr-defined]
    return ended


async def whose(session: Session, session_id: UUID) -> dict[str, Any]:
    """The user and the video of a session, as the audit log names them; empty where there is none."""
    query = select(PlaybackSession.user_id, PlaybackSession.video_id).where(PlaybackSession.id == session_id)
    row = (await session.execute(query)).mappings().first()
    return dict(row) if row else {}


async def living(session: Session, user_id: str, active: int) -> list[RowMapping]:
    return list((await session.execute(LIVING, {"user_id": user_id, "active": active})).mappings())


async def devices(session: Session, user_id: str) -> list[RowMapping]:
    return list((await session.execute(DEVICES, {"user_id": user_id})).mappings())


async def forget_device(session: Session, user_id: str, device_id: UUID) -> bool:
    return (await session.execute(FORGET_DEVICE, {"id": device_id, "user_id": user_id})).scalar() is not None


async def segment_durations(session: Session, version_id: UUID) -> list[float]:
    """Seconds of each segment; empty where the film is not planned."""
    found: list[float] | None = (await session.execute(SEGMENTS, {"version_id": version_id})).scalar()
    return found or []


async def renew(session: Session, session_id: UUID, seconds: int, network: str) -> datetime:
    v4, v6 = (network, None) if ":" not in network else (None, network)
    values = {"id": session_id, "seconds": seconds, "v4": v4, "v6": v6}
    moved: datetime = (await session.execute(RENEW, values)).scalar_one()
    return moved


async def film(session: Session, version_id: UUID) -> tuple[float | None, int | None]:
    """Seconds of a version, null until it is planned, and its key epoch."""
    row = (await session.execute(FILM, {"version_id": version_id})).first()
    return (row[0], row[1]) if row else (None, None)


async def note_fetch(session: Session, version_id: UUID) -> None:
    await session.execute(FETCHED, {"version_id": version_id})
