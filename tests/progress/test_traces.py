"""Whatever viewers do, what they are credited with is what an exact model says.

The service is the real one, over HTTP and on a real Postgres; only its clock is the test's. The model counts tenths of a
second one by one, and shares no code with the service.
"""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.db import new_id
from tests.support.lone_progress import Chapter, LoneProgress

TENTH_MS = 100
FIRST, MOST = 300, 1200
"""Tenths of seconds of film that a user begins with, and that can be saved up."""
LENGTHS = (60.0, 20.0)


@dataclass
class Model:
    """The rules of credit, told once more and as plainly as can be."""

    balance: int = FIRST
    refilled_at: int | None = None
    seen: dict[str, set[int]] = field(default_factory=dict)
    total: int = 0
    last_seq: dict[UUID, int] = field(default_factory=dict)
    opened_at: dict[UUID, int] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def beat(self, now: int, session: UUID, chapter: Chapter, seq: int, played: list[tuple[int, int]]) -> None:
        if self.refilled_at is None:
            self.refilled_at = self.opened_at[session]
        self.balance = min(MOST, self.balance + 2 * (now - self.refilled_at))
        self.refilled_at = now
        seen = self.seen.setdefault(chapter.id, set())
        length = round(chapter.seconds * 10)
        told = {tenth for start, end in played for tenth in range(start, min(end, length))}
        if seq <= self.last_seq.get(session, -1):
            told -= seen
        credited = sorted(told)[: self.balance]
        self.balance -= len(credited)
        self.total += len(credited)
        seen.update(credited)
        self.last_seq[session] = max(seq, self.last_seq.get(session, -1))
        if len(seen) >= 0.9 * length:
            self.done.add(chapter.id)

    def frontier(self, chapter: Chapter) -> int:
        """The end of what was seen from the start on, with short gaps overlooked."""
        end = counted = overlooked = 0
        tenths = sorted(self.seen.get(chapter.id, set()))
        for _, run in itertools.groupby(enumerate(tenths), lambda pair: pair[1] - pair[0]):
            part = [tenth for _, tenth in run]
            gap = part[0] - end
            # Bridged are gaps of two seconds, in all four seconds and a tenth of what was seen before.
            if gap > 20 or 10 * (overlooked + gap) > 10 * 40 + counted:
                break
            overlooked += gap
            counted += len(part)
            end = part[-1] + 1
        return end


@dataclass
class Device:
    """A player that records what it plays, in tenths of seconds; ``held``: beats that found no network."""

    chapter: Chapter
    session: UUID
    seq: int = 0
    position: int = 0
    played: list[tuple[int, int]] = field(default_factory=list)
    held: list[tuple[UUID, int, list[tuple[int, int]]]] = field(default_factory=list)
    last: tuple[UUID, int, list[tuple[int, int]]] | None = None

    def play(self, tenths: int) -> None:
        end = min(self.position + tenths, round(self.chapter.seconds * 10))
        if end > self.position:
            self.played.append((self.position, end))
        self.position = end

    def cut(self) -> tuple[UUID, int, list[tuple[int, int]]]:
        self.seq += 1
        beat = (self.session, self.seq, self.played)
        self.played, self.last = [], beat
        return beat


device = st.integers(0, 1)
step = st.one_of(
    st.tuples(st.just("play"), device, st.integers(1, 150), st.sampled_from([0.5, 1.0, 1.5, 2.0, 16.0])),
    st.tuples(st.just("seek"), device, st.integers(0, 620), st.just(1.0)),
    st.tuples(st.just("wait"), device, st.sampled_from([1, 50, 600, 36_000]), st.just(1.0)),
    st.tuples(st.just("beat"), device, st.just(0), st.just(1.0)),
    st.tuples(st.just("again"), device, st.just(0), st.just(1.0)),
    st.tuples(st.just("hold"), device, st.just(0), st.just(1.0)),
    st.tuples(st.just("release"), device, st.integers(0, 5), st.just(1.0)),
    st.tuples(st.just("reopen"), device, st.just(0), st.just(1.0)),
    st.tuples(st.just("claim"), device, st.integers(1, 700), st.just(1.0)),
    st.tuples(st.just("switch"), device, st.just(0), st.just(1.0)),
)


