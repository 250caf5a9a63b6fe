"""``POST /api/videos/{id}/analytics``, and films that are taken home."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from services.progress.analytics import repository
from services.progress.analytics.schemas import Accepted, EventBatch, TakenHome
from services.progress.analytics.service import AnalyticsService
from shared.db import Database
from shared.http.inner import ActingPerson, service_token_claims

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["analytics"])


@router.post("/api/videos/{video_id}/analytics", status_code=202)
async def take(video_id: Annotated[UUID, Path()], batch: EventBatch, request: Request, actor: ActingPerson) -> Accepted:
    """Durable before the answer: what is acknowledged is in Postgres."""
    analytics: AnalyticsService = request.app.state.analytics
    agent = request.headers.get("user-agent", "")
    return Accepted(accepted=await analytics.take(actor, video_id, batch, agent))


@router.post("/internal/downloads", status_code=204)
async def taken_home(body: TakenHome, request: Request, actor: ActingPerson) -> Response:
    """Somebody began to take a film home. Told twice, it counts once."""
    database: Database = request.app.state.database
    async with database.session_scope() as session:
        await repository.taken_home(session, **body.model_dump(), user_id=actor.user_id)
    return Response(status_code=204)
