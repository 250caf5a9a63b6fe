"""Schema ``media``: videos, their versions and what storage holds of them. Written by media."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Double, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id, UpdatedAt


class Video(Base):
    """One film of one chapter. Its id outlives replacement; ``deleted_at`` is the tombstone that ends every view."""

    __tablename__ = "videos"
    __table_args__ = (
        Index("uq_videos_live_chapter", "chapter_id", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index("ix_videos_course_id", "course_id"),
        CheckConstraint("download_policy IN ('inherit','off','enrolled')", name="download_policy"),
        {"schema": "media"},
    )

    id: Mapped[Id]
    course_id: Mapped[str]
    chapter_id: Mapped[str]
    current_version_id: Mapped[UUID | None]
    """The version that viewers get."""
    pending_version_id: Mapped[UUID | None]
    """A replacement that is still being made."""
    download_policy: Mapped[str] = mapped_column(server_default="inherit")
    """Who may take it home; by default what its course says."""
    poster_key: Mapped[str | None]
    """A picture that was uploaded as its poster: it stays through replacements, and goes before any other."""
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    deleted_at: Mapped[datetime | None]


class VideoVersion(Base):
    """One uploaded source and everything made from it."""

    __tablename__ = "video_versions"
    __table_args__ = (
        UniqueConstraint("video_id", "number"),
        CheckConstraint("status IN ('uploading','processing','playable','ready','failed')", name="status"),
        Index("ix_video_versions_unfinished", "status", postgresql_where=text("status IN ('processing','playable')")),
        Index("ix_video_versions_source_key", "source_key"),
        Index("ix_video_versions_content", "source_sha256", "source_bytes"),
        {"schema": "media"},
    )

    id: Mapped[Id]
    video_id: Mapped[UUID] = mapped_column(ForeignKey("media.videos.id", ondelete="CASCADE"))
    number: Mapped[int]
    status: Mapped[str]
    run: Mapped[int] = mapped_column(server_default="1")
    """The run of the transcoder's job that this row follows."""
    percent: Mapped[float] = mapped_column(server_default="0")
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    original_name: Mapped[str]
    container: Mapped[str]
    source_key: Mapped[str]
    """In the private store. Versions of the same content share one object, so it may stand below another version."""
    source_bytes: Mapped[int] = mapped_column(BigInteger)
    source_sha256: Mapped[str | None]
    """Null until the source was read once as a whole."""
    source_dropped_at: Mapped[datetime | None]
    """When the source was let go by the retention policy: nothing can be made from it any more."""
    public_secret: Mapped[str]
    """128 random bits in hex that stand in every public key of this version."""
    key_epoch: Mapped[int] = mapped_column(server_default="1")
    duration: Mapped[float | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    fps: Mapped[float | None]
    poster_key: Mapped[str | None]
    """The poster that was found for it."""
    chosen_poster_key: Mapped[str | None]
    """A picture of this very version that was chosen in place of that."""
    captions_taken_at: Mapped[datetime | None]
    """When the source's own captions were taken over: once, so that nobody's later edit or deletion is undone."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    ready_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
    """From when on nothing of it is kept: it was replaced, or given up. Until then it can be brought back."""


class Rendition(Base):
    """One rung of the ladder (or the audio), as playlists announce it."""

    __tablename__ = "renditions"
    __table_args__ = (
        CheckConstraint("kind IN ('video','audio')", name="kind"),
        Index("ix_renditions_bytes", "version_id", postgresql_include=["bytes"]),
        {"schema": "media"},
    )

    version_id: Mapped[UUID] = mapped_column(
        ForeignKey("media.video_versions.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    position: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    frame_rate: Mapped[float | None]
    language: Mapped[str | None]
    """RFC 5646, of an audio rendition that says so."""
    label: Mapped[str | None]
    """What a player's menu calls an audio rendition."""
    is_default: Mapped[bool] = mapped_column(server_default=text("true"))
    """Whether an audio rendition plays unless the viewer chooses another."""
    codecs: Mapped[str]
    bandwidth: Mapped[int]
    """Bit/s. The planned cap until ``ready``, the measured peak afterwards."""
    average_bandwidth: Mapped[int | None]
    """Bit/s, measured; absent until ``ready``."""
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    segment_durations: Mapped[list[float]] = mapped_column(ARRAY(Double))
    """Seconds of each segment, by index."""


class VideoThumbnail(Base):
    __tablename__ = "video_thumbnails"
    __table_args__ = {"schema": "media"}

    version_id: Mapped[UUID] = mapped_column(
        ForeignKey("media.video_versions.id", ondelete="CASCADE"), primary_key=True
    )
    time: Mapped[float] = mapped_column(primary_key=True)
    key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]


