"""``GET /api/progress/events``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from services.progress.events.schemas import MOST, EventPage
from services.progress.events.service import EventService
from shared.contracts.model import Text
from shared.http.inner import service_token_claims
from shared.http.roles import AdminOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["events"])


async def _events(request: Request) -> EventService:
    service: EventService = request.app.state.events
    return service


@router.get("/api/progress/events")
async def page(
    _: AdminOrService,
    events: Annotated[EventService, Depends(_events)],
    after: Annotated[Text | None, Query(max_length=64)] = None,
    types: Annotated[Text | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> EventPage:
    """What happened, in the order in which it was told; ``types`` are names separated by commas."""
    return await events.page(after, [name for name in (types or "").split(",") if name], limit)
