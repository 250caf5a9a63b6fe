"""``GET`` and ``PUT /api/admin/courses/{id}/quota``: what a course may take up in storage."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from services.media.quotas.service import Quota, Room
from shared.contracts.model import Document, ExternalId
from shared.http.inner import service_token_claims
from shared.http.roles import AdminOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["courses"])

LARGEST = 2**53 - 1
"""The largest number that every JSON reader keeps whole."""


class QuotaInput(Document):
    quota_bytes: Annotated[int, Field(ge=0, le=LARGEST)] | None
    """0 is no limit; null, what the installation says."""


class QuotaAnswer(Document):
    course_id: str
    quota_bytes: int | None
    """What the course has of its own."""
    effective_bytes: int
    """What counts for it; 0 is no limit."""
    used_bytes: int


@router.get("/api/admin/courses/{course_id}/quota")
async def read_quota(course_id: Annotated[ExternalId, Path()], actor: AdminOrService, request: Request) -> QuotaAnswer:
    """What a course may take up, and what it does."""
    quota: Quota = request.app.state.quota
    return _answer(course_id, await quota.read(course_id))


@router.put("/api/admin/courses/{course_id}/quota")
async def set_quota(
    course_id: Annotated[ExternalId, Path()], body: QuotaInput, actor: AdminOrService, request: Request
) -> QuotaAnswer:
    quota: Quota = request.app.state.quota
    return _answer(course_id, await quota.set(course_id, body.quota_bytes))


def _answer(course_id: str, room: Room) -> QuotaAnswer:
    return QuotaAnswer(course_id=course_id, quota_bytes=room.own, effective_bytes=room.effective, used_bytes=room.used)
