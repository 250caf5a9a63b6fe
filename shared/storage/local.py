"""Objects as files under one folder: the backend of a single machine, or of a shared POSIX file system.

Layout
    <root>/<key>            the object, under its own name: an operator can read, copy and rsync the tree
    <root>/.incoming/       what is being written: `put-*` files, `parts-*` and `done-*` of multipart uploads
No key part may start with a dot, so no key ever reaches `.incoming`.

Permissions
    The process needs read, write and search on the root. Files are made 0644 and folders 0755, less the umask: nginx
    under another user can read them. Set umask 0027 and share a group where other users of the machine must not.
    `.incoming` has to be on the same file system as the rest (the rename is what makes writes atomic). The root may
    be a symbolic link; a link inside the tree that leads out of it is refused.

Trade-offs
    A put costs two fsyncs, the file's and the folder's. Content types are told by extension, Cache-Control by the
    server in front, so a tree copied without its attributes loses nothing. The disk verifies no checksum of its own:
    readers who must know use `verified`. Folders that a deletion empties are removed. Blocking work runs in this
    store's own threads, so that a slow fsync does not hold up DNS look-ups in asyncio's shared pool.
    A killed process leaves `put-*` files; call `sweep_incoming` at start. Forgotten multipart uploads belong to
    whoever created them: `list_uploads`, `abort_multipart`.
    Locks (flock) tell a live writer from a dead one; on a network file system without them only age does.
"""

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from shared.storage import local_files as files
from shared.storage.body import batches, file_chunks
from shared.storage.contract import (
    DEFAULT_PART_SIZE,
    MIB,
    MIN_PART_SIZE,
    OpenUpload,
    Part,
    StoredObject,
    validate_part_number,
    validate_range,
)
from shared.storage.errors import StorageDenied, StorageUnavailable
from shared.storage.health import probe
from shared.storage.keys import validate_folder, validate_key, validate_prefix
from shared.storage.local_parts import DONE_PREFIX, LocalUpload, open_uploads
from shared.storage.local_signer import LocalSigner
from shared.storage.tasks import settled

P = ParamSpec("P")
T = TypeVar("T")

INCOMING = ".incoming"
_PUT_PREFIX = "put-"
_READ_SIZE = MIB
_LIST_BATCH = 500


