"""``/api/videos/{id}/poster``: which picture stands for a film."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from services.media.library.schemas import Poster
from services.media.posters import errors
from services.media.posters.schemas import PosterWanted
from services.media.posters.service import PosterService
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(
    prefix="/api/videos/{video_id}/poster", dependencies=[Depends(service_token_claims)], tags=["posters"]
)

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A moment of the film, whose thumbnail is taken, or a JPEG picture.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "title": "PosterWanted",
                    "required": ["time"],
                    "properties": {"time": {"type": "number", "minimum": 0}},
                }
            },
            "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


async def _posters(request: Request) -> PosterService:
    service: PosterService = request.app.state.parts.posters
    return service


Posters = Annotated[PosterService, Depends(_posters)]


@router.put("", openapi_extra=BODY)
async def put(
    video_id: UUID,
    actor: StaffOrService,
    posters: Posters,
    request: Request,
    of_film: Annotated[bool, Query(alias="ofFilm")] = False,
) -> Poster:
    """The thumbnail of a moment, or a picture of one's own.

    A picture with ``ofFilm`` shows the film as it is now, and goes with it when another file takes its place, as a
    thumbnail does; without, it stays.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in ("application/json", "image/jpeg"):
        raise errors.unsupported_media_type()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > errors.MOST_BYTES:
            raise errors.too_large()
    if kind == "image/jpeg":
        return await posters.upload(video_id, bytes(body), actor, of_film=of_film)
    return await posters.choose(video_id, _moment(bytes(body)), actor)


def _moment(body: bytes) -> float:
    """As the framework reads a body, which it cannot where that may be a picture."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        fault = {"type": "json_invalid", "loc": ("body", at), "msg": "no JSON", "ctx": {"error": "it can not be read"}}
        raise RequestValidationError([fault]) from None
    try:
        return PosterWanted.model_validate(given).time
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from None


@router.delete("")
async def delete(video_id: UUID, actor: StaffOrService, posters: Posters) -> Poster:
    """Back to the picture that was found for it."""
    return await posters.reset(video_id, actor)
