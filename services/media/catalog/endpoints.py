"""``/api/courses`` and ``/api/admin/...``: the platform describes its courses here."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from services.media.catalog.schemas import CourseAnswer, CourseInput, CourseList
from services.media.catalog.service import CatalogService
from shared.contracts.model import ExternalId
from shared.http.inner import ActingPerson, CourseRight, service_token_claims
from shared.http.roles import AdminOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["courses"])

CourseId = Annotated[ExternalId, Path()]
UserId = Annotated[ExternalId, Path()]


async def _catalog(request: Request) -> CatalogService:
    service: CatalogService = request.app.state.catalog
    return service


Catalog = Annotated[CatalogService, Depends(_catalog)]


@router.get("/api/courses")
async def list_courses(actor: ActingPerson, catalog: Catalog) -> CourseList:
    return await catalog.list_courses(actor)


@router.get("/api/courses/{course_id}")
async def get_course(course_id: CourseId, actor: ActingPerson, catalog: Catalog, right: CourseRight) -> CourseAnswer:
    return await catalog.course(course_id, actor, right)


@router.put("/api/admin/courses/{course_id}")
async def put_course(course_id: CourseId, body: CourseInput, actor: AdminOrService, catalog: Catalog) -> CourseAnswer:
    return await catalog.put_course(course_id, body, actor)


@router.put("/api/admin/courses/{course_id}/instructors/{user_id}", status_code=204)
async def put_instructor(course_id: CourseId, user_id: UserId, actor: AdminOrService, catalog: Catalog) -> Response:
    """Lets somebody teach a course: whom the platform signs in as an instructor. Asked twice, the same."""
    await catalog.add_instructor(course_id, user_id)
    return Response(status_code=204)


@router.delete("/api/admin/courses/{course_id}/instructors/{user_id}", status_code=204)
async def delete_instructor(course_id: CourseId, user_id: UserId, actor: AdminOrService, catalog: Catalog) -> Response:
    """What they watch there ends at its next key."""
    await catalog.remove_instructor(course_id, user_id)
    return Response(status_code=204)
