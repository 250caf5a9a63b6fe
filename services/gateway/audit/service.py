"""The audit log: decisions are noted without waiting, written beside the requests, and forgotten after a while.

``note`` never waits and never fails. What it takes is in memory until it is written, a fraction of a second later;
a database that is away is waited for, up to ``MOST_WAITING`` decisions. A process that is asked to stop writes what it
has; one that is killed loses it.

The same refusal of the same session (user, network) and film is one entry a minute, written at once and again, with its count,
when the minute is over: what a player tries again and again does not fill the table.
"""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.gateway.audit import repository
from services.gateway.audit.actions import Decided
from services.gateway.audit.schemas import AuditPage, Entry, Wanted
from services.gateway.identity.client_ip import Policy, network_of
from shared.db import Database, new_id

log = logging.getLogger(__name__)

MINUTE = 60.0
PAUSE = 0.2
"""Seconds for which decisions gather before they are written together."""
RETRY_AFTER = 2.0
LAST_WORDS = 5.0
"""Seconds that the end of the process waits for the last write."""
BATCH = 500
MOST_WAITING = 20_000
MOST_REPEATED = 50_000
FORGET_AT_ONCE = 10_000


@dataclass
class _Noted:
    """One entry to be; ``written`` is the count that the table has, 0 before it has the entry."""

    row: dict[str, Any]
    ends: float
    written: int = 0
    queued: bool = field(default=False)


class AuditLog:
    """``keep`` is None for ever. ``clock`` gives seconds that never go back."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        *,
        full_ip: bool = False,
        keep: timedelta | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        # What binds nothing would tell nothing.
        self._policy: Policy = "exact" if full_ip else "prefix" if policy == "off" else policy
        self._keep = keep
        self._clock = clock
        self._waiting: deque[_Noted] = deque()
        self._running: OrderedDict[tuple[object, ...], _Noted] = OrderedDict()
        self._something = asyncio.Event()
        self._writing = asyncio.Lock()
        self._lost = 0

    def note(self, made: Decided, ip: str, request_id: str, facts: Mapping[str, Any]) -> None:
        """Take a decision down; ``facts`` are columns of ``AuditEntry`` beside those that the rest says."""
        whom = facts.get("session_id") or facts.get("user_id") or facts.get("actor_id")
        network = network_of(ip, self._policy)
        # Of what there is not, one is like the other: nobody fills the table with ids that he makes up.
        which = None if made.code == "video_not_found" else facts.get("video_id") or facts.get("chapter_id")
        place = (whom or network, made.action, made.code, which)
        again = self._running.get(place) if made.decision == "refused" else None
        if again is not None:
            if self._clock() < again.ends:
                again.row["count"] += 1
                return
            self._end_minutes(self._clock())
        row = {
            **{name: facts.get(name) for name in _FACTS},
            "id": new_id(),
            "at": datetime.now(UTC),
            "action": made.action.value,
            "decision": made.decision,
            "code": made.code or facts.get("code"),
            "client_ip": network,
            "count": 1,
            "request_id": request_id,
        }
        noted = _Noted(row, self._clock() + MINUTE)
        if self._queue(noted) and made.decision == "refused" and len(self._running) < MOST_REPEATED:
            self._running[place] = noted

    def _queue(self, noted: _Noted) -> bool:
        if noted.queued:
            return True
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return False
        noted.queued = True
        self._waiting.append(noted)
        self._something.set()
        return True

    async def write_for_ever(self) -> None:
        """To be run as a task beside the requests."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._something.wait(), 1.0)
            await asyncio.sleep(PAUSE)
            self._end_minutes(self._clock())
            try:
                await self._write()
            except Exception as error:
                log.warning("the audit log can not be written (%s); trying again", type(error).__name__)
                await asyncio.sleep(RETRY_AFTER)

    def _end_minutes(self, now: float) -> None:
        """Queue what was counted further since it was written. The oldest stand first."""
        while self._running:
            place, noted = next(iter(self._running.items()))
            if now < noted.ends:
                break
            if noted.row["count"] > noted.written:
                self._queue(noted)
            del self._running[place]

    @contextlib.asynccontextmanager
    async def forgetting(self, user_id: str, pseudonym: str) -> AsyncIterator[None]:
        """While somebody is erased from the table: nothing is written, and what waits for it names the pseudonym."""
        async with self._writing:
            self._rename(user_id, pseudonym)
            yield
            self._rename(user_id, pseudonym)

    def _rename(self, user_id: str, pseudonym: str) -> None:
        for noted in (*self._waiting, *self._running.values()):
            for name in ("user_id", "actor_id"):
                if noted.row[name] == user_id:
                    noted.row |= {name: pseudonym, "client_ip": None}

    async def _write(self) -> None:
        async with self._writing:
            await self._write_waiting()

    async def _write_waiting(self) -> None:
        self._something.clear()
        if self._lost:
            log.error("the audit log lost %d decisions: the database was away too long", self._lost)
            self._lost = 0
        while self._waiting:
            batch = [self._waiting[place] for place in range(min(BATCH, len(self._waiting)))]
            rows = [dict(noted.row) for noted in batch]
            async with self._database.session_scope() as session:
                await repository.write(session, rows)
            for noted, row in zip(batch, rows, strict=True):
                noted.written, noted.queued = row["count"], False
                self._waiting.popleft()

    async def close(self) -> None:
        """Write what is left; afterwards nothing more is taken down for good."""
        self._end_minutes(float("inf"))
        try:
            async with asyncio.timeout(LAST_WORDS):
                await self._write()
        except Exception as error:
            log.error("%d decisions of the audit log are lost (%s)", len(self._waiting), type(error).__name__)

    async def sweep(self) -> None:
        """Forget what is older than is kept, in steps that lock nothing for long."""
        while self._keep is not None:
            async with self._database.session_scope() as session:
                gone = await repository.forget(session, datetime.now(UTC) - self._keep, FORGET_AT_ONCE)
            if gone < FORGET_AT_ONCE:
                break

    async def page(self, wanted: Wanted) -> AuditPage:
        async with self._database.session_scope() as session:
            rows = await repository.page(
                session,
                limit=wanted.limit + 1,
                before=wanted.cursor,
                user_id=wanted.user_id,
                since=wanted.from_,
                until=wanted.to,
                video_id=wanted.video_id,
                action=wanted.action,
                decision=wanted.decision,
                code=wanted.code,
            )
        shown = [Entry(**{name: _shown(value) for name, value in row.items()}) for row in rows[: wanted.limit]]
        return AuditPage(entries=shown, next_cursor=shown[-1].id if len(rows) > wanted.limit else None)


_FACTS = ("actor_id", "role", "user_id", "video_id", "chapter_id", "session_id", "device_id", "api_key_id")


def _shown(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
