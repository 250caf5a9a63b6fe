"""May this person watch this film? One question, one query, one place; and where the operator says so, the platform's word.

The catalog answers first: a free chapter is anybody's, and who teaches the course needs no right to it. For everybody
else it is the enrolment that decides, or in its place the platform (``PlatformRights``). The order of a sequential
course is ours in either case.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text

from services.gateway.rights import errors as rights_errors
from services.gateway.rights.schemas import Question
from services.gateway.rights.service import PlatformRights
from services.gateway.tokens import errors
from shared.contracts.access import Actor
from shared.db import Database, Session

_COLUMNS = """
SELECT ch.course_id, ch.chapter_id, ch.video_id, ch.version_id, ch.first_watch_restricted, ch.is_free,
       ch.requires_chapter_id, catalog.is_staff(ch.course_id, :user_id, :role) AS is_staff,
       catalog.locked_reason(ch, :user_id) AS locked, catalog.waits_for_another(ch, :user_id) AS waits,
       EXISTS (SELECT 1 FROM catalog.current_chapters o WHERE o.course_id = ch.course_id AND o.is_free) AS has_free
FROM catalog.current_chapters ch
"""
# A free chapter is anybody's to watch, and to take home for those alone who have a right to the course.
FOR_DOWNLOAD = text("""
SELECT ch.course_id, ch.chapter_id, ch.video_id, ch.version_id, ch.is_free, ch.requires_chapter_id,
       catalog.is_staff(ch.course_id, :user_id, :role) AS is_staff, catalog.download_policy(ch) AS policy,
       catalog.enrollment_reason(ch.course_id, :user_id) AS enrollment,
       NOT ch.is_free AND catalog.waits_for_another(ch, :user_id) AS waits,
       ch.first_watch_restricted AND NOT EXISTS (
           SELECT 1 FROM learning.progress p
           WHERE p.user_id = :user_id AND p.chapter_id = ch.chapter_id AND p.is_completed) AS is_unfinished
FROM catalog.current_chapters ch WHERE ch.video_id = :id
""")
TEACHES = text("SELECT catalog.is_staff(:id, :user_id, :role)")
BY_VIDEO = text(_COLUMNS + "WHERE ch.video_id = :id")
BY_CHAPTER = text(_COLUMNS + "WHERE ch.chapter_id = :id")


@dataclass(frozen=True)
class Entitled:
    """A chapter that the person may open; ``version_id`` is null while its film can not be played yet.

    ``as_staff``: by teaching the course. ``needs_enrollment``: by right of an enrolment, or of the platform's word.
    """

    course_id: str
    chapter_id: str
    video_id: UUID | None
    version_id: UUID | None
    first_watch_restricted: bool
    as_staff: bool
    needs_enrollment: bool


class Entitlement:
    def __init__(self, database: Database, platform: PlatformRights | None = None) -> None:
        self._database = database
        self._platform = platform

    @property
    def asks_platform(self) -> bool:
        return self._platform is not None

    async def require_video(self, video_id: UUID, actor: Actor, *, running: bool = False) -> Entitled:
        """The chapter of a live video; Problem with the reason where the actor may not watch it.

        ``running``: nothing begins by this, so that a yes of the last hour does where the platform cannot be asked.
        """
        return await self._require(await self._row(BY_VIDEO, video_id, actor), actor, running=running)

    async def require_chapter(self, chapter_id: str, actor: Actor, *, running: bool = False) -> Entitled:
        row = await self._row(BY_CHAPTER, chapter_id, actor)
        if row["locked"] == "not_enrolled" and not (self._platform or row["has_free"] or row["is_staff"]):
            # Chapters have names that may be guessed; of a course that is not shown to somebody there are none.
            raise errors.unknown_chapter()
        return await self._require(row, actor, running=running)

    async def require_download(self, video_id: UUID, actor: Actor, *, running: bool = False) -> None:
        """Problem with the reason where the actor may not take a live video home."""
        row = await self._row(FOR_DOWNLOAD, video_id, actor)
        if row["policy"] == "off":
            raise errors.download_off()
        if row["is_staff"]:
            return
        if self._platform is not None:
            await self._platform.require(_question(row, actor), running=running)
        elif row["enrollment"] is not None:
            raise errors.locked(row["enrollment"], None)
        if row["waits"]:
            raise errors.locked("previous_chapter", row["requires_chapter_id"])
        if row["is_unfinished"]:
            raise errors.download_after_completion()

    async def course_right(self, course_id: str, actor: Actor) -> bool | None:
        """Whether the platform says that the actor has a part in a course; None where it is not the one to say."""
        if self._platform is None or actor.role.sees_all:
            return None
        values = {"id": course_id, "user_id": actor.user_id, "role": actor.role.value}
        async with self._database.session_scope() as session:
            if await session.scalar(TEACHES, values):
                return None
        # Of a course that there is not, too: how long it takes must not tell it from one that is not shown.
        return await self._platform.lets(Question(actor.user_id, course_id, None, None), running=True)

    def lets(self, question: Question) -> bool | None:
        """What is known of a running session without asking; True where it is not the platform that decides."""
        return True if self._platform is None else self._platform.known(question)

    async def require_running(self, question: Question) -> None:
        """Asks the platform about a session that was opened by its word; Problem where it has to end."""
        if self._platform is not None:
            await self._platform.require(question, running=True)

    async def recheck_video(self, session: Session, video_id: UUID, actor: Actor) -> Entitled:
        """As ``require_video``, inside the caller's transaction: the platform has to have been asked just before."""
        row = await _found(session, BY_VIDEO, video_id, actor)
        if self._decides(row):
            assert self._platform is not None
            if self._platform.known(_question(row, actor)) is None:
                raise rights_errors.entitlement_unavailable()
            await self._platform.require(_question(row, actor), running=False)
        return self._entitled(row)

    async def _row(self, query: TextClause, identifier: UUID | str, actor: Actor) -> RowMapping:
        async with self._database.session_scope() as session:
            return await _found(session, query, identifier, actor)

    async def _require(self, row: RowMapping, actor: Actor, *, running: bool) -> Entitled:
        if self._decides(row):
            assert self._platform is not None
            await self._platform.require(_question(row, actor), running=running)
        return self._entitled(row)

    def _decides(self, row: RowMapping) -> bool:
        """Whether it is the platform that decides."""
        return self._platform is not None and not row["is_free"] and not row["is_staff"]

    def _entitled(self, row: RowMapping) -> Entitled:
        reason = row["locked"]
        if self._decides(row):
            reason = "previous_chapter" if row["waits"] else None
        if reason is not None and not row["is_staff"]:
            raise errors.locked(reason, row["requires_chapter_id"])
        return Entitled(
            course_id=row["course_id"],
            chapter_id=row["chapter_id"],
            video_id=row["video_id"],
            version_id=row["version_id"],
            # The restriction is for those who learn; who teaches may skip.
            first_watch_restricted=row["first_watch_restricted"] and not row["is_staff"],
            as_staff=row["is_staff"],
            needs_enrollment=not row["is_free"] and not row["is_staff"],
        )


async def _found(session: Session, query: TextClause, identifier: UUID | str, actor: Actor) -> RowMapping:
    values = {"id": identifier, "user_id": actor.user_id, "role": actor.role.value}
    row = (await session.execute(query, values)).mappings().first()
    if row is None:
        raise errors.unknown_chapter() if query is BY_CHAPTER else errors.video_not_found()
    return row


def _question(row: RowMapping, actor: Actor) -> Question:
    return Question(actor.user_id, row["course_id"], row["chapter_id"], row["video_id"])
