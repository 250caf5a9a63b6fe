"""``PUT /api/videos/{id}/download-policy``; and for the gateway, which decides who may, the files themselves."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from email.utils import format_datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.media.downloads import errors
from services.media.downloads.ranges import Part, Unsatisfiable, asked_part, is_known, is_same
from services.media.downloads.schemas import DownloadPolicy, DownloadPolicyAnswer, DownloadState, DownloadWanted
from services.media.downloads.service import DownloadService, KeptFile
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService
from shared.storage import attachment

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["downloads"])


async def _downloads(request: Request) -> DownloadService:
    service: DownloadService = request.app.state.downloads
    return service


Downloads = Annotated[DownloadService, Depends(_downloads)]
Condition = Annotated[str | None, Header()]


@router.put("/api/videos/{video_id}/download-policy")
async def set_policy(
    video_id: UUID, body: DownloadPolicy, actor: StaffOrService, downloads: Downloads
) -> DownloadPolicyAnswer:
    return await downloads.set_policy(video_id, body.policy, actor)


@router.post("/internal/downloads")
async def ensure(body: DownloadWanted, downloads: Downloads) -> DownloadState:
    """How far a file is. Asked for the first time, it is begun."""
    return await downloads.ensure(body)


@router.get("/internal/downloads/content", response_class=StreamingResponse)
async def content(
    request: Request,
    downloads: Downloads,
    video_id: Annotated[UUID, Query(alias="videoId")],
    version_id: Annotated[UUID, Query(alias="versionId")],
    quality: Annotated[str, Query(max_length=64)],
    range: Condition = None,
    if_range: Condition = None,
    if_none_match: Condition = None,
    lectern_sendfile: Condition = None,
) -> Response:
    """The file, or the part of it that is asked for.

    With ``Lectern-Sendfile``, the place at which an nginx in front has the files of a store on disk, the answer names
    the file to that nginx, which sends what is asked of it: ranges and conditions are its business then.
    """
    file = await downloads.kept(video_id, version_id, quality)
    headers = _headers(file)
    if lectern_sendfile and downloads.on_disk:
        headers = {name: headers[name] for name in ("Cache-Control", "Content-Disposition")}
        headers["X-Accel-Redirect"] = f"{lectern_sendfile.rstrip('/')}/{quote(file.key)}"
        return Response(headers=headers, media_type=file.content_type)
    if is_known(if_none_match, file.etag):
        return Response(status_code=304, headers=headers)
    part = None
    if request.method == "GET" and is_same(if_range, file.etag, file.modified):
        try:
            part = asked_part(range, file.size)
        except Unsatisfiable:
            raise errors.range_not_satisfiable(file.size) from None
    sent = part or Part(0, file.size)
    headers |= {"Content-Length": str(sent.end - sent.start), "Content-Type": file.content_type}
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{file.size}"
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    return StreamingResponse(_pieces(downloads, file, sent), 206 if part else 200, headers)


router.add_api_route("/internal/downloads/content", content, methods=["HEAD"], include_in_schema=False)


async def _pieces(downloads: DownloadService, file: KeptFile, sent: Part) -> AsyncGenerator[bytes, None]:
    async with aclosing(downloads.bytes_of(file, sent.start, sent.end)) as pieces:
        async for piece in pieces:
            yield piece


def _headers(file: KeptFile) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache, no-transform",
        "Content-Disposition": attachment(file.name),
        "ETag": file.etag,
        "Last-Modified": format_datetime(file.modified, usegmt=True),
    }
