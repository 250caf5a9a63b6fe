"""``analytics.statements``: read, and on their way to a learning record store."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from shared.db import Session
from shared.db.models.analytics import Statement

# Until ``not_before`` nobody else takes them: a worker that is killed gives them back by doing nothing.
CLAIM = text("""
UPDATE analytics.statements SET attempts = attempts + 1, not_before = now() + CAST(:lease AS interval)
WHERE id IN (
    SELECT id FROM analytics.statements
    WHERE forwarded_at IS NULL AND (not_before IS NULL OR not_before <= now())
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, statement
""")

FORWARDED = text("""
UPDATE analytics.statements SET forwarded_at = now(), not_before = NULL, problem = NULL
WHERE id = ANY(:ids) AND forwarded_at IS NULL
""")

TRY_LATER = text("""
UPDATE analytics.statements SET not_before = now() + CAST(:wait AS interval), problem = :problem
WHERE id = ANY(:ids) AND forwarded_at IS NULL
""")

REFUSED = text("""
UPDATE analytics.statements SET not_before = 'infinity', problem = :problem WHERE id = :id AND forwarded_at IS NULL
""")


async def kept(session: Session, most: int, after: UUID | None, **filters: Any) -> Sequence[Statement]:
    """The oldest first. ``filters`` are columns and what they have to be; None for whatever."""
    query = select(Statement).order_by(Statement.id).limit(most)
    if after is not None:
        query = query.where(Statement.id > after)
    for name, value in filters.items():
        if value is not None:
            query = query.where(getattr(Statement, name) == value)
    return (await session.scalars(query)).all()


async def claim(session: Session, most: int, lease: timedelta) -> list[RowMapping]:
    """Up to ``most`` that wait, the oldest first; nobody else takes them for ``lease``."""
    rows = (await session.execute(CLAIM, {"most": most, "lease": lease})).mappings().all()
    return sorted(rows, key=lambda row: row["id"])


async def forwarded(session: Session, ids: Sequence[UUID]) -> None:
    await session.execute(FORWARDED, {"ids": list(ids)})


async def try_later(session: Session, ids: Sequence[UUID], wait: timedelta, problem: str) -> None:
    await session.execute(TRY_LATER, {"ids": list(ids), "wait": wait, "problem": problem})


async def refused(session: Session, statement_id: UUID, problem: str) -> None:
    """It is not sent again."""
    await session.execute(REFUSED, {"id": statement_id, "problem": problem})
