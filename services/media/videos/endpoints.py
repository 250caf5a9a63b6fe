"""``/api/videos/{id}``: status, thumbnails, deletion. The gateway has checked who may watch."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.media.videos.schemas import ThumbnailList, VideoStatusAnswer
from services.media.videos.service import VideoService
from shared.http.inner import ActingPerson, service_token_claims
from shared.http.roles import Staff

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["videos"])


def _videos(request: Request) -> VideoService:
    service: VideoService = request.app.state.videos
    return service


Videos = Annotated[VideoService, Depends(_videos)]


@router.get("/api/videos/{video_id}/status")
async def status(video_id: UUID, actor: ActingPerson, videos: Videos) -> VideoStatusAnswer:
    return await videos.status(video_id)


@router.get("/api/videos/{video_id}/thumbnails")
async def thumbnails(video_id: UUID, actor: ActingPerson, videos: Videos) -> ThumbnailList:
    return await videos.thumbnails(video_id)


@router.delete("/api/videos/{video_id}", status_code=204)
async def delete(video_id: UUID, actor: Staff, videos: Videos) -> Response:
    await videos.delete(video_id)
    return Response(status_code=204)
