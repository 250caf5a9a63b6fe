"""``/api/admin/api-keys``: for admins who signed in with a JWT. No API key makes, sees or ends another."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.gateway.apikeys.schemas import ApiKeyList, MadeApiKey, NewApiKey
from services.gateway.apikeys.service import ApiKeyService
from services.gateway.identity.dependencies import Admin

router = APIRouter(tags=["api keys"])


async def _api_keys(request: Request) -> ApiKeyService:
    service: ApiKeyService = request.app.state.api_keys
    return service


ApiKeys = Annotated[ApiKeyService, Depends(_api_keys)]


@router.post("/api/admin/api-keys", status_code=201)
async def make(body: NewApiKey, actor: Admin, api_keys: ApiKeys, response: Response) -> MadeApiKey:
    """The key is in this answer and never shown again."""
    response.headers["Cache-Control"] = "no-store"
    return await api_keys.make(body, actor)


@router.get("/api/admin/api-keys")
async def list_all(_: Admin, api_keys: ApiKeys, response: Response) -> ApiKeyList:
    response.headers["Cache-Control"] = "no-store"
    return ApiKeyList(api_keys=await api_keys.list())


@router.delete("/api/admin/api-keys/{key_id}", status_code=204)
async def revoke(key_id: UUID, _: Admin, api_keys: ApiKeys) -> Response:
    """The next call with it is refused. It stays in the list."""
    await api_keys.revoke(key_id)
    return Response(status_code=204)
