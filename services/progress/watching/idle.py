"""Sessions that fell silent have ended: a laptop was closed, a network was lost, a player tells no end."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.progress.watching.repository import Chapters
from services.progress.watching.standing import ChapterFacts, Happened, Standing, Viewing
from services.progress.watching.telling import Telling
from shared.db import Database, Session

SILENT = timedelta(minutes=5)
"""A player beats every ten seconds, old ones every thirty; a pause is not told again and again."""
PAUSED = timedelta(hours=2)
"""Whoever paused may come back as long as a session lives without a key or a beat."""
AT_ONCE = 200

TAKE = text("""
SELECT session_id, user_id, chapter_id, state, position_ms, duration_ms, played, last_beat_at
FROM learning.watch_sessions
WHERE state <> 'ended'
  AND last_beat_at < CASE state WHEN 'paused' THEN CAST(:paused AS timestamptz) ELSE CAST(:silent AS timestamptz) END
ORDER BY session_id LIMIT :limit FOR UPDATE SKIP LOCKED
""")

END = text("""
UPDATE learning.watch_sessions SET state = 'ended', ended_at = last_beat_at WHERE session_id = ANY(CAST(:ids AS uuid[]))
""")


class IdleSessions:
    """``home``: the address under which the platform's ids are unique."""

    def __init__(self, database: Database, home: str) -> None:
        self._database = database
        self._home = home
        self._chapters = Chapters()

    async def end(self, now: datetime) -> None:
        """End what fell silent, with statements of the moment it did. What a beat wakes up goes on."""
        some = AT_ONCE
        while some == AT_ONCE:
            async with self._database.session_scope() as session:
                some = await self._some(session, now)

    async def _some(self, session: Session, now: datetime) -> int:
        values = {"silent": now - SILENT, "paused": now - PAUSED, "limit": AT_ONCE}
        rows = (await session.execute(TAKE, values)).mappings().all()
        facts = await self._chapters.facts(session, {row["chapter_id"] for row in rows})
        telling = Telling(self._home, now)
        for row in rows:
            its = facts.get(row["chapter_id"])
            if its is not None and row["state"] != "open":
                _tell(telling, row, its)
        await telling.write(session)
        ids: list[UUID] = [row["session_id"] for row in rows]
        await session.execute(END, {"ids": ids})
        return len(rows)


def _tell(telling: Telling, row: RowMapping, facts: ChapterFacts) -> None:
    viewing = Viewing(
        row["session_id"],
        row["user_id"],
        row["chapter_id"],
        played=[(span.lower, span.upper) for span in row["played"]],
        duration_ms=row["duration_ms"],
        position_ms=row["position_ms"],
    )
    place = {"time": row["position_ms"] or 0}
    happened = [Happened("paused", place)] if row["state"] == "playing" else []
    standing = Standing(row["user_id"], row["chapter_id"])
    telling.take([*happened, Happened("terminated", place)], facts, standing, viewing, row["last_beat_at"])
