"""Schema ``analytics``: what is counted. Written by progress."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id, UpdatedAt


class VideoAnalytics(Base):
    """One row per viewing session."""

    __tablename__ = "video_analytics"
    __table_args__ = (Index("ix_video_analytics_video", "video_id", "created_at"), {"schema": "analytics"})

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    video_id: Mapped[UUID]
    user_id: Mapped[str]
    watch_duration: Mapped[float] = mapped_column(server_default="0")
    completion_rate: Mapped[float] = mapped_column(server_default="0")
    quality_selected: Mapped[str | None]
    bandwidth_used: Mapped[int] = mapped_column(BigInteger, server_default="0")
    device_type: Mapped[str | None]
    browser: Mapped[str | None]
    ip_address: Mapped[str | None]
    """The network only (/24 or /48): enough to see a pattern, not to find a person."""
    event_counts: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class TakenHome(Base):
    """One row per film that somebody began to take home: by a link, however many parts it is fetched in, or at once."""

    __tablename__ = "downloads"
    __table_args__ = (Index("ix_downloads_video", "video_id", "created_at"), {"schema": "analytics"})

    id: Mapped[Id]
    """That of the link, where there is one."""
    video_id: Mapped[UUID]
    user_id: Mapped[str]
    quality: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    """Of the whole file."""
    created_at: Mapped[CreatedAt]
