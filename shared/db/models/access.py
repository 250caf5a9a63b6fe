"""Schema ``access``: tokens, playback sessions and API keys, only ever as hashes, and the audit log. Written by the
gateway."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, INET
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id


class VideoAccessToken(Base):
    """A one-time token. ``token_hash`` is SHA-256: a stolen table opens no film."""

    __tablename__ = "video_access_tokens"
    __table_args__ = (Index("ix_video_access_tokens_expires_at", "expires_at"), {"schema": "access"})

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    video_id: Mapped[UUID]
    user_id: Mapped[str]
    role: Mapped[str]
    client_ip: Mapped[str | None] = mapped_column(INET)
    """Whose network may spend it; null for a back end's that binds none, until it is spent."""
    device_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class PlaybackSession(Base):
    """A view in progress. The credential in its URLs is stored as a hash; a network is bound per address family."""

    __tablename__ = "playback_sessions"
    __table_args__ = (
        Index("ix_playback_sessions_user_id", "user_id"),
        Index("ix_playback_sessions_video_id", "video_id"),
        Index("ix_playback_sessions_device_id", "device_id"),
        Index("ix_playback_sessions_expires_at", "expires_at"),
        {"schema": "access"},
    )

    id: Mapped[Id]
    credential_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    video_id: Mapped[UUID]
    version_id: Mapped[UUID]
    course_id: Mapped[str]
    chapter_id: Mapped[str]
    user_id: Mapped[str]
    role: Mapped[str]
    key_epoch: Mapped[int | None]
    """The epoch whose segments and keys its playlists name, as long as it lives; null of sessions older than epochs."""
    first_watch_restricted: Mapped[bool]
    needs_enrollment: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it was opened by right of an enrolment (or of the platform's word), and ends with it."""
    as_staff: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it was opened by who teaches the course, and ends with that."""
    network_v4: Mapped[str | None] = mapped_column(CIDR)
    network_v6: Mapped[str | None] = mapped_column(CIDR)
    device_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    last_active_at: Mapped[datetime | None]
    """When a key was given or a beat came, to ten seconds; null until then."""
    expires_at: Mapped[datetime]
    absolute_expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]


class KeyFetch(Base):
    """When keys of a version were last given out, to some minutes: what nobody watches is not encrypted anew."""

    __tablename__ = "key_fetches"
    __table_args__ = {"schema": "access"}

    version_id: Mapped[UUID] = mapped_column(primary_key=True)
    fetched_at: Mapped[CreatedAt]


class PlatformAnswer(Base):
    """What the platform said last of one person and one chapter: a yes carries running sessions over an outage."""

    __tablename__ = "platform_answers"
    __table_args__ = (Index("ix_platform_answers_answered_at", "answered_at"), {"schema": "access"})

    user_id: Mapped[str] = mapped_column(primary_key=True)
    chapter_id: Mapped[str] = mapped_column(primary_key=True)
    allowed: Mapped[bool]
    answered_at: Mapped[datetime]
    until: Mapped[datetime | None]


class DownloadTicket(Base):
    """What opens one film to take home, from one network, as often as a browser goes on with it."""

    __tablename__ = "download_tickets"
    __table_args__ = (
        Index("ix_download_tickets_user_id", "user_id"),
        Index("ix_download_tickets_video_id", "video_id"),
        Index("ix_download_tickets_expires_at", "expires_at"),
        {"schema": "access"},
    )

    id: Mapped[Id]
    ticket_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    video_id: Mapped[UUID]
    version_id: Mapped[UUID]
    rendition: Mapped[str]
    user_id: Mapped[str]
    role: Mapped[str]
    network: Mapped[str] = mapped_column(CIDR)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]


class Device(Base):
    """A browser a user was seen with. Recorded, never compared."""

    __tablename__ = "devices"
    __table_args__ = (Index("uq_devices_user_fingerprint", "user_id", "fingerprint", unique=True), {"schema": "access"})

    id: Mapped[Id]
    user_id: Mapped[str]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    user_agent: Mapped[str]
    first_seen_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]


class ApiKey(Base):
    """A platform's back end. ``key_hash`` is the SHA-256 of the whole key."""

    __tablename__ = "api_keys"
    __table_args__ = ({"schema": "access"},)

    id: Mapped[Id]
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[str]
    """The admin's user id on the platform."""
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """One decision about access: what was asked, by whom, and why it was granted or refused. No secret stands here."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_at", "at"),
        Index("ix_audit_log_user_id_id", "user_id", "id"),
        Index("ix_audit_log_actor_id_id", "actor_id", "id"),
        Index("ix_audit_log_video_id_id", "video_id", "id"),
        Index("ix_audit_log_code_id", "code", "id"),
        {"schema": "access"},
    )

    id: Mapped[Id]
    """A UUIDv7, so that the newest is the greatest."""
    at: Mapped[datetime]
    actor_id: Mapped[str | None]
    """Who asked, as they are signed in; null for a player, and for whom nobody vouches."""
    role: Mapped[str | None]
    user_id: Mapped[str | None]
    """Whose access it is about: of a token that a back end made, the student."""
    video_id: Mapped[UUID | None]
    chapter_id: Mapped[str | None]
    session_id: Mapped[UUID | None]
    device_id: Mapped[UUID | None]
    api_key_id: Mapped[UUID | None]
    action: Mapped[str]
    decision: Mapped[str]
    code: Mapped[str | None]
    """The problem's code of a refusal, the reason of an ending."""
    client_ip: Mapped[str | None] = mapped_column(INET)
    """The network by default, the address where settings say so."""
    count: Mapped[int]
    """How often it happened within the minute from ``at`` on."""
    request_id: Mapped[str | None]
    """Of the first of them."""
