"""Schema ``learning``: what each student really watched. Written by progress."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id, UpdatedAt


class Progress(Base):
    """One student's truth about one chapter.

    ``watched`` is the union of the credited stretches in milliseconds of film; the frontier, the percentage and the
    completion derive from it.
    """

    __tablename__ = "progress"
    __table_args__ = (
        Index("ix_progress_user_course", "user_id", "course_id"),
        Index("ix_progress_course_user", "course_id", "user_id"),
        Index("ix_progress_course_chapter", "course_id", "chapter_id", "completed_at"),
        Index("ix_progress_video_id", "video_id"),
        {"schema": "learning"},
    )

    user_id: Mapped[str] = mapped_column(primary_key=True)
    chapter_id: Mapped[str] = mapped_column(primary_key=True)
    course_id: Mapped[str]
    video_id: Mapped[UUID | None]
    version_id: Mapped[UUID | None]
    """The version of the film on whose clock ``watched``, ``frontier_ms`` and ``position_ms`` are; ``duration_ms`` is its."""
    watched: Mapped[Any] = mapped_column(INT8MULTIRANGE, server_default=text("'{}'"))
    frontier_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The end of the stretch watched from the start; keys of a restricted chapter are released by it."""
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    position_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    watch_time_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """All credited play time, seconds seen twice counted twice."""
    is_completed: Mapped[bool] = mapped_column(server_default=text("false"))
    completed_at: Mapped[datetime | None]
    completed_by: Mapped[str | None]
    reset_count: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime | None]
    """When the first second was credited, since the last reset."""
    position_at: Mapped[datetime | None]
    """When the viewer was at ``position_ms``, which is earlier than when it was told."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class WatchBudget(Base):
    """How many seconds of film a user may still be credited with: a bucket that fills at twice the wall clock."""

    __tablename__ = "watch_budgets"
    __table_args__ = {"schema": "learning"}

    user_id: Mapped[str] = mapped_column(primary_key=True)
    balance_ms: Mapped[int] = mapped_column(BigInteger)
    refilled_at: Mapped[datetime]


class WatchSession(Base):
    """What one playback session brought: the last beat seen of it, so that a repeated beat earns nothing."""

    __tablename__ = "watch_sessions"
    __table_args__ = (
        Index("ix_watch_sessions_user_id", "user_id"),
        Index("ix_watch_sessions_video_id", "video_id", "session_id"),
        Index(
            "ix_watch_sessions_last_beat_at",
            "last_beat_at",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 16, "autosummarize": "on"},
        ),
        Index("ix_watch_sessions_living", "session_id", postgresql_where=text("state <> 'ended'")),
        Index("ix_watch_sessions_rewinds", "course_id", "user_id", postgresql_where=text("rewinds <> '{}'")),
        CheckConstraint("state IN ('open','playing','paused','ended')", name="state"),
        {"schema": "learning"},
    )

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    chapter_id: Mapped[str]
    last_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    credited_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    started_at: Mapped[CreatedAt]
    last_beat_at: Mapped[datetime]
    course_id: Mapped[str | None]
    video_id: Mapped[UUID | None]
    version_id: Mapped[UUID | None]
    played: Mapped[Any] = mapped_column(INT8MULTIRANGE, server_default=text("'{}'"))
    """What was credited in it, on the clock of ``version_id``."""
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    position_ms: Mapped[int | None] = mapped_column(BigInteger)
    """Where the last stretch that it told ended."""
    claimed_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What it claimed to have played, credited or not."""
    rewinds: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    """The places (milliseconds of film) to which it went back."""
    state: Mapped[str] = mapped_column(server_default="open")
    ended_at: Mapped[datetime | None]


class ProgressHistory(Base):
    """What a row of progress said when it was reset."""

    __tablename__ = "progress_history"
    __table_args__ = (
        Index("ix_progress_history_user_id", "user_id", "chapter_id", "reset_at"),
        {"schema": "learning"},
    )

    id: Mapped[Id]
    user_id: Mapped[str]
    chapter_id: Mapped[str]
    course_id: Mapped[str]
    video_id: Mapped[UUID | None]
    watched: Mapped[Any] = mapped_column(INT8MULTIRANGE)
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    position_ms: Mapped[int] = mapped_column(BigInteger)
    watch_time_ms: Mapped[int] = mapped_column(BigInteger)
    """All play time up to the reset, that of earlier resets too."""
    is_completed: Mapped[bool]
    completed_at: Mapped[datetime | None]
    completed_by: Mapped[str | None]
    started_at: Mapped[datetime | None]
    reset_by: Mapped[str]
    reset_at: Mapped[CreatedAt]


class CourseCompletion(Base):
    """Somebody completed every chapter of a course that has a film: once, whatever the course becomes."""

    __tablename__ = "course_completions"
    __table_args__ = {"schema": "learning"}

    user_id: Mapped[str] = mapped_column(primary_key=True)
    course_id: Mapped[str] = mapped_column(primary_key=True)
    completed_at: Mapped[CreatedAt]


class WatchQuarter(Base):
    """Credited milliseconds of one user in one quarter of an hour; days in any time zone are sums of these."""

    __tablename__ = "watch_quarters"
    __table_args__ = {"schema": "learning"}

    user_id: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    watched_ms: Mapped[int] = mapped_column(BigInteger)