class StoryboardSheet(Base):
    """A sprite of many small pictures, for the preview over a player's bar."""

    __tablename__ = "storyboard_sheets"
    __table_args__ = {"schema": "media"}

    version_id: Mapped[UUID] = mapped_column(
        ForeignKey("media.video_versions.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[float] = mapped_column(primary_key=True)
    """Seconds at which its first tile begins."""
    key: Mapped[str]
    interval: Mapped[float]
    """Seconds a tile stands for."""
    columns: Mapped[int]
    tiles: Mapped[int]
    tile_width: Mapped[int]
    tile_height: Mapped[int]


class ContentKey(Base):
    """The content secret of one version and key epoch, wrapped by the master key ``kid`` (AES-GCM)."""

    __tablename__ = "content_keys"
    __table_args__ = (Index("ix_content_keys_key_rotation_at", "key_rotation_at"), {"schema": "media"})

    version_id: Mapped[UUID] = mapped_column(
        ForeignKey("media.video_versions.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(primary_key=True)
    kid: Mapped[str]
    nonce: Mapped[bytes]
    wrapped: Mapped[bytes]
    created_at: Mapped[CreatedAt]
    key_rotation_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    """When another epoch took its place; it stays until no session can ask for it."""


class KeyRotation(Base):
    """The way of one version into key epoch ``epoch``: in hand under a lease, and afterwards what it cost."""

    __tablename__ = "key_rotations"
    __table_args__ = (
        CheckConstraint("state IN ('running','done','given_up')", name="state"),
        Index("ix_key_rotations_running", "version_id", postgresql_where=text("state = 'running'")),
        {"schema": "media"},
    )

    version_id: Mapped[UUID] = mapped_column(
        ForeignKey("media.video_versions.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str]
    """``schedule`` or ``command``."""
    objects: Mapped[int] = mapped_column(server_default="0")
    """Segments read and written: each is one operation of either kind on the storage's bill."""
    bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


class Download(Base):
    """One rendition of a version as a file to take home, made when somebody first asked for it, for as long as it is
    asked for. What is made of it stands in the transcoder's ledger under the same id."""

    __tablename__ = "downloads"
    __table_args__ = (
        UniqueConstraint("version_id", "rendition"),
        CheckConstraint("state IN ('preparing','ready','failed')", name="state"),
        Index("ix_downloads_last_used_at", "last_used_at"),
        Index("ix_downloads_video_id", "video_id"),
        {"schema": "media"},
    )

    id: Mapped[Id]
    video_id: Mapped[UUID]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("media.video_versions.id", ondelete="CASCADE"))
    rendition: Mapped[str]
    """A rung of the ladder, with all of the film's sounds; the sound, of a film without pictures."""
    state: Mapped[str]
    key: Mapped[str | None]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
    """When it was ready, or given up."""
    last_used_at: Mapped[CreatedAt]


class StorageTombstone(Base):
    """The outbox of removals: a prefix that must leave storage, not before a moment, tried until it is gone."""

    __tablename__ = "storage_tombstones"
    __table_args__ = (
        CheckConstraint("store IN ('private','public','downloads')", name="store"),
        Index("ix_storage_tombstones_due", "not_before", postgresql_where=text("done_at IS NULL")),
        {"schema": "media"},
    )

    id: Mapped[Id]
    store: Mapped[str]
    prefix: Mapped[str]
    reason: Mapped[str]
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    done_at: Mapped[datetime | None]


class StorageReport(Base):
    """One comparison of storage with the database: wished for, in hand under a lease, and then what it found."""

    __tablename__ = "storage_reports"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','done','failed')", name="state"),
        Index("ix_storage_reports_finished_at", "finished_at"),
        {"schema": "media"},
    )

    id: Mapped[Id]
    state: Mapped[str]
    dry_run: Mapped[bool]
    asked_by: Mapped[str]
    """A person, a back end, or ``schedule``."""
    used_bytes: Mapped[int | None] = mapped_column(BigInteger)
    warning: Mapped[str | None]
    """How much of the quota was used then: ``80`` or ``95`` (per cent)."""
    found: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


class Outbox(Base):
    """What became of a film, for the platform: written in the transaction in which it happened, read by progress."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_created_at", "created_at"), {"schema": "media"})

    id: Mapped[Id]
    type: Mapped[str]
    video_id: Mapped[UUID]
    course_id: Mapped[str]
    chapter_id: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
