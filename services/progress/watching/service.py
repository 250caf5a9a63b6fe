"""What a student watched: beats come in, the truth goes out."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.progress.watching import credit, errors, repository
from services.progress.watching.credit import Span
from services.progress.watching.repository import ChapterFacts
from services.progress.watching.schemas import Beat, Gap, OpenedSession, ProgressAnswer, ProgressInput
from shared.contracts.access import Actor, Role
from shared.db import Database, Session
from shared.db.models.learning import Progress


class WatchingService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(self, actor: Actor, session_id: UUID, chapter_id: str, beat: Beat) -> ProgressAnswer:
        """Credit what a player says it played, as far as the user's budget reaches; idempotent."""
        played = [(_ms(interval.from_), _ms(interval.to)) for interval in beat.intervals]
        async with self._database.session_scope() as session:
            facts = await self._chapter(session, chapter_id, actor)
            balance = credit.refill(*await repository.lock_budget(session, actor.user_id))
            row, _ = await repository.find_or_make(session, actor.user_id, facts)
            before = await repository.reported(session, session_id)
            repeated = beat.seq <= before.last_seq
            spans = credit.clip(credit.union(played), facts.duration_ms or 0)
            if repeated or (before.credited_ms and not before.beats):
                # Late, sent twice, or told by a position before: what is new in it counts, the rest not again.
                spans = credit.subtract(spans, repository.spans_of(row))
            earned = credit.spend(spans, balance)
            await repository.save_budget(session, actor.user_id, balance - earned.spent_ms)
            position = row.position_ms if repeated or beat.position is None else _ms(beat.position)
            row = await self._take(session, row, facts, earned.spans, position, earned.spent_ms)
            await repository.session_beat(session, session_id, actor.user_id, chapter_id, beat.seq, earned.spent_ms)
            return await self._answer(session, actor, actor.user_id, facts, row)

    async def put(
        self, actor: Actor, chapter_id: str, wanted: ProgressInput, opened: OpenedSession | None
    ) -> ProgressAnswer:
        """The seeds' clients send a position only. Moving on no faster than one can play counts as having played.

        ``opened`` is the user's session for this film: without one nobody plays, so the place is kept and nothing
        earned. Nor does a position earn in a session that sends beats, which say all that was played in it.
        """
        async with self._database.session_scope() as session:
            facts = await self._chapter(session, chapter_id, actor)
            if facts.video_id is None:
                raise errors.chapter_has_no_video(chapter_id)
            if facts.duration_ms is None:
                raise errors.video_not_playable()
            balance = credit.refill(*await repository.lock_budget(session, actor.user_id))
            row, is_new = await repository.find_or_make(session, actor.user_id, facts)
            position = _ms(wanted.current_position)
            moved = position - row.position_ms
            spans: Sequence[Span] = []
            if opened is not None and 0 < moved <= await self._playable(session, row, is_new, opened):
                spans = credit.clip([(row.position_ms, position)], facts.duration_ms)
            earned = credit.spend(spans, balance)
            await repository.save_budget(session, actor.user_id, balance - earned.spent_ms)
            if opened is not None and earned.spent_ms:
                await repository.session_position(session, opened.id, actor.user_id, chapter_id, earned.spent_ms)
            row = await self._take(session, row, facts, earned.spans, position, earned.spent_ms)
            return await self._answer(session, actor, actor.user_id, facts, row)

    async def _playable(self, session: Session, row: Progress, is_new: bool, opened: OpenedSession) -> int:
        """How much film can have been played in a session since the position was written last."""
        before = await repository.reported(session, opened.id)
        if before.beats:
            return 0
        now = await repository.now(session)
        written = opened.opened_at if is_new else row.updated_at
        return credit.playable(_elapsed(opened.opened_at, now), _elapsed(written, now), before.credited_ms)

    async def _take(
        self,
        session: Session,
        row: Progress,
        facts: ChapterFacts,
        spans: Sequence[Span],
        position_ms: int,
        played_ms: int,
    ) -> Progress:
        watched = credit.union([*repository.spans_of(row), *spans])
        frontier = credit.frontier(watched)
        most = facts.duration_ms or 0
        if facts.first_watch_restricted and not row.is_completed:
            most = min(most, frontier)
        position = max(0, min(position_ms, most))
        row = await repository.add(
            session, row, facts, spans, frontier_ms=frontier, position_ms=position, played_ms=played_ms
        )
        if not row.is_completed and credit.is_complete(watched, facts.duration_ms or 0):
            row.is_completed = True
            row.completed_at = await repository.now(session)
            await session.flush()
            await session.refresh(row)
        return row

    async def get(self, actor: Actor, chapter_id: str, user_id: str | None = None) -> ProgressAnswer:
        """The actor's own progress, or that of another student for who teaches the course, an admin or a back end."""
        student = user_id or actor.user_id
        if student != actor.user_id and actor.role is Role.STUDENT:
            # Before anything is looked up: the answer must not tell what there is.
            raise errors.not_shown()
        async with self._database.session_scope() as session:
            facts = await self._chapter(session, chapter_id, actor, shown=True)
            if student != actor.user_id and not (facts.is_staff or actor.role.sees_all):
                raise errors.not_shown()
            row = await repository.find(session, student, chapter_id)
            return await self._answer(session, actor, student, facts, row)

    async def complete(self, actor: Actor, chapter_id: str, user_id: str | None) -> ProgressAnswer:
        """Mark a chapter as completed for a student; only who teaches may, for completion is earned by watching."""
        student = user_id or actor.user_id
        if actor.role is Role.STUDENT:
            raise errors.completion_is_earned()
        async with self._database.session_scope() as session:
            facts = await self._chapter(session, chapter_id, actor, shown=True)
            if not facts.is_staff:
                raise errors.completion_is_earned()
            row, _ = await repository.find_or_make(session, student, facts)
            if not row.is_completed:
                row.is_completed = True
                row.completed_at = await repository.now(session)
                row.completed_by = actor.user_id
            await session.flush()
            await session.refresh(row)
            return await self._answer(session, actor, student, facts, row)

    async def reset(self, actor: Actor, chapter_id: str, user_id: str | None) -> ProgressAnswer:
        """Begin a chapter anew; the watch time of before is kept."""
        student = user_id or actor.user_id
        if student != actor.user_id and actor.role is Role.STUDENT:
            raise errors.not_yours()
        async with self._database.session_scope() as session:
            facts = await self._chapter(session, chapter_id, actor, shown=True)
            if student != actor.user_id and not facts.is_staff:
                raise errors.not_yours()
            row = await repository.find(session, student, chapter_id, lock=True)
            if row is not None:
                row.watched = []
                row.frontier_ms = row.position_ms = 0
                row.is_completed = False
                row.completed_at = row.completed_by = None
                row.reset_count += 1
                await session.flush()
                await session.refresh(row)
            return await self._answer(session, actor, student, facts, row)

    async def _chapter(self, session: Session, chapter_id: str, actor: Actor, *, shown: bool = False) -> ChapterFacts:
        facts = await repository.chapter(session, chapter_id, actor, shown=shown)
        if facts is None:
            raise errors.unknown_chapter(chapter_id)
        return facts

    async def _answer(
        self, session: Session, actor: Actor, student: str, facts: ChapterFacts, row: Progress | None
    ) -> ProgressAnswer:
        watched = repository.spans_of(row) if row else []
        duration_ms = facts.duration_ms
        # A shorter replacement must not show more than there is.
        seen = credit.length(credit.clip(watched, duration_ms)) if duration_ms else 0
        completed = bool(row and row.is_completed)
        reached = credit.frontier(watched)
        teaches = facts.is_staff and student == actor.user_id
        restricted = facts.first_watch_restricted and not completed and not teaches
        next_open = facts.next_id is not None and (
            facts.next_requires is None
            or (facts.next_requires == facts.chapter_id and completed)
            or await repository.is_completed(session, student, facts.next_requires)
        )
        return ProgressAnswer(
            chapter_id=facts.chapter_id,
            course_id=facts.course_id,
            video_id=str(facts.video_id) if facts.video_id else None,
            current_position=(row.position_ms if row else 0) / 1000,
            total_duration=None if duration_ms is None else duration_ms / 1000,
            watch_percentage=round(100 * seen / duration_ms, 1) if duration_ms else 0.0,
            is_completed=completed,
            completed_at=row.completed_at if row else None,
            frontier=min(reached, duration_ms or reached) / 1000,
            max_seek=(reached if restricted else duration_ms) / 1000 if duration_ms is not None else None,
            gaps=[Gap(from_=start / 1000, to=end / 1000) for start, end in credit.gaps(watched)],
            watched_seconds=seen / 1000,
            next_chapter_id=facts.next_id,
            next_chapter_unlocked=next_open,
            updated_at=row.updated_at if row else None,
        )


def _elapsed(since: datetime, now: datetime) -> int:
    return round((now - since).total_seconds() * 1000)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
