"""Schema ``media``: captions of films, their cues, and the drafts that are wanted of a transcription."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id, UpdatedAt


class CaptionTrack(Base):
    """What is said in a film, in one language. It belongs to the film, and outlives the replacement of a version."""

    __tablename__ = "captions"
    __table_args__ = (
        UniqueConstraint("video_id", "language"),
        CheckConstraint("kind IN ('captions','subtitles')", name="kind"),
        CheckConstraint("state IN ('draft','published')", name="state"),
        CheckConstraint("source IN ('upload','embedded','transcription')", name="source"),
        Index("uq_captions_default", "video_id", unique=True, postgresql_where=text("is_default")),
        {"schema": "media"},
    )

    id: Mapped[Id]
    video_id: Mapped[UUID] = mapped_column(ForeignKey("media.videos.id", ondelete="CASCADE"))
    language: Mapped[str]
    """RFC 5646."""
    label: Mapped[str]
    """What a player's menu calls it."""
    kind: Mapped[str]
    """``captions`` tell of sounds, too, ``subtitles`` of what is said."""
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it is shown unless the viewer chooses; one of a film at most."""
    state: Mapped[str]
    """``draft``: for staff to review; nobody else sees it."""
    source: Mapped[str]
    cue_count: Mapped[int]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class CaptionCue(Base):
    """A text and when it is shown, in milliseconds of the film."""

    __tablename__ = "caption_cues"
    __table_args__ = (
        Index("ix_caption_cues_search", "search", postgresql_using="gin"),
        {"schema": "media"},
    )

    caption_id: Mapped[UUID] = mapped_column(ForeignKey("media.captions.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    text: Mapped[str]
    """WebVTT cue text of known tags only."""
    settings: Mapped[str]
    """WebVTT cue settings."""
    words: Mapped[str]
    """The words of the text in one spelling, a space between each two."""
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('simple'::regconfig, words)", persisted=True), deferred=True
    )


class CaptionDraft(Base):
    """A draft that staff asked for. What becomes of it stands in the transcoder's ledger under the same id; it leaves
    when the draft is there."""

    __tablename__ = "caption_drafts"
    __table_args__ = (
        UniqueConstraint("video_id", "language"),
        CheckConstraint("state IN ('preparing','failed')", name="state"),
        {"schema": "media"},
    )

    id: Mapped[Id]
    video_id: Mapped[UUID] = mapped_column(ForeignKey("media.videos.id", ondelete="CASCADE"))
    version_id: Mapped[UUID] = mapped_column(ForeignKey("media.video_versions.id", ondelete="CASCADE"))
    language: Mapped[str]
    state: Mapped[str]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    requested_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
