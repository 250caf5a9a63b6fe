"""What a player needs beside playlists and keys, for a viewer who has nothing but the session: one in a frame of another
page, whose one-time token a back end asked for.

The same documents as with the platform's JWT, of the session's film and chapter and as its user, and of no other: neither
path nor query can name one. As with keys, the session has to be good now and the request from its network.
"""

from typing import Literal

from fastapi import APIRouter, Request, Response

from services.gateway.identity.dependencies import ClientIp
from services.gateway.proxy.passing import BodyLimit, pass_on
from services.gateway.proxy.upstream import Upstream
from services.gateway.sessions.endpoints import Credential, Language, Sessions
from services.gateway.sessions.repository import Found
from services.gateway.sessions.schemas import Renewed
from shared.contracts.access import Actor, Role

router = APIRouter(prefix="/api/playback/{credential}/film", tags=["playback"])

LIMIT = BodyLimit(64 * 1024)
"""As of a beat: both are what a browser sends along with a closing page."""


@router.get("/status", response_class=Response)
async def status(credential: Credential, request: Request, sessions: Sessions, ip: ClientIp) -> Response:
    """How far the film is, as anybody who watches it is told."""
    found = await sessions.require(credential, ip)
    return await _pass_on(request, found, "media", f"/api/videos/{found.video_id}/status")


@router.get("/storyboard.json", response_class=Response)
async def storyboard(credential: Credential, request: Request, sessions: Sessions, ip: ClientIp) -> Response:
    """Every tile of the storyboard with its place in its sprite."""
    found = await sessions.require(credential, ip)
    return await _pass_on(request, found, "media", f"/api/videos/{found.video_id}/storyboard.json")


@router.get("/thumbnails", response_class=Response)
async def thumbnails(credential: Credential, request: Request, sessions: Sessions, ip: ClientIp) -> Response:
    """Pictures of the film, one every ten seconds."""
    found = await sessions.require(credential, ip)
    return await _pass_on(request, found, "media", f"/api/videos/{found.video_id}/thumbnails")


@router.get("/captions/{language}.vtt", response_class=Response)
async def captions(
    credential: Credential, language: Language, request: Request, sessions: Sessions, ip: ClientIp
) -> Response:
    """The whole text in one language, as a transcript needs it."""
    found = await sessions.require(credential, ip)
    return await _pass_on(request, found, "media", f"/api/videos/{found.video_id}/captions/{language}.vtt")


@router.get("/progress", response_class=Response)
async def progress(credential: Credential, request: Request, sessions: Sessions, ip: ClientIp) -> Response:
    """The viewer's own progress document of the chapter."""
    found = await sessions.require(credential, ip)
    return await _pass_on(request, found, "progress", f"/api/progress/chapters/{found.chapter_id}")


@router.post("/analytics", status_code=202, response_class=Response)
async def analytics(credential: Credential, request: Request, sessions: Sessions, ip: ClientIp) -> Response:
    """How well a session of this viewer played this film."""
    found = await sessions.require(credential, ip)
    return await _pass_on(request, found, "progress", f"/api/videos/{found.video_id}/analytics")


@router.post("/renew")
async def renew(credential: Credential, sessions: Sessions, ip: ClientIp, response: Response) -> Renewed:
    """Moves the end on, up to the session's last. Unlike the renewal by JWT it takes no session to another network, and
    brings back none that expired."""
    response.headers["Cache-Control"] = "no-store"
    return Renewed(expires_at=await sessions.keep(credential, ip))


async def _pass_on(request: Request, found: Found, service: Literal["media", "progress"], path: str) -> Response:
    upstream: Upstream = request.app.state.upstreams[service]
    # What only staff are told of a film is not for an address that may be handed on.
    role = Role.STUDENT if service == "media" else Role(found.role)
    return await pass_on(request, upstream, Actor(user_id=found.user_id, role=role), LIMIT, at=path)
