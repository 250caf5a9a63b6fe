"""Schema ``transcoding``: the ledger of work. Written by the transcoder."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
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
    run: Mapped[int] = mapped_column(server_default="1")
    """Counts the times a failed job was begun anew; media follows it by giving the version a new public prefix."""
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    plan: Mapped[dict[str, Any] | None]
    outline: Mapped[dict[str, Any] | None]
    """The plan's promise in the words of ``shared.contracts.outline``; media reads it."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
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
    """A unit of work, of retry and of progress: some segments of some renditions, or images."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("job_id", "kind", "index"),
        CheckConstraint("state IN ('waiting','active','done','failed')", name="state"),
        CheckConstraint("kind IN ('video','audio','thumbnails')", name="kind"),
        Index(
            "ix_chunks_claimable",
            "lane",
            "priority",
            "job_id",
            "position",
            postgresql_where=text("state IN ('waiting','active')"),
        ),
        {"schema": "transcoding"},
    )

    id: Mapped[Id]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("transcoding.video_processing_jobs.id", ondelete="CASCADE"))
    kind: Mapped[str]
    index: Mapped[int]
    first_segment: Mapped[int]
    segment_count: Mapped[int]
    renditions: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """Names of the renditions whose segments it makes; none for images."""
    seconds: Mapped[float] = mapped_column(server_default="0")
    """How much of the film it covers."""
    lane: Mapped[int] = mapped_column(server_default="1")
    """0: a viewer waits for it, or a film cannot start without it; a slot of each worker is kept for these. 1: the rest."""
    on_demand: Mapped[bool] = mapped_column(server_default=text("false"))
    """Made because a viewer asked for a segment that an ordinary chunk had not come to yet; no part of the whole."""
    wanted_at: Mapped[datetime | None]
    """When a viewer came near it; wanted chunks go before others of their lane."""
    position: Mapped[int]
    """Order within the job; what makes a film playable stands first."""
    priority: Mapped[int]
    """Smaller is sooner, across jobs."""
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    encoded_seconds: Mapped[float] = mapped_column(server_default="0")
    """How far the furthest attempt came; it never falls, as the next attempt goes on from there."""
    speed: Mapped[float | None]
    """Seconds of film a second, while it is being encoded."""
    images: Mapped[dict[str, Any] | None]
    """In the words of ``shared.contracts.outline.Images``."""
    captions: Mapped[dict[str, Any] | None]
    """Of the film's first stills: the text tracks of the source, as ``shared.contracts.captions.EmbeddedCaptions``."""
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_detail: Mapped[str | None]
    encode_seconds: Mapped[float | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Segment(Base):
    """A segment that is in storage. Written once: who makes it a second time changes nothing."""

    __tablename__ = "segments"
    __table_args__ = {"schema": "transcoding"}

    job_id: Mapped[UUID] = mapped_column(
        ForeignKey("transcoding.video_processing_jobs.id", ondelete="CASCADE"), primary_key=True
    )
    rendition: Mapped[str] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)


class DownloadWork(Base):
    """The work on one film to take home; its id is that of ``media.downloads``, which says what is wanted."""

    __tablename__ = "downloads"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','active','done','failed')", name="state"),
        Index("ix_downloads_claimable", "id", postgresql_where=text("state IN ('waiting','active')")),
        Index("ix_downloads_version_id", "version_id"),
        {"schema": "transcoding"},
    )

    id: Mapped[Id]
    version_id: Mapped[UUID]
    rendition: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    percent: Mapped[float] = mapped_column(server_default="0")
    key: Mapped[str | None]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_detail: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class TranscriptionWork(Base):
    """The work on one draft of captions; its id is that of ``media.caption_drafts``, which says what is wanted."""

    __tablename__ = "transcriptions"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','active','done','failed')", name="state"),
        Index("ix_transcriptions_claimable", "id", postgresql_where=text("state IN ('waiting','active')")),
        {"schema": "transcoding"},
    )

    id: Mapped[Id]
    version_id: Mapped[UUID]
    language: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    text: Mapped[str | None]
    """What the command wrote, WebVTT or SubRip: for media to read."""
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_detail: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class JobEvent(Base):
    """One line of a job's history, for the person who wants to know why."""

    __tablename__ = "job_events"
    __table_args__ = (Index("ix_job_events_job", "job_id", "id"), {"schema": "transcoding"})

    id: Mapped[Id]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("transcoding.video_processing_jobs.id", ondelete="CASCADE"))
    at: Mapped[CreatedAt]
    event: Mapped[str]
    chunk: Mapped[str | None]
    """Kind and index, as people speak of it: ``video 3``."""
    attempt: Mapped[int | None]
    worker: Mapped[str | None]
    code: Mapped[str | None]
    message: Mapped[str | None]


class Worker(Base):
    """A worker that said it is alive; the gateway's readiness asks for one seen lately."""

    __tablename__ = "workers"
    __table_args__ = {"schema": "transcoding"}

    id: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
    started_at: Mapped[datetime]
    facts: Mapped[dict[str, Any] | None]
    """What it can do: its encoder, which walls of the sandbox stand on its host."""
