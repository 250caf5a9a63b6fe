"""``/api/progress/chapters/{id}``, and the beats that the gateway hands on."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import ValidationError

from services.progress.watching import errors
from services.progress.watching.schemas import Beat, HistoryAnswer, OpenedSession, ProgressAnswer, ProgressInput
from services.progress.watching.service import WatchingService
from shared.contracts.model import ExternalId
from shared.http.inner import ActingPerson, ServiceClaims, service_token_claims

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["progress"])

ChapterId = Annotated[ExternalId, Path()]
OtherUser = Annotated[ExternalId | None, Query(alias="userId")]


async def _watching(request: Request) -> WatchingService:
    service: WatchingService = request.app.state.watching
    return service


Watching = Annotated[WatchingService, Depends(_watching)]


@router.post("/internal/beats")
async def beat(request: Request, actor: ActingPerson, claims: ServiceClaims, watching: Watching) -> ProgressAnswer:
    """A beat of the session that the service token names; nothing of who or which film is taken from the body."""
    session = claims.get("session")
    if not isinstance(session, dict):
        raise errors.session_required()
    try:
        document = Beat.model_validate(json.loads(await request.body()))
    except ValidationError as error:
        fault = error.errors()[0]
        raise errors.malformed_beat(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}") from None
    except (ValueError, RecursionError):
        raise errors.malformed_beat("it is not JSON") from None
    version = session.get("version_id")
    return await watching.beat(
        actor, UUID(session["id"]), session["chapter_id"], UUID(version) if version else None, document
    )


@router.put("/api/progress/chapters/{chapter_id}")
async def put_progress(
    chapter_id: ChapterId, body: ProgressInput, actor: ActingPerson, claims: ServiceClaims, watching: Watching
) -> ProgressAnswer:
    """A position. It earns what can have been played meanwhile in the session that the service token names, if any."""
    session = claims.get("session")
    opened = OpenedSession.model_validate(session) if session is not None else None
    return await watching.put(actor, chapter_id, body, opened)


@router.get("/api/progress/chapters/{chapter_id}")
async def get_progress(
    chapter_id: ChapterId, actor: ActingPerson, watching: Watching, user_id: OtherUser = None
) -> ProgressAnswer:
    return await watching.get(actor, chapter_id, user_id)


@router.post("/api/progress/chapters/{chapter_id}/complete")
async def complete(
    chapter_id: ChapterId, actor: ActingPerson, watching: Watching, user_id: OtherUser = None
) -> ProgressAnswer:
    return await watching.complete(actor, chapter_id, user_id)


@router.post("/api/progress/chapters/{chapter_id}/reset")
async def reset(
    chapter_id: ChapterId, actor: ActingPerson, watching: Watching, user_id: OtherUser = None
) -> ProgressAnswer:
    return await watching.reset(actor, chapter_id, user_id)


@router.get("/api/progress/chapters/{chapter_id}/history")
async def history(
    chapter_id: ChapterId, actor: ActingPerson, watching: Watching, user_id: OtherUser = None
) -> HistoryAnswer:
    return await watching.history(actor, chapter_id, user_id)
