"""``/api/admin/analytics/``: lists, page by page, as JSON or as CSV."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.progress.dashboards.matrix import matrix_as_csv
from services.progress.dashboards.schemas import (
    BandwidthFigures,
    BandwidthPage,
    ChapterFigures,
    ChapterPage,
    Engagement,
    EngagementPage,
    ExperienceFigures,
    ExperiencePage,
    MatrixPage,
    Page,
    RetentionPage,
    RetentionStep,
    Struggling,
    StrugglingPage,
    VideoFigures,
    VideoPage,
    Wanted,
    WantedBandwidth,
    WantedChapters,
    WantedExperience,
    WantedMatrix,
    WantedRetention,
    WantedStruggling,
    WantedUser,
    WantedVideos,
)
from services.progress.dashboards.service import DashboardService
from shared.contracts.model import Document, ExternalId
from shared.http import pages
from shared.http.inner import ActingPerson, service_token_claims
from shared.http.tables import as_csv

router = APIRouter(prefix="/api/admin/analytics", dependencies=[Depends(service_token_claims)], tags=["dashboards"])


async def _dashboards(request: Request) -> DashboardService:
    service: DashboardService = request.app.state.dashboards
    return service


Dashboards = Annotated[DashboardService, Depends(_dashboards)]


@router.get("/videos", responses=pages.AS_CSV, response_model=VideoPage)
async def videos(
    actor: ActingPerson, dashboards: Dashboards, wanted: Annotated[WantedVideos, Query()], request: Request
) -> Response:
    """How each film does: views, how long and how much of it is watched, what it sends."""
    page = await dashboards.videos(actor, wanted, pages.limit_of(request, wanted))
    return _answer(request, wanted, page, VideoFigures)


@router.get("/chapters", responses=pages.AS_CSV, response_model=ChapterPage)
async def chapters(
    actor: ActingPerson, dashboards: Dashboards, wanted: Annotated[WantedChapters, Query()], request: Request
) -> Response:
    """By how many each chapter was begun and completed."""
    page = await dashboards.chapters(actor, wanted, pages.limit_of(request, wanted))
    return _answer(request, wanted, page, ChapterFigures)


@router.get("/users/{user_id}", responses=pages.AS_CSV, response_model=EngagementPage)
async def user(
    user_id: Annotated[ExternalId, Path()],
    actor: ActingPerson,
    dashboards: Dashboards,
    wanted: Annotated[WantedUser, Query()],
    request: Request,
) -> Response:
    """What one person watched, chapter by chapter."""
    page = await dashboards.user(actor, user_id, wanted, pages.limit_of(request, wanted))
    return _answer(request, wanted, page, Engagement)


@router.get("/struggling", responses=pages.AS_CSV, response_model=StrugglingPage)
async def struggling(
    actor: ActingPerson, dashboards: Dashboards, wanted: Annotated[WantedStruggling, Query()], request: Request
) -> Response:
    """Who may need help, and why: behind the pace, back at the same place again and again, or away for long."""
    page = await dashboards.struggling(actor, wanted, pages.limit_of(request, wanted))
    return _answer(request, wanted, page, Struggling)


@router.get("/matrix/{course_id}", responses=pages.AS_CSV, response_model=MatrixPage)
async def matrix(
    course_id: Annotated[ExternalId, Path()],
    actor: ActingPerson,
    dashboards: Dashboards,
    wanted: Annotated[WantedMatrix, Query()],
    request: Request,
) -> Response:
    """How far every student of a course is in every chapter."""
    page = await dashboards.matrix(actor, course_id, wanted, pages.limit_of(request, wanted))
    return _answer(request, wanted, page, lambda: matrix_as_csv(page))


@router.get("/retention/{video_id}", responses=pages.AS_CSV, response_model=RetentionPage)
async def retention(
    video_id: Annotated[UUID, Path()],
    actor: ActingPerson,
    dashboards: Dashboards,
    wanted: Annotated[WantedRetention, Query()],
    request: Request,
) -> Response:
    """How many watched each stretch of a film, and where they went back or left."""
    limit = wanted.limit or pages.CSV_ROWS
    page = await dashboards.retention(actor, video_id, wanted, limit)
    return _answer(request, wanted, page, RetentionStep)


@router.get("/experience", responses=pages.AS_CSV, response_model=ExperiencePage)
async def experience(
    actor: ActingPerson, dashboards: Dashboards, wanted: Annotated[WantedExperience, Query()], request: Request
) -> Response:
    """How well films play: start-up, stalls, errors, renditions, devices."""
    page = await dashboards.experience(actor, wanted, pages.limit_of(request, wanted))
    return _answer(request, wanted, page, ExperienceFigures)


@router.get("/bandwidth", responses=pages.AS_CSV, response_model=BandwidthPage)
async def bandwidth(
    actor: ActingPerson, dashboards: Dashboards, wanted: Annotated[WantedBandwidth, Query()], request: Request
) -> Response:
    """What the films of each course send, and what that costs."""
    page = await dashboards.bandwidth(actor, wanted, pages.limit_of(request, wanted))
    return _answer(request, wanted, page, BandwidthFigures)


def _answer(
    request: Request, wanted: Wanted | WantedMatrix, page: Page[Any], table: type[Document] | Callable[[], str]
) -> Response:
    """The page in the form that was asked for. ``table`` is what its rows are, or makes a CSV of them."""
    text = None
    if pages.wants_csv(request, wanted):
        text = as_csv(table, page.items) if isinstance(table, type) else table()
    name = request.url.path.removeprefix(f"{router.prefix}/").replace("/", "-")
    return pages.answer(request, page, csv=text, name=name)
