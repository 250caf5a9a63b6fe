"""Schema ``media``: films on their way in. Written by media."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id, UpdatedAt


class Upload(Base):
    """A body on its way in. The row stands before the first byte is stored, so that nothing in storage is unknown."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("kind IN ('form','tus','direct','ingest')", name="kind"),
        CheckConstraint("state IN ('receiving','complete','refused','ended')", name="state"),
        CheckConstraint("received >= 0 AND (length IS NULL OR received <= length)", name="received"),
        Index("ix_uploads_receiving", "kind", postgresql_where=text("state = 'receiving'")),
        Index("ix_uploads_link_id", "link_id", postgresql_where=text("link_id IS NOT NULL")),
        {"schema": "media"},
    )

    id: Mapped[Id]
    """That of the version it becomes, too."""
    kind: Mapped[str] = mapped_column(server_default="form")
    state: Mapped[str] = mapped_column(server_default="receiving")
    video_id: Mapped[UUID | None]
    """Of the film it becomes, or that it replaces; a form and a part of a concatenation have none."""
    chapter_id: Mapped[str | None]
    """The chapter that gets a film; None where one is replaced."""
    course_id: Mapped[str | None]
    name: Mapped[str] = mapped_column(server_default="")
    source_key: Mapped[str]
    length: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes of the whole; None until it is known."""
    received: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Bytes from the start that are durable."""
    part_size: Mapped[int] = mapped_column(server_default="0")
    multipart_id: Mapped[str | None]
    tail_key: Mapped[str | None]
    """The object that holds what was received after the last whole part."""
    epoch: Mapped[int] = mapped_column(server_default="0")
    """Counts the requests that wrote: only the newest may commit."""
    container: Mapped[str | None]
    sha256: Mapped[str | None]
    is_partial: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it is one of several that a later upload joins (tus concatenation)."""
    joined: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    """The partial uploads that this one is joined of, in order."""
    tus_metadata: Mapped[str | None]
    """Upload-Metadata as the client sent it."""
    link_id: Mapped[UUID | None]
    url: Mapped[str | None]
    """Where an ingest fetches from."""
    url_etag: Mapped[str | None]
    """The strong ETag of what is being fetched: with it a fetch goes on where it was."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
    error_status: Mapped[int | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    created_by: Mapped[str]
    created_role: Mapped[str] = mapped_column(server_default="admin")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class UploadLink(Base):
    """Leave to upload one film without a sign-in, to whoever holds the secret whose hash stands here."""

    __tablename__ = "upload_links"
    __table_args__ = (
        CheckConstraint("(chapter_id IS NULL) <> (video_id IS NULL)", name="target"),
        Index("ix_upload_links_course_id", "course_id"),
        {"schema": "media"},
    )

    id: Mapped[Id]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256."""
    course_id: Mapped[str]
    chapter_id: Mapped[str | None]
    video_id: Mapped[UUID | None]
    created_by: Mapped[str]
    created_role: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    spent_at: Mapped[datetime | None]
