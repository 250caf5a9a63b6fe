"""``/api/progress/courses/{id}`` and ``/api/progress/stats``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from services.progress.courses.schemas import CourseProgress, Stats
from services.progress.courses.service import CourseProgressService
from shared.contracts.access import Actor, Role
from shared.contracts.model import ExternalId
from shared.http import Problem
from shared.http.inner import ActingPerson, service_token_claims

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["progress"])


def _courses(request: Request) -> CourseProgressService:
    service: CourseProgressService = request.app.state.courses
    return service


Courses = Annotated[CourseProgressService, Depends(_courses)]


def _student(actor: ActingPerson, user_id: Annotated[ExternalId | None, Query(alias="userId")] = None) -> Actor:
    """The actor, or for staff and back ends the student they name."""
    if user_id in (None, actor.user_id):
        return actor
    if not actor.role.sees_all:
        raise Problem(403, "role_required", "Only staff and the platform's back end see somebody else's progress.")
    return Actor(user_id=str(user_id), role=Role.STUDENT)


Student = Annotated[Actor, Depends(_student)]


@router.get("/api/progress/courses/{course_id}")
async def course(course_id: Annotated[ExternalId, Path()], student: Student, courses: Courses) -> CourseProgress:
    return await courses.course(student, course_id)


@router.get("/api/progress/stats")
async def stats(student: Student, courses: Courses, tz: Annotated[str, Query(max_length=64)] = "UTC") -> Stats:
    return await courses.stats(student, tz)
