"""What happened is written down for others in the transaction in which it happened: events for the platform, statements
for a learning record store."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.progress.events import repository as events
from services.progress.events.repository import NewEvent
from services.progress.statements.profile import VERBS, Statement, Subject, statement
from services.progress.watching import credit
from services.progress.watching.standing import ChapterFacts, Happened, Standing, Viewing
from shared.db import Session

WRITE_STATEMENTS = text("""
INSERT INTO analytics.statements (id, user_id, session_id, verb, statement)
SELECT id, user_id, session_id, verb, statement::jsonb
FROM unnest(CAST(:ids AS uuid[]), CAST(:users AS text[]), CAST(:sessions AS uuid[]), CAST(:verbs AS text[]),
            CAST(:statements AS text[])) AS q(id, user_id, session_id, verb, statement)
""")


@dataclass
class Telling:
    """Gathers what is told of one transaction. ``home``: under which address the platform's ids are unique; ``moment``: when
    it happened, where nothing else is said."""

    home: str
    moment: datetime
    events: list[NewEvent] = field(default_factory=list)
    statements: list[tuple[UUID, str, Statement]] = field(default_factory=list)

    def take(
        self,
        happened: Iterable[Happened],
        facts: ChapterFacts,
        standing: Standing,
        viewing: Viewing | None,
        at: datetime | None = None,
    ) -> None:
        for one in happened:
            if one.what in VERBS:
                if viewing is not None:
                    self._state(one, facts, standing, viewing, at or self.moment)
            else:
                self.events.append(
                    NewEvent(
                        one.what,
                        standing.user_id,
                        facts.course_id,
                        facts.chapter_id,
                        facts.video_id,
                        _details(one, facts, standing, viewing),
                    )
                )

    def _state(self, one: Happened, facts: ChapterFacts, standing: Standing, viewing: Viewing, at: datetime) -> None:
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
            at,
            # A chapter may be completed over many sessions: what completed it is all that was watched of it.
            played=standing.watched if one.what == "completed" else viewing.played,
            time_ms=one.details.get("time", viewing.position_ms or 0),
            from_ms=one.details.get("from", 0),
            to_ms=one.details.get("to", 0),
        )
        self.statements.append((viewing.session_id, standing.user_id, made))

    async def write(self, session: Session) -> None:
        if self.events:
            await events.write(session, self.events, self.moment)
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
        percentage = credit.percentage(credit.length(standing.watched), facts.duration_ms)
        return {"watchPercentage": percentage, "completedBy": standing.completed_by}
    if one.what == "progress.suspicious" and viewing is not None:
        return {**one.details, "sessionId": str(viewing.session_id)}
    return one.details
