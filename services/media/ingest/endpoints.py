"""``POST /api/videos/ingest``: a film that is fetched from an address."""

from typing import Annotated
from urllib.parse import unquote, urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from services.media.ingest.fetching import Fetcher
from services.media.uploads.feeding import Feeder
from services.media.uploads.ledger import Sender, Target, UploadLedger, Wanted
from services.media.uploads.service import clean_name
from shared.contracts.model import Document, ExternalId, Text
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["uploads"])


class IngestInput(Document):
    url: Annotated[Text, Field(max_length=4096)]
    chapter_id: ExternalId | None = None
    """The chapter that gets its film."""
    video_id: UUID | None = None
    """Or the video whose film is replaced."""
    file_name: Annotated[Text, Field(max_length=1000)] | None = None


class IngestAccepted(Document):
    """``videoId`` is there once the film is; until then ``GET /api/uploads/{uploadId}`` tells how far it is."""

    upload_id: str
    video_id: str
    status: str = "uploading"


@router.post("/api/videos/ingest", status_code=202)
async def ingest(body: IngestInput, actor: StaffOrService, request: Request) -> IngestAccepted:
    """Fetch a film from a public address. It is begun here, and goes on without whoever asked."""
    fetcher: Fetcher = request.app.state.fetcher
    ledger: UploadLedger = request.app.state.upload_ledger
    feeder: Feeder = request.app.state.feeder
    await fetcher.check(body.url)
    name = clean_name(body.file_name or unquote(urlsplit(body.url).path))
    target = Target(body.chapter_id, body.video_id)
    upload = await ledger.begin(Wanted("ingest", target, name, None, url=body.url), Sender(actor))
    await feeder.ring(upload.id)
    return IngestAccepted(upload_id=str(upload.id), video_id=str(upload.video_id))
