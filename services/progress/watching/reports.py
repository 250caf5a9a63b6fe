"""What is reported of viewers, credited many at once: beats, positions, and marks of staff take the same way."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.progress.batching import GroupCommit
from services.progress.events.repository import NewEvent
from services.progress.watching import answers, credit, errors, ledger, repository, standing
from services.progress.watching.ledger import Ledger, MovedOnError, Place
from services.progress.watching.repository import Chapters
from services.progress.watching.schemas import Beat, OpenedSession, ProgressAnswer, ProgressInput
from services.progress.watching.standing import ChapterFacts, Happened, Told
from services.progress.watching.telling import Telling
from shared.contracts.access import Actor, Role
from shared.db import Database, Session
from shared.http import Problem

TRIES = 4
"""Of a batch whose rows were moved to another film meanwhile."""


@dataclass(frozen=True)
class BeatReport:
    """A beat of a session that the gateway vouches for; ``version_id``: the version of the film that it plays."""

    actor: Actor
    chapter_id: str
    session_id: UUID
    version_id: UUID | None
    beat: Beat

    @property
    def student(self) -> str:
        return self.actor.user_id


@dataclass(frozen=True)
class PositionReport:
    """A position, in the session that the gateway knows of, if any."""

    actor: Actor
    chapter_id: str
    wanted: ProgressInput
    opened: OpenedSession | None

    @property
    def student(self) -> str:
        return self.actor.user_id

    @property
    def session_id(self) -> UUID | None:
        return self.opened.id if self.opened else None


@dataclass(frozen=True)
class MarkReport:
    """``student`` is to be taken for done with the chapter, says ``actor``."""

    actor: Actor
    chapter_id: str
    student: str
    session_id: None = None


Report = BeatReport | PositionReport | MarkReport
Taken = tuple[Report, ChapterFacts]
"""A report that is no refusal, and the chapter it is about."""
Bell = Callable[[], Awaitable[None]]
Clock = Callable[[], datetime]


class Reports:
    """``home``: the address under which the platform's ids are unique. ``bell`` is rung when there is something to tell
    others. ``clock``: where a test says what time it is; else it is the database's."""

    def __init__(self, database: Database, home: str, bell: Bell | None = None, clock: Clock | None = None) -> None:
        self._database = database
        self._home = home
        self._bell = bell
        self._clock = clock
        self._chapters = Chapters()
        self._group: GroupCommit[Report, ProgressAnswer] = GroupCommit(self._write)

    async def submit(self, report: Report) -> ProgressAnswer:
        """How the student stands once the report is durable; Problem where it cannot be taken."""
        return await self._group.submit(report)

    async def close(self) -> None:
        await self._group.close()

    async def _write(self, reports: list[Report]) -> list[ProgressAnswer | Exception]:
        for left in reversed(range(TRIES)):
            try:
                async with self._database.session_scope() as session:
                    return await _Batch(session, self._chapters, self._home, self._now()).run(reports, self._bell)
            except MovedOnError:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _now(self) -> datetime | None:
        return self._clock() if self._clock else None


class _Batch:
    def __init__(self, session: Session, chapters: Chapters, home: str, now: datetime | None) -> None:
        self._session = session
        self._chapters = chapters
        self._home = home
        self._now = now

    async def run(self, reports: list[Report], bell: Bell | None) -> list[ProgressAnswer | Exception]:
        facts = await self._chapters.facts(self._session, (report.chapter_id for report in reports))
        refusals = [_refusal(report, facts.get(report.chapter_id)) for report in reports]
        taken = [
            (report, facts[report.chapter_id])
            for report, refusal in zip(reports, refusals, strict=True)
            if refusal is None
        ]
        answered = iter(await self._credit(taken, bell) if taken else ())
        return [next(answered) if refusal is None else refusal for refusal in refusals]

    async def _credit(self, taken: Sequence[Taken], bell: Bell | None) -> list[ProgressAnswer]:
        places = [_place(report, its) for report, its in taken]
        book = await ledger.read(self._session, places, self._now)
        book.courses = {its.chapter_id: its.course_id for _, its in taken}
        lengths = await self._lengths(taken)
        telling = Telling(self._home, book.moment)
        completed: set[tuple[str, str]] = set()
        for (report, its), place in zip(taken, places, strict=True):
            happened = _apply(report, its, book, place, lengths)
            telling.take(happened, its, book.standing(place), book.viewing(place))
            if any(one.what == "chapter.completed" for one in happened):
                completed.add((report.student, its.course_id))
        await ledger.write(self._session, book)
        for stands in book.standings.values():
            stands.updated_at = book.moment
        if completed:
            whole = await ledger.complete_courses(self._session, sorted(completed), book.moment)
            telling.events += [NewEvent("course.completed", user_id, course_id) for user_id, course_id in whole]
        await telling.write(self._session)
        if bell is not None and (telling.events or telling.statements):
            self._session.ring_after_commit(bell)
        teaching = await self._teaching(taken)
        return [_answer(report, its, book, place, teaching) for (report, its), place in zip(taken, places, strict=True)]

    async def _lengths(self, taken: Sequence[Taken]) -> dict[UUID, int]:
        """Of the versions that are played and are no more what the chapter has."""
        older = [
            report.version_id
            for report, its in taken
            if isinstance(report, BeatReport) and report.version_id and report.version_id != its.version_id
        ]
        return await self._chapters.durations(self._session, older) if older else {}

    async def _teaching(self, reported: Sequence[Taken]) -> set[tuple[str, str]]:
        admins = {(r.actor.user_id, its.course_id) for r, its in reported if r.actor.role is Role.ADMIN}
        asked = sorted({(r.actor.user_id, its.course_id) for r, its in reported if r.actor.role is Role.INSTRUCTOR})
        return admins | (await repository.teaching(self._session, asked) if asked else set())


