"""Download tickets, as hashes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from shared.db import Session
from shared.db.models.access import DownloadTicket

FIND = text("""
SELECT t.id, t.video_id, t.version_id, t.rendition, t.user_id, t.role, t.expires_at <= now() AS expired,
       v.deleted_at IS NOT NULL AS video_deleted,
       :anywhere OR coalesce(t.network >>= CAST(:ip AS inet), false) AS network_proven
FROM access.download_tickets t JOIN media.videos v ON v.id = t.video_id WHERE t.ticket_hash = :hash
""")

REVOKE = text("""
DELETE FROM access.download_tickets
WHERE (CAST(:user AS text) IS NULL OR user_id = :user) AND (CAST(:video AS uuid) IS NULL OR video_id = :video)
""")


async def add(session: Session, ticket: DownloadTicket) -> None:
    session.add(ticket)


async def find(session: Session, ticket_hash: bytes, ip: str, *, anywhere: bool) -> RowMapping | None:
    values = {"hash": ticket_hash, "ip": ip, "anywhere": anywhere}
    return (await session.execute(FIND, values)).mappings().first()


async def revoke(session: Session, user_id: str | None, video_id: UUID | None) -> None:
    """End the tickets of a user, for a video, or of the one for the other."""
    if user_id is None and video_id is None:
        raise ValueError("name whose tickets are to end")
    await session.execute(REVOKE, {"user": user_id, "video": video_id})


async def forget_expired(session: Session, before: datetime) -> None:
    await session.execute(text("DELETE FROM access.download_tickets WHERE expires_at < :before"), {"before": before})
