"""``POST /api/videos/{id}/analytics``."""

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from services.progress.analytics import repository
from services.progress.analytics.schemas import Accepted, EventBatch, TakenHome
from shared.db import Database
from shared.http import Problem
from shared.http.inner import ActingPerson, service_token_claims
from shared.http.user_agents import browser_of, device_of

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["analytics"])


@router.post("/api/videos/{video_id}/analytics", status_code=202)
async def take(video_id: Annotated[UUID, Path()], batch: EventBatch, request: Request, actor: ActingPerson) -> Accepted:
    """Durable before the answer: what is acknowledged is in Postgres."""
    database: Database = request.app.state.database
    agent = request.headers.get("user-agent", "")
    row = {
        "session_id": batch.session_id,
        "video_id": video_id,
        "user_id": actor.user_id,
        "watch_duration": max((event.watch_duration or 0 for event in batch.events), default=0),
        "quality": next((event.quality for event in reversed(batch.events) if event.quality), None),
        "bytes": sum(event.bytes or 0 for event in batch.events),
        "device_type": device_of(agent),
        "browser": browser_of(agent),
    }
    async with database.session_scope() as session:
        if not await repository.take(session, row, Counter(event.type for event in batch.events)):
            raise Problem(403, "not_your_session", "This viewing session belongs to somebody else.")
    return Accepted(accepted=len(batch.events))


@router.post("/internal/downloads", status_code=204)
async def taken_home(body: TakenHome, request: Request, actor: ActingPerson) -> Response:
    """Somebody began to take a film home. Told twice, it counts once."""
    database: Database = request.app.state.database
    async with database.session_scope() as session:
        await repository.taken_home(session, **body.model_dump(), user_id=actor.user_id)
    return Response(status_code=204)
