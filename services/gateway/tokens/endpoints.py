"""``GET /api/videos/{id}/access-token``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.gateway.identity.dependencies import ClientIp, SignedIn
from services.gateway.tokens import errors
from services.gateway.tokens.schemas import AccessToken
from services.gateway.tokens.service import TokenService


def video_id_of(video_id: str) -> UUID:
    """The id in the path. What is no id is an id that no video has: the same answer at every address."""
    try:
        return UUID(video_id)
    except ValueError:
        raise errors.video_not_found() from None


VideoId = Annotated[UUID, Depends(video_id_of)]

router = APIRouter(tags=["playback"])


@router.get("/api/videos/{video_id}/access-token")
async def access_token(
    video_id: VideoId, actor: SignedIn, ip: ClientIp, request: Request, response: Response
) -> AccessToken:
    """A one-time token for one film, bound to the network it is asked from."""
    tokens: TokenService = request.app.state.tokens
    response.headers["Cache-Control"] = "no-store"
    return await tokens.issue(video_id, actor, ip, request.headers.get("user-agent", ""))
