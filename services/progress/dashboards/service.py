"""Dashboards: who may see what of them, the statement's question, and its rows as the API shows them."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import RowMapping

from services.progress.dashboards import cursors, errors, queries, repository, shapes
from services.progress.dashboards.queries import Scope
from services.progress.dashboards.schemas import (
    BandwidthFigures,
    BandwidthPage,
    ChapterPage,
    EngagementPage,
    ExperiencePage,
    MatrixChapter,
    MatrixPage,
    RetentionPage,
    StrugglingPage,
    VideoPage,
    Wanted,
    WantedBandwidth,
    WantedChapters,
    WantedDays,
    WantedExperience,
    WantedMatrix,
    WantedRetention,
    WantedStruggling,
    WantedUser,
    WantedVideos,
)
from shared.contracts.access import Actor, Role
from shared.contracts.model import Document
from shared.db import Database, Session
from shared.http.pages import write_place

DAYS = 90
STEPS = 200
"""The most steps of a curve of which nobody said how fine it is to be."""
TOP = 5
NEAR_MS = 10_000
OFTEN = 3
"""Going back so often to places within ``NEAR_MS`` of film is a sign of trouble."""
PATIENCE_DAYS = 7
"""So long nobody is behind: whoever began yesterday has done nothing wrong yet."""
EVER = (date(2000, 1, 1), date(2999, 12, 31))

Row = TypeVar("Row", bound=Document)


class DashboardService:
    """Each call answers Problem ``role_required`` or ``not_your_course`` to whom it is not shown.

    ``limit`` is the number of rows where nothing is said.
    """

    def __init__(self, database: Database, price_per_gb: float) -> None:
        self._database = database
        self._price = price_per_gb

    async def videos(self, actor: Actor, wanted: WantedVideos, limit: int) -> VideoPage:
        parts = {"sort": queries.falling("videos", wanted.sort)}
        rows, last = await self._sorted(actor, wanted, limit, queries.VIDEOS, wanted.sort, parts, _days(wanted))
        return VideoPage(items=[shapes.video(row) for row in rows], next=last)

    async def chapters(self, actor: Actor, wanted: WantedChapters, limit: int) -> ChapterPage:
        parts = {"sort": queries.falling("chapters", wanted.sort)}
        given = _span(wanted.from_ or EVER[0], wanted.to or EVER[1])
        rows, last = await self._sorted(actor, wanted, limit, queries.CHAPTERS, wanted.sort, parts, given)
        return ChapterPage(items=[shapes.chapter(row) for row in rows], next=last)

    async def user(self, actor: Actor, user_id: str, wanted: WantedUser, limit: int) -> EngagementPage:
        parts = {"sort": queries.falling("users", wanted.sort)}
        given = {"user_id": user_id}
        rows, last = await self._sorted(actor, wanted, limit, queries.USERS, wanted.sort, parts, given)
        return EngagementPage(user_id=user_id, items=[shapes.engagement(row) for row in rows], next=last)

    async def experience(self, actor: Actor, wanted: WantedExperience, limit: int) -> ExperiencePage:
        parts = {"sort": queries.falling("experience", wanted.sort), "key": queries.KEYS[wanted.by]}
        named, statement = f"{wanted.by} {wanted.sort}", queries.experience(wanted.by, wanted.sort)
        rows, last = await self._sorted(actor, wanted, limit, statement, named, parts, _days(wanted))
        return ExperiencePage(items=[shapes.experience(row) for row in rows], next=last)

    async def bandwidth(self, actor: Actor, wanted: WantedBandwidth, limit: int) -> BandwidthPage:
        parts = {"sort": "1" if wanted.sort.startswith("-") else "-1"}
        rows, last = await self._sorted(actor, wanted, limit, queries.BANDWIDTH, wanted.sort, parts, _days(wanted))
        price = self._price if wanted.price_per_gb is None else wanted.price_per_gb
        items: list[BandwidthFigures] = [shapes.bandwidth(row, price) for row in rows]
        return BandwidthPage(price_per_gb=price, items=items, next=last)

    async def struggling(self, actor: Actor, wanted: WantedStruggling, limit: int) -> StrugglingPage:
        """By course and student, so that a page is found without judging everybody."""
        _, place = _begin("struggling", wanted)
        course, _, user = place.partition("\n")
        values = {
            "after_course": course, "after_user": user, "limit": limit + 1, "pace": wanted.pace_days,
            "absent": wanted.absent_days, "patience": PATIENCE_DAYS, "often": OFTEN, "near_ms": NEAR_MS,
        }  # fmt: skip
        async with self._database.session_scope() as session:
            scope = await _scope(session, actor, wanted.course_id)
            statement = queries.scoped(queries.STRUGGLING, scope)
            await repository.in_order(session)
            rows = await repository.rows(
                session, statement, course_id=wanted.course_id, actor_id=actor.user_id, **values
            )
        shown, last = _cut(rows, limit, "struggling", lambda row: (0.0, f"{row['course_id']}\n{row['user_id']}"))
        return StrugglingPage(items=[shapes.struggling(row) for row in shown], next=last)

    async def matrix(self, actor: Actor, course_id: str, wanted: WantedMatrix, limit: int) -> MatrixPage:
        """Every student of a course beside every chapter, by student; Problem ``course_not_found``."""
        named = f"matrix {course_id}"
        _, user = _begin(named, wanted)
        async with self._database.session_scope() as session:
            await _scope(session, actor, course_id)
            rows = await repository.rows(session, queries.MATRIX, course_id=course_id, id=user, limit=limit + 1)
        title = rows[0]["title"]
        if title is None:
            raise errors.course_not_found()
        chapters = [MatrixChapter(**one) for one in rows[0]["chapters"] or []]
        # A course without students has one row for itself.
        shown, last = _cut(
            [row for row in rows if row["user_id"] is not None], limit, named, lambda row: (0.0, row["user_id"])
        )
        items = [shapes.student(row, chapters) for row in shown]
        return MatrixPage(course_id=course_id, title=title, chapters=chapters, items=items, next=last)

    async def retention(self, actor: Actor, video_id: UUID, wanted: WantedRetention, limit: int) -> RetentionPage:
        """How many watched each stretch of a film; Problem ``video_not_found`` or ``video_not_playable``."""
        _signed(actor)
        async with self._database.session_scope() as session:
            film = await repository.film(session, actor, video_id)
            if film is None:
                raise errors.video_not_found()
            if not film["is_staff"]:
                raise errors.not_your_course()
            if not film["duration_ms"]:
                raise errors.video_not_playable()
            duration = film["duration_ms"]
            step = _step(duration, wanted.resolution)
            asked = {"video_id": video_id, "duration": duration, "step": step, "steps": -(-duration // step)}
            rows = await repository.rows(session, queries.RETENTION, **asked)
        named = f"{video_id} {step}"
        number, _ = _begin(named, wanted)
        # Steps come in the order of the film; the cursor has the one before, below zero as numbers fall.
        left = [row for row in rows if -row["step"] < number]
        shown, last = _cut(left, limit, named, lambda row: (float(-row["step"]), ""))

        def steps(some: Sequence[RowMapping]) -> list[Any]:
            return [shapes.step(row, step, duration) for row in some]

        return RetentionPage(
            video_id=str(video_id),
            duration=duration / 1000,
            resolution=step / 1000,
            viewers=rows[0]["all_viewers"],
            sessions=rows[0]["all_sessions"],
            items=steps(shown),
            rewatched=steps(_top(rows, "rewinds")),
            abandoned=steps(_top(rows, "gone")),
            next=last,
        )

    async def _sorted(
        self,
        actor: Actor,
        wanted: Wanted,
        limit: int,
        statement: str,
        sort: str,
        parts: dict[str, str],
        values: dict[str, Any],
    ) -> tuple[Sequence[RowMapping], str | None]:
        """A page of rows, and where the next one begins."""
        number, place = _begin(sort, wanted)
        async with self._database.session_scope() as session:
            scope = await _scope(session, actor, wanted.course_id)
            asked: dict[str, Any] = {"course_id": wanted.course_id, "actor_id": actor.user_id}
            asked |= {"number": number, "id": place, "rolled": await repository.rolled(session)}
            rows = await repository.rows(
                session, queries.scoped(statement, scope, **parts), limit=limit + 1, **asked, **values
            )
        return _cut(rows, limit, sort, lambda row: (row["sort_key"], row["id"]))


def _signed(actor: Actor) -> None:
    if actor.role not in (Role.ADMIN, Role.INSTRUCTOR):
        raise errors.role_required()


async def _scope(session: Session, actor: Actor, course_id: str | None) -> Scope:
    _signed(actor)
    if course_id is None:
        return "all" if actor.role is Role.ADMIN else "mine"
    if not await repository.teaches(session, actor, course_id):
        raise errors.not_your_course()
    return "course"


def _begin(sort: str, wanted: Wanted | WantedMatrix) -> cursors.Place:
    try:
        return cursors.read(sort, wanted.after)
    except ValueError:
        raise errors.wrong_cursor() from None


def _cut(
    rows: Sequence[RowMapping], limit: int, sort: str, place: Callable[[RowMapping], cursors.Place]
) -> tuple[Sequence[RowMapping], str | None]:
    """The rows of a page, and where the next one begins if more were found."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], write_place(sort, place(rows[limit - 1]))


def _days(wanted: WantedDays) -> dict[str, Any]:
    last = wanted.to or datetime.now(UTC).date()
    return _span(wanted.from_ or max(last - timedelta(days=DAYS - 1), EVER[0]), last)


def _span(first: date, last: date) -> dict[str, Any]:
    closes = last + timedelta(days=1)
    return {
        "first": first,
        "last": last,
        "opens": datetime.combine(first, time(), UTC),
        "closes": datetime.combine(closes, time(), UTC),
    }


def _step(duration_ms: int, resolution: float | None) -> int:
    """The length of a step in milliseconds."""
    if resolution is not None:
        return round(resolution * 1000)
    return 1000 * max(1, -(-duration_ms // (STEPS * 1000)))


def _top(rows: Sequence[RowMapping], what: str) -> list[RowMapping]:
    found = [row for row in rows if row[what] > 0]
    return sorted(found, key=lambda row: (-row[what], row["step"]))[:TOP]