def _answer(
    report: Report, facts: ChapterFacts, book: Ledger, place: Place, teaching: set[tuple[str, str]]
) -> ProgressAnswer:
    opens = facts.next_requires == facts.chapter_id and book.standing(place).is_completed
    return answers.answer(
        facts,
        book.standing(place),
        teaches=report.student == report.actor.user_id and (report.actor.user_id, facts.course_id) in teaching,
        opens_next=opens or book.opens_next[place.user_id, place.needed],
    )


def _refusal(report: Report, facts: ChapterFacts | None) -> Problem | None:
    if facts is None:
        return errors.unknown_chapter(report.chapter_id)
    if isinstance(report, PositionReport):
        if facts.video_id is None:
            return errors.chapter_has_no_video(report.chapter_id)
        if facts.duration_ms is None:
            return errors.video_not_playable()
    return None


def _place(report: Report, facts: ChapterFacts) -> Place:
    return Place(report.student, report.chapter_id, report.session_id, facts.next_requires)


def _apply(report: Report, facts: ChapterFacts, book: Ledger, place: Place, lengths: dict[UUID, int]) -> list[Happened]:
    stands, budget = book.standing(place), book.budgets[report.student]
    viewing = book.viewing(place)
    if isinstance(report, MarkReport):
        return _mark(report, facts, stands, book.moment)
    if isinstance(report, PositionReport):
        position = _position(report.wanted, facts)
        playable = 0 if viewing is None else _playable(stands, viewing, report.opened, book.moment)
        return standing.moved(position, playable, facts, stands, viewing, budget, book.moment)
    assert viewing is not None
    told = _told(report, facts, lengths)
    return standing.watched(told, facts, stands, viewing, budget, book.moment)


def _told(report: BeatReport, facts: ChapterFacts, lengths: dict[UUID, int]) -> Told:
    """What a beat says, on the clock of the film that the chapter has now."""
    beat = report.beat
    before = lengths.get(report.version_id) if report.version_id else None
    after = facts.duration_ms

    def place(seconds: float) -> int:
        ms = _ms(seconds)
        return credit.stretched(ms, before, after) if before and after else ms

    return Told(
        beat.seq,
        [(place(one.from_), place(one.to)) for one in beat.intervals if one.to > one.from_],
        None if beat.position is None else place(beat.position),
        beat.state,
        timedelta(seconds=beat.age),
    )


def _mark(report: MarkReport, facts: ChapterFacts, stands: standing.Standing, moment: datetime) -> list[Happened]:
    stands.bring_to(facts)
    if stands.is_completed:
        return []
    stands.is_completed, stands.completed_at = True, moment
    stands.completed_by = report.actor.user_id
    return [Happened("chapter.completed")]


def _position(wanted: ProgressInput, facts: ChapterFacts) -> int:
    """Old clients send a percentage, and some of them nothing else."""
    if wanted.current_position is not None:
        return _ms(wanted.current_position)
    return round((wanted.watch_percentage or 0.0) / 100 * (facts.duration_ms or 0))


def _playable(
    stands: standing.Standing, viewing: standing.Viewing, opened: OpenedSession | None, moment: datetime
) -> int:
    """How much film can have been played in a session since the position was written last."""
    if viewing.beats or opened is None:
        return 0
    written = (stands.position_at or stands.updated_at) if stands.exists else None
    since = max(written, opened.opened_at) if written else opened.opened_at
    return credit.playable(_elapsed(opened.opened_at, moment), _elapsed(since, moment), viewing.credited_ms)


def _elapsed(since: datetime, now: datetime) -> int:
    return round((now - since).total_seconds() * 1000)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
