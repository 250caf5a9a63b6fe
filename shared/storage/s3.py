"""Objects in a bucket of any S3 server: AWS, Cloudflare R2 and others, by endpoint.

Permissions, on the bucket
    s3:ListBucket, s3:ListBucketMultipartUploads                                        (the bucket)
    s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts   (bucket/*)
    On R2: a token "Object Read & Write" scoped to the bucket. No permission to create or configure buckets is used.

Layout
    <prefix>/<key>; nothing else. An unfinished multipart upload is invisible, but is billed: set a lifecycle rule
    that aborts those older than some days, which also catches what a killed process leaves.

Rules kept for R2, which hold everywhere
    All parts of an upload but the last have one size (5 MiB-5 GiB, at most 10,000). Checksums only where the protocol
    requires them: bodies carry a signed Content-MD5, so a byte flipped on the way is refused and sent again.

Trade-offs
    A body up to one part (8 MiB) is one PUT; a longer one is a multipart upload. A stream has no size to plan by, so it
    is cut at the store's part size: 10,000 parts of 8 MiB are 78 GiB, beyond that `ObjectTooLarge`. `put_file` knows
    the size and lets the parts grow. Memory is (in_flight + 1) parts. The address of the endpoint may be private;
    presigned URLs are made for `public_endpoint_url`. Objects are private unless the bucket is published.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from datetime import UTC
from pathlib import Path
from typing import Any

from shared.storage.body import equal_parts, file_chunks
from shared.storage.content import attachment
from shared.storage.contract import DEFAULT_PART_SIZE, MIB, MIN_PART_SIZE, StoredObject, part_size_for, validate_range
from shared.storage.errors import InvalidKey, ObjectNotFound, StorageUnavailable
from shared.storage.health import probe
from shared.storage.keys import validate_folder, validate_key, validate_prefix
from shared.storage.s3_client import (
    FAILURES,
    MISSING,
    S3Connection,
    error_code,
    error_status,
    translated,
)
from shared.storage.s3_multipart import Headers, S3Multipart, answered_at
from shared.storage.s3_settings import Retries, S3Settings

_READ_SIZE = 256 * 1024
_DELETE_BATCH = 1000
_COPIED_WHOLE = 1024 * MIB
"""S3 copies up to 5 GiB in one request; what is larger than this is copied in parts, each of which answers in time."""


class S3Store(S3Multipart):
    """`Store`, `CopyStore` and `MultipartStore` in one bucket, under a key prefix where one is given."""

    def __init__(
        self,
        bucket: str,
        settings: S3Settings,
        *,
        prefix: str = "",
        part_size: int = DEFAULT_PART_SIZE,
        in_flight: int = 2,
        retries: Retries | None = None,
        copied_whole: int = _COPIED_WHOLE,
    ) -> None:
        if part_size < MIN_PART_SIZE:
            raise ValueError(f"parts have at least {MIN_PART_SIZE} bytes, not {part_size}")
        if prefix:
            prefix = validate_key(prefix.strip("/")) + "/"
        super().__init__(bucket, prefix, S3Connection(settings, retries or Retries()), in_flight)
        self._part_size = part_size
        self._copied_whole = copied_whole

    async def put(
        self,
        key: str,
        source: AsyncIterable[bytes] | bytes,
        *,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> StoredObject:
        return await self._put(key, source, self._part_size, Headers.of(key, content_type, cache_control))

    async def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> StoredObject:
        size = (await asyncio.to_thread(path.stat)).st_size
        async with aclosing(file_chunks(path)) as chunks:
            part_size = part_size_for(size, self._part_size)
            return await self._put(key, chunks, part_size, Headers.of(key, content_type, cache_control))

    async def get(self, key: str, start: int | None = None, end: int | None = None) -> AsyncGenerator[bytes, None]:
        position, end = validate_range(start, end)
        etag: str | None = None
        stalled = 0
        while answer := await self._open_range(key, position, end, etag):
            etag, end, body = answer["ETag"], position + answer["ContentLength"], answer["Body"]
            try:
                async with body:
                    while chunk := await body.read(min(_READ_SIZE, end - position)):
                        position, stalled = position + len(chunk), 0
                        yield chunk
                if position >= end:
                    return
                raise ConnectionError(f"the body ended {end - position} bytes early")
            except FAILURES as error:
                # Every connection that brings us on earns the next one; after some that bring nothing we give up.
                stalled += 1
                if stalled >= self._s3.retries.tries:
                    raise translated(error) from error
                await asyncio.sleep(self._s3.retries.pause(stalled))

    async def stat(self, key: str) -> StoredObject | None:
        return await self._stat(key)

    async def _stat(self, key: str) -> StoredObject | None:
        try:
            answer = await self._s3.call("head_object", {"Bucket": self._bucket, "Key": self._name(key)})
        except FAILURES as error:
            # A HEAD has no body to name its error: a missing bucket looks the same, and `check` tells them apart.
            if error_code(error) in MISSING:
                return None
            raise translated(error) from error
        modified_at = answer["LastModified"].astimezone(UTC)
        etag = answer["ETag"].strip('"')
        return StoredObject(key, answer["ContentLength"], etag, modified_at, answer.get("ContentType"))

    async def list(self, prefix: str = "") -> AsyncGenerator[StoredObject, None]:
        asked: dict[str, Any] = {"Prefix": self._prefix + validate_prefix(prefix)}
        while True:
            page = await self._ask("list_objects_v2", asked)
            for item in page.get("Contents", ()):
                key = item["Key"].removeprefix(self._prefix)
                if _is_key(key):
                    yield StoredObject(key, item["Size"], item["ETag"].strip('"'), item["LastModified"].astimezone(UTC))
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    async def copy(self, key: str, to: str, *, storage_class: str | None = None) -> StoredObject:
        name, source = self._name(to), {"Bucket": self._bucket, "Key": self._name(key)}
        there = await self._stat(key)
        if there is None:
            raise ObjectNotFound(key)
        kept = {} if storage_class is None else {"StorageClass": storage_class}
        try:
            if there.size > self._copied_whole:
                return await self._copy_parts(there, source, to, name, kept)
            await self._s3.call("copy_object", {"Bucket": self._bucket, "Key": name, "CopySource": source, **kept})
        except FAILURES as error:
            if error_code(error) in MISSING:
                raise ObjectNotFound(key) from error
            raise translated(error) from error
        copied = await self._stat(to)
        if copied is None or copied.size != there.size:
            raise StorageUnavailable(f"the copy of {key!r} is not there in full")
        return copied

    async def delete(self, key: str) -> None:
        try:
            await self._s3.call("delete_object", {"Bucket": self._bucket, "Key": self._name(key)})
        except FAILURES as error:
            if error_code(error) not in MISSING:
                raise translated(error) from error

    async def delete_prefix(self, prefix: str) -> int:
        removed = 0
        validate_folder(prefix)
        async with aclosing(self.list(prefix)) as found:
            async for batch in _batched(found):
                removed += await self._delete_batch(batch)
        return removed

    async def presign_get(self, key: str, expires_in: int, filename: str | None = None) -> str:
        disposition = None if filename is None else attachment(filename)
        return await self._presign(
            "get_object", expires_in, Key=self._name(key), ResponseContentDisposition=disposition
        )

    async def check(self) -> None:
        await probe(self)

    async def close(self) -> None:
        await self._s3.close()

    async def _put(
        self, key: str, source: AsyncIterable[bytes] | bytes, part_size: int, headers: Headers
    ) -> StoredObject:
        name = self._name(key)
        async with aclosing(equal_parts(source, part_size)) as parts:
            # Two parts tell whether one PUT is enough. They live in this list only, so that sent ones are freed.
            head = [await anext(parts, memoryview(b""))]
            if (second := await anext(parts, None)) is not None:
                head.append(second)
                del second
                return await self._put_parts(key, head, parts, headers)
        answer = await self._send("put_object", {"Key": name, **headers.arguments()}, head[0])
        return StoredObject(key, len(head[0]), answer["ETag"].strip('"'), answered_at(answer), headers.content_type)

    async def _open_range(self, key: str, start: int, end: int | None, etag: str | None) -> dict[str, Any] | None:
        """The answer to a GET of [start:end], of the version `etag` where given; None if that range is empty."""
        if start == end:
            if await self._stat(key) is None:
                raise ObjectNotFound(key)
            return None
        asked = {"Bucket": self._bucket, "Key": self._name(key)}
        if start or end is not None:
            asked["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        if etag:
            asked["IfMatch"] = etag
        try:
            answer = await self._s3.call("get_object", asked)
        except FAILURES as error:
            if error_code(error) in MISSING and etag is None:
                raise ObjectNotFound(key) from error
            if error_status(error) == 416:
                return None
            if etag and error_status(error) in (404, 412):
                raise StorageUnavailable(f"{key!r} was replaced or deleted while it was being read") from error
            raise translated(error) from error
        if "Range" in asked and "ContentRange" not in answer:
            answer["Body"].close()
            raise StorageUnavailable(f"the S3 server ignored the range asked of {key!r}")
        return answer

    async def _delete_batch(self, keys: Sequence[str]) -> int:
        if not keys:
            return 0
        named = [{"Key": self._name(key)} for key in keys]
        answer = await self._ask("delete_objects", {"Delete": {"Objects": named, "Quiet": True}})
        for failed in answer.get("Errors", ()):
            if failed.get("Code") not in MISSING:
                raise StorageUnavailable(f"{len(answer['Errors'])} objects were not deleted: {failed.get('Code')}")
        return len(keys)


def _is_key(key: str) -> bool:
    """Other tools leave objects in a bucket whose keys are none of ours, as `folder/`."""
    try:
        validate_key(key)
    except InvalidKey:
        return False
    return True


async def _batched(items: AsyncIterable[StoredObject]) -> AsyncGenerator[list[str], None]:
    keys: list[str] = []
    async for item in items:
        keys.append(item.key)
        if len(keys) == _DELETE_BATCH:
            yield keys
            keys = []
    if keys:
        yield keys
