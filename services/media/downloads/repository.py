"""What a film and its course say of downloads."""

from uuid import UUID

from sqlalchemy import select, text

from shared.db import Session
from shared.db.models.media import Video

EFFECTIVE = text("SELECT catalog.download_policy(ch) FROM catalog.current_chapters ch WHERE ch.video_id = :video_id")


async def live_video(session: Session, video_id: UUID) -> Video | None:
    """The video, locked until the end of the transaction."""
    query = select(Video).where(Video.id == video_id, Video.deleted_at.is_(None)).with_for_update()
    return await session.scalar(query)


async def effective_policy(session: Session, video_id: UUID) -> str:
    return await session.scalar(EFFECTIVE, {"video_id": video_id}) or "off"
