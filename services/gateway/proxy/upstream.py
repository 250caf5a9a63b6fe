"""One inner service, as the gateway calls it: with a fresh service token, time-outs, and problems passed on.

aiohttp, not httpx: as a reverse proxy it answers an order of magnitude more requests on the same core.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

from shared.auth import ServiceTokens
from shared.contracts.access import Actor
from shared.http import Problem
from shared.observability import request_id

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
KEEP_ALIVE = 20.0
"""Below uvicorn's 75 s, so that we are the side that closes an idle connection. Below the read time-out, too: a clock of
it that aiohttp leaves running on an idle connection would end the next request there as it begins."""
CHECK_TIMEOUT = 8.0
MOST_ANSWER = 32 * 1024 * 1024


def bad_gateway(name: str) -> Problem:
    return Problem(
        502,
        "upstream_unavailable",
        f"The {name} service does not answer. Try again in a moment.",
        headers={"Retry-After": "2"},
    )


def gateway_timeout(name: str) -> Problem:
    return Problem(504, "upstream_timeout", f"The {name} service took too long. Try again in a moment.")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Upstream:
    """``name`` is the service's audience in tokens; ``url`` its base address."""

    def __init__(self, name: str, url: str, secret: str) -> None:
        self.name = name
        self._url = url.rstrip("/")
        self._tokens = ServiceTokens(name, secret)
        self._client: aiohttp.ClientSession | None = None

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Content-Type"),
            )
        return self._client

    def headers(self, actor: Actor | None, **claims: Any) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._tokens.mint('gateway', actor, **claims)}",
            "X-Request-Id": request_id(),
        }

    async def open(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        params: Any = None,
        data: AsyncIterator[bytes] | bytes | None = None,
    ) -> aiohttp.ClientResponse:
        """Send a request and answer as soon as the upstream's headers are there. The caller releases it."""
        try:
            return await self._session().request(
                method, self._url + path, headers=headers, params=params, data=data, allow_redirects=False
            )
        except TimeoutError:
            raise gateway_timeout(self.name) from None
        except aiohttp.ClientError:
            raise bad_gateway(self.name) from None

    async def get(self, path: str, params: dict[str, str] | None = None, actor: Actor | None = None) -> Answer:
        return await self._whole("GET", path, self.headers(actor), params, None)

    async def post(self, path: str, body: bytes, actor: Actor | None = None, **claims: Any) -> Answer:
        headers = {**self.headers(actor, **claims), "Content-Type": "application/json"}
        return await self._whole("POST", path, headers, None, body)

    async def delete(self, path: str, params: dict[str, str] | None = None, actor: Actor | None = None) -> Answer:
        return await self._whole("DELETE", path, self.headers(actor), params, None)

    async def _whole(
        self, method: str, path: str, headers: dict[str, str], params: dict[str, str] | None, data: bytes | None
    ) -> Answer:
        """A small answer, read whole; an upstream's problem is raised as our own."""
        response = await self.open(method, path, headers=headers, params=params, data=data)
        try:
            body = await response.content.read(MOST_ANSWER)
            while not response.content.at_eof():
                body += await response.content.read(MOST_ANSWER)
        except TimeoutError:
            raise gateway_timeout(self.name) from None
        except aiohttp.ClientError:
            raise bad_gateway(self.name) from None
        finally:
            response.release()
        if response.status >= 400:
            raise _problem(self.name, response, body)
        return Answer(response.status, response.headers, body)

    async def checks(self) -> dict[str, str]:
        """What the service says of each thing it leans on; one line for itself where it does not answer."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                response = await self.open("GET", "/health/ready", headers={})
                named: dict[str, str] = json.loads(await response.read())["checks"]
        except Exception as error:
            return {self.name: f"{type(error).__name__}: {error}"[:200]}
        return {self.name: "ok", **{f"{self.name}: {what}": state for what, state in named.items()}}

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def _problem(name: str, response: aiohttp.ClientResponse, body: bytes) -> Problem:
    try:
        document = json.loads(body)
        members = {
            key: value
            for key, value in document.items()
            if key not in ("type", "title", "status", "code", "detail", "requestId")
        }
        retry = response.headers.get("Retry-After")
        headers = {"Retry-After": retry} if retry else None
        return Problem(response.status, document["code"], document["detail"], headers=headers, **members)
    except (ValueError, KeyError, AttributeError):
        return bad_gateway(name)
