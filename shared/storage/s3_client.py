"""The connection to an S3 server: one long-lived client, errors and retries."""

import asyncio
import base64
import functools
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import aioboto3
from aioboto3.session import AioConfig
from aiohttp import ClientError as HttpError
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from shared.storage.errors import (
    ContentMismatch,
    InvalidParts,
    ObjectTooLarge,
    StorageDenied,
    StorageError,
    StorageFull,
    StorageUnavailable,
)
from shared.storage.s3_settings import Retries, S3Settings

logger = logging.getLogger(__name__)
T = TypeVar("T")

# What a call to the server can raise on the way: its refusals, the client's own trouble, the connection's.
FAILURES = (ClientError, BotoCoreError, HttpError, OSError, TimeoutError)

_DAMAGED = {"BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "RequestTimeout"}
_BUSY = {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded", "InternalError"}
_FULL = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "ServiceQuotaExceededException"}
_DENIED = {
    "AccessDenied",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidBucketName",
    "NoSuchBucket",
    "PermanentRedirect",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "Unauthorized",
}
_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall"}
MISSING = {"NoSuchKey", "404", "NotFound"}
NO_UPLOAD = {"NoSuchUpload"}


class S3Connection:
    """The client, opened at the first call and shared by all that follow on one event loop."""

    def __init__(self, settings: S3Settings, retries: Retries, max_connections: int = 64) -> None:
        self._settings = settings
        self.retries = retries
        self._max_connections = max_connections
        self._opening = asyncio.Lock()
        self._resources = AsyncExitStack()
        self._clients: dict[str | None, Any] = {}

    async def client(self, *, for_browsers: bool = False) -> Any:
        """The client; `for_browsers`, one that signs for the address browsers use."""
        own = self._settings.endpoint_url
        endpoint = (self._settings.public_endpoint_url or own) if for_browsers else own
        async with self._opening:
            if endpoint not in self._clients:
                self._clients[endpoint] = await self._open(endpoint)
            return self._clients[endpoint]

    async def call(self, operation: str, arguments: dict[str, Any], tries: int | None = None) -> dict[str, Any]:
        """One S3 operation, repeated while that may help. Raises what botocore raises; see `translated`."""

        async def once() -> dict[str, Any]:
            client = await self.client()
            # A body is read from its start again by each try.
            body = arguments.get("Body")
            if body is not None:
                body.seek(0)
            answer: dict[str, Any] = await getattr(client, operation)(**arguments)
            return answer

        return await self.repeat(once, tries)

    async def repeat(self, once: Callable[[], Awaitable[T]], tries: int | None = None) -> T:
        for failed in range((tries or self.retries.tries) - 1):
            try:
                return await once()
            except FAILURES as error:
                if not is_transient(error):
                    raise
                logger.info("storage call failed (%s), trying again", type(error).__name__)
                await asyncio.sleep(self.retries.pause(failed))
        return await once()

    async def close(self) -> None:
        async with self._opening:
            self._clients.clear()
            await self._resources.aclose()

    async def _open(self, endpoint: str | None) -> Any:
        settings = self._settings
        path_style = endpoint is not None if settings.path_style is None else settings.path_style
        config = AioConfig(
            signature_version="s3v4",
            # Bodies are vouched for by Content-MD5, which is signed: hashing them again for the signature would
            # only block the event loop. botocore's newer CRC defaults break PUTs at R2 and others.
            s3={"addressing_style": "path" if path_style else "virtual", "payload_signing_enabled": False},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # Retries are ours (`repeat`): botocore neither repeats a damaged body nor resumes a broken download.
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=self._max_connections,
            ignore_configured_endpoint_urls=True,
            proxies={"http": settings.proxy_url, "https": settings.proxy_url} if settings.proxy_url else {},
        )
        opening = _session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=settings.region,
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=settings.secret_access_key,
            config=config,
        )
        client = await self._resources.enter_async_context(opening)
        client.meta.events.register("before-sign.s3.DeleteObjects", _vouch_by_md5)
        return client


@functools.cache
def _session() -> Any:
    """One for all stores: it holds no credentials, only the S3 service model, which takes 0.2 s to read."""
    return aioboto3.Session()


def content_md5(data: bytes | memoryview) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def error_code(error: BaseException) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def error_status(error: BaseException) -> int:
    if not isinstance(error, ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed when repeated."""
    if isinstance(error, ClientError):
        if error_code(error) in _FULL or error_status(error) in (501, 507):
            return False
        return error_code(error) in _DAMAGED | _BUSY or error_status(error) == 429 or error_status(error) >= 500
    return not isinstance(error, ParamValidationError)


def translated(error: BaseException) -> StorageError:
    """botocore's error in the words of `shared.storage.errors`; missing keys and uploads are the caller's to name."""
    code, status = error_code(error), error_status(error)
    # Never the server's message alone: some echo the request, and with it the signature.
    said = f"the S3 server answered {status} {code}" if code else f"no answer from the S3 server: {error}"
    if code in _FULL or status == 507:
        return StorageFull(said)
    if code in _DENIED or status in (401, 403):
        return StorageDenied(said)
    if code in _PARTS:
        return InvalidParts(said)
    if code == "EntityTooLarge":
        return ObjectTooLarge(said)
    if code in _DAMAGED and code != "RequestTimeout":
        return ContentMismatch(said)
    return StorageUnavailable(said)


def _vouch_by_md5(request: Any, **_: Any) -> None:
    """Give a bulk delete the one checksum every S3 server knows, instead of botocore's CRC."""
    for name in [
        name for name in request.headers if name.lower().startswith(("x-amz-checksum-", "x-amz-sdk-checksum"))
    ]:
        del request.headers[name]
    request.headers["Content-MD5"] = content_md5(request.body)
