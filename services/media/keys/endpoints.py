"""``/api/admin/keys``: which keys lock the films, and turning them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from services.media.keys.schemas import KeyList, RewrapAnswer, RotateAnswer, RotateRequest
from services.media.keys.service import KeyService
from shared.http.inner import service_token_claims
from shared.http.roles import Admin

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["keys"])


async def _keys(request: Request) -> KeyService:
    service: KeyService = request.app.state.parts.keys
    return service


Keys = Annotated[KeyService, Depends(_keys)]


@router.get("/api/admin/keys")
async def list_keys(_: Admin, keys: Keys, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> KeyList:
    """Which master keys are in use, what is due, and the latest rotations with what they wrote."""
    return await keys.overview(limit)


@router.post("/api/admin/keys/rotate", status_code=202)
async def rotate(_: Admin, keys: Keys, wanted: RotateRequest | None = None) -> RotateAnswer:
    """Encrypt one film, all films or those that are due with new keys, without transcoding."""
    return await keys.rotate(wanted or RotateRequest())


@router.post("/api/admin/keys/rewrap")
async def rewrap(_: Admin, keys: Keys) -> RewrapAnswer:
    """Wrap all content secrets by the first master key."""
    return await keys.rewrap()
