"""``/api/uploads/tus``, and the same below a link: the tus protocol. What is asked by OPTIONS the gateway knows itself."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.media.links.service import LinkService
from services.media.tus import errors
from services.media.tus.protocol import BYTES, VERSION, Checksum, concat, http_date, number
from services.media.tus.service import TusService
from services.media.uploads.ledger import Sender, Target, UploadLedger
from shared.db.models.uploads import Upload
from shared.http import Problem
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["uploads"])

SIGNED_IN = "/api/uploads/tus"
BY_LINK = "/api/upload-links/{token}/tus"


@dataclass(frozen=True)
class Door:
    """Through which an upload comes: by whom, for what (where a link says it), and at which address it stands."""

    sender: Sender
    target: Target | None
    base: str


async def _signed_in(request: Request, actor: StaffOrService) -> Door:
    return Door(Sender(actor), None, request.app.state.settings.public_url + SIGNED_IN)


async def _by_link(request: Request, token: str) -> Door:
    links: LinkService = request.app.state.links
    begins = request.method == "POST"
    leave = await links.leave(token, begins=begins)
    if begins and "upload-concat" not in request.headers:
        # The page was opened anew: what was begun before gives way.
        ledger: UploadLedger = request.app.state.upload_ledger
        for upload_id in await links.unfinished(leave):
            await ledger.end(upload_id)
    base = request.app.state.settings.public_url + BY_LINK.format(token=token)
    return Door(leave.sender, leave.target, base)


SignedIn = Annotated[Door, Depends(_signed_in)]
ByLink = Annotated[Door, Depends(_by_link)]


@router.post(SIGNED_IN, status_code=201, response_class=Response)
async def create(request: Request, door: SignedIn) -> Response:
    """Begin an upload; with bytes, where the request has some."""
    return await _create(request, door)


@router.post(BY_LINK, status_code=201, response_class=Response)
async def create_by_link(request: Request, door: ByLink) -> Response:
    return await _create(request, door)


@router.head(SIGNED_IN + "/{upload_id}", response_class=Response)
async def stands(request: Request, upload_id: UUID, door: SignedIn) -> Response:
    return await _stands(request, upload_id, door)


@router.head(BY_LINK + "/{upload_id}", response_class=Response)
async def stands_by_link(request: Request, upload_id: UUID, door: ByLink) -> Response:
    return await _stands(request, upload_id, door)


@router.patch(SIGNED_IN + "/{upload_id}", status_code=204, response_class=Response)
async def add(request: Request, upload_id: UUID, door: SignedIn) -> Response:
    """The bytes that follow."""
    return await _add(request, upload_id, door)


@router.patch(BY_LINK + "/{upload_id}", status_code=204, response_class=Response)
async def add_by_link(request: Request, upload_id: UUID, door: ByLink) -> Response:
    return await _add(request, upload_id, door)


@router.delete(SIGNED_IN + "/{upload_id}", status_code=204, response_class=Response)
async def end(request: Request, upload_id: UUID, door: SignedIn) -> Response:
    return await _end(request, upload_id, door)


@router.delete(BY_LINK + "/{upload_id}", status_code=204, response_class=Response)
async def end_by_link(request: Request, upload_id: UUID, door: ByLink) -> Response:
    return await _end(request, upload_id, door)


async def _create(request: Request, door: Door) -> Response:
    asked, tus = request.headers, _tus(request)
    joining = concat(asked.get("upload-concat", ""))
    length, deferred = None, asked.get("upload-defer-length")
    if deferred is not None and (deferred != "1" or "upload-length" in asked):
        raise errors.bad_header("Upload-Defer-Length", "it is 1, and stands in the place of Upload-Length")
    if "upload-length" in asked:
        length = number("Upload-Length", asked["upload-length"])
    elif deferred is None and (joining is None or joining.is_partial):
        raise errors.bad_header("Upload-Length", "it is missing")
    has_bytes = asked.get("content-type", "").lower() == BYTES
    # Before anything is kept: a checksum that can not be read is no reason to have begun.
    checksum = _checksum(request) if has_bytes else None
    upload = await tus.create(door.sender, door.target, length, asked.get("upload-metadata", ""), joining)
    location = {"Location": f"{door.base}/{upload.id}"}
    if has_bytes and upload.joined is None:
        try:
            upload = await tus.add(upload.id, door.sender, 0, None, request.stream(), checksum, _declared(request))
        except Problem as problem:
            # It is begun: whoever is told where it stands can go on.
            problem.headers.update(location)
            raise
    return Response(status_code=201, headers=_headers(upload) | location)


async def _stands(request: Request, upload_id: UUID, door: Door) -> Response:
    upload = await _tus(request).find(upload_id, door.sender)
    headers = _headers(upload) | {"Cache-Control": "no-store"}
    if upload.length is not None:
        headers["Upload-Length"] = str(upload.length)
    else:
        headers["Upload-Defer-Length"] = "1"
    if upload.tus_metadata:
        headers["Upload-Metadata"] = upload.tus_metadata
    if upload.is_partial:
        headers["Upload-Concat"] = "partial"
    elif upload.joined is not None:
        headers["Upload-Concat"] = "final;" + " ".join(f"{door.base}/{part}" for part in upload.joined)
        if upload.state != "complete":
            del headers["Upload-Offset"]
    return Response(status_code=200, headers=headers)


async def _add(request: Request, upload_id: UUID, door: Door) -> Response:
    asked, tus = request.headers, _tus(request)
    if asked.get("content-type", "").lower() != BYTES:
        raise errors.wrong_content_type()
    if "upload-offset" not in asked:
        raise errors.bad_header("Upload-Offset", "it is missing")
    offset = number("Upload-Offset", asked["upload-offset"])
    length = number("Upload-Length", asked["upload-length"]) if "upload-length" in asked else None
    upload = await tus.add(
        upload_id, door.sender, offset, length, request.stream(), _checksum(request), _declared(request)
    )
    return Response(status_code=204, headers=_headers(upload))


async def _end(request: Request, upload_id: UUID, door: Door) -> Response:
    await _tus(request).end(upload_id, door.sender)
    return Response(status_code=204, headers={"Tus-Resumable": VERSION})


def _tus(request: Request) -> TusService:
    if request.headers.get("tus-resumable") != VERSION:
        raise errors.wrong_version()
    service: TusService = request.app.state.tus
    return service


def _checksum(request: Request) -> Checksum | None:
    value = request.headers.get("upload-checksum")
    return Checksum(value) if value is not None else None


def _declared(request: Request) -> int | None:
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdigit() else None


def _headers(upload: Upload) -> dict[str, str]:
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(upload.received)}
    if upload.video_id is not None:
        headers["Lectern-Video-Id"] = str(upload.video_id)
    if upload.state == "receiving" and upload.expires_at is not None:
        headers["Upload-Expires"] = http_date(upload.expires_at)
    return headers
