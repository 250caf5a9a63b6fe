"""For the gateway only: it holds the session, and asks here what to answer it with."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.media.playback.schemas import Availability
from services.media.playback.service import PlaybackService
from shared.contracts.video import FINAL_PLAYLIST
from shared.http.inner import service_token_claims

router = APIRouter(prefix="/internal/playback", dependencies=[Depends(service_token_claims)], tags=["playback"])

HLS_TYPE = "application/vnd.apple.mpegurl"


class SegmentAddress(BaseModel):
    url: str


async def _playback(request: Request) -> PlaybackService:
    service: PlaybackService = request.app.state.playback
    return service


Playback = Annotated[PlaybackService, Depends(_playback)]


@router.get("/{version_id}/master.m3u8", response_class=Response)
async def master(version_id: UUID, playback: Playback, only: str | None = None, prefix: str = "") -> Response:
    text = await playback.master(version_id, only, prefix)
    return Response(text, media_type=HLS_TYPE, headers={"Cache-Control": "private, no-cache"})


@router.get("/{version_id}/{rendition}.m3u8", response_class=Response)
async def media(
    version_id: UUID,
    rendition: str,
    playback: Playback,
    windows: int | None = None,
    prefix: str = "",
    epoch: int | None = None,
) -> Response:
    text, final = await playback.media(version_id, rendition, windows, prefix, epoch)
    cache = "private, max-age=3600" if final and windows is None else "private, no-cache"
    final_too = {FINAL_PLAYLIST: "yes"} if final else {}
    return Response(text, media_type=HLS_TYPE, headers={"Cache-Control": cache, **final_too})


@router.get("/{version_id}/segments/{rendition}/{index}")
async def segment(
    version_id: UUID, rendition: str, index: int, playback: Playback, epoch: int | None = None
) -> SegmentAddress:
    return SegmentAddress(url=await playback.segment(version_id, rendition, index, epoch))


@router.get("/{version_id}/subtitles/{language}/{index}.vtt", response_class=Response)
async def subtitle(version_id: UUID, language: str, index: int, playback: Playback) -> Response:
    """The captions of one segment. An edit is seen at once, so nobody keeps it."""
    text = await playback.subtitle_segment(version_id, language, index)
    return Response(text, media_type="text/vtt", headers={"Cache-Control": "private, no-cache"})


@router.get("/{version_id}/availability")
async def availability(version_id: UUID, playback: Playback) -> Availability:
    return await playback.availability(version_id)
