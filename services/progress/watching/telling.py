"""What happened is written down for others in the transaction in which it happened: events for the platform, statements
for a learning record store."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.progress.statements.profile import VERBS, Statement, Subject, statement
from services.progress.watching.standing import ChapterFacts, Happened, Standing, Viewing
from shared.db import Session, new_id

WRITE_EVENTS = text("""
INSERT INTO analytics.platform_events (id, type, user_id, course_id, chapter_id, video_id, data, created_at)
SELECT id, type, user_id, course_id, chapter_id, video_id, data::jsonb, :moment
FROM unnest(CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:users AS text[]), CAST(:courses AS text[]),
            CAST(:chapters AS text[]), CAST(:videos AS uuid[]), CAST(:data AS text[]))
     AS q(id, type, user_id, course_id, chapter_id, video_id, data)
""")

WRITE_STATEMENTS = text("""
INSERT INTO analytics.statements (id, user_id, session_id, verb, statement)
SELECT id, user_id, session_id, verb, statement::jsonb
FROM unnest(CAST(:ids AS uuid[]), CAST(:users AS text[]), CAST(:sessions AS uuid[]), CAST(:verbs AS text[]),
            CAST(:statements AS text[])) AS q(id, user_id, session_id, verb, statement)
""")


@dataclass(frozen=True)
class Event:
    type: str
    user_id: str
    course_id: str
    chapter_id: str | None = None
    video_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Telling:
    """Gathers what is told of one transaction. ``home``: under which address the platform's ids are unique."""

    home: str
    moment: datetime
    events: list[Event] = field(default_factory=list)
    statements: list[tuple[UUID, str, Statement]] = field(default_factory=list)

    def take(
        self, happened: Iterable[Happened], facts: ChapterFacts, standing: Standing, viewing: Viewing | None
    ) -> None:
        for one in happened:
            if one.what in VERBS:
                if viewing is not None:
                    self._state(one, facts, standing, viewing)
            else:
                self.events.append(
                    Event(
                        one.what,
                        standing.user_id,
                        facts.course_id,
                        facts.chapter_id,
                        facts.video_id,
                        _details(one, facts, standing, viewing),
                    )
                )

    def _state(self, one: Happened, facts: ChapterFacts, standing: Standing, viewing: Viewing) -> None:
        subject = Subject(
            self.home,
            standing.user_id,
            viewing.session_id,
            facts.chapter_id,
            facts.title,
            facts.course_id,
            facts.course_title,
            facts.duration_ms or 0,
            facts.completion_percentage / 100,
        )
        made = statement(
            one.what,
            subject,
            self.moment,
            # A chapter may be completed over many sessions: what completed it is all that was watched of it.
            played=standing.watched if one.what == "completed" else viewing.played,
            time_ms=one.details.get("time", viewing.position_ms or 0),
            from_ms=one.details.get("from", 0),
            to_ms=one.details.get("to", 0),
        )
        self.statements.append((viewing.session_id, standing.user_id, made))

    async def write(self, session: Session) -> None:
        if self.events:
            await session.execute(WRITE_EVENTS, {"moment": self.moment, **_event_columns(self.events)})
        if self.statements:
            values = {
                "ids": [made.id for _, _, made in self.statements],
                "users": [user for _, user, _ in self.statements],
                "sessions": [id_ for id_, _, _ in self.statements],
                "verbs": [made.verb for _, _, made in self.statements],
                "statements": [json.dumps(made.document) for _, _, made in self.statements],
            }
            await session.execute(WRITE_STATEMENTS, values)


def _details(one: Happened, facts: ChapterFacts, standing: Standing, viewing: Viewing | None) -> dict[str, Any]:
    if one.what == "chapter.completed":
        seen = sum(end - start for start, end in standing.watched)
        percentage = round(min(100.0, 100 * seen / facts.duration_ms), 1) if facts.duration_ms else 0.0
        return {"watchPercentage": percentage, "completedBy": standing.completed_by}
    if one.what == "progress.suspicious" and viewing is not None:
        return {**one.details, "sessionId": str(viewing.session_id)}
    return one.details


def _event_columns(events: Sequence[Event]) -> dict[str, list[Any]]:
    return {
        "ids": [new_id() for _ in events],
        "types": [event.type for event in events],
        "users": [event.user_id for event in events],
        "courses": [event.course_id for event in events],
        "chapters": [event.chapter_id for event in events],
        "videos": [event.video_id for event in events],
        "data": [json.dumps(event.data) for event in events],
    }
