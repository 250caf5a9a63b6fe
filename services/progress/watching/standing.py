"""How a user stands: what they may still earn, what they watched of a chapter, what a session told. No database.

`watched` and `moved` take what a player tells, change these, and say what happened thereby.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.progress.watching import credit
from services.progress.watching.credit import Span

SEEK_MS = 1_000
"""A player that goes on this far from where it was has been moved: stretches touch to some milliseconds."""
MOST_REWINDS = 200
"""Places kept of one session."""
SUSPICIOUS_MS = 300_000
"""A session that claims so much more than time allows is told to the platform, once. Clocks and networks explain less."""
OLDEST = timedelta(days=30)

State = Literal["open", "playing", "paused", "ended"]


@dataclass(frozen=True)
class ChapterFacts:
    """A chapter as its course has it now; ``duration_ms`` is the film's own, measured by us.

    ``completion_percentage``: how much of it has to be watched.
    """

    course_id: str
    course_title: str
    chapter_id: str
    title: str
    video_id: UUID | None
    version_id: UUID | None
    first_watch_restricted: bool
    completion_percentage: float
    students_may_complete: bool
    duration_ms: int | None
    next_id: str | None
    next_requires: str | None


@dataclass
class Budget:
    """What a user may be credited with now."""

    user_id: str
    balance_ms: int


@dataclass
class Standing:
    """A row of ``learning.progress``, existing or to be made."""

    user_id: str
    chapter_id: str
    exists: bool = False
    read_version: UUID | None = None
    """The version it was on when it was read: the row is only written while it still is."""
    watched: list[Span] = field(default_factory=list)
    position_ms: int = 0
    position_at: datetime | None = None
    watch_time_ms: int = 0
    is_completed: bool = False
    completed_at: datetime | None = None
    completed_by: str | None = None
    started_at: datetime | None = None
    video_id: UUID | None = None
    version_id: UUID | None = None
    duration_ms: int | None = None
    updated_at: datetime | None = None
    earned_ms: int = 0
    """Play time credited since it was read."""

    @property
    def frontier_ms(self) -> int:
        return credit.frontier(self.watched)

    def bring_to(self, facts: ChapterFacts) -> None:
        """Put it on the clock of the film that the chapter has now; fractions stay."""
        if facts.version_id is None or facts.duration_ms is None:
            return
        if self.version_id != facts.version_id and self.duration_ms:
            self.watched = credit.stretch(self.watched, self.duration_ms, facts.duration_ms)
            self.position_ms = credit.stretched(self.position_ms, self.duration_ms, facts.duration_ms)
        self.video_id, self.version_id = facts.video_id, facts.version_id
        self.duration_ms = facts.duration_ms


@dataclass
class Viewing:
    """A row of ``learning.watch_sessions``, existing or to be made."""

    session_id: UUID
    user_id: str
    chapter_id: str
    last_seq: int = -1
    credited_ms: int = 0
    claimed_ms: int = 0
    played: list[Span] = field(default_factory=list)
    version_id: UUID | None = None
    duration_ms: int | None = None
    position_ms: int | None = None
    rewinds: list[int] = field(default_factory=list)
    state: State = "open"

    @property
    def beats(self) -> bool:
        return self.last_seq >= 0

    def bring_to(self, facts: ChapterFacts) -> None:
        if facts.version_id is None or facts.duration_ms is None:
            return
        if self.version_id != facts.version_id and self.duration_ms:
            self.played = credit.stretch(self.played, self.duration_ms, facts.duration_ms)
        self.version_id, self.duration_ms = facts.version_id, facts.duration_ms


@dataclass(frozen=True)
class Happened:
    """Something that others are told: ``what`` is a verb of xAPI's video profile or an event of the platform's."""

    what: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What a player told of one session: stretches in the order they were played, on the film's clock."""

    seq: int
    spans: Sequence[Span]
    position_ms: int | None
    state: State | None = None
    age: timedelta = timedelta(0)


def watched(
    told: Told, facts: ChapterFacts, standing: Standing, viewing: Viewing, budget: Budget, moment: datetime
) -> list[Happened]:
    """Credit what a session says it played, as far as the budget reaches. Told twice, it earns nothing twice."""
    standing.bring_to(facts)
    viewing.bring_to(facts)
    repeated = told.seq <= viewing.last_seq
    spans = credit.clip(credit.union(told.spans), facts.duration_ms or 0)
    if repeated or (viewing.credited_ms and not viewing.beats):
        # Late, sent twice, or told by a position before: what is new in it counts, the rest not again.
        spans = credit.subtract(spans, standing.watched)
    earned = credit.spend(spans, budget.balance_ms)
    happened: list[Happened] = []
    if not repeated:
        claimed = credit.length(spans)
        happened += _claims(viewing, claimed, earned.spent_ms)
        happened += _course_of(told, viewing, facts, honest=earned.spent_ms == claimed)
        at = moment - min(max(told.age, timedelta(0)), OLDEST)
        if told.position_ms is not None and (standing.position_at is None or at >= standing.position_at):
            standing.position_ms, standing.position_at = told.position_ms, at
        viewing.last_seq = told.seq
    happened += _earn(earned.spans, earned.spent_ms, facts, standing, viewing, budget, moment)
    return sorted(happened, key=lambda one: one.what == "terminated")


