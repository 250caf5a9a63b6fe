"""One person over all services: what is kept of them, and erasing it. Each service does its own part by itself."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.gateway.audit.service import AuditLog
from services.gateway.privacy import errors
from services.gateway.privacy.repository import PEOPLE
from services.gateway.privacy.schemas import ServiceErasure, UserErasure, UserExport
from services.gateway.proxy.upstream import Upstream
from shared.contracts.privacy import ErasedRows, PersonalData
from shared.db import Database
from shared.db.people import People
from shared.http import Problem


class PrivacyService:
    """``upstreams`` are the services that are asked beside the gateway itself."""

    def __init__(self, database: Database, audit: AuditLog, upstreams: Mapping[str, Upstream]) -> None:
        self._people = People(database, PEOPLE)
        self._audit = audit
        self._upstreams = upstreams

    async def export(self, user_id: str, page: int) -> UserExport:
        """All or nothing: a Problem where a service does not answer."""
        answers = await asyncio.gather(
            self._people.export(user_id, page),
            *(self._ask(upstream, user_id, page) for upstream in self._upstreams.values()),
        )
        data: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for answer in answers:
            data |= answer.data
        more = any(answer.more for answer in answers)
        return UserExport(
            user_id=user_id,
            exported_at=datetime.now(UTC),
            page=page,
            next_page=page + 1 if more else None,
            data=dict(sorted(data.items())),
        )

    async def _ask(self, upstream: Upstream, user_id: str, page: int) -> PersonalData:
        answer = await upstream.get(f"/internal/users/{user_id}", {"page": str(page)})
        return PersonalData.model_validate(answer.json())

    async def erase(self, user_id: str, pseudonym: str) -> UserErasure:
        """Erase the user everywhere; Problem ``erasure_incomplete`` where a service did not do its part.

        The gateway comes first: from then on no session, token or link of the user opens anything, and nothing new is
        written of them by the others.
        """
        async with self._audit.forgetting(user_id, pseudonym):
            own = await self._people.erase(user_id, pseudonym)
        done = [ServiceErasure(service="gateway", state="done", tables=own.tables)]
        done += await asyncio.gather(
            *(self._have_erased(upstream, user_id, pseudonym) for upstream in self._upstreams.values())
        )
        missing = [one.service for one in done if one.state != "done"]
        if missing:
            raise errors.erasure_incomplete(missing, [one.dump() for one in done])
        return UserErasure(pseudonym=pseudonym, services=done)

    async def _have_erased(self, upstream: Upstream, user_id: str, pseudonym: str) -> ServiceErasure:
        try:
            answer = await upstream.delete(f"/internal/users/{user_id}", {"pseudonym": pseudonym})
        except Problem as problem:
            return ServiceErasure(service=upstream.name, state="unavailable", code=problem.code, tables={})
        rows = ErasedRows.model_validate(answer.json())
        return ServiceErasure(service=upstream.name, state="done", tables=rows.tables)


def new_pseudonym() -> str:
    return f"erased:{secrets.token_hex(8)}"
