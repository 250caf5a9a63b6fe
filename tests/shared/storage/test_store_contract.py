"""What `Store` promises, asked of every backend."""

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.storage import (
    DEFAULT_PART_SIZE,
    ContentMismatch,
    InvalidKey,
    ObjectNotFound,
    Store,
    verified,
)
from tests.shared.storage.conftest import Backend
from tests.shared.storage.streams import MIB, content, joined, stream

PART = DEFAULT_PART_SIZE


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 30_000_000])
async def test_what_is_put_is_what_is_read(backend: Backend, size: int) -> None:
    sent = content(size)
    before = datetime.now(UTC) - timedelta(minutes=5)

    put = await backend.store.put("video/source.mp4", stream(sent))

    assert await joined(backend.store.get("video/source.mp4")) == sent
    found = await backend.store.stat("video/source.mp4")
    assert found is not None
    assert (found.key, found.size, found.etag) == ("video/source.mp4", size, put.etag)
    assert (put.key, put.size) == ("video/source.mp4", size)
    assert found.modified_at > before
    assert found.modified_at.tzinfo is UTC
    assert await backend.leftovers() == []


async def test_bytes_and_files_are_stored_as_streams_are(backend: Backend, tmp_path: Path) -> None:
    sent = content(2 * PART + 5)
    file = tmp_path / "film.mp4"
    file.write_bytes(sent)

    await backend.store.put("from/bytes", sent)
    await backend.store.put_file("from/file", file)

    assert await joined(backend.store.get("from/bytes")) == sent
    assert await joined(backend.store.get("from/file")) == sent
    assert file.read_bytes() == sent
    with pytest.raises(FileNotFoundError):
        await backend.store.put_file("from/nowhere", tmp_path / "nowhere")


async def test_the_content_type_follows_the_extension(backend: Backend) -> None:
    await backend.store.put("720p/7.ts", b"segment")
    await backend.store.put("unknown", b"?")

    types = [found.content_type for key in ("720p/7.ts", "unknown") if (found := await backend.store.stat(key))]
    assert types == ["video/mp2t", "application/octet-stream"]


RANGES = [
    (None, None), (0, None), (0, 1), (1, 2), (5, None), (99_990, 100_000), (99_999, None), (None, 7), (10, 10),
    (100_000, None), (100_000, 100_005), (200_000, None), (200_000, 300_000), (99_000, 200_000),
]  # fmt: skip


@pytest.mark.parametrize(("start", "end"), RANGES)
async def test_a_range_is_a_slice(backend: Backend, start: int | None, end: int | None) -> None:
    sent = content(100_000)
    await backend.store.put("key", sent)

    pieces = [piece async for piece in backend.store.get("key", start, end)]

    assert b"".join(pieces) == sent[start:end]
    assert all(0 < len(piece) <= MIB for piece in pieces)


async def test_ranges_that_are_none(backend: Backend) -> None:
    await backend.store.put("empty", b"")
    assert await joined(backend.store.get("empty", 0, 10)) == b""
    for start, end in ((5, 4), (-1, None), (0, -1)):
        with pytest.raises(ValueError, match="range"):
            await joined(backend.store.get("empty", start, end))
    for given in ((), (3, 9), (4, 4)):
        with pytest.raises(ObjectNotFound):
            await joined(backend.store.get("missing", *given))


async def test_an_overwrite_is_whole_and_changes_the_etag(backend: Backend) -> None:
    old, new = content(3 * MIB, seed=1), content(3 * MIB, seed=2)
    first = await backend.store.put("key", old)
    reading = backend.store.get("key")
    read = await anext(reading)

    second = await backend.store.put("key", new)

    # Who began with the old one ends with it.
    assert read + await joined(reading) == old
    assert await joined(backend.store.get("key")) == new
    assert first.etag != second.etag


async def test_a_list_is_in_the_order_of_bytes_over_many_pages(backend: Backend) -> None:
    keys = ["a-b", "a.b", "a/0", "a/b/c", "a/b/d/e", "a/bc", "a0", "b/თავი 1.mp4", "b/😀", "b/é", "z"]
    keys += [f"many/{number}" for number in range(12)]
    for key in reversed(keys):
        await backend.store.put(key, key.encode())

    def expected(prefix: str) -> list[str]:
        return sorted((key for key in keys if key.startswith(prefix)), key=str.encode)

    for prefix in ("", "a", "a/", "a/b", "a/b/", "b/თ", "many/1", "nothing", "nothing/"):
        assert [found.key async for found in backend.store.list(prefix)] == expected(prefix), prefix
    sizes = {found.key: found.size async for found in backend.store.list()}
    assert sizes == {key: len(key.encode()) for key in keys}


async def test_deleting_is_idempotent(backend: Backend) -> None:
    await backend.store.put("video/1.ts", b"x")
    for _ in range(2):
        await backend.store.delete("video/1.ts")
        assert await backend.store.stat("video/1.ts") is None
    with pytest.raises(ObjectNotFound):
        await joined(backend.store.get("video/1.ts"))
    await backend.store.put("video/1.ts", b"again")
    assert await joined(backend.store.get("video/1.ts")) == b"again"


