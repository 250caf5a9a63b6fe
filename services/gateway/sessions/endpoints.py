"""``/api/videos/stream`` and everything below ``/api/playback/{credential}``.

The credential stands in the path: Safari's own player sends no headers and drops queries, and a path is inherited by
every relative address in a playlist.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from services.gateway.identity.dependencies import ClientIp, SignedIn
from services.gateway.limits.rates import Limits
from services.gateway.proxy.upstream import Upstream
from services.gateway.sessions import errors
from services.gateway.sessions.playlists import Playlists
from services.gateway.sessions.repository import Found
from services.gateway.sessions.schemas import PlaybackSessionAnswer, Renewed
from services.gateway.sessions.service import SessionService
from shared.contracts.access import Actor, Role
from shared.http import Problem

router = APIRouter(tags=["playback"])

MAX_BEAT = 64 * 1024
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Language = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{2,35}$")]
Credential = Annotated[str, Path(min_length=16, max_length=128)]
Number = Annotated[int, Path(ge=0, le=1_000_000)]


async def _sessions(request: Request) -> SessionService:
    service: SessionService = request.app.state.sessions
    return service


Sessions = Annotated[SessionService, Depends(_sessions)]


async def _media(request: Request) -> Upstream:
    upstream: Upstream = request.app.state.upstreams["media"]
    return upstream


Media = Annotated[Upstream, Depends(_media)]


async def _playlists(request: Request) -> Playlists:
    playlists: Playlists = request.app.state.playlists
    return playlists


KeptPlaylists = Annotated[Playlists, Depends(_playlists)]


@router.get("/api/videos/stream", response_model=PlaybackSessionAnswer)
async def stream(request: Request, sessions: Sessions, media: Media, ip: ClientIp, token: str = "") -> Response:
    """Spend a one-time token. A player gets the master playlist; who accepts JSON gets the session."""
    try:
        answer, version_id = await sessions.open(token, ip, request.headers.get("user-agent"))
    except Problem as refusal:
        if refusal.code == "token_invalid":
            # Spent and expired ones were somebody's; only these may be guesses.
            limits: Limits = request.app.state.limits
            await limits.refused_token(ip)
        raise
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(answer.dump(), headers={"Cache-Control": "no-store"})
    # The playlist is read at another address than its children's, so here they are named in full.
    prefix = answer.master_url.removesuffix("master.m3u8")
    playlist = await media.get(f"/internal/playback/{version_id}/master.m3u8", params={"prefix": prefix})
    return _playlist(playlist.body, "no-store")


@router.get("/api/playback/{credential}/master.m3u8", response_class=Response)
async def master(credential: Credential, sessions: Sessions, media: Media, ip: ClientIp) -> Response:
    found = await sessions.require(credential, ip)
    playlist = await media.get(f"/internal/playback/{found.version_id}/master.m3u8")
    return _playlist(playlist.body, playlist.headers.get("Cache-Control", "no-store"))


@router.get("/api/playback/{credential}/master_{quality}.m3u8", response_class=Response)
async def master_of(credential: Credential, quality: Name, sessions: Sessions, media: Media, ip: ClientIp) -> Response:
    """The master playlist of one quality, for players whose own menu chooses by address."""
    found = await sessions.require(credential, ip)
    playlist = await media.get(f"/internal/playback/{found.version_id}/master.m3u8", params={"only": quality})
    return _playlist(playlist.body, playlist.headers.get("Cache-Control", "no-store"))


@router.get("/api/playback/{credential}/{rendition}.m3u8", response_class=Response)
async def media_playlist(
    credential: Credential, rendition: Name, sessions: Sessions, playlists: KeptPlaylists, ip: ClientIp
) -> Response:
    """The segments of one rendition; on a restricted first watch those that are released, more each time."""
    found, windows = await sessions.released(credential, ip)
    playlist = await playlists.media(found.version_id, rendition, found.key_epoch, windows=windows)
    return _playlist(playlist.body, playlist.cache_control)


@router.get("/api/playback/{credential}/full/master.m3u8", response_class=Response)
async def full_master(credential: Credential, sessions: Sessions, media: Media, ip: ClientIp) -> Response:
    """The whole film, released or not: for a player that knows what is (``managedMasterUrl``)."""
    return await master(credential, sessions, media, ip)


@router.get("/api/playback/{credential}/full/{rendition}.m3u8", response_class=Response)
async def full_media_playlist(
    credential: Credential, rendition: Name, sessions: Sessions, playlists: KeptPlaylists, ip: ClientIp
) -> Response:
    found = await sessions.require(credential, ip)
    playlist = await playlists.media(found.version_id, rendition, found.key_epoch, prefix="../")
    return _playlist(playlist.body, playlist.cache_control)


@router.get("/api/playback/{credential}/key/{epoch}/{window}.key", response_class=Response)
async def key(credential: Credential, epoch: Number, window: Number, sessions: Sessions, ip: ClientIp) -> Response:
    """The 16 bytes that open one window of segments."""
    content = await sessions.key(credential, ip, epoch, window)
    return Response(content, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})


@router.get("/api/playback/{credential}/segment/{rendition}/{index}.ts", response_class=RedirectResponse)
async def segment(
    credential: Credential, rendition: Name, index: Number, sessions: Sessions, media: Media, ip: ClientIp
) -> Response:
    """A segment that was not made when its playlist was read: leads to it as soon as it is."""
    found = await sessions.require(credential, ip)
    path = f"/internal/playback/{found.version_id}/segments/{rendition}/{index}"
    answer = await media.get(path, params=_epoch(found))
    return RedirectResponse(answer.json()["url"], 302, {"Cache-Control": "no-store"})


@router.get("/api/playback/{credential}/subtitle/{language}/{index}.vtt", response_class=Response)
async def subtitle(
    credential: Credential, language: Language, index: Number, sessions: Sessions, media: Media, ip: ClientIp
) -> Response:
    """The captions of one segment, as they are now."""
    found = await sessions.require(credential, ip)
    answer = await media.get(f"/internal/playback/{found.version_id}/subtitles/{language}/{index}.vtt")
    return Response(answer.body, media_type="text/vtt", headers={"Cache-Control": "private, no-cache"})


@router.get("/api/playback/{credential}/availability", response_class=Response)
async def availability(credential: Credential, sessions: Sessions, media: Media, ip: ClientIp) -> Response:
    """Which segments of which renditions are made, while the film is still being made."""
    found = await sessions.require(credential, ip)
    answer = await media.get(f"/internal/playback/{found.version_id}/availability")
    return Response(answer.body, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.post("/api/playback/{credential}/renew")
async def renew(
    credential: Credential, sessions: Sessions, actor: SignedIn, ip: ClientIp, response: Response
) -> Renewed:
    response.headers["Cache-Control"] = "no-store"
    return Renewed(expires_at=await sessions.renew(credential, ip, actor))


@router.post("/api/playback/{credential}/beat", response_class=JSONResponse)
async def beat(credential: Credential, request: Request, sessions: Sessions, ip: ClientIp) -> Response:
    """Stretches that were played. ``text/plain``, so that a closing page may send it as a beacon."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BEAT:
            raise errors.beat_too_large()
    found = await sessions.used(credential, ip)
    progress: Upstream = request.app.state.upstreams["progress"]
    answer = await progress.post(
        "/internal/beats",
        bytes(body),
        actor=Actor(user_id=found.user_id, role=Role(found.role)),
        session=_claims(found),
    )
    return Response(answer.body, answer.status, {"Cache-Control": "no-store"}, "application/json")


def _claims(found: Found) -> dict[str, Any]:
    """What the gateway vouches for about a session; progress believes this and nothing in the body."""
    return {
        "id": str(found.id),
        "video_id": str(found.video_id),
        "version_id": str(found.version_id),
        "course_id": found.course_id,
        "chapter_id": found.chapter_id,
    }


def _epoch(found: Found) -> dict[str, str]:
    """Which segments and keys the session is led to: those of its beginning, as long as it lives."""
    return {} if found.key_epoch is None else {"epoch": str(found.key_epoch)}


def _playlist(body: bytes, cache_control: str) -> Response:
    return Response(body, media_type="application/vnd.apple.mpegurl", headers={"Cache-Control": cache_control})
