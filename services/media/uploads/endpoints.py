"""``POST /api/videos/upload`` and ``PUT /api/videos/{id}/replace``: the seeds' multipart form, read as a stream."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from services.media.uploads import errors
from services.media.uploads.schemas import UploadAccepted
from services.media.uploads.service import UploadService
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["videos"])

FORM_OVERHEAD = 64 * 1024
"""What boundaries, headers and the other fields of a form may add to a film's size."""


def _form(*fields: str) -> dict[str, object]:
    properties: dict[str, object] = {"video": {"type": "string", "format": "binary"}}
    properties |= {name: {"type": "string"} for name in fields if name != "video"}
    schema = {"type": "object", "required": list(fields), "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def _uploads(request: Request) -> UploadService:
    service: UploadService = request.app.state.uploads
    return service


Uploads = Annotated[UploadService, Depends(_uploads)]


def _refuse_by_headers(request: Request) -> str:
    """The content type; refuses what the headers already tell, before a byte of the body is read."""
    limit: int = request.app.state.settings.max_upload_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit + FORM_OVERHEAD:
        raise errors.too_large(limit)
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise errors.not_a_form()
    return content_type


@router.post("/api/videos/upload", status_code=202, openapi_extra=_form("chapterId", "video"))
async def upload(request: Request, actor: StaffOrService, uploads: Uploads) -> UploadAccepted:
    return await uploads.upload(_refuse_by_headers(request), request.stream(), actor)


@router.put("/api/videos/{video_id}/replace", status_code=202, openapi_extra=_form("video"))
async def replace(video_id: UUID, request: Request, actor: StaffOrService, uploads: Uploads) -> UploadAccepted:
    return await uploads.replace(video_id, _refuse_by_headers(request), request.stream(), actor)
