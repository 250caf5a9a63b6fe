"""Statements on their way to a learning record store (xAPI 1.0.3, 7.2 of its communication part).

A store takes a batch whole or not at all. So a batch that it refuses is halved until the one that is wrong stands alone:
that one is kept with its problem, and the others go on.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp
from sqlalchemy import RowMapping

from services.progress.statements import repository
from shared.db import Database

AT_ONCE = 50
LEASE = timedelta(minutes=3)
TIMEOUT_SECONDS = 30.0
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
PROBLEM_KEPT = 500
TAKEN_ALREADY = 409
_SOME_ARE_WRONG = {400, TAKEN_ALREADY, 413}
"""What the store says of the batch, and not of itself."""


@dataclass(frozen=True)
class Store:
    """``url`` is without ``/statements``. Without a user name nobody signs in."""

    url: str
    username: str
    password: str


class StoreAway(Exception):
    """The store did not take anything, for a reason that has nothing to do with what it was sent."""


class Forwarder:
    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    async def look(self) -> bool:
        """Send a batch of what waits; True where there may be more."""
        async with self._database.session_scope() as session:
            rows = await repository.claim(session, AT_ONCE, LEASE)
        if not rows:
            return False
        async with self._client() as client:
            await self._send(client, rows)
        return len(rows) == AT_ONCE

    def _client(self) -> aiohttp.ClientSession:
        store = self._store
        return aiohttp.ClientSession(
            headers={"X-Experience-API-Version": "1.0.3", "User-Agent": "Lectern"},
            auth=aiohttp.BasicAuth(store.username, store.password, encoding="utf-8") if store.username else None,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _send(self, client: aiohttp.ClientSession, rows: Sequence[RowMapping]) -> None:
        """Settle all of ``rows``, whatever it takes."""
        waiting: list[Sequence[RowMapping]] = [rows]
        while waiting:
            batch = waiting.pop()
            try:
                status, answer = await self._post(client, [row["statement"] for row in batch])
            except StoreAway as away:
                await self._later([row for part in (batch, *waiting) for row in part], str(away))
                return
            if status not in _SOME_ARE_WRONG or (len(batch) == 1 and status == TAKEN_ALREADY):
                async with self._database.session_scope() as session:
                    await repository.forwarded(session, [row["id"] for row in batch])
            elif len(batch) == 1:
                async with self._database.session_scope() as session:
                    await repository.refused(session, batch[0]["id"], f"The store answered {status}: {answer}")
            else:
                half = len(batch) // 2
                waiting += [batch[half:], batch[:half]]

    async def _post(self, client: aiohttp.ClientSession, statements: list[Any]) -> tuple[int, str]:
        """Status and the beginning of the answer, where the store took them or some are wrong; else StoreAway."""
        try:
            async with client.post(f"{self._store.url}/statements", json=statements, allow_redirects=False) as response:
                answer = (await response.content.read(PROBLEM_KEPT)).decode(errors="replace").replace("\0", "\ufffd")
                if 200 <= response.status < 300 or response.status in _SOME_ARE_WRONG:
                    return response.status, answer
                raise StoreAway(f"The store answered {response.status}.")
        except TimeoutError:
            raise StoreAway(f"The store did not answer within {TIMEOUT_SECONDS:.0f} seconds.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise StoreAway(f"The connection to the store failed ({type(error).__name__}).") from None

    async def _later(self, rows: Sequence[RowMapping], problem: str) -> None:
        ids: list[UUID] = [row["id"] for row in rows]
        async with self._database.session_scope() as session:
            await repository.try_later(session, ids, wait_after(max(row["attempts"] for row in rows)), problem)


def wait_after(attempts: int) -> timedelta:
    """Twice as long after each attempt, up to an hour."""
    factor: float = 2 ** min(attempts - 1, 20) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return min(LONGEST_WAIT, FIRST_WAIT * factor)
