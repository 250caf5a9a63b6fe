"""``/api/uploads``: parts that a browser sends straight to storage; and how far an upload is, however it comes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.media.direct.schemas import (
    DirectInput,
    DirectUpload,
    PartAddresses,
    PartsWanted,
    StoredParts,
    UploadAnswer,
)
from services.media.direct.service import DirectService
from services.media.uploads.schemas import UploadAccepted
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["uploads"])


async def _direct(request: Request) -> DirectService:
    service: DirectService = request.app.state.direct
    return service


Direct = Annotated[DirectService, Depends(_direct)]


@router.post("/api/uploads", status_code=201)
async def create(body: DirectInput, actor: StaffOrService, direct: Direct) -> DirectUpload:
    """Begin an upload whose parts go straight to S3."""
    return await direct.create(body, actor)


@router.get("/api/uploads/{upload_id}")
async def state(upload_id: UUID, actor: StaffOrService, direct: Direct) -> UploadAnswer:
    return await direct.state(upload_id, actor)


@router.post("/api/uploads/{upload_id}/parts")
async def addresses(upload_id: UUID, body: PartsWanted, actor: StaffOrService, direct: Direct) -> PartAddresses:
    """Where to send these parts. Asked again, new addresses of the same parts."""
    return await direct.addresses(upload_id, body.numbers, actor)


@router.get("/api/uploads/{upload_id}/parts")
async def parts(upload_id: UUID, actor: StaffOrService, direct: Direct) -> StoredParts:
    return await direct.parts(upload_id, actor)


@router.post("/api/uploads/{upload_id}/complete", status_code=202)
async def complete(upload_id: UUID, actor: StaffOrService, direct: Direct) -> UploadAccepted:
    """Asked twice, the same video."""
    upload = await direct.complete(upload_id, actor)
    return UploadAccepted(video_id=str(upload.video_id), status="processing")


@router.delete("/api/uploads/{upload_id}", status_code=204)
async def end(upload_id: UUID, actor: StaffOrService, direct: Direct) -> Response:
    """Give an upload up, of whatever kind it is."""
    await direct.end(upload_id, actor)
    return Response(status_code=204)
