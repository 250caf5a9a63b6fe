"""The library: who may look for which films, and how they are shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.media.catalog.staff import require_staff
from services.media.library import cursors, errors, queries, repository
from services.media.library.schemas import Film, FilmDetails, FilmList, FilmRendition, FilmVersion, Poster, WantedFilms
from services.media.videos import errors as video_errors
from services.media.videos import repository as videos
from shared.contracts.access import Actor, Role
from shared.db import Database, Session
from shared.db.models.media import Rendition
from shared.http.pages import write_place


class LibraryService:
    def __init__(self, database: Database, public_base_url: str) -> None:
        self._database = database
        self._public_base_url = public_base_url

    async def films(self, actor: Actor, wanted: WantedFilms, limit: int) -> FilmList:
        """A page of the films whose courses the actor looks after; Problem ``not_your_course`` for another's."""
        try:
            place = cursors.read(wanted.sort, wanted.after)
        except ValueError:
            raise errors.wrong_cursor() from None
        asked: dict[str, Any] = {
            "actor_id": actor.user_id, "course_id": wanted.course_id, "q": wanted.q, "limit": limit + 1,
            "state": wanted.state.value if wanted.state else None,
        }  # fmt: skip
        if place is not None:
            asked |= {"key": place[0], "id": place[1]}
        async with self._database.session_scope() as session:
            statement = queries.films(
                await _scope(session, actor, wanted.course_id),
                wanted.sort,
                searched=bool(wanted.q),
                by_state=wanted.state is not None,
                begun=place is not None,
            )
            rows = await repository.rows(session, statement, rolled=await repository.rolled(session), **asked)
        shown = rows[:limit]
        return FilmList(items=[Film(**self._film(row)) for row in shown], next=_next(rows, limit, wanted.sort))

    async def film(self, actor: Actor, video_id: UUID) -> FilmDetails:
        """All of one film; Problem ``video_not_found`` or ``not_your_course``."""
        async with self._database.session_scope() as session:
            row = await repository.film(session, video_id)
            if row is None:
                raise video_errors.video_not_found(video_id)
            await require_staff(session, row["course_id"], actor)
            renditions = await videos.renditions(session, row["version_id"])
            versions = await repository.versions(session, video_id)
        return FilmDetails(
            **self._film(row),
            fps=row["fps"],
            poster=poster_of(row, self._public_base_url),
            download_policy=row["download_policy"],
            renditions=[_rendition(one) for one in renditions],
            versions=[_version(one, tells_all=actor.role is Role.ADMIN) for one in versions],
        )

    def _film(self, row: RowMapping) -> dict[str, Any]:
        same = (
            *("title", "chapter_id", "course_id", "course_title", "original_name", "status", "percent", "error_code"),
            *("duration", "width", "height", "source_bytes", "rendition_bytes", "views", "created_at"),
        )
        return {
            **{name: row[name] for name in same},
            "video_id": str(row["id"]),
            "size_bytes": row["source_bytes"] + row["rendition_bytes"],
            "poster_url": poster_of(row, self._public_base_url).poster_url,
        }


def poster_of(row: RowMapping, public_base_url: str) -> Poster:
    """Which poster a film has: ``uploaded_poster``, ``chosen_poster`` or ``found_poster`` of its row."""
    key = row["uploaded_poster"] or row["chosen_poster"] or row["found_poster"]
    return Poster(
        video_id=str(row["id"]),
        poster_url=f"{public_base_url}/{key}" if key else None,
        origin="uploaded" if row["uploaded_poster"] else "chosen" if row["chosen_poster"] else "found",
    )


async def _scope(session: Session, actor: Actor, course_id: str | None) -> str:
    if course_id is None:
        return "all" if actor.role.sees_all else "mine"
    await require_staff(session, course_id, actor)
    return "course"


def _next(rows: Sequence[RowMapping], limit: int, sort: str) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return write_place(sort, (last["sort_key"], str(last["id"])))


def _rendition(one: Rendition) -> FilmRendition:
    return FilmRendition(
        name=one.name,
        kind=one.kind,
        width=one.width,
        height=one.height,
        language=one.language,
        codecs=one.codecs,
        bandwidth=one.bandwidth,
        average_bandwidth=one.average_bandwidth,
        bytes=one.bytes,
    )


def _version(row: RowMapping, *, tells_all: bool) -> FilmVersion:
    same = (
        *("number", "status", "original_name", "container", "source_bytes", "source_sha256", "duration"),
        *("created_at", "ready_at"),
    )
    return FilmVersion(
        **{name: row[name] for name in same},
        version_id=str(row["id"]),
        is_current=bool(row["is_current"]),
        kept_until=row["gone_at"],
        job_id=str(row["job_id"]) if row["job_id"] and tells_all else None,
    )