def moved(
    position_ms: int,
    playable_ms: int,
    facts: ChapterFacts,
    standing: Standing,
    viewing: Viewing | None,
    budget: Budget,
    moment: datetime,
) -> list[Happened]:
    """A position without stretches. To have moved on by no more than ``playable_ms`` counts as having played."""
    standing.bring_to(facts)
    spans: list[Span] = []
    if viewing is not None:
        viewing.bring_to(facts)
        if 0 < position_ms - standing.position_ms <= playable_ms:
            spans = credit.clip([(standing.position_ms, position_ms)], facts.duration_ms or 0)
    earned = credit.spend(spans, budget.balance_ms)
    standing.position_ms, standing.position_at = position_ms, moment
    happened: list[Happened] = []
    if viewing is not None and not viewing.beats:
        told = Told(viewing.last_seq, earned.spans, position_ms, "playing" if earned.spans else None)
        happened += _course_of(told, viewing, facts, honest=True)
    happened += _earn(earned.spans, earned.spent_ms, facts, standing, viewing, budget, moment)
    return happened


def _earn(
    spans: Sequence[Span],
    spent_ms: int,
    facts: ChapterFacts,
    standing: Standing,
    viewing: Viewing | None,
    budget: Budget,
    moment: datetime,
) -> list[Happened]:
    happened = []
    budget.balance_ms -= spent_ms
    standing.watched = credit.union([*standing.watched, *spans])
    standing.watch_time_ms += spent_ms
    standing.earned_ms += spent_ms
    if viewing is not None:
        viewing.credited_ms += spent_ms
        viewing.played = credit.union([*viewing.played, *spans])
    if spent_ms and standing.started_at is None:
        standing.started_at = moment
        happened.append(Happened("chapter.started"))
    duration = facts.duration_ms or 0
    if not standing.is_completed and credit.is_complete(standing.watched, duration, facts.completion_percentage):
        standing.is_completed, standing.completed_at = True, moment
        happened.append(Happened("completed"))
        happened.append(Happened("chapter.completed"))
    most = duration
    if facts.first_watch_restricted and not standing.is_completed:
        most = min(most, standing.frontier_ms)
    standing.position_ms = max(0, min(standing.position_ms, most))
    return happened


def _claims(viewing: Viewing, claimed_ms: int, earned_ms: int) -> list[Happened]:
    """Keep count of what was claimed, and tell once of a session that claims far more than it can have played."""
    before = viewing.claimed_ms - viewing.credited_ms
    viewing.claimed_ms += claimed_ms
    after = before + claimed_ms - earned_ms
    if before < SUSPICIOUS_MS <= after:
        seconds = {
            "claimedSeconds": viewing.claimed_ms / 1000,
            "creditedSeconds": (viewing.credited_ms + earned_ms) / 1000,
        }
        return [Happened("progress.suspicious", {"reason": "claimed_more_than_time_allows", **seconds})]
    return []


def _course_of(told: Told, viewing: Viewing, facts: ChapterFacts, *, honest: bool) -> list[Happened]:
    """What the viewer did, as the stretches show it. Of claims that were not believed only the end is taken."""
    happened = []
    if viewing.state == "open":
        happened.append(Happened("initialized"))
    told_spans = [span for span in credit.clip(told.spans, facts.duration_ms or 0) if honest]
    for start, end in told_spans:
        happened += _went_to(viewing, start)
        if viewing.state != "playing":
            happened.append(Happened("played", {"time": start}))
        viewing.state, viewing.position_ms = "playing", end
    if told.position_ms is not None and honest:
        happened += _went_to(viewing, min(told.position_ms, facts.duration_ms or 0))
    stopped = told.state in ("paused", "ended") or (told.state is None and not told.spans)
    if viewing.state == "playing" and stopped:
        happened.append(Happened("paused", {"time": viewing.position_ms or 0}))
    if stopped and viewing.state != "ended":
        viewing.state = "paused"
    if viewing.state == "open":
        viewing.state = "paused"
    if told.state == "ended" and viewing.state != "ended":
        happened.append(Happened("terminated", {"time": viewing.position_ms or 0}))
        viewing.state = "ended"
    return happened


def _went_to(viewing: Viewing, place_ms: int) -> list[Happened]:
    before, viewing.position_ms = viewing.position_ms, place_ms
    if before is None or abs(place_ms - before) <= SEEK_MS:
        return []
    if place_ms < before and len(viewing.rewinds) < MOST_REWINDS:
        viewing.rewinds.append(place_ms)
    return [Happened("seeked", {"from": before, "to": place_ms})]
