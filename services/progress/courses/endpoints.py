"""``/api/progress/courses/{id}`` and ``/api/progress/stats``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from services.progress.courses.schemas import CourseProgress, GoOnList, Stats
from services.progress.courses.service import CourseProgressService
from shared.contracts.model import ExternalId
from shared.http.inner import ActingPerson, CourseRight, service_token_claims

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["progress"])


async def _courses(request: Request) -> CourseProgressService:
    service: CourseProgressService = request.app.state.courses
    return service


Courses = Annotated[CourseProgressService, Depends(_courses)]


OtherUser = Annotated[ExternalId | None, Query(alias="userId")]


@router.get("/api/progress/courses/{course_id}")
async def course(
    course_id: Annotated[ExternalId, Path()],
    actor: ActingPerson,
    courses: Courses,
    right: CourseRight,
    user_id: OtherUser = None,
) -> CourseProgress:
    return await courses.course(actor, course_id, user_id, right)


@router.get("/api/progress/continue")
async def going_on(
    actor: ActingPerson,
    courses: Courses,
    user_id: OtherUser = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> GoOnList:
    """What to go on watching: of each course begun and not ended the chapter that is next."""
    return await courses.going_on(actor, limit, user_id)


@router.get("/api/progress/stats")
async def stats(
    actor: ActingPerson,
    courses: Courses,
    user_id: OtherUser = None,
    tz: Annotated[str, Query(max_length=64)] = "UTC",
) -> Stats:
    return await courses.stats(actor, tz, user_id)
