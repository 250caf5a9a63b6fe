"""Schema ``transcoding``: the ledger of work. Written by the transcoder."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id, UpdatedAt


class ProcessingJob(Base):
    """All the work on one video version. ``plan`` is the ladder and grid: pure data, computed once."""

    __tablename__ = "video_processing_jobs"
    __table_args__ = (
        UniqueConstraint("version_id"),
        CheckConstraint("state IN ('planning','encoding','done','failed')", name="state"),
        {"schema": "transcoding"},
    )

    id: Mapped[Id]
    version_id: Mapped[UUID]
    video_id: Mapped[UUID]
    state: Mapped[str]
    plan: Mapped[dict[str, Any] | None]
    outline: Mapped[dict[str, Any] | None]
    """The plan's promise in the words of ``shared.contracts.outline``; media reads it."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_detail: Mapped[str | None]
    """FFmpeg's last lines, for admins."""
    priority: Mapped[int] = mapped_column(server_default="0")
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    finished_at: Mapped[datetime | None]


class Chunk(Base):
    """A unit of work, of retry and of progress: some segments of every rendition, or of the audio, or the images."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("job_id", "kind", "index"),
        CheckConstraint("state IN ('waiting','active','done','failed')", name="state"),
        CheckConstraint("kind IN ('video','audio','thumbnails')", name="kind"),
        Index("ix_chunks_claim", "priority", "position", "id", postgresql_where=text("state IN ('waiting','active')")),
        {"schema": "transcoding"},
    )

    id: Mapped[Id]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("transcoding.video_processing_jobs.id", ondelete="CASCADE"))
    kind: Mapped[str]
    index: Mapped[int]
    first_segment: Mapped[int]
    segment_count: Mapped[int]
    position: Mapped[int]
    """Order within the job; what makes a film playable stands first."""
    priority: Mapped[int]
    """Smaller is sooner, across jobs."""
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    percent: Mapped[float] = mapped_column(server_default="0")
    segments: Mapped[dict[str, Any] | None]
    """Rendition -> [bytes of each segment], written as the chunk is finished."""
    images: Mapped[list[dict[str, Any]] | None]
    """Thumbnails: [{time, key, width, height}], the poster with time null."""
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    encode_seconds: Mapped[float | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Worker(Base):
    """A worker that said it is alive; the gateway's readiness asks for one seen lately."""

    __tablename__ = "workers"
    __table_args__ = {"schema": "transcoding"}

    id: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
    started_at: Mapped[datetime]
