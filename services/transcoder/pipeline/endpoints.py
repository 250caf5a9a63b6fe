"""``GET /api/admin/jobs``: what is being worked on, and what went wrong."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from services.transcoder.pipeline import repository
from services.transcoder.pipeline.schemas import JobAnswer, JobList
from shared.db import Database
from shared.http.inner import service_token_claims
from shared.http.roles import Admin

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["jobs"])


@router.get("/api/admin/jobs")
async def list_jobs(request: Request, actor: Admin, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> JobList:
    """The newest jobs first."""
    database: Database = request.app.state.database
    async with database.session_scope() as session:
        rows = await repository.recent_jobs(session, limit)
    named = ("id", "video_id", "version_id")
    return JobList(jobs=[JobAnswer(**{**row, **{name: str(row[name]) for name in named}}) for row in rows])
