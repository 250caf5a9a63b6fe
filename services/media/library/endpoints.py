"""``/api/admin/videos``: the films of all courses that one looks after, page by page, as JSON or as CSV."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.media.library.schemas import Film, FilmDetails, FilmList, WantedFilms
from services.media.library.service import LibraryService
from shared.http import pages
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService
from shared.http.tables import as_csv

router = APIRouter(prefix="/api/admin/videos", dependencies=[Depends(service_token_claims)], tags=["library"])


async def _library(request: Request) -> LibraryService:
    service: LibraryService = request.app.state.parts.library
    return service


Library = Annotated[LibraryService, Depends(_library)]


@router.get("", responses=pages.AS_CSV, response_model=FilmList)
async def films(
    actor: StaffOrService, library: Library, wanted: Annotated[WantedFilms, Query()], request: Request
) -> Response:
    """Films by what they are called, their state or their course."""
    page = await library.films(actor, wanted, pages.limit_of(request, wanted))
    table = as_csv(Film, page.items) if pages.wants_csv(request, wanted) else None
    return pages.answer(request, page, csv=table, name="videos")


@router.get("/{video_id}")
async def film(video_id: UUID, actor: StaffOrService, library: Library) -> FilmDetails:
    """All that its staff may know of one film: its versions, and what was made of the one that is shown."""
    return await library.film(actor, video_id)
