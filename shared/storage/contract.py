"""The storage contract: what every store does, and what only some can do.

A caller is written against `Store`. Where it needs more, it asks:

    if isinstance(store, MultipartStore):
        url = await store.presign_part(...)

One suite in `tests/shared/storage` holds every backend to what stands here.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

MIB = 1024 * 1024
DEFAULT_PART_SIZE = 8 * MIB
MIN_PART_SIZE = 5 * MIB
MAX_PARTS = 10_000
MAX_PRESIGN_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the store knows it.

    `etag` has no quotes and is opaque: it changes whenever the object is overwritten, and says nothing of the content.
    `content_type` is what the key's extension stands for, or what `put` was told where the backend keeps that (S3, not
    disk); None in listings of S3, which do not carry it. `modified_at` is UTC, of the store's clock.
    """

    key: str
    size: int
    etag: str
    modified_at: datetime
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One stored part of a multipart upload. `number` counts from 1; `etag` has no quotes and is opaque."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A multipart upload that was neither completed nor aborted."""

    key: str
    upload_id: str
    started_at: datetime


@runtime_checkable
class Store(Protocol):
    """Objects by key. Safe to use from many tasks of one event loop.

    Keys follow `shared.storage.keys`; every method raises `InvalidKey` before it asks the backend anything.
    Every method that reaches the backend may raise `StorageUnavailable` (after the backend's own retries) or its
    subclass `StorageDenied`. Reads see the last finished write at once, also from another process.
    """

    async def put(
        self,
        key: str,
        source: AsyncIterable[bytes] | bytes,
        *,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> StoredObject:
        """Store all bytes of `source` under `key`, replacing what was there.

        Memory is constant, whatever the size. The change is atomic and durable: until `put` returns, readers see
        the old object or none; afterwards all of the new one, and a crash of the machine does not take it back.
        Two puts of one key at once leave one of the two, whole.

        If `source` raises, that error comes out unchanged. On any error and on cancellation the key is as it was
        and nothing is left behind: no temporary file, no open multipart upload. (Cancelled during the very last
        step, the new object may stand, whole. A process killed leaves leftovers the backend names and sweeps.)

        `cache_control` is what S3 answers with the object; on disk the server in front sets it.
        Raises `StorageFull`, `ObjectTooLarge`.
        """
        ...

    async def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> StoredObject:
        """`put` of a local file, which stays where it is. Raises `FileNotFoundError` if there is none."""
        ...

    def get(self, key: str, start: int | None = None, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes of `key[start:end]`, in pieces of up to 1 MiB, none of them empty.

        The range is a Python slice without negative numbers: `start` is the first byte and defaults to 0, `end` is
        the first byte not returned and defaults to the size; what lies beyond the size is left out, so a range that
        starts there is empty. All bytes come from one version of the object, even if it is overwritten meanwhile.

        Errors come with the first piece: `ObjectNotFound`, also for an empty range; `ValueError` for start > end or
        negative numbers. Dropped connections are resumed; what cannot be resumed raises `StorageUnavailable`, so a
        loop that ended normally has seen every byte. Leave early only through `contextlib.aclosing`.
        """
        ...

    async def stat(self, key: str) -> StoredObject | None:
        """The object under `key`, or None."""
        ...

    def list(self, prefix: str = "") -> AsyncGenerator[StoredObject, None]:
        """The objects whose keys start with the string `prefix`, ordered by the bytes of the key.

        `prefix` may end within a part: `a/b` finds `a/b`, `a/bc` and `a/b/c`. Memory stays bounded. Objects written
        or deleted during the listing may be in it or not. `content_type` may be None.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove the object. Idempotent: a key that is not there is no error."""
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Remove everything under a prefix that ends in `/`; the number of objects removed.

        Idempotent, not atomic: after an error some are gone; ask again.
        """
        ...

    async def presign_get(self, key: str, expires_in: int, filename: str | None = None) -> str:
        """A URL that gives the object, or a Range of it, to anyone by HTTP GET for `expires_in` seconds (1 s-7 d).

        With `filename`, the answer says `Content-Disposition: attachment` with that name. The object need not exist.
        The URL cannot be changed to another key, time or name.
        """
        ...

    async def check(self) -> None:
        """Prove the store by writing, reading and deleting a small object; raises the `StorageError` that prevents it."""
        ...

    async def close(self) -> None:
        """Give back connections and threads. Idempotent; the store must not be used afterwards."""
        ...


@runtime_checkable
class LocalPaths(Protocol):
    """A store whose objects are files this process (FFmpeg, nginx) can open."""

    def local_path(self, key: str) -> Path:
        """The absolute path `key` has, or would have, always inside the store's root. To be read, never written."""
        ...


@runtime_checkable
class CopyStore(Protocol):
    """A store that copies an object within itself, without its bytes passing through us."""

    async def copy(self, key: str, to: str, *, storage_class: str | None = None) -> StoredObject:
        """Make `to` the same object as `key`, over what was there; `key` stays. Atomic and durable, as `put`.

        What is put or deleted under one of the two afterwards leaves the other as it is. Copied twice, the same.
        `storage_class` is S3's word for where it is kept (`STANDARD_IA`, ...); a disk has one place and ignores it.
        On disk `modified_at` may be that of `key`. Raises `ObjectNotFound`, `StorageFull`.
        """
        ...


@runtime_checkable
class PartStore(Protocol):
    """A store that takes one object in parts, over hours, from several processes.

    All parts but the last have exactly the `part_size` given at creation (Cloudflare R2's rule; at least 5 MiB, S3's
    rule). Parts may come in any order and at once; one sent again replaces the first. What `upload_part` returned is
    durable. Nothing is visible under the key until `complete_multipart` returned. An upload lives until it is
    completed or aborted; `list_uploads` finds the forgotten ones.
    """

    async def create_multipart(
        self,
        key: str,
        *,
        part_size: int = DEFAULT_PART_SIZE,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> str:
        """Begin; the upload id. The caller keeps `key`, the id and `part_size` together."""
        ...

    async def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> Part:
        """Store part `number` (1-10,000), which is never empty. Raises `UploadNotFound`, `StorageFull`."""
        ...

    def list_parts(self, key: str, upload_id: str) -> AsyncGenerator[Part, None]:
        """The parts stored so far, by number. Raises `UploadNotFound`."""
        ...

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> StoredObject:
        """Make the object of exactly these parts, which must be numbered 1..n without a gap.

        Atomic, as `put`. Idempotent after a lost answer: asked again, it returns the object those parts made.
        Raises `InvalidParts` (the upload stays open), `UploadNotFound`.
        """
        ...

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """Give the upload up and free its bytes. Idempotent."""
        ...

    def list_uploads(self, prefix: str = "") -> AsyncGenerator[OpenUpload, None]:
        """The open uploads whose keys start with `prefix`."""
        ...


@runtime_checkable
class MultipartStore(PartStore, Protocol):
    """A `PartStore` whose bytes a client may send itself, by presigned URL, without passing through us."""

    async def presign_part(
        self, key: str, upload_id: str, number: int, expires_in: int, *, size: int | None = None
    ) -> str:
        """A URL that takes part `number` by HTTP PUT; its answer's `ETag` header is the part's etag, in quotes.

        With `size`, only a body of exactly that many bytes is accepted.
        """
        ...

    async def presign_put(
        self, key: str, expires_in: int, *, size: int | None = None, content_type: str | None = None
    ) -> str:
        """A URL that takes the whole object by HTTP PUT, of exactly `size` bytes where given.

        With `content_type`, the client must send that very `Content-Type`.
        """
        ...


def part_size_for(size: int, at_least: int = DEFAULT_PART_SIZE) -> int:
    """The part size, in whole MiB, that cuts `size` bytes into at most 10,000 equal parts."""
    needed = -(-size // MAX_PARTS)
    return max(at_least, -(-needed // MIB) * MIB)


def validate_range(start: int | None, end: int | None) -> tuple[int, int | None]:
    """The range with its default start, or `ValueError`."""
    first = start or 0
    if first < 0 or (end is not None and end < first):
        raise ValueError(f"not a range: [{start}:{end}]")
    return first, end


def validate_expiry(seconds: int) -> int:
    if not 1 <= seconds <= MAX_PRESIGN_SECONDS:
        raise ValueError(f"a presigned URL lives 1 to {MAX_PRESIGN_SECONDS} seconds, not {seconds}")
    return seconds


def validate_part_number(number: int) -> int:
    if not 1 <= number <= MAX_PARTS:
        raise ValueError(f"part numbers are 1 to {MAX_PARTS}, not {number}")
    return number
