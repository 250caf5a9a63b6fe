"""One attempt: an event's body, signed and posted."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
from sqlalchemy import RowMapping

from services.progress.events.schemas import Event, data_of
from services.progress.webhooks import errors
from services.progress.webhooks.schedule import retry_after
from services.progress.webhooks.signing import Signer
from shared.http import Problem
from shared.http.addresses import Allowed, CheckedResolver, Refused, unwrapped

TIMEOUT_SECONDS = 10.0
"""From the first question for the name to the last byte of the answer that is kept."""
ANSWER_KEPT = 1024


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt. ``status`` is None where there was no answer; ``problem`` is None where it is good."""

    at: datetime
    status: int | None
    problem: str | None
    answer: str | None
    duration_ms: int
    wait: timedelta = field(default=timedelta())
    """What the receiver asked for."""

    @property
    def gone(self) -> bool:
        return self.status == 410

    def log(self) -> dict[str, Any]:
        """As it stands among the attempts of a delivery."""
        return {
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "status": self.status,
            "problem": self.problem,
            "answer": self.answer,
            "durationMs": self.duration_ms,
        }


def check_scheme(allowed: Allowed, url: str) -> None:
    """Problem ``invalid_url`` where it is http and the host is none that the operator named."""
    host = allowed.check_url(url)
    if not url.lower().startswith("https:") and not allowed.names(host):
        raise errors.ADDRESSES.invalid_url("it has to begin with https://")


def body_of(event: RowMapping) -> bytes:
    """The bytes that are signed and sent: ``{"type", "timestamp", "data"}``."""
    document = Event(id=str(event["event_id"]), type=event["type"], timestamp=event["happened_at"], data=data_of(event))
    shown = document.dump()
    del shown["id"]
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


class Sender:
    """Sends to one endpoint. Its connections were opened to addresses that were looked at, and to no other's name."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        connector = aiohttp.TCPConnector(resolver=CheckedResolver(allowed), use_dns_cache=False, limit=1)
        self._client = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        await self._client.close()

    async def send(self, url: str, event_id: UUID, body: bytes, signer: Signer) -> Outcome:
        now, begun = datetime.now(UTC), time.monotonic()
        headers = {"Content-Type": "application/json", "User-Agent": "Lectern", "Accept-Encoding": "identity"}
        headers |= signer.headers(event_id, now, body)
        status = answer = problem = None
        wait = timedelta()
        try:
            check_scheme(self._allowed, url)
            async with self._client.post(url, data=body, headers=headers, allow_redirects=False) as response:
                status = response.status
                problem = None if 200 <= status < 300 else _unwanted(status)
                wait = retry_after(response.headers, now) if problem else wait
                answer = await _beginning(response)
        except Problem as refusal:
            problem = refusal.detail
        except (aiohttp.ClientError, TimeoutError, OSError, Refused) as error:
            # An answer whose status was good has arrived, however its body ended.
            problem = problem if status is not None else _reason(error)
        return Outcome(now, status, problem, answer, round(1000 * (time.monotonic() - begun)), wait)


async def _beginning(response: aiohttp.ClientResponse) -> str | None:
    kept = b""
    while len(kept) < ANSWER_KEPT and (piece := await response.content.read(ANSWER_KEPT - len(kept))):
        kept += piece
    # No database keeps the character U+0000.
    return kept.decode(errors="replace").replace("\0", "\ufffd") or None


def _unwanted(status: int) -> str:
    if 300 <= status < 400:
        return f"The receiver answered {status}. Redirects are not followed: name the address itself."
    return f"The receiver answered {status}."


def _reason(error: BaseException) -> str:
    if (problem := unwrapped(error)) is not None:
        return problem.detail
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return f"The receiver did not answer within {TIMEOUT_SECONDS:.0f} seconds."
    return f"The connection failed ({type(error).__name__})."
