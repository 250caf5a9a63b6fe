"""What players tell, taken so that nothing that was acknowledged is lost and nothing counts twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.progress.analytics import errors, repository
from services.progress.analytics.figures import Figures
from services.progress.analytics.policy import AnalyticsPolicy
from services.progress.analytics.repository import Opened
from services.progress.analytics.schemas import Event, EventBatch
from services.progress.batching import GroupCommit
from shared.contracts.access import Actor
from shared.db import Database, Session
from shared.http import Problem
from shared.http.user_agents import client_of

STRIDE = 512
"""From the numbers of one batch to those of the next; no batch has as many events."""
MOST_EVENTS = 20_000
"""Of one session. A player that tells of every segment for a day comes to half of it."""


@dataclass(frozen=True)
class Told:
    """A batch, and who sent it with what."""

    user_id: str
    video_id: UUID
    agent: str
    batch: EventBatch

    @property
    def session_id(self) -> UUID:
        return self.batch.session_id


class AnalyticsService:
    def __init__(self, database: Database, policy: AnalyticsPolicy) -> None:
        self._database = database
        self._policy = policy
        self._group: GroupCommit[Told, None] = GroupCommit(self._write, lanes=1)

    async def take(self, actor: Actor, video_id: UUID, batch: EventBatch, agent: str) -> int:
        """Durable when it returns; how many events were taken, those that were there already among them.

        Problem ``unknown_session``, ``not_your_session`` or ``too_many_events``.
        """
        await self._group.submit(Told(actor.user_id, video_id, agent, batch))
        return len(batch.events)

    async def close(self) -> None:
        await self._group.close()

    async def _write(self, told: list[Told]) -> Sequence[Problem | None]:
        async with self._database.session_scope() as session:
            opened = await repository.opened(session, {one.session_id for one in told})
            problems = [_refusal(one, opened.get(one.session_id)) for one in told]
            good = [one for one, problem in zip(told, problems, strict=True) if problem is None]
            if good:
                full = await self._add(session, good, opened)
                problems = [
                    errors.too_many_events() if problem is None and one.session_id in full else problem
                    for one, problem in zip(told, problems, strict=True)
                ]
        return problems

    async def _add(self, session: Session, told: list[Told], opened: dict[UUID, Opened]) -> set[UUID]:
        """Which sessions have told too much already: nothing more is taken of them."""
        begun = {one.session_id: self._row(opened[one.session_id], one.agent) for one in told}
        figures = await repository.begin(session, list(begun.values()))
        full = {session_id for session_id, one in figures.items() if one.events >= MOST_EVENTS}
        told = [one for one in told if one.session_id not in full]
        events = await _numbered(session, told)
        new = await repository.tell(session, events)
        now = datetime.now(UTC)
        for numbered, event in events.items():
            if numbered in new:
                lived = (now - opened[numbered[0]].created_at).total_seconds()
                figures[numbered[0]].add([event], Figures.most_bytes(lived))
        changed = {session_id for session_id, _ in new}
        await repository.sum_up(session, {one: figures[one] for one in changed})
        return full

    def _row(self, opened: Opened, agent: str) -> dict[str, Any]:
        return {
            "session_id": opened.id,
            "video_id": opened.video_id,
            "course_id": opened.course_id,
            "chapter_id": opened.chapter_id,
            "user_id": opened.user_id,
            "created_at": opened.created_at,
            **described(self._policy, opened.network, opened.user_agent or agent),
        }


def described(policy: AnalyticsPolicy, network: str | None, agent: str | None) -> dict[str, str | None]:
    """What is kept of where a session came from, and of what it is watched on."""
    client = client_of(agent) if agent is not None else None
    return {
        "device_type": client.device if client else None,
        "browser": client.browser if client else None,
        "os": client.system if client else None,
        "ip_address": policy.shown(network),
    }


def _refusal(told: Told, opened: Opened | None) -> Problem | None:
    if opened is None or opened.video_id != told.video_id:
        return errors.unknown_session()
    return errors.not_your_session() if opened.user_id != told.user_id else None


async def _numbered(session: Session, told: list[Told]) -> dict[repository.Numbered, Event]:
    """All events under a number of their own: the player's, else one from the batch's, else the next below zero."""
    events: dict[repository.Numbered, Event] = {}
    unnumbered = {one.session_id for one in told if one.batch.seq is None}
    lowest = await repository.least(session, unnumbered) if unnumbered else {}
    for one in told:
        for place, event in enumerate(one.batch.events):
            seq = event.seq
            if seq is None and one.batch.seq is not None:
                seq = one.batch.seq * STRIDE + place
            if seq is None:
                seq = lowest[one.session_id] = lowest.get(one.session_id, 0) - 1
            events.setdefault((one.session_id, seq), event)
    return events