class LocalStore:
    """`Store`, `LocalPaths`, `CopyStore` and `PartStore` on disk. Makes the root if it is not there."""

    def __init__(self, root: Path, *, signer: LocalSigner | None = None, threads: int = 8) -> None:
        try:
            (root / INCOMING).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise files.storage_error(error) from error
        self._root = root.resolve()
        self._incoming = self._root / INCOMING
        self._signer = signer
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="storage")

    async def put(
        self,
        key: str,
        source: AsyncIterable[bytes] | bytes,
        *,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> StoredObject:
        target = self.local_path(key)
        incoming = files.Incoming(self._incoming / f"{_PUT_PREFIX}{uuid.uuid4().hex}")
        try:
            await self._write_all(incoming, source)
            info = await self._run(incoming.publish, self._root, target)
        except BaseException:
            await self._run(incoming.discard)
            raise
        return files.describe(key, info)

    async def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> StoredObject:
        async with aclosing(file_chunks(path)) as chunks:
            return await self.put(key, chunks, content_type=content_type, cache_control=cache_control)

    async def get(self, key: str, start: int | None = None, end: int | None = None) -> AsyncGenerator[bytes, None]:
        path = self.local_path(key)
        position, stop = validate_range(start, end)
        reader = files.Reader()
        try:
            await self._run(reader.open, self._root, path, key)
            stop = reader.size if stop is None else min(stop, reader.size)
            while position < stop:
                chunk = await self._run(reader.read, position, min(_READ_SIZE, stop - position))
                if not chunk:
                    raise StorageUnavailable(f"{key!r} ended at byte {position}, before its {reader.size}")
                position += len(chunk)
                yield chunk
        finally:
            reader.close()

    async def stat(self, key: str) -> StoredObject | None:
        return await self._run(files.stat_object, self._root, self.local_path(key), key)

    async def list(self, prefix: str = "") -> AsyncGenerator[StoredObject, None]:
        found = files.walk(self._root, validate_prefix(prefix))
        while batch := await self._run(_take, found):
            for item in batch:
                yield item

    async def copy(self, key: str, to: str, *, storage_class: str | None = None) -> StoredObject:
        source, target = self.local_path(key), self.local_path(to)
        incoming = self._incoming / f"{_PUT_PREFIX}{uuid.uuid4().hex}"
        info = await self._run(files.copy_object, self._root, source, incoming, target, key)
        return files.describe(to, info)

    async def delete(self, key: str) -> None:
        await self._run(files.remove, self._root, self.local_path(key), key)

    async def delete_prefix(self, prefix: str) -> int:
        folder = self._root / validate_folder(prefix)
        return await self._run(files.remove_tree, self._root, folder, prefix)

    async def presign_get(self, key: str, expires_in: int, filename: str | None = None) -> str:
        validate_key(key)
        if self._signer is None:
            raise StorageDenied("this store was opened without a LocalSigner, so it cannot sign URLs")
        return self._signer.url(key, expires_in, filename)

    async def check(self) -> None:
        await probe(self)

    async def close(self) -> None:
        self._threads.shutdown(wait=False)

    def local_path(self, key: str) -> Path:
        path = self._root / validate_key(key)
        files.check_inside(self._root, path, key)
        return path

    async def sweep_incoming(self, older_than: timedelta = timedelta(hours=1)) -> int:
        """Remove what killed writers left behind; how many. Safe while other processes write.

        Multipart uploads are kept, however old; only the notes of those completed over a week ago go as well.
        """
        before = time.time() - older_than.total_seconds()
        swept = await self._run(files.sweep, self._incoming, _PUT_PREFIX, before)
        week_ago = time.time() - timedelta(days=7).total_seconds()
        await self._run(files.sweep, self._incoming, DONE_PREFIX, week_ago)
        return swept

    async def create_multipart(
        self,
        key: str,
        *,
        part_size: int = DEFAULT_PART_SIZE,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> str:
        self.local_path(key)
        if part_size < MIN_PART_SIZE:
            raise ValueError(f"parts have at least {MIN_PART_SIZE} bytes, not {part_size}")
        return await self._run(LocalUpload.create, self._root, self._incoming, key, part_size)

    async def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> Part:
        return await self._run(self._upload(key, upload_id).write_part, validate_part_number(number), data)

    async def list_parts(self, key: str, upload_id: str) -> AsyncGenerator[Part, None]:
        for part in await self._run(self._upload(key, upload_id).parts):
            yield part

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> StoredObject:
        return await self._run(self._upload(key, upload_id).complete, parts, self.local_path(key))

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        await self._run(self._upload(key, upload_id).abort)

    async def list_uploads(self, prefix: str = "") -> AsyncGenerator[OpenUpload, None]:
        uploads = open_uploads(self._incoming, validate_prefix(prefix))
        while batch := await self._run(_take, uploads):
            for upload in batch:
                yield upload

    def _upload(self, key: str, upload_id: str) -> LocalUpload:
        return LocalUpload(self._root, self._incoming, validate_key(key), upload_id)

    async def _write_all(self, incoming: files.Incoming, source: AsyncIterable[bytes] | bytes) -> None:
        """Write the source, gathering the next batch while a thread writes the last one."""
        writing: asyncio.Future[None] | None = None
        try:
            async with aclosing(batches(source)) as gathered:
                async for batch in gathered:
                    if writing:
                        await asyncio.shield(writing)
                    writing = self._start(incoming.write, batch)
            if writing:
                await asyncio.shield(writing)
        finally:
            if writing:
                await settled(writing)

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work` in a thread, waited for to its end: a cancelled caller must not clean up beneath a running thread."""
        future = self._start(work, *args, **kwargs)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await settled(future)
            raise

    def _start(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        def translated() -> T:
            try:
                return work(*args, **kwargs)
            except OSError as error:
                raise files.storage_error(error) from error

        return asyncio.get_running_loop().run_in_executor(self._threads, translated)


def _take(items: Iterator[T]) -> "list[T]":
    return list(itertools.islice(items, _LIST_BATCH))
