"""``/api/videos/by-content`` and ``/api/videos/from-existing``: what is there need not be sent again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from services.media.sources.schemas import FromExisting, SameContentList
from services.media.sources.service import SourceService
from services.media.uploads.schemas import UploadAccepted
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["videos"])

SHA256 = r"^[0-9A-Fa-f]{64}$"


async def _sources(request: Request) -> SourceService:
    service: SourceService = request.app.state.parts.sources
    return service


Sources = Annotated[SourceService, Depends(_sources)]


@router.get("/api/videos/by-content")
async def by_content(
    actor: StaffOrService,
    sources: Sources,
    sha256: Annotated[str, Query(pattern=SHA256)],
    size: Annotated[int, Query(ge=1, lt=2**63)],
) -> SameContentList:
    """The films of one's courses that were made from a file of this SHA-256 (hex) and so many bytes."""
    return await sources.same_content(sha256, size, actor)


@router.post("/api/videos/from-existing", status_code=202)
async def from_existing(wanted: FromExisting, actor: StaffOrService, sources: Sources) -> UploadAccepted:
    """A new film for a chapter from the file that another film was made from."""
    return await sources.from_existing(wanted, actor)