@pytest.fixture(scope="module")
def chapters(alone: LoneProgress) -> list[Chapter]:
    return asyncio.run(alone.course(*LENGTHS))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, min_size=3, max_size=40))
def test_credit_is_what_the_model_says(
    alone: LoneProgress, chapters: list[Chapter], trace: list[tuple[str, int, int, float]]
) -> None:
    user, model, now = f"user-{new_id()}", Model(), 0
    shown: dict[str, dict[str, Any]] = {}

    def opened() -> UUID:
        session = alone.session()
        model.opened_at[session] = now
        return session

    def send(chapter: Chapter, beat: tuple[UUID, int, list[tuple[int, int]]]) -> None:
        session, seq, played = beat
        told = [(start / 10, end / 10) for start, end in played]
        position = told[-1][1] if told else None
        answer = alone.beat(user, session, chapter, seq, told, position).raise_for_status().json()
        model.beat(now, session, chapter, seq, played)
        agrees(answer, chapter, model, shown)

    devices = [Device(chapters[0], opened()), Device(chapters[0], opened())]
    for what, which, number, rate in trace:
        one = devices[which]
        if what == "play":
            one.play(max(1, round(number * rate)))
        elif what == "seek":
            one.position = min(number, round(one.chapter.seconds * 10))
        elif what == "beat":
            send(one.chapter, one.cut())
        elif what == "again" and one.last is not None:
            send(one.chapter, one.last)
        elif what == "hold":
            one.held.append(one.cut())
        elif what == "release" and one.held:
            # Any order, as a network may have it.
            send(one.chapter, one.held.pop(number % len(one.held)))
        elif what == "reopen":
            one.session, one.seq, one.held, one.last = opened(), 0, [], None
        elif what == "claim":
            one.seq += 1
            send(one.chapter, (one.session, one.seq, [(0, number)]))
        elif what == "switch":
            devices[which] = Device(chapters[1 - chapters.index(one.chapter)], opened())
        passed = number if what in ("play", "wait") else 0
        now += passed
        alone.pass_time(passed * TENTH_MS)
    for chapter in chapters:
        agrees(alone.progress(user, chapter), chapter, model, shown)
    figures = alone.get(user, "/api/progress/stats").json()
    assert round(figures["totalWatchTime"] * 10) == model.total
    assert model.total <= FIRST + 2 * now


def agrees(answer: dict[str, Any], chapter: Chapter, model: Model, shown: dict[str, dict[str, Any]]) -> None:
    seen = model.seen.get(chapter.id, set())
    assert round(answer["watchedSeconds"] * 10) == len(seen)
    assert answer["watchPercentage"] == pytest.approx(10 * len(seen) / chapter.seconds, abs=0.051)
    assert answer["isCompleted"] is (chapter.id in model.done)
    assert round(answer["frontier"] * 10) == model.frontier(chapter)
    before = shown.get(chapter.id)
    if before is not None:
        for name in ("watchPercentage", "watchedSeconds", "isCompleted"):
            assert answer[name] >= before[name], f"{name} went back"
    shown[chapter.id] = answer


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 300), st.sampled_from([0.5, 1.0, 1.5, 2.0]), st.integers(0, 600)), max_size=12)
)
def test_who_plays_honestly_is_credited_with_every_second(
    alone: LoneProgress, chapters: list[Chapter], parts: list[tuple[int, float, int]]
) -> None:
    """At most twice the speed, a beat at least twice a minute, and pauses and leaps as one likes."""
    user, one, truly = f"user-{new_id()}", Device(chapters[0], alone.session()), set[int]()
    for tenths, rate, leap in parts:
        one.position = leap
        one.play(max(1, int(tenths * rate)))
        truly |= {tenth for start, end in one.played for tenth in range(start, end)}
        alone.pass_time(tenths * TENTH_MS)
        session, seq, played = one.cut()
        told = [(start / 10, end / 10) for start, end in played]
        answer = alone.beat(user, session, chapters[0], seq, told).raise_for_status().json()
        assert round(answer["watchedSeconds"] * 10) == len(truly)
