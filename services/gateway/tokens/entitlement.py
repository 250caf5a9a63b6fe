"""May this person watch this film? One question, one query, one place."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from services.gateway.tokens import errors
from shared.contracts.access import Actor
from shared.db import Database, Session

_COLUMNS = """
SELECT ch.course_id, ch.chapter_id, ch.video_id, ch.version_id, ch.first_watch_restricted, ch.is_free, ch.requires_chapter_id,
       catalog.locked_reason(ch, :user_id) AS locked,
       EXISTS (SELECT 1 FROM catalog.current_chapters o WHERE o.course_id = ch.course_id AND o.is_free) AS has_free
FROM catalog.current_chapters ch
"""
BY_VIDEO = text(_COLUMNS + "WHERE ch.video_id = :id")
BY_CHAPTER = text(_COLUMNS + "WHERE ch.chapter_id = :id")


@dataclass(frozen=True)
class Entitled:
    """A chapter that the person may open; ``version_id`` is null while its film can not be played yet."""

    course_id: str
    chapter_id: str
    video_id: UUID | None
    version_id: UUID | None
    first_watch_restricted: bool
    needs_enrollment: bool


class Entitlement:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def require_video(self, video_id: UUID, actor: Actor, session: Session | None = None) -> Entitled:
        """The chapter of a live video; Problem with the reason where the actor may not watch it."""
        return await self._require(BY_VIDEO, video_id, actor, session)

    async def require_chapter(self, chapter_id: str, actor: Actor) -> Entitled:
        return await self._require(BY_CHAPTER, chapter_id, actor, None)

    async def _require(self, query: object, identifier: UUID | str, actor: Actor, session: Session | None) -> Entitled:
        values = {"id": identifier, "user_id": actor.user_id}
        if session is None:
            async with self._database.session_scope() as own:
                row = (await own.execute(query, values)).mappings().first()  # type: ignore[call-overload]
        else:
            row = (await session.execute(query, values)).mappings().first()  # type: ignore[call-overload]
        if row is None:
            raise errors.video_not_found() if query is BY_VIDEO else errors.unknown_chapter()
        if row["locked"] == "not_enrolled" and query is BY_CHAPTER and not row["has_free"] and not actor.role.is_staff:
            # Chapters have names that may be guessed; of a course that is not shown to somebody there are none.
            raise errors.unknown_chapter()
        if row["locked"] is not None and not actor.role.is_staff:
            raise errors.locked(row["locked"], row["requires_chapter_id"])
        return Entitled(
            course_id=row["course_id"],
            chapter_id=row["chapter_id"],
            video_id=row["video_id"],
            version_id=row["version_id"],
            # The restriction is for those who learn; who teaches may skip.
            first_watch_restricted=row["first_watch_restricted"] and not actor.role.is_staff,
            needs_enrollment=not row["is_free"] and not actor.role.is_staff,
        )