async def test_delete_prefix_takes_one_folder_and_no_other(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    # Several requests, each while the listing goes on.
    monkeypatch.setattr("shared.storage.s3._DELETE_BATCH", 4)
    for number in range(12):
        await backend.store.put(f"v1/720p/{number}.ts", b"x")
    for key in ("v1/master.m3u8", "v10/master.m3u8", "v1.jpg"):
        await backend.store.put(key, b"x")

    assert await backend.store.delete_prefix("v1/") == 13
    assert await backend.store.delete_prefix("v1/") == 0
    assert [found.key async for found in backend.store.list()] == ["v1.jpg", "v10/master.m3u8"]
    for wrong in ("v1", "", "/", "../"):
        with pytest.raises(InvalidKey):
            await backend.store.delete_prefix(wrong)


class Stalling:
    """A source that yields its bytes, tells so, and then never ends."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.stalled = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in stream(self._data):
            yield chunk
        self.stalled.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("size", [0, 1000, PART + 1, 2 * PART + PART // 2])
async def test_a_cancelled_put_changes_nothing(backend: Backend, size: int) -> None:
    await backend.store.put("key", b"old")
    source = Stalling(content(size))
    put = asyncio.create_task(backend.store.put("key", source))
    await source.stalled.wait()

    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put

    assert await joined(backend.store.get("key")) == b"old"
    assert await backend.leftovers() == []


async def test_a_put_cancelled_at_any_step_leaves_nothing(backend: Backend) -> None:
    data = content(PART + 1)
    for steps in range(0, 40, 3):
        put = asyncio.create_task(backend.store.put("key", stream(data, MIB)))
        for _ in range(steps):
            await asyncio.sleep(0)
        # Twice: an impatient caller must not stop the cleaning up.
        put.cancel()
        await asyncio.sleep(0)
        put.cancel()
        await asyncio.wait([put])
        assert await backend.leftovers() == [], steps
        found = await backend.store.stat("key")
        assert found is None or found.size == len(data)


@pytest.mark.parametrize("size", [0, 1000, 2 * PART + 1])
async def test_an_error_of_the_source_comes_out_and_leaves_nothing(backend: Backend, size: int) -> None:
    async def failing() -> AsyncIterator[bytes]:
        async for chunk in stream(content(size)):
            yield chunk
        raise ZeroDivisionError("the client is gone")

    with pytest.raises(ZeroDivisionError, match="the client is gone"):
        await backend.store.put("key", failing())

    assert await backend.store.stat("key") is None
    assert await backend.leftovers() == []


async def test_of_puts_at_once_one_stands_whole(backend: Backend) -> None:
    bodies = [content(PART + 1000, seed=seed) for seed in range(4)]

    puts = await asyncio.gather(*(backend.store.put("key", stream(body)) for body in bodies))

    standing = await joined(backend.store.get("key"))
    assert standing in bodies
    found = await backend.store.stat("key")
    assert found is not None
    assert found.etag == puts[bodies.index(standing)].etag
    assert await backend.leftovers() == []


BAD_KEYS = [
    "", "/", "/etc/passwd", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", ".incoming/x", "a/.hidden", "a\\b",
    "a\0b", "a\nb", "a\x7fb", "a\x85b", "\ud800", "x" * 256, "/".join(["x" * 204] * 5) + "xx",
]  # fmt: skip


async def test_bad_keys_are_refused_everywhere(backend: Backend) -> None:
    store = backend.store
    for key in BAD_KEYS:
        for call in (
            store.put(key, b"x"),
            joined(store.get(key)),
            store.stat(key),
            store.delete(key),
            store.presign_get(key, 60),
            store.create_multipart(key),
            store.upload_part(key, "0" * 32, 1, b"x"),
        ):
            with pytest.raises(InvalidKey):
                await call


async def test_the_longest_key_works(backend: Backend) -> None:
    room = 1024 if backend.root else 1024 - len("test-") - 33
    key = "/".join(["x" * 200] * 5)[: room - 1] + "y"
    await backend.store.put(key, b"x")
    assert [found.key async for found in backend.store.list("x")] == [key]


async def test_a_flipped_byte_is_found(backend: Backend) -> None:
    sent = content(PART + 10)
    digest = hashlib.sha256(sent).hexdigest()
    flipped = bytes([sent[0] ^ 1]) + sent[1:]

    with pytest.raises(ContentMismatch):
        await backend.store.put("key", verified(stream(flipped), digest))
    assert await backend.store.stat("key") is None

    await backend.store.put("key", verified(stream(sent), digest))
    assert await joined(verified(backend.store.get("key"), digest)) == sent
    await backend.store.put("key", flipped)
    with pytest.raises(ContentMismatch):
        await joined(verified(backend.store.get("key"), digest))


async def test_memory_stays_flat_whatever_the_size(backend: Backend) -> None:
    total = 200 * MIB
    block = content(MIB)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(total // MIB):
            yield bytes(block)

    await backend.store.check()
    tracemalloc.start()
    try:
        await backend.store.put("long", endless())
        read = 0
        async for chunk in backend.store.get("long"):
            read += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert read == total
    assert peak < 32 * MIB


async def test_check_leaves_nothing(backend: Backend) -> None:
    await backend.store.check()
    assert [found.key async for found in backend.store.list()] == []
    assert await backend.leftovers() == []


async def test_both_are_stores_and_close_twice(backend: Backend) -> None:
    assert isinstance(backend.store, Store)
    await backend.store.close()
    await backend.store.close()
