"""Schema ``analytics``: what is counted. Written by progress."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id, UpdatedAt


class VideoAnalytics(Base):
    """One row per viewing session. Partitioned by its id, a UUIDv7: by when it was opened."""

    __tablename__ = "video_analytics"
    __table_args__ = (
        Index("ix_video_analytics_video", "video_id", "session_id"),
        Index("ix_video_analytics_user", "user_id", "session_id"),
        {"schema": "analytics", "postgresql_partition_by": "RANGE (session_id)"},
    )

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    video_id: Mapped[UUID]
    course_id: Mapped[str | None]
    chapter_id: Mapped[str | None]
    user_id: Mapped[str]
    watch_duration: Mapped[float] = mapped_column(server_default="0")
    """Seconds that were credited, whatever a player says."""
    completion_rate: Mapped[float] = mapped_column(server_default="0")
    """How much of the film was played in it, in percent."""
    is_view: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether enough was played to count; once it counts, it goes on to."""
    beat_at: Mapped[datetime | None]
    """The last beat that ``watch_duration`` and ``completion_rate`` know of."""
    ended_at: Mapped[datetime | None]
    quality_selected: Mapped[str | None]
    bandwidth_used: Mapped[int] = mapped_column(BigInteger, server_default="0")
    bytes_by_rendition: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    startup_ms: Mapped[int | None]
    stall_count: Mapped[int] = mapped_column(server_default="0")
    stall_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    errors: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """How often each code."""
    speed: Mapped[float | None]
    device_type: Mapped[str | None]
    browser: Mapped[str | None]
    os: Mapped[str | None]
    ip_address: Mapped[str | None]
    """The network only (/24 or /48), a keyed hash of it, or nothing, as the setting says."""
    event_counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class VideoEvent(Base):
    """Something that a player told of a session. Partitioned as the sessions are."""

    __tablename__ = "video_events"
    __table_args__ = ({"schema": "analytics", "postgresql_partition_by": "RANGE (session_id)"},)

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """The player's number for it, so that what is told twice counts once; below zero where it gave none."""
    type: Mapped[str]
    at: Mapped[float | None]
    """Where in the film, in seconds."""
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[CreatedAt]
    quality: Mapped[str | None]
    value: Mapped[float | None]
    """Milliseconds of a start-up or a stall, the rate of a speed."""
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    code: Mapped[str | None]
    data: Mapped[dict[str, Any] | None]


class DayFigures:
    """The figures of a day (UTC): of the sessions that were opened on it. Kept when these are gone."""

    day: Mapped[date] = mapped_column(primary_key=True)
    sessions: Mapped[int]
    views: Mapped[int]
    viewers: Mapped[int]
    """Different users of these views."""
    completed: Mapped[int]
    """Sessions in which nine tenths of the film were played."""
    watch_ms: Mapped[int] = mapped_column(BigInteger)
    completion_sum: Mapped[int] = mapped_column(BigInteger)
    """The sum of the sessions' completion rates, in thousandths of a percent: sums of whole numbers are exact."""
    bytes: Mapped[int] = mapped_column(BigInteger)
    stall_count: Mapped[int] = mapped_column(BigInteger)
    stall_ms: Mapped[int] = mapped_column(BigInteger)
    bytes_by_rendition: Mapped[dict[str, Any]]
    startup_buckets: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    """Bucket ``b`` has start-up times from 1.1^b to 1.1^(b+1) milliseconds; ``startup_counts`` how many each."""
    startup_counts: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    errors: Mapped[dict[str, Any]]
    devices: Mapped[dict[str, Any]]


class VideoDay(DayFigures, Base):
    __tablename__ = "video_days"
    __table_args__ = (
        Index("ix_video_days_course", "course_id", "day"),
        Index("ix_video_days_video", "video_id", "day", postgresql_include=["views"]),
        {"schema": "analytics"},
    )

    video_id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[str] = mapped_column(primary_key=True)
    chapter_id: Mapped[str] = mapped_column(primary_key=True)


class CourseDay(DayFigures, Base):
    """Of all films of a course, so that whoever asks for all courses adds up a fifth or less."""

    __tablename__ = "course_days"
    __table_args__ = (Index("ix_course_days_course", "course_id", "day"), {"schema": "analytics"})

    course_id: Mapped[str] = mapped_column(primary_key=True)


class RollupDue(Base):
    """A day whose figures have to be made anew. Rows are only added: whoever writes a session waits for nobody."""

    __tablename__ = "rollup_due"
    __table_args__ = (Index("ix_rollup_due_day", "day"), {"schema": "analytics"})

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    day: Mapped[date]


class Mark(Base):
    """How far a task of the worker has come."""

    __tablename__ = "marks"
    __table_args__ = ({"schema": "analytics"},)

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


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
