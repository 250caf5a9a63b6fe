"""The platform's last word on each person and chapter, in Postgres: it outlives a gateway and is every gateway's."""

from datetime import datetime, timedelta

from sqlalchemy import text

from services.gateway.rights.schemas import Question
from shared.db import Session

# Two gateways may have asked at once: the later answer stands.
KEEP = text("""
INSERT INTO access.platform_answers AS a (user_id, chapter_id, allowed, answered_at, until)
VALUES (:user_id, :chapter_id, :allowed, :at, :until)
ON CONFLICT (user_id, chapter_id) DO UPDATE
SET allowed = excluded.allowed, answered_at = excluded.answered_at, until = excluded.until
WHERE a.answered_at <= excluded.answered_at
""")

STANDS = text("""
SELECT 1 FROM access.platform_answers
WHERE user_id = :user_id AND chapter_id = :chapter_id AND allowed AND (until IS NULL OR until > now())
  AND answered_at > now() - make_interval(secs => :seconds)
""")

FORGET = text("DELETE FROM access.platform_answers WHERE answered_at < :before")


async def keep(session: Session, question: Question, *, allowed: bool, at: datetime, until: datetime | None) -> None:
    user_id, chapter_id = question.about
    values = {"user_id": user_id, "chapter_id": chapter_id, "allowed": allowed, "at": at, "until": until}
    await session.execute(KEEP, values)


async def stands(session: Session, question: Question, within: timedelta) -> bool:
    """Whether the last answer is a yes that is no older than ``within`` and has not ended."""
    user_id, chapter_id = question.about
    values = {"user_id": user_id, "chapter_id": chapter_id, "seconds": within.total_seconds()}
    return (await session.execute(STANDS, values)).first() is not None


async def forget(session: Session, before: datetime) -> None:
    await session.execute(FORGET, {"before": before})
