"""``GET /api/videos/{id}/access-token``."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.gateway.identity.dependencies import ClientIp, SignedIn
from services.gateway.tokens.schemas import AccessToken
from services.gateway.tokens.service import TokenService

router = APIRouter(tags=["playback"])


@router.get("/api/videos/{video_id}/access-token")
async def access_token(
    video_id: UUID, actor: SignedIn, ip: ClientIp, request: Request, response: Response
) -> AccessToken:
    """A one-time token for one film, bound to the network it is asked from."""
    tokens: TokenService = request.app.state.tokens
    response.headers["Cache-Control"] = "no-store"
    return await tokens.issue(video_id, actor, ip, request.headers.get("user-agent", ""))
