"""``/api/videos/{id}/download`` for who is signed in, ``/api/videos/download`` for who has a ticket."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from services.gateway.audit.trail import concerns
from services.gateway.downloads.schemas import DownloadAnswer
from services.gateway.downloads.service import DownloadService
from services.gateway.identity.client_ip import is_within
from services.gateway.identity.dependencies import ClientIp, SignedIn
from services.gateway.proxy.passing import chosen, relay
from services.gateway.tokens.endpoints import VideoId
from shared.db import new_id

router = APIRouter(tags=["downloads"])

RETRY_AFTER = 2
FILE_HEADERS = ("if-none-match", "if-range", "range", "user-agent")
SENDFILE = "lectern-sendfile"
"""By this header nginx says at which internal location of its own it has the files (deploy/nginx/lectern-disk.conf)."""


async def _downloads(request: Request) -> DownloadService:
    service: DownloadService = request.app.state.downloads
    return service


Downloads = Annotated[DownloadService, Depends(_downloads)]


def _of_the_file(request: Request) -> dict[str, str]:
    """What media has to know to send the file; where an nginx of ours stands in front, that it may send it itself.

    Only a trusted proxy is believed that it is one: anybody else would get the name of the file and nothing of it.
    """
    headers = chosen(request.headers, FILE_HEADERS)
    peer = request.client.host if request.client else ""
    if is_within(peer, request.app.state.settings.proxy_networks):
        headers |= chosen(request.headers, (SENDFILE,))
    return headers


Quality = Annotated[str | None, Query(max_length=64)]


@router.get(
    "/api/videos/{video_id}/download", responses={200: {"model": DownloadAnswer}, 202: {"model": DownloadAnswer}}
)
async def download(
    video_id: VideoId, actor: SignedIn, ip: ClientIp, request: Request, downloads: Downloads, quality: Quality = None
) -> Response:
    """The film as an MP4. Who accepts JSON gets an address that a browser downloads from, everybody else the file.

    While it is being made: 202 with how far it is.
    """
    concerns(video_id=video_id)
    file = await downloads.prepare(video_id, actor, quality)
    if file.status == "preparing":
        answer = DownloadAnswer(
            status="preparing", percent=file.percent, quality=file.quality, file_name=file.file_name
        )
        headers = {"Cache-Control": "no-store", "Retry-After": str(RETRY_AFTER)}
        return JSONResponse(answer.dump(), 202, headers)
    if request.method == "GET" and "application/json" in request.headers.get("accept", ""):
        answer = await downloads.link(video_id, actor, ip, file)
        return JSONResponse(answer.dump(), headers={"Cache-Control": "no-store"})
    version_id, headers = UUID(file.version_id), _of_the_file(request)
    found = await downloads.open_file(video_id, version_id, file.quality, request.method, headers)
    downloads.count(new_id(), video_id, file.quality, actor, found)
    return relay(found, request.app.state.upstreams["media"])


@router.get("/api/videos/download", response_class=StreamingResponse)
async def download_by_ticket(request: Request, ip: ClientIp, downloads: Downloads, token: str = "") -> Response:
    """The file behind a ticket, or the part of it that ``Range`` asks for: as often as a browser goes on with it."""
    found = await downloads.open_ticket(token, ip, request.method, _of_the_file(request))
    return relay(found, request.app.state.upstreams["media"])


for path, endpoint in (("/api/videos/{video_id}/download", download), ("/api/videos/download", download_by_ticket)):
    router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
