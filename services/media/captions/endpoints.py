"""``/api/videos/{id}/captions``. The gateway has checked who may watch; who may write is decided here."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.media.captions.cues import MOST_BYTES, CaptionFault
from services.media.captions.drafts import CaptionDrafts
from services.media.captions.errors import refused
from services.media.captions.schemas import (
    CaptionChange,
    CaptionDraft,
    CaptionList,
    Captions,
    CaptionSearch,
    DraftWanted,
    Kind,
    Label,
    State,
)
from services.media.captions.service import CaptionService
from services.media.captions.words import MOST_QUESTION
from shared.contracts.model import Text
from shared.http.inner import ActingPerson, service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["captions"])

# Captions may be edited at any time, and an edit is to be seen at once.
FRESH = {"Cache-Control": "private, no-cache"}
LANGUAGE = r"^[A-Za-z0-9-]{2,35}$"
Language = Annotated[str, Path(pattern=LANGUAGE, description="RFC 5646: ka, en, pt-BR")]
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "WebVTT or SubRip, told apart by what is in it; UTF-8, or UTF-16.",
        "content": {kind: {"schema": {"type": "string"}} for kind in ("text/vtt", "application/x-subrip")},
    }
}


async def _captions(request: Request) -> CaptionService:
    service: CaptionService = request.app.state.captions
    return service


Service = Annotated[CaptionService, Depends(_captions)]


async def _drafts(request: Request) -> CaptionDrafts:
    drafts: CaptionDrafts = request.app.state.caption_drafts
    return drafts


Drafts = Annotated[CaptionDrafts, Depends(_drafts)]


async def _change(
    label: Annotated[Label | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    is_default: Annotated[bool | None, Query(alias="isDefault")] = None,
    state: Annotated[State | None, Query()] = None,
) -> CaptionChange:
    return CaptionChange(label=label, kind=kind, is_default=is_default, state=state)


@router.get("/api/videos/{video_id}/captions")
async def all_of(video_id: UUID, actor: ActingPerson, captions: Service) -> CaptionList:
    return await captions.all_of(video_id, actor)


@router.get("/api/videos/{video_id}/captions/search")
async def search(
    video_id: UUID,
    actor: ActingPerson,
    captions: Service,
    q: Annotated[Text, Query(min_length=1, max_length=MOST_QUESTION)],
    language: Annotated[str | None, Query(pattern=LANGUAGE)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CaptionSearch:
    """Where all words of ``q`` are said; each also finds the words that begin as it does."""
    return await captions.search(video_id, q, language, limit, actor)


@router.get("/api/videos/{video_id}/captions/{language}.vtt", response_class=Response)
async def webvtt(video_id: UUID, language: Language, actor: ActingPerson, captions: Service) -> Response:
    """The whole of one language as a plain track."""
    return Response(await captions.plain_track(video_id, language, actor), media_type="text/vtt", headers=FRESH)


@router.get("/api/videos/{video_id}/captions/{language}.srt", response_class=Response)
async def subrip(video_id: UUID, language: Language, actor: ActingPerson, captions: Service) -> Response:
    text = await captions.plain_track(video_id, language, actor, as_webvtt=False)
    return Response(text, media_type="application/x-subrip; charset=utf-8", headers=FRESH)


@router.put("/api/videos/{video_id}/captions/{language}", openapi_extra=BODY)
async def put(
    video_id: UUID,
    language: Language,
    actor: StaffOrService,
    captions: Service,
    request: Request,
    change: Annotated[CaptionChange, Depends(_change)],
) -> Captions:
    """The body is the file. What is not said of a language that is there stays as it is."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise refused(CaptionFault("too_large", f"The file has more than {MOST_BYTES:,} bytes."))
    return await captions.put(video_id, language, bytes(body), change, actor)


@router.patch("/api/videos/{video_id}/captions/{language}")
async def change(
    video_id: UUID, language: Language, body: CaptionChange, actor: StaffOrService, captions: Service
) -> Captions:
    return await captions.change(video_id, language, body, actor)


@router.delete("/api/videos/{video_id}/captions/{language}", status_code=204)
async def delete(video_id: UUID, language: Language, actor: StaffOrService, captions: Service) -> Response:
    await captions.delete(video_id, language, actor)
    return Response(status_code=204)


@router.post("/api/videos/{video_id}/captions/draft", status_code=202)
async def draft(video_id: UUID, body: DraftWanted, actor: StaffOrService, drafts: Drafts) -> CaptionDraft:
    """Have a draft made by transcription, for review: only staff see it until they publish it."""
    return await drafts.ask(video_id, body.language, actor)
