"""The platform's word on who may watch: asked once for all who wait, good for ten seconds, and carried over an outage.

An answer is kept in this process for ten seconds; a yes stands in Postgres as well, and holds running sessions up for
an hour while the platform cannot be asked, on whatever gateway. Nothing new begins on it.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.gateway.rights import errors, repository
from services.gateway.rights.platform import PlatformClient, Unavailable
from services.gateway.rights.schemas import PlatformWord, Question
from shared.db import Database

log = logging.getLogger(__name__)

FRESH_SECONDS = 10.0
GRACE = timedelta(hours=1)
ANSWERS_KEPT = 10_000
PAUSE_SECONDS = 2.0
"""After an outage was met, for how long nobody is made to wait for another one."""
FORGET_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class _Answer:
    word: PlatformWord
    at: float

    @property
    def holds(self) -> bool:
        return self.word.allowed and (self.word.until is None or self.word.until > datetime.now(UTC))


class PlatformRights:
    """``clock`` gives seconds that never go back."""

    def __init__(
        self, database: Database, platform: PlatformClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._platform = platform
        self._clock = clock
        self._answers: OrderedDict[tuple[str, str], _Answer] = OrderedDict()
        self._asking: dict[tuple[str, str], asyncio.Task[_Answer]] = {}
        self._away_until = float("-inf")

    def known(self, question: Question) -> bool | None:
        """What is known without asking; None where it has to be asked."""
        answer = self._fresh(question)
        return None if answer is None else answer.holds

    def _fresh(self, question: Question) -> _Answer | None:
        answer = self._answers.get(question.about)
        return answer if answer is not None and self._clock() - answer.at < FRESH_SECONDS else None

    async def require(self, question: Question, *, running: bool) -> None:
        """Returns where the platform lets the person watch; Problem with the reason if not.

        Where it cannot be asked: what is ``running`` goes on by a yes of the last hour, everything else is refused.
        The caller holds no transaction, as this may take seconds.
        """
        answer = self._fresh(question)
        if answer is None:
            try:
                answer = await self._asked(question)
            except Unavailable:
                if running and await self._stands(question):
                    return
                raise errors.entitlement_unavailable() from None
        if not answer.holds:
            raise errors.refused_by_platform(answer.word.reason)

    async def _stands(self, question: Question) -> bool:
        async with self._database.session_scope() as session:
            return await repository.stands(session, question, GRACE)

    async def _asked(self, question: Question) -> _Answer:
        if question.about not in self._asking:
            if self._clock() < self._away_until:
                raise Unavailable("it was away a moment ago", away=True)
            task = asyncio.create_task(self._ask(question))
            self._asking[question.about] = task
            task.add_done_callback(lambda done: self._done(question, done))
        # Shielded: a viewer who leaves must not take the answer from the others.
        return await asyncio.shield(self._asking[question.about])

    def _done(self, question: Question, task: "asyncio.Task[_Answer]") -> None:
        del self._asking[question.about]
        if not task.cancelled():
            # Looked at, for the case that all who waited have left.
            task.exception()

    async def _ask(self, question: Question) -> _Answer:
        asked_at, since = datetime.now(UTC), self._clock()
        try:
            word = await self._platform.ask(question)
        except Unavailable as why:
            if why.away:
                self._away_until = self._clock() + PAUSE_SECONDS
            log.warning("the platform at ENTITLEMENT_URL could not be asked: %s", why)
            raise
        answer = _Answer(word, since)
        # Before it counts: a yes that nobody wrote down would not carry anybody over the next minute.
        async with self._database.session_scope() as session:
            await repository.keep(session, question, allowed=word.allowed, at=asked_at, until=word.until)
        self._answers[question.about] = answer
        self._answers.move_to_end(question.about)
        while len(self._answers) > ANSWERS_KEPT:
            self._answers.popitem(last=False)
        return answer

    async def sweep(self) -> None:
        async with self._database.session_scope() as session:
            await repository.forget(session, datetime.now(UTC) - FORGET_AFTER)

    async def close(self) -> None:
        for task in list(self._asking.values()):
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        await self._platform.close()
