"""``GET /api/admin/statements``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from services.progress.statements import repository
from services.progress.statements.schemas import MOST, KeptStatement, StatementPage
from shared.contracts.model import ExternalId, Text
from shared.db import Database
from shared.http.inner import service_token_claims
from shared.http.roles import AdminOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["statements"])


@router.get("/api/admin/statements")
async def kept(
    _: AdminOrService,
    request: Request,
    user_id: Annotated[ExternalId | None, Query(alias="userId")] = None,
    session_id: Annotated[UUID | None, Query(alias="sessionId")] = None,
    verb: Annotated[Text | None, Query(max_length=200)] = None,
    after: Annotated[UUID | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> StatementPage:
    """xAPI statements that are kept, the oldest first; filters all have to fit."""
    database: Database = request.app.state.database
    async with database.session_scope() as session:
        rows = await repository.kept(session, limit + 1, after, user_id=user_id, session_id=session_id, verb=verb)
    shown = [
        KeptStatement(
            id=str(row.id),
            user_id=row.user_id,
            session_id=str(row.session_id),
            verb=row.verb,
            statement=row.statement,
            forwarded_at=row.forwarded_at,
            attempts=row.attempts,
            problem=row.problem,
        )
        for row in rows[:limit]
    ]
    return StatementPage(statements=shown, next=shown[-1].id if len(rows) > limit else None)
