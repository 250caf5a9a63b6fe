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


def form_schema(*fields: str) -> dict[str, object]:
    properties: dict[str, object] = {"video": {"type": "string", "format": "binary"}}
    properties |= {name: {"type": "string"} for name in fields if name != "video"}
    schema = {"type": "object", "required": list(fields), "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def _uploads(request: Request) -> UploadService:
    service: UploadService = request.app.state.uploads
    return service


Uploads = Annotated[UploadService, Depends(_uploads)]


def refuse_by_headers(request: Request) -> str:
    """The content type; refuses what the headers already tell, before a byte of the body is read."""
    limit: int = request.app.state.settings.max_upload_bytes
    if declared_bytes(request) > limit:
        raise errors.too_large(limit)
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise errors.not_a_form()
    return content_type


def declared_bytes(request: Request) -> int:
    """What a form is said to have at least of a film; 0 where nothing is said."""
    declared = request.headers.get("content-length", "")
    return max(0, int(declared) - FORM_OVERHEAD) if declared.isdigit() else 0


@router.post("/api/videos/upload", status_code=202, openapi_extra=form_schema("chapterId", "video"))
async def upload(request: Request, actor: StaffOrService, uploads: Uploads) -> UploadAccepted:
    content_type = refuse_by_headers(request)
    return await uploads.upload(content_type, request.stream(), actor, declared_bytes(request))


@router.put("/api/videos/{video_id}/replace", status_code=202, openapi_extra=form_schema("video"))
async def replace(video_id: UUID, request: Request, actor: StaffOrService, uploads: Uploads) -> UploadAccepted:
    content_type = refuse_by_headers(request)
    return await uploads.replace(video_id, content_type, request.stream(), actor, declared_bytes(request))
