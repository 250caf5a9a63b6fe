"""Asks the statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, TextClause

from services.progress.dashboards import queries
from shared.contracts.access import Actor
from shared.db import Session


async def teaches(session: Session, actor: Actor, course_id: str) -> bool:
    values = {"course_id": course_id, "actor_id": actor.user_id, "role": actor.role.value}
    answer: bool = (await session.execute(queries.TEACHES, values)).scalar_one()
    return answer


async def film(session: Session, actor: Actor, video_id: UUID) -> RowMapping | None:
    """Its course, whether ``actor`` teaches that, and how long it is (null where nobody can watch it yet)."""
    values = {"video_id": video_id, "actor_id": actor.user_id, "role": actor.role.value}
    return (await session.execute(queries.FILM, values)).mappings().first()


async def rolled(session: Session) -> datetime:
    """From when on days have no figures yet. Where more of them have by the time one asks, nothing counts twice."""
    at: datetime = (await session.execute(queries.ROLLED)).scalar_one()
    return at


async def in_order(session: Session) -> None:
    """What is asked next in this transaction reads groups in the order of an index, no more of them than it shows."""
    await session.execute(queries.IN_ORDER)


async def rows(session: Session, statement: TextClause, **values: Any) -> Sequence[RowMapping]:
    """``values`` may be more than the statement asks for."""
    asked = {name: values[name] for name in statement.compile().params}
    return (await session.execute(statement, asked)).mappings().all()
