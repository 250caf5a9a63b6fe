"""``/api/admin/jobs``: what is being worked on, what went wrong, and the levers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.transcoder.jobs.schemas import (
    JobDetail,
    JobList,
    JobState,
    PriorityRequest,
    RetryRequest,
    WorkerAnswer,
    WorkerList,
)
from services.transcoder.jobs.service import JobService
from services.transcoder.pipeline import upkeep
from shared.db import Database
from shared.http.inner import service_token_claims
from shared.http.roles import Admin

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["jobs"])


async def _jobs(request: Request) -> JobService:
    service: JobService = request.app.state.jobs
    return service


Jobs = Annotated[JobService, Depends(_jobs)]


@router.get("/api/admin/jobs")
async def list_jobs(
    actor: Admin,
    jobs: Jobs,
    state: JobState | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> JobList:
    """The newest jobs first, and how many there are in each state."""
    return await jobs.list(state, limit)


@router.get("/api/admin/jobs/{job_id}")
async def get_job(job_id: UUID, actor: Admin, jobs: Jobs) -> JobDetail:
    """One job with its chunks and its history."""
    return await jobs.get(job_id)


@router.post("/api/admin/jobs/{job_id}/cancel", status_code=204)
async def cancel(job_id: UUID, actor: Admin, jobs: Jobs) -> Response:
    await jobs.cancel(job_id, actor.user_id)
    return Response(status_code=204)


@router.post("/api/admin/jobs/{job_id}/pause", status_code=204)
async def pause(job_id: UUID, actor: Admin, jobs: Jobs) -> Response:
    await jobs.pause(job_id, actor.user_id, paused=True)
    return Response(status_code=204)


@router.post("/api/admin/jobs/{job_id}/resume", status_code=204)
async def resume(job_id: UUID, actor: Admin, jobs: Jobs) -> Response:
    await jobs.pause(job_id, actor.user_id, paused=False)
    return Response(status_code=204)


@router.put("/api/admin/jobs/{job_id}/priority", status_code=204)
async def prioritise(job_id: UUID, wanted: PriorityRequest, actor: Admin, jobs: Jobs) -> Response:
    await jobs.prioritise(job_id, actor.user_id, wanted.priority)
    return Response(status_code=204)


@router.post("/api/admin/jobs/{job_id}/retry", status_code=202, response_class=Response)
async def retry(job_id: UUID, actor: Admin, jobs: Jobs, wanted: RetryRequest | None = None) -> Response:
    """Make one chunk, one rendition or everything again."""
    wanted = wanted or RetryRequest()
    await jobs.retry(job_id, actor.user_id, wanted.chunk_id, wanted.rendition)
    return Response(status_code=202)


@router.get("/api/admin/workers")
async def list_workers(request: Request, actor: Admin) -> WorkerList:
    """Workers seen in the last half minute: their encoder, and which walls of the sandbox stand."""
    database: Database = request.app.state.database
    async with database.session_scope() as session:
        found = await upkeep.living_workers(session)
    return WorkerList(workers=[WorkerAnswer(**worker) for worker in found])
