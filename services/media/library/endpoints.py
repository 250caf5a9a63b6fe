"""``/api/admin/videos``: the films of all courses that one looks after, page by page, as JSON or as CSV."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.media.library.schemas import Film, FilmDetails, FilmList, WantedFilms
from services.media.library.service import LibraryService
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService
from shared.http.tables import CSV, as_csv, is_csv

router = APIRouter(prefix="/api/admin/videos", dependencies=[Depends(service_token_claims)], tags=["library"])

JSON_ROWS, CSV_ROWS = 100, 10_000
_AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}


async def _library(request: Request) -> LibraryService:
    service: LibraryService = request.app.state.parts.library
    return service


Library = Annotated[LibraryService, Depends(_library)]


@router.get("", responses=_AS_CSV, response_model=FilmList)
async def films(
    actor: StaffOrService, library: Library, wanted: Annotated[WantedFilms, Query()], request: Request
) -> Response:
    """Films by what they are called, their state or their course."""
    in_csv = is_csv(request.headers.get("accept"), wanted.format)
    page = await library.films(actor, wanted, wanted.limit or (CSV_ROWS if in_csv else JSON_ROWS))
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if page.next is not None:
        query = urlencode({**request.query_params, "after": page.next})
        headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    if not in_csv:
        return Response(page.model_dump_json(by_alias=True), media_type="application/json", headers=headers)
    headers["Content-Disposition"] = 'attachment; filename="videos.csv"'
    return Response(as_csv(Film, page.items), media_type=f"{CSV}; charset=utf-8", headers=headers)


@router.get("/{video_id}")
async def film(video_id: UUID, actor: StaffOrService, library: Library) -> FilmDetails:
    """All that its staff may know of one film: its versions, and what was made of the one that is shown."""
    return await library.film(actor, video_id)
