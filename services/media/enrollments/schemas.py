"""Enrolments as the API speaks of them: one, many, and pages of them."""

from typing import Any

from shared.contracts.model import Document, ExternalId, GivenMoment, Moment


class EnrollmentInput(Document):
    starts_at: GivenMoment | None = None
    ends_at: GivenMoment | None = None

    @property
    def ends_before_it_starts(self) -> bool:
        return self.starts_at is not None and self.ends_at is not None and self.ends_at <= self.starts_at


class EnrollmentRow(EnrollmentInput):
    """One of many. Each stands for itself: what is wrong with one is no other's fault."""

    course_id: ExternalId
    user_id: ExternalId


class WithdrawalRow(Document):
    course_id: ExternalId
    user_id: ExternalId


class EnrollmentAnswer(Document):
    course_id: str
    user_id: str
    starts_at: Moment | None
    ends_at: Moment | None


class RefusedRow(Document):
    """``index`` counts from 0, as the rows were sent."""

    index: int
    course_id: Any = None
    user_id: Any = None
    code: str
    detail: str


class Enrolled(Document):
    """``enrolled`` rows stand as they were asked for, whether that changed anything or not."""

    enrolled: int
    failed: int
    errors: list[RefusedRow]


class Withdrawn(Document):
    """``withdrawn`` counts the enrolments that there were; one that is not there is no error."""

    withdrawn: int
    failed: int
    errors: list[RefusedRow]


class ListedEnrollment(EnrollmentAnswer):
    created_at: Moment
    is_running: bool
    """Whether it holds this moment."""


class EnrollmentPage(Document):
    enrollments: list[ListedEnrollment]
    next: str | None
    """Hand it back as ``after`` for the page after this one; null on the last."""
