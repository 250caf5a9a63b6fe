"""Storage as its operator is told of it. Sizes are bytes."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from services.media.storage.places import Kind
from shared.contracts.model import Document, Moment

QuotaWarning = Literal["80", "95"]


class ReconcileRequest(Document):
    dry_run: bool = True
    """Whether orphans are only told; else they are removed."""


class ReconcileRung(Document):
    report_id: UUID


class CourseBytes(Document):
    course_id: str | None
    """Null for what belongs to no course that is known."""
    bytes: int


class Orphans(Document):
    """What nobody needs and nobody is removing, for more than a day."""

    objects: int = 0
    bytes: int = 0
    removed: int = 0
    examples: list[str] = Field(default_factory=list)
    """Some of their keys, each behind the name of its store."""


class Missing(Document):
    """What should be in storage and is not, of one version of a film."""

    video_id: str
    version_id: str
    course_id: str
    what: Literal["source", "segments", "images"]
    rendition: str | None = None
    objects: int


class Found(Document):
    """What one comparison found."""

    used_bytes: int = 0
    by_kind: dict[Kind, int] = Field(default_factory=dict)
    by_course: list[CourseBytes] = Field(default_factory=list)
    orphans: Orphans = Field(default_factory=Orphans)
    missing: list[Missing] = Field(default_factory=list)
    missing_objects: int = 0
    """Of all, where the list tells the first of them only."""


class DayBytes(Document):
    date: str
    bytes: int


class StorageAnswer(Document):
    """The newest report. Before the first one is made all that it would tell is null or empty."""

    report_id: UUID | None
    as_of: Moment | None
    dry_run: bool | None
    running: bool
    """Whether another report is being made."""
    used_bytes: int | None
    quota_bytes: int | None
    """Null for none."""
    warning: QuotaWarning | None
    by_course: list[CourseBytes]
    by_kind: dict[Kind, int]
    orphans: Orphans | None
    missing: list[Missing]
    missing_objects: int
    growth: list[DayBytes]


def warning_of(used: int, quota: int) -> QuotaWarning | None:
    """How full a quota is, in the steps that are told of; ``quota`` 0 is none."""
    if not quota or used < 0.8 * quota:
        return None
    return "95" if used >= 0.95 * quota else "80"
