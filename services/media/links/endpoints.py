"""``/api/upload-links``: leave to upload one film without a sign-in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.media.links.schemas import LinkInput, LinkList, LinkShown, NewLink
from services.media.links.service import LinkService
from services.media.uploads.endpoints import Uploads, declared_bytes, form_schema, refuse_by_headers
from services.media.uploads.ledger import UploadLedger
from services.media.uploads.schemas import UploadAccepted
from shared.contracts.model import ExternalId
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["uploads"])


async def _links(request: Request) -> LinkService:
    service: LinkService = request.app.state.links
    return service


Links = Annotated[LinkService, Depends(_links)]


@router.post("/api/upload-links", status_code=201)
async def create(body: LinkInput, actor: StaffOrService, links: Links) -> NewLink:
    """A link for one film: of a chapter that has none, or in the place of a video's."""
    return await links.create(body, actor)


@router.get("/api/upload-links")
async def list_links(
    actor: StaffOrService, links: Links, course_id: Annotated[ExternalId, Query(alias="courseId")]
) -> LinkList:
    """The links of a course that are still good."""
    return await links.of_course(course_id, actor)


@router.delete("/api/upload-links/{link_id}", status_code=204)
async def revoke(link_id: UUID, actor: StaffOrService, links: Links, request: Request) -> Response:
    """What is being uploaded with it ends."""
    ledger: UploadLedger = request.app.state.upload_ledger
    for upload_id in await links.revoke(link_id, actor):
        await ledger.end(upload_id)
    return Response(status_code=204)


@router.get("/api/upload-links/{token}")
async def show(token: str, links: Links) -> LinkShown:
    return await links.shown(token)


@router.post("/api/upload-links/{token}/upload", status_code=202, openapi_extra=form_schema("video"))
async def upload(token: str, request: Request, links: Links, uploads: Uploads) -> UploadAccepted:
    """The film as a plain form's field ``video``."""
    leave = await links.leave(token, begins=True)
    content_type = refuse_by_headers(request)
    return await uploads.by_link(leave.target, leave.sender, content_type, request.stream(), declared_bytes(request))
