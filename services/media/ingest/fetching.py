"""A film fetched from an address, as a source for the feeder."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import aiohttp

from services.media.ingest import errors
from services.media.uploads.feeding import Opened, TryLater
from shared.db.models.uploads import Upload
from shared.http.addresses import Allowed, CheckedResolver, Refused, unwrapped

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 60.0
MOST_REDIRECTS = 5
PIECE = 256 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_TRY_LATER = {408, 425, 429, 500, 502, 503, 504}


class Fetcher:
    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed

    @asynccontextmanager
    async def open(self, upload: Upload) -> AsyncIterator[Opened]:
        """Asks for what is missing, where the other side can tell that it is still the same film."""
        async with self._client() as client:
            try:
                response = await self._follow(client, upload)
            except (aiohttp.ClientError, TimeoutError, OSError, Refused) as error:
                raise _reason(error) from error
            async with response:
                yield _Fetched(response, upload)

    async def check(self, url: str) -> None:
        """Problem where the address may not be fetched from, as far as it can be told before asking it."""
        await self._allowed.check(url)

    def _client(self) -> aiohttp.ClientSession:
        # A connection of its own for each fetch: none is shared that was opened for another name.
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self._allowed), use_dns_cache=False, force_close=True, limit=0
        )
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS)
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _follow(self, client: aiohttp.ClientSession, upload: Upload) -> aiohttp.ClientResponse:
        url = upload.url or ""
        headers = {"Accept-Encoding": "identity", "User-Agent": "Lectern"}
        if upload.received and upload.url_etag:
            headers |= {"Range": f"bytes={upload.received}-", "If-Range": upload.url_etag}
        for _ in range(MOST_REDIRECTS + 1):
            self._allowed.check_url(url)
            response = await client.get(url, headers=headers, allow_redirects=False)
            if response.status in _REDIRECTS and "Location" in response.headers:
                url = urljoin(url, response.headers["Location"])
                response.close()
                continue
            if response.status in (200, 206):
                return response
            response.close()
            if response.status in _TRY_LATER:
                raise TryLater(f"the server answered {response.status}")
            raise errors.fetch_refused(response.status)
        raise errors.too_many_redirects()


class _Fetched:
    def __init__(self, response: aiohttp.ClientResponse, upload: Upload) -> None:
        self._response = response
        self.starts_at = 0
        size = response.content_length
        if response.status == 206:
            begins = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
            if begins != str(upload.received):
                raise TryLater("the server sent another part than it was asked for")
            self.starts_at = upload.received
        encoded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
        if encoded:
            raise errors.ADDRESSES.invalid_url("the server sends it compressed")
        self.length = None if size is None else self.starts_at + size
        etag = response.headers.get("ETag")
        self.etag = etag if etag and etag.startswith('"') else None

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            async for piece in self._response.content.iter_chunked(PIECE):
                yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _reason(error) from error


def _reason(error: BaseException) -> Exception:
    if (problem := unwrapped(error)) is not None:
        return problem
    if isinstance(error, TimeoutError):
        return TryLater("the server is silent")
    return TryLater(f"the connection failed ({type(error).__name__})")
