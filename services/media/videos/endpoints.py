"""``/api/videos/{id}``: status and its events, images, deletion. The gateway has checked who may watch."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse

from services.media.videos.events import StatusFeed
from services.media.videos.rollback import Rollback
from services.media.videos.schemas import (
    BatchStatus,
    BatchWanted,
    RolledBack,
    Storyboard,
    ThumbnailList,
    VideoStatusAnswer,
)
from services.media.videos.service import VideoService
from services.media.videos.storyboard import as_webvtt
from shared.http.inner import ActingPerson, service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["videos"])


async def _videos(request: Request) -> VideoService:
    service: VideoService = request.app.state.videos
    return service


Videos = Annotated[VideoService, Depends(_videos)]


@router.get("/api/videos/{video_id}/status")
async def status(video_id: UUID, actor: ActingPerson, videos: Videos) -> VideoStatusAnswer:
    return await videos.status(video_id, actor)


@router.post("/api/videos/batch-status")
async def batch_status(body: BatchWanted, actor: StaffOrService, videos: Videos) -> BatchStatus:
    """The status of many at once, in the order in which they were asked for."""
    return await videos.batch_status(body.video_ids, actor)


@router.get("/api/videos/{video_id}/events", response_class=StreamingResponse)
async def events(
    video_id: UUID,
    actor: ActingPerson,
    request: Request,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """The status as server-sent events, each time it changes; 204 where nothing can change any more."""
    feed: StatusFeed = request.app.state.status_feed
    first = await feed.first(video_id, actor)
    if first.is_last and first.id == last_event_id:
        return Response(status_code=204)
    return StreamingResponse(
        feed.stream(video_id, actor, first, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/api/videos/{video_id}/storyboard.json")
async def storyboard_json(video_id: UUID, actor: ActingPerson, videos: Videos) -> Storyboard:
    """Every tile of the storyboard with its place in its sprite."""
    return await videos.storyboard(video_id)


@router.get("/api/videos/{video_id}/storyboard.vtt", response_class=Response)
async def storyboard_vtt(video_id: UUID, actor: ActingPerson, videos: Videos) -> Response:
    """The storyboard as WebVTT with media fragments (``#xywh``), as players' thumbnail plugins read it."""
    return Response(as_webvtt(await videos.storyboard(video_id)), media_type="text/vtt")


@router.get("/api/videos/{video_id}/thumbnails")
async def thumbnails(video_id: UUID, actor: ActingPerson, videos: Videos) -> ThumbnailList:
    return await videos.thumbnails(video_id)


@router.post("/api/videos/{video_id}/rollback")
async def roll_back(video_id: UUID, actor: StaffOrService, request: Request) -> RolledBack:
    """Give viewers the version before the current one, which is kept in turn."""
    rollback: Rollback = request.app.state.parts.rollback
    return await rollback.roll_back(video_id, actor)


@router.delete("/api/videos/{video_id}", status_code=204)
async def delete(video_id: UUID, actor: StaffOrService, videos: Videos) -> Response:
    await videos.delete(video_id, actor)
    return Response(status_code=204)
