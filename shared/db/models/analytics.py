"""Schema ``analytics``: what is counted. Written by progress."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
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


class PlatformEvent(Base):
    """Something the platform may want to know, written in the transaction in which it happened, or taken over from
    ``media.outbox``."""

    __tablename__ = "platform_events"
    __table_args__ = (
        Index("ix_platform_events_unnumbered", "created_at", postgresql_where=text("seq IS NULL")),
        Index("ix_platform_events_user_id", "user_id"),
        Index("ix_platform_events_created_at", "created_at"),
        {"schema": "analytics"},
    )

    id: Mapped[Id]
    """In ``webhook-id`` too."""
    seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    """Its place among all events, given by the worker once it is committed: whoever reads by it misses none."""
    type: Mapped[str]
    user_id: Mapped[str | None]
    course_id: Mapped[str | None]
    chapter_id: Mapped[str | None]
    video_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]


class Statement(Base):
    """An xAPI statement. Partitioned by its id, a UUIDv7: by time."""

    __tablename__ = "statements"
    __table_args__ = (
        Index("ix_statements_user_id", "user_id", "id"),
        Index("ix_statements_session_id", "session_id"),
        Index("ix_statements_waiting", "id", postgresql_where=text("forwarded_at IS NULL")),
        {"schema": "analytics", "postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[Id]
    user_id: Mapped[str]
    session_id: Mapped[UUID]
    verb: Mapped[str]
    statement: Mapped[dict[str, Any]]
    forwarded_at: Mapped[datetime | None]
    """When the learning record store took it."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
    problem: Mapped[str | None]


class EventNumbers(Base):
    """One row: the number of events that was given last, which no event that is forgotten takes back."""

    __tablename__ = "event_numbers"
    __table_args__ = (CheckConstraint("only_row", name="only_row"), {"schema": "analytics"})

    only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    last_given: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_forgotten: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The greatest number whose event was old enough to be forgotten: who has read less far has missed some."""


class WebhookEndpoint(Base):
    """An address of the platform's that is told of events.

    Its signing secret stands nowhere: it is derived from the endpoint's id and ``generation``.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = {"schema": "analytics"}

    id: Mapped[Id]
    url: Mapped[str]
    types: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    """Empty for all."""
    description: Mapped[str | None]
    generation: Mapped[int] = mapped_column(server_default="1")
    previous_until: Mapped[datetime | None]
    """Until then deliveries are signed with the secret of the generation before as well."""
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    disabled_reason: Mapped[str | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    """Until then one worker sends what is due, one after the other, and no other worker does."""
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class WebhookDelivery(Base):
    """One event on its way to one endpoint. The ids are made in the order of ``seq``."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id", "replay"),
        CheckConstraint("state IN ('pending','delivered','failed')", name="state"),
        Index(
            "ix_webhook_deliveries_pending",
            *("endpoint_id", "not_before", "id"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", "id"),
        {"schema": "analytics"},
    )

    id: Mapped[Id]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("analytics.platform_events.id", ondelete="CASCADE"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("analytics.webhook_endpoints.id", ondelete="CASCADE"))
    replay: Mapped[int] = mapped_column(server_default="0")
    """How many deliveries of this event to this endpoint there were before."""
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime] = mapped_column(server_default=text("now()"))
    status: Mapped[int | None]
    """What the last attempt was answered; None where it was not."""
    problem: Mapped[str | None]
    answer: Mapped[str | None]
    """How the body of that answer begins."""
    duration_ms: Mapped[int | None]
    attempt_log: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    """All attempts: ``{at, status, problem, answer, durationMs}``."""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


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
