"""``GET /api/videos/{id}/access-token``, and ``POST /api/access-tokens`` for back ends."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.gateway.identity.dependencies import BackEnd, ClientIp, SignedIn
from services.gateway.limits.rates import Limits
from services.gateway.tokens import errors
from services.gateway.tokens.schemas import AccessToken, TokenFor
from services.gateway.tokens.service import TokenService
from shared.contracts.access import Actor, Role


async def video_id_of(video_id: str) -> UUID:
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
    limits: Limits = request.app.state.limits
    await limits.access_token(actor.user_id)
    response.headers["Cache-Control"] = "no-store"
    return await tokens.issue(video_id, actor, ip, request.headers.get("user-agent", ""))


@router.post("/api/access-tokens", status_code=201)
async def access_token_for(body: TokenFor, _: BackEnd, request: Request, response: Response) -> AccessToken:
    """A one-time token for a student whom the platform's back end names, if that student may watch the film."""
    tokens: TokenService = request.app.state.tokens
    limits: Limits = request.app.state.limits
    await limits.access_token(body.user_id)
    response.headers["Cache-Control"] = "no-store"
    student = Actor(user_id=body.user_id, role=Role.STUDENT)
    # The back end's own browser is nobody's device.
    return await tokens.issue(body.video_id, student, body.client_ip, None)
