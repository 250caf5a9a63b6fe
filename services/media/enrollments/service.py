"""Who is enrolled in what. A platform sends all its students at once, and again tomorrow: the same list changes nothing."""

import asyncio
import base64
import json
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from services.media.catalog import errors as catalog_errors
from services.media.enrollments import errors, repository
from services.media.enrollments.schemas import (
    Enrolled,
    EnrollmentAnswer,
    EnrollmentInput,
    EnrollmentPage,
    EnrollmentRow,
    ListedEnrollment,
    RefusedRow,
    WithdrawalRow,
    Withdrawn,
)
from shared.db import Database, Session

MOST_ROWS = 10_000
LONGEST_ID = 128
Row = TypeVar("Row", EnrollmentRow, WithdrawalRow)


class EnrollmentService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def enroll(self, course_id: str, user_id: str, wanted: EnrollmentInput) -> EnrollmentAnswer:
        if wanted.ends_before_it_starts:
            raise errors.enrollment_ends_before_it_starts()
        row = EnrollmentRow(course_id=course_id, user_id=user_id, **wanted.model_dump())
        async with self._database.session_scope() as session:
            if not await repository.known_courses(session, {course_id}):
                raise catalog_errors.unknown_course(course_id)
            await repository.put(session, [row])
        return EnrollmentAnswer(**row.model_dump())

    async def withdraw(self, course_id: str, user_id: str) -> None:
        async with self._database.session_scope() as session:
            await repository.withdraw(session, [WithdrawalRow(course_id=course_id, user_id=user_id)])

    async def enroll_many(self, given: Sequence[Any]) -> Enrolled:
        """Every row that can be taken, and why the others can not. Of two for the same person the later one counts."""
        rows = await asyncio.to_thread(_Rows, EnrollmentRow, given)
        for index, row in list(rows.good.items()):
            if row.ends_before_it_starts:
                rows.refuse(index, "invalid_request", "endsAt must be later than startsAt.")
        async with self._database.session_scope() as session:
            await _refuse_unknown_courses(session, rows)
            taken = {(row.course_id, row.user_id): row for row in rows.good.values()}
            if taken:
                await repository.put(session, list(taken.values()))
        return Enrolled(enrolled=len(rows.good), failed=len(rows.errors), errors=rows.sorted_errors())

    async def withdraw_many(self, given: Sequence[Any]) -> Withdrawn:
        """As ``enroll_many``. An enrolment that is not there is none any more: no error."""
        rows = await asyncio.to_thread(_Rows, WithdrawalRow, given)
        async with self._database.session_scope() as session:
            gone = await repository.withdraw(session, list(rows.good.values())) if rows.good else 0
        return Withdrawn(withdrawn=gone, failed=len(rows.errors), errors=rows.sorted_errors())

    async def page(self, course_id: str | None, user_id: str | None, after: str | None, limit: int) -> EnrollmentPage:
        place = _place(after) if after is not None else ("", "")
        async with self._database.session_scope() as session:
            rows = await repository.page(session, course_id, user_id, place, limit + 1)
        shown = [ListedEnrollment(**row) for row in rows[:limit]]
        more = len(rows) > limit
        return EnrollmentPage(enrollments=shown, next=_cursor(shown[-1]) if more else None)


async def _refuse_unknown_courses(session: Session, rows: "_Rows[EnrollmentRow]") -> None:
    named = {row.course_id for row in rows.good.values()}
    known = await repository.known_courses(session, named) if named else set()
    for index, row in list(rows.good.items()):
        if row.course_id not in known:
            rows.refuse(index, "unknown_course", f"There is no course {row.course_id}.")


class _Rows(Generic[Row]):
    """What was sent, by its place in the list: rows that can be read in ``good``, all else in ``errors``."""

    def __init__(self, kind: type[Row], given: Sequence[Any]) -> None:
        if len(given) > MOST_ROWS:
            raise errors.too_many_rows(MOST_ROWS)
        self._given = given
        self.good: dict[int, Row] = {}
        self.errors: list[RefusedRow] = []
        for index, one in enumerate(given):
            try:
                self.good[index] = kind.model_validate(one)
            except ValidationError as error:
                self.refuse(index, *_fault(error))

    def refuse(self, index: int, code: str, detail: str) -> None:
        self.good.pop(index, None)
        given = self._given[index] if isinstance(self._given[index], dict) else {}
        self.errors.append(
            RefusedRow(
                index=index,
                course_id=_echo(given.get("courseId")),
                user_id=_echo(given.get("userId")),
                code=code,
                detail=detail,
            )
        )

    def sorted_errors(self) -> list[RefusedRow]:
        return sorted(self.errors, key=lambda error: error.index)


def _fault(error: ValidationError) -> tuple[str, str]:
    first = error.errors()[0]
    field = ".".join(to_camel(str(part)) for part in first["loc"]) or "row"
    return ("missing_field" if first["type"] == "missing" else "invalid_request"), f"{field}: {first['msg']}."


def _echo(value: Any) -> Any:
    """What was sent, to find the row by; not where it is something endless."""
    return value if isinstance(value, str | int) and len(str(value)) <= LONGEST_ID else None


def _cursor(last: ListedEnrollment) -> str:
    place = json.dumps([last.course_id, last.user_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(place.encode()).rstrip(b"=").decode()


def _place(after: str) -> tuple[str, str]:
    try:
        last = WithdrawalRow.model_validate(
            dict(zip(("courseId", "userId"), json.loads(base64.urlsafe_b64decode(after + "===")), strict=True))
        )
    except (ValueError, TypeError, RecursionError):
        raise errors.unknown_cursor() from None
    return last.course_id, last.user_id
