"""``/api/admin/users/{userId}``: what is kept of a person, and erasing it. For admins, by JWT."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.gateway.audit.trail import concerns
from services.gateway.identity.dependencies import Admin
from services.gateway.privacy.schemas import UserErasure, UserExport
from services.gateway.privacy.service import PrivacyService, new_pseudonym
from shared.contracts.model import ExternalId

router = APIRouter(tags=["privacy"])

UserId = Annotated[ExternalId, Path()]


async def _privacy(request: Request) -> PrivacyService:
    service: PrivacyService = request.app.state.privacy
    return service


Privacy = Annotated[PrivacyService, Depends(_privacy)]


@router.get("/api/admin/users/{user_id}/export")
async def export_user(
    user_id: UserId,
    _: Admin,
    privacy: Privacy,
    response: Response,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> UserExport:
    """Everything that names the user, by schema and table, at most a thousand rows of each table a page."""
    concerns(user_id=user_id)
    response.headers["Cache-Control"] = "no-store"
    return await privacy.export(user_id, page)


@router.delete("/api/admin/users/{user_id}")
async def erase_user(user_id: UserId, actor: Admin, privacy: Privacy) -> UserErasure:
    """Erase the user: what is theirs is deleted, what has to stay names nobody. May be repeated, and has to be where it
    was answered with ``erasure_incomplete``."""
    pseudonym = new_pseudonym()
    # The log says that somebody was erased, and by whom; not who.
    concerns(user_id=pseudonym)
    if actor.user_id == user_id:
        concerns(actor_id=pseudonym)
    return await privacy.erase(user_id, pseudonym)
