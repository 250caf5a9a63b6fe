"""Schema ``catalog``: courses as the platform describes them. Written by media."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.models.base import Base, CreatedAt, Id, UpdatedAt

COMPLETION = "completion_percentage > 0 AND completion_percentage <= 100"


class Course(Base):
    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint("downloads IN ('off','enrolled')", name="downloads"),
        CheckConstraint(COMPLETION, name="completion_percentage"),
        {"schema": "catalog"},
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    is_sequential: Mapped[bool]
    current_version_id: Mapped[UUID | None]
    downloads: Mapped[str] = mapped_column(server_default="off")
    """Who may take its films home, where a film does not say otherwise: nobody, or who is enrolled."""
    quota_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """The most its films may take up; None for what the installation says."""
    completion_percentage: Mapped[float | None]
    """How much of a film has to be watched for its chapter to be completed; None for what everybody has (90)."""
    students_may_complete: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether students may mark a chapter as completed without having watched it."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class CourseVersion(Base):
    """The immutable chapter list of one PUT. Progress follows chapter ids across versions."""

    __tablename__ = "course_versions"
    __table_args__ = (UniqueConstraint("course_id", "number"), {"schema": "catalog"})

    id: Mapped[Id]
    course_id: Mapped[str] = mapped_column(ForeignKey("catalog.courses.id", ondelete="CASCADE"))
    number: Mapped[int]
    created_at: Mapped[CreatedAt]


class Chapter(Base):
    __tablename__ = "chapters"
    __table_args__ = (
        Index("ix_chapters_id", "id"),
        UniqueConstraint("course_version_id", "position"),
        CheckConstraint(COMPLETION, name="completion_percentage"),
        {"schema": "catalog"},
    )

    course_version_id: Mapped[UUID] = mapped_column(
        ForeignKey("catalog.course_versions.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    position: Mapped[int]
    is_free: Mapped[bool]
    first_watch_restricted: Mapped[bool]
    completion_percentage: Mapped[float | None]
    """As of the course, for this chapter; None for what its course says."""


class Enrollment(Base):
    """A user's right to a course. ``starts_at`` and ``ends_at`` bound it where they are set."""

    __tablename__ = "enrollments"
    __table_args__ = (Index("ix_enrollments_user_id", "user_id"), {"schema": "catalog"})

    course_id: Mapped[str] = mapped_column(ForeignKey("catalog.courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class CourseInstructor(Base):
    """A person who teaches a course, as long as the platform signs them in as an instructor."""

    __tablename__ = "course_instructors"
    __table_args__ = (Index("ix_course_instructors_user_id", "user_id"), {"schema": "catalog"})

    course_id: Mapped[str] = mapped_column(ForeignKey("catalog.courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[CreatedAt]


current_chapters = Table(
    "current_chapters",
    MetaData(schema="catalog"),
    Column("course_id", Text),
    Column("course_title", Text),
    Column("is_sequential", Boolean),
    Column("chapter_id", Text),
    Column("title", Text),
    Column("position", Integer),
    Column("is_free", Boolean),
    Column("first_watch_restricted", Boolean),
    Column("video_id", Uuid),
    Column("version_id", Uuid),
    Column("requires_chapter_id", Text),
)
"""A view: the chapters of each course's current version with their live video.

``requires_chapter_id`` is the one place where the order of a sequential course is decided: the nearest chapter before
this one that has a video must be completed first. It is null for the first chapter, for free ones, and where the
course is not sequential. A chapter without a video never stands in anybody's way.
"""
