"""The platform's key set at PLATFORM_JWKS_URL: fetched beside the requests, kept, and the last good one never lost."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp

from services.gateway.identity.keys import PlatformKey, jwks_keys

log = logging.getLogger(__name__)

REFRESH_EVERY = 600.0
RETRY_AFTER = 30.0
"""Seconds to the next try where the set could not be had."""
ASK_AGAIN_AFTER = 30.0
"""Seconds in which unknown key ids make at most one fetch: a token is written by anybody."""
FETCH_TIMEOUT = 5.0
MOST_BYTES = 256 * 1024
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


def is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def checked_url(url: str) -> str:
    """``url`` if keys may be fetched from it: https, or http on this machine. Raises ValueError."""
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise ValueError("it has to begin with https:// (http:// is for this machine alone)")
    return url


class KeySet:
    """``keys`` is what was fetched last; empty until then. ``clock`` gives seconds that never go back."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.keys: tuple[PlatformKey, ...] = ()
        self._url = checked_url(url)
        self._clock = clock
        self._fetching: asyncio.Task[bool] | None = None
        self._asked_at: float | None = None

    async def keep_fresh(self) -> None:
        """Fetches now and then for ever; to be run as a task beside the requests."""
        while True:
            fetched = await self._fetched()
            await asyncio.sleep(REFRESH_EVERY if fetched else RETRY_AFTER)

    async def settled(self) -> None:
        """Waits for a fetch that is under way, if no key is known yet."""
        if not self.keys and self._fetching is not None:
            await asyncio.shield(self._fetching)

    async def ask_again(self) -> bool:
        """After an unknown key id: fetch anew, unless that was done just now. Whether it was fetched."""
        if self._fetching is not None:
            return await asyncio.shield(self._fetching)
        if self._asked_at is not None and self._clock() - self._asked_at < ASK_AGAIN_AFTER:
            return False
        self._asked_at = self._clock()
        return await self._fetched()

    async def _fetched(self) -> bool:
        """Whether a fetch succeeded; all who ask at once share one."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._done)
        return await asyncio.shield(self._fetching)

    def _done(self, _: "asyncio.Task[bool]") -> None:
        self._fetching = None

    async def _fetch(self) -> bool:
        try:
            keys = jwks_keys(json.loads(await self._body()))
        except Exception as error:
            # Without its address, in which some platforms put a secret: this one error is nothing but the address.
            why = "" if isinstance(error, aiohttp.InvalidURL) else error
            log.warning("the keys of PLATFORM_JWKS_URL could not be fetched: %s %.200s", type(error).__name__, why)
            return False
        if not keys:
            log.warning("PLATFORM_JWKS_URL names no RSA or P-256 key that signs; what was known before is kept")
            return False
        self.keys = keys
        return True

    async def _body(self) -> bytes:
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT)
        # What is on this machine is not asked for through a proxy.
        through_proxy = not is_loopback(urlsplit(self._url).hostname)
        async with (
            # Nothing is unpacked: what is small on the wire may be huge after it.
            aiohttp.ClientSession(timeout=timeout, trust_env=through_proxy, auto_decompress=False) as client,
            client.get(self._url, allow_redirects=False, headers=_HEADERS) as answer,
        ):
            if answer.status != 200:
                raise ValueError(f"the answer is {answer.status}")
            body = bytearray()
            async for piece in answer.content.iter_chunked(16 * 1024):
                body += piece
                if len(body) > MOST_BYTES:
                    raise ValueError(f"the answer has more than {MOST_BYTES} bytes")
            return bytes(body)
