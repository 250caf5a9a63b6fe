"""What a student watched: reports come in, the truth goes out."""

from uuid import UUID

from services.progress.watching import answers, credit, errors, ledger, repository
from services.progress.watching.ledger import Place
from services.progress.watching.reports import BeatReport, MarkReport, PositionReport, Reports
from services.progress.watching.schemas import (
    Beat,
    HistoryAnswer,
    OpenedSession,
    PastProgress,
    ProgressAnswer,
    ProgressInput,
)
from services.progress.watching.standing import ChapterFacts
from shared.contracts.access import Actor, Role
from shared.db import Database, Session, new_id
from shared.db.models.learning import Progress, ProgressHistory


class WatchingService:
    def __init__(self, database: Database, reports: Reports) -> None:
        self._database = database
        self._reports = reports

    async def beat(
        self, actor: Actor, session_id: UUID, chapter_id: str, version_id: UUID | None, beat: Beat
    ) -> ProgressAnswer:
        """Credit what a player says it played, as far as the user's budget reaches; idempotent."""
        return await self._reports.submit(BeatReport(actor, chapter_id, session_id, version_id, beat))

    async def put(
        self, actor: Actor, chapter_id: str, wanted: ProgressInput, opened: OpenedSession | None
    ) -> ProgressAnswer:
        """The seeds' clients send a position only. Moving on no faster than one can play counts as having played.

        ``opened`` is the user's session for this film: without one nobody plays, so the place is kept and nothing
        earned. Nor does a position earn in a session that sends beats, which say all that was played in it.
        """
        if wanted.current_position is None and wanted.watch_percentage is None:
            raise errors.nothing_told()
        return await self._reports.submit(PositionReport(actor, chapter_id, wanted, opened))

    async def get(self, actor: Actor, chapter_id: str, user_id: str | None = None) -> ProgressAnswer:
        """The actor's own progress, or that of another student for who teaches the course, an admin or a back end."""
        student = self._student(actor, user_id)
        async with self._database.session_scope() as session:
            facts, is_staff = await self._chapter(session, chapter_id, actor, student)
            return await _stands(session, facts, student, teaches=is_staff and student == actor.user_id)

    async def complete(self, actor: Actor, chapter_id: str, user_id: str | None) -> ProgressAnswer:
        """Mark a chapter as completed. Completion is earned by watching: only who teaches may, and students themselves
        where their course lets them."""
        student = self._student(actor, user_id)
        async with self._database.session_scope() as session:
            found = await repository.chapter(session, chapter_id, actor)
        if found is None:
            raise (
                errors.unknown_chapter(chapter_id) if actor.role is not Role.STUDENT else errors.completion_is_earned()
            )
        facts, is_staff = found
        own = student == actor.user_id and facts.students_may_complete and actor.role is not Role.SERVICE
        if not is_staff and not own:
            raise errors.completion_is_earned()
        return await self._reports.submit(MarkReport(actor, chapter_id, student))

    async def reset(self, actor: Actor, chapter_id: str, user_id: str | None) -> ProgressAnswer:
        """Begin a chapter anew; the watch time of before is kept, and so is what it was."""
        student = user_id or actor.user_id
        if student != actor.user_id and actor.role is Role.STUDENT:
            raise errors.not_yours()
        async with self._database.session_scope() as session:
            facts, is_staff = await self._chapter(session, chapter_id, actor, actor.user_id)
            if student != actor.user_id and not is_staff:
                raise errors.not_yours()
            await ledger.lock(session, [Place(student, chapter_id)])
            row = await repository.locked(session, student, chapter_id)
            if row is not None and (row.watched or row.is_completed or row.position_ms):
                session.add(_past(row, actor.user_id))
                _begin_anew(row)
                await session.flush()
                await session.refresh(row)
            return await _stands(session, facts, student, teaches=is_staff and student == actor.user_id)

    async def history(self, actor: Actor, chapter_id: str, user_id: str | None = None) -> HistoryAnswer:
        """What a student's progress was at each reset, the newest first; who may see it is as with `get`."""
        student = self._student(actor, user_id)
        async with self._database.session_scope() as session:
            await self._chapter(session, chapter_id, actor, student)
            rows = await repository.history(session, student, chapter_id)
        return HistoryAnswer(history=[_shown(row) for row in rows])

    def _student(self, actor: Actor, user_id: str | None) -> str:
        student = user_id or actor.user_id
        if student != actor.user_id and actor.role is Role.STUDENT:
            # Before anything is looked up: the answer must not tell what there is.
            raise errors.not_shown()
        return student

    async def _chapter(
        self, session: Session, chapter_id: str, actor: Actor, student: str
    ) -> tuple[ChapterFacts, bool]:
        found = await repository.chapter(session, chapter_id, actor)
        if found is None:
            raise errors.unknown_chapter(chapter_id)
        facts, is_staff = found
        if student != actor.user_id and not (is_staff or actor.role.sees_all):
            raise errors.not_shown()
        return facts, is_staff


async def _stands(session: Session, facts: ChapterFacts, student: str, *, teaches: bool) -> ProgressAnswer:
    row = await repository.standing(session, student, facts.chapter_id)
    opens = facts.next_requires is not None and await repository.is_completed(session, student, facts.next_requires)
    return answers.answer(facts, row, teaches=teaches, opens_next=opens)


def _past(row: Progress, reset_by: str) -> ProgressHistory:
    return ProgressHistory(
        id=new_id(),
        user_id=row.user_id,
        chapter_id=row.chapter_id,
        course_id=row.course_id,
        video_id=row.video_id,
        watched=row.watched,
        duration_ms=row.duration_ms,
        position_ms=row.position_ms,
        watch_time_ms=row.watch_time_ms,
        is_completed=row.is_completed,
        completed_at=row.completed_at,
        completed_by=row.completed_by,
        started_at=row.started_at,
        reset_by=reset_by,
    )


def _begin_anew(row: Progress) -> None:
    row.watched = []
    row.frontier_ms = row.position_ms = 0
    row.is_completed = False
    row.completed_at = row.completed_by = row.started_at = row.position_at = None
    row.reset_count += 1


def _shown(row: ProgressHistory) -> PastProgress:
    seen = credit.length((span.lower, span.upper) for span in row.watched)
    return PastProgress(
        reset_at=row.reset_at,
        reset_by=row.reset_by,
        watch_percentage=credit.percentage(seen, row.duration_ms),
        watched_seconds=seen / 1000,
        current_position=row.position_ms / 1000,
        total_watch_time=row.watch_time_ms / 1000,
        is_completed=row.is_completed,
        completed_at=row.completed_at,
        started_at=row.started_at,
    )
