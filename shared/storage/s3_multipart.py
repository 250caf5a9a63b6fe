"""The multipart half of the S3 backend, and what both halves ask the server through."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from shared.storage.body import PartBody
from shared.storage.content import guess_content_type
from shared.storage.contract import (
    DEFAULT_PART_SIZE,
    MAX_PARTS,
    MIB,
    MIN_PART_SIZE,
    OpenUpload,
    Part,
    StoredObject,
    part_size_for,
    validate_expiry,
    validate_part_number,
)
from shared.storage.errors import (
    InvalidKey,
    InvalidParts,
    ObjectTooLarge,
    StorageError,
    StorageUnavailable,
    UploadNotFound,
)
from shared.storage.keys import MAX_KEY_BYTES, validate_key, validate_prefix
from shared.storage.s3_client import FAILURES, MISSING, NO_UPLOAD, S3Connection, content_md5, error_code, translated
from shared.storage.tasks import settled, uninterrupted

logger = logging.getLogger(__name__)

_HASH_INLINE = 128 * 1024
# Cleaning up after a failure must not take as long as the failure did.
_CLEANUP_TRIES = 3
_COPIED_PART = 256 * MIB


@dataclass(frozen=True, slots=True)
class Headers:
    """What is kept beside the bytes."""

    content_type: str
    cache_control: str | None

    @classmethod
    def of(cls, key: str, content_type: str | None, cache_control: str | None) -> "Headers":
        return cls(content_type or guess_content_type(key), cache_control)

    def arguments(self) -> dict[str, str]:
        cache = {} if self.cache_control is None else {"CacheControl": self.cache_control}
        return {"ContentType": self.content_type, **cache}


@dataclass(slots=True)
class _Sending:
    """The parts of one put on their way."""

    pending: set["asyncio.Task[Part]"] = field(default_factory=set)
    sent: list[Part] = field(default_factory=list)

    async def wait_below(self, limit: int) -> None:
        while len(self.pending) >= limit:
            done, self.pending = await asyncio.wait(self.pending, return_when=asyncio.FIRST_COMPLETED)
            self.sent += [task.result() for task in done]

    async def stop(self) -> None:
        for task in self.pending:
            task.cancel()
        for task in self.pending:
            await settled(task)


class S3Multipart:
    """`MultipartStore` in a bucket. `S3Store` adds the rest."""

    def __init__(self, bucket: str, prefix: str, connection: S3Connection, in_flight: int) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._s3 = connection
        self._in_flight = in_flight

    async def create_multipart(
        self,
        key: str,
        *,
        part_size: int = DEFAULT_PART_SIZE,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> str:
        if part_size < MIN_PART_SIZE:
            raise ValueError(f"parts have at least {MIN_PART_SIZE} bytes, not {part_size}")
        return await self._create(self._name(key), Headers.of(key, content_type, cache_control))

    async def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> Part:
        if not data:
            raise InvalidParts(f"part {number} is empty")
        return await self._send_part(self._name(key), upload_id, validate_part_number(number), memoryview(data))

    async def list_parts(self, key: str, upload_id: str) -> AsyncGenerator[Part, None]:
        asked: dict[str, Any] = {"Key": self._name(key), "UploadId": upload_id}
        while True:
            page = await self._ask("list_parts", asked)
            for part in page.get("Parts", ()):
                yield Part(part["PartNumber"], part["Size"], part["ETag"].strip('"'))
            if not page.get("IsTruncated"):
                return
            asked["PartNumberMarker"] = page["NextPartNumberMarker"]

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> StoredObject:
        if not parts or [part.number for part in parts] != list(range(1, len(parts) + 1)):
            raise InvalidParts("parts are numbered 1..n without a gap")
        if any(part.size != parts[0].size for part in parts[:-1]) or parts[-1].size > parts[0].size:
            raise InvalidParts("all parts but the last have one size")
        return await self._complete(key, self._name(key), upload_id, parts)

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        await self._abort(self._name(key), upload_id)

    async def list_uploads(self, prefix: str = "") -> AsyncGenerator[OpenUpload, None]:
        asked: dict[str, Any] = {"Prefix": self._prefix + validate_prefix(prefix)}
        while True:
            page = await self._ask("list_multipart_uploads", asked)
            for upload in page.get("Uploads", ()):
                key = upload["Key"].removeprefix(self._prefix)
                yield OpenUpload(key, upload["UploadId"], upload["Initiated"].astimezone(UTC))
            if not page.get("IsTruncated"):
                return
            asked["KeyMarker"], asked["UploadIdMarker"] = page["NextKeyMarker"], page["NextUploadIdMarker"]

    async def presign_part(
        self, key: str, upload_id: str, number: int, expires_in: int, *, size: int | None = None
    ) -> str:
        asked = {"Key": self._name(key), "UploadId": upload_id, "PartNumber": validate_part_number(number)}
        return await self._presign("upload_part", expires_in, **asked, ContentLength=size)

    async def presign_put(
        self, key: str, expires_in: int, *, size: int | None = None, content_type: str | None = None
    ) -> str:
        asked = {"Key": self._name(key), "ContentLength": size, "ContentType": content_type}
        return await self._presign("put_object", expires_in, **asked)

    def _name(self, key: str) -> str:
        name = self._prefix + validate_key(key)
        if len(name.encode()) > MAX_KEY_BYTES:
            raise InvalidKey(key, f"with the store's prefix it is longer than {MAX_KEY_BYTES} bytes")
        return name

    async def _ask(self, operation: str, arguments: dict[str, Any], tries: int | None = None) -> dict[str, Any]:
        asked = {"Bucket": self._bucket, **arguments}
        try:
            return await self._s3.call(operation, asked, tries)
        except FAILURES as error:
            # Ceph and Swift say of an upload that is over that its key is missing.
            if error_code(error) in NO_UPLOAD or ("UploadId" in arguments and error_code(error) in MISSING):
                raise UploadNotFound(str(arguments.get("UploadId"))) from error
            raise translated(error) from error

    async def _send(self, operation: str, arguments: dict[str, Any], data: memoryview) -> dict[str, Any]:
        """A PUT of these bytes, with the checksum by which the server refuses what was damaged on the way."""
        inline = len(data) <= _HASH_INLINE
        md5 = content_md5(data) if inline else await asyncio.to_thread(content_md5, data)
        body = PartBody(data)
        try:
            sent = {"Body": body, "ContentLength": len(data), "ContentMD5": md5}
            return await self._ask(operation, {**arguments, **sent})
        finally:
            body.release()

    async def _presign(self, operation: str, expires_in: int, **arguments: Any) -> str:
        given = {name: value for name, value in arguments.items() if value is not None}
        seconds = validate_expiry(expires_in)
        try:
            client = await self._s3.client(for_browsers=True)
            url: str = await client.generate_presigned_url(
                operation, Params={"Bucket": self._bucket, **given}, ExpiresIn=seconds
            )
        except FAILURES as error:
            raise translated(error) from error
        return url

    async def _put_parts(
        self, key: str, head: list[memoryview], rest: AsyncIterator[memoryview], headers: Headers
    ) -> StoredObject:
        """An object of `head` (emptied, so that memory is freed as it is sent) followed by `rest`."""
        name = self._name(key)
        upload_id = await self._create_or_nothing(name, headers)
        sending = _Sending()
        try:
            number = 0
            while part := (head.pop(0) if head else await anext(rest, None)):
                number += 1
                if number > MAX_PARTS:
                    raise ObjectTooLarge(f"{key!r} is longer than {MAX_PARTS} parts")
                await sending.wait_below(self._in_flight)
                sending.pending.add(asyncio.create_task(self._send_part(name, upload_id, number, part)))
            await sending.wait_below(1)
            parts = sorted(sending.sent, key=lambda sent: sent.number)
            return await self._complete(key, name, upload_id, parts, headers.content_type)
        except BaseException:
            await sending.stop()
            await self._discard(name, upload_id)
            raise

    async def _copy_parts(
        self, there: StoredObject, source: dict[str, str], to: str, name: str, kept: dict[str, str]
    ) -> StoredObject:
        """Copy `there`, one part after the other: the server does the work, and has it at once or not at all."""
        headers = Headers(there.content_type or guess_content_type(to), None)
        upload_id = await self._create_or_nothing(name, headers, kept)
        size = part_size_for(there.size, _COPIED_PART)
        parts: list[Part] = []
        try:
            for first in range(0, there.size, size):
                after = min(first + size, there.size)
                asked: dict[str, Any] = {"Key": name, "UploadId": upload_id, "PartNumber": len(parts) + 1}
                asked |= {"CopySource": source, "CopySourceRange": f"bytes={first}-{after - 1}"}
                # An object that is replaced meanwhile would be copied in pieces of two.
                answer = await self._ask("upload_part_copy", {**asked, "CopySourceIfMatch": there.etag})
                parts.append(Part(len(parts) + 1, after - first, answer["CopyPartResult"]["ETag"].strip('"')))
            return await self._complete(to, name, upload_id, parts, headers.content_type)
        except BaseException:
            await self._discard(name, upload_id)
            raise

    async def _create_or_nothing(self, name: str, headers: Headers, kept: dict[str, str] | None = None) -> str:
        """The new upload's id. Cancelled, it waits for that id: only who knows it can abort the upload."""
        creating = asyncio.create_task(self._create(name, headers, kept))
        try:
            return await asyncio.shield(creating)
        except asyncio.CancelledError:
            await settled(creating)
            if creating.exception() is None:
                await self._discard(name, creating.result())
            raise

    async def _create(self, name: str, headers: Headers, kept: dict[str, str] | None = None) -> str:
        asked = {"Key": name, **headers.arguments(), **(kept or {})}
        answer = await self._ask("create_multipart_upload", asked)
        return str(answer["UploadId"])

    async def _send_part(self, name: str, upload_id: str, number: int, data: memoryview) -> Part:
        answer = await self._send("upload_part", {"Key": name, "UploadId": upload_id, "PartNumber": number}, data)
        return Part(number, len(data), answer["ETag"].strip('"'))

    async def _complete(
        self, key: str, name: str, upload_id: str, parts: Sequence[Part], content_type: str | None = None
    ) -> StoredObject:
        named = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        asked = {"Key": name, "UploadId": upload_id, "MultipartUpload": {"Parts": named}}
        try:
            answer = await self._ask_to_complete(asked)
        except UploadNotFound:
            # The answer to an earlier try may have been lost: then the object is there, made of these very parts.
            there = await self._stat(key)
            if there is None or there.etag != _composite_etag(parts):
                raise
            return there
        etag = answer.get("ETag", "").strip('"')
        if not etag:
            # Ceph leaves it empty. Overwritten meanwhile, the object is another, and so is its ETag.
            there = await self._stat(key)
            etag = there.etag if there is not None else ""
        size = sum(part.size for part in parts)
        return StoredObject(key, size, etag, answered_at(answer), content_type)

    async def _ask_to_complete(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._ask("complete_multipart_upload", asked)
        except StorageUnavailable as error:
            # Ceph answers 500 for ever where the upload is gone: whether it is, is asked in another way.
            try:
                there = {"Key": asked["Key"], "UploadId": asked["UploadId"], "MaxParts": 1}
                await self._ask("list_parts", there, tries=1)
            except UploadNotFound as gone:
                raise gone from error
            except StorageError:
                raise error from None
            raise

    async def _stat(self, key: str) -> StoredObject | None:
        raise NotImplementedError

    async def _discard(self, name: str, upload_id: str) -> None:
        try:
            await uninterrupted(self._abort(name, upload_id, tries=_CLEANUP_TRIES))
        except StorageError as error:
            # The error that brought us here is the one to tell; the bucket's lifecycle rule does the rest.
            logger.warning("multipart upload %s of %s could not be aborted: %s", upload_id, name, error)

    async def _abort(self, name: str, upload_id: str, tries: int | None = None) -> None:
        asked = {"Key": name, "UploadId": upload_id}
        try:
            for _ in range(_CLEANUP_TRIES):
                await self._ask("abort_multipart_upload", asked, tries)
                # A part that was on its way may have landed after the abort: S3 says to look, and abort again.
                await self._ask("list_parts", {"MaxParts": 1, **asked}, tries)
        except UploadNotFound:
            return


def answered_at(answer: dict[str, Any]) -> datetime:
    """The server's clock when it answered: a PUT does not tell the object's time."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date).astimezone(UTC) if date else datetime.now(UTC)


def _composite_etag(parts: Sequence[Part]) -> str | None:
    """The ETag S3 gives an object of these parts: the MD5 of their MD5s. None if theirs are no MD5s."""
    try:
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    except ValueError:
        return None
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
