"""``/api/admin/enrollments``: the platform says who bought what, one by one or all at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response

from services.media.enrollments.schemas import (
    Enrolled,
    EnrollmentAnswer,
    EnrollmentInput,
    EnrollmentPage,
    EnrollmentRow,
    WithdrawalRow,
    Withdrawn,
)
from services.media.enrollments.service import MOST_ROWS, EnrollmentService
from shared.contracts.model import ExternalId
from shared.http.inner import service_token_claims
from shared.http.roles import AdminOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["enrolments"])

CourseId = Annotated[ExternalId, Path()]
UserId = Annotated[ExternalId, Path()]


async def _enrollments(request: Request) -> EnrollmentService:
    service: EnrollmentService = request.app.state.enrollments
    return service


Enrollments = Annotated[EnrollmentService, Depends(_enrollments)]


def _rows_of(kind: type[EnrollmentRow] | type[WithdrawalRow]) -> dict[str, Any]:
    """The description of a list of rows, each of which is checked by itself."""
    items = kind.model_json_schema(by_alias=True)
    schema = {"type": "array", "maxItems": MOST_ROWS, "items": items}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.get("/api/admin/enrollments")
async def list_enrollments(
    _: AdminOrService,
    enrollments: Enrollments,
    course_id: Annotated[ExternalId | None, Query(alias="courseId")] = None,
    user_id: Annotated[ExternalId | None, Query(alias="userId")] = None,
    after: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> EnrollmentPage:
    """Ordered by course and user; of one course or user where they are named."""
    return await enrollments.page(course_id, user_id, after, limit)


@router.post("/api/admin/enrollments", openapi_extra=_rows_of(EnrollmentRow))
async def enroll_many(_: AdminOrService, enrollments: Enrollments, rows: Annotated[list[Any], Body()]) -> Enrolled:
    """Every row that can be taken is; the answer says what was wrong with the others."""
    return await enrollments.enroll_many(rows)


@router.post("/api/admin/enrollments/withdraw", openapi_extra=_rows_of(WithdrawalRow))
async def withdraw_many(_: AdminOrService, enrollments: Enrollments, rows: Annotated[list[Any], Body()]) -> Withdrawn:
    return await enrollments.withdraw_many(rows)


@router.put("/api/admin/enrollments/{course_id}/{user_id}")
async def put_enrollment(
    course_id: CourseId,
    user_id: UserId,
    _: AdminOrService,
    enrollments: Enrollments,
    body: EnrollmentInput | None = None,
) -> EnrollmentAnswer:
    return await enrollments.enroll(course_id, user_id, body or EnrollmentInput())


@router.delete("/api/admin/enrollments/{course_id}/{user_id}", status_code=204)
async def delete_enrollment(
    course_id: CourseId, user_id: UserId, _: AdminOrService, enrollments: Enrollments
) -> Response:
    await enrollments.withdraw(course_id, user_id)
    return Response(status_code=204)
