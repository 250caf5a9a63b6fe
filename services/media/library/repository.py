"""Asks the library's statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, TextClause

from services.media.library import queries
from shared.db import Session


async def rolled(session: Session) -> datetime:
    """From when on days have no figures yet."""
    at: datetime = (await session.execute(queries.ROLLED)).scalar_one()
    return at


async def rows(session: Session, statement: TextClause, **values: Any) -> Sequence[RowMapping]:
    """``values`` may be more than the statement asks for."""
    asked = {name: values[name] for name in statement.compile().params}
    return (await session.execute(statement, asked)).mappings().all()


async def film(session: Session, video_id: UUID) -> RowMapping | None:
    values = {"video_id": video_id, "rolled": await rolled(session)}
    return (await session.execute(queries.FILM, values)).mappings().first()


async def versions(session: Session, video_id: UUID) -> Sequence[RowMapping]:
    return (await session.execute(queries.VERSIONS, {"video_id": video_id})).mappings().all()
