"""What `PartStore` promises, asked of every backend, and who can do what."""

import asyncio

import pytest

from shared.storage import (
    MIN_PART_SIZE,
    InvalidParts,
    LocalPaths,
    MultipartStore,
    Part,
    PartStore,
    UploadNotFound,
    part_size_for,
)
from tests.shared.storage.conftest import Backend
from tests.shared.storage.streams import MIB, content, joined

SIZE = MIN_PART_SIZE
UNKNOWN = "0" * 32


def cut(data: bytes) -> list[bytes]:
    return [data[position : position + SIZE] for position in range(0, len(data), SIZE)]


async def test_capabilities_are_told_apart(backend: Backend) -> None:
    local = backend.root is not None
    assert isinstance(backend.store, PartStore)
    assert isinstance(backend.store, LocalPaths) == local
    assert isinstance(backend.store, MultipartStore) != local


async def test_parts_in_any_order_make_the_object(backend: Backend) -> None:
    store, sent = backend.store, content(6 * SIZE + 17)
    pieces = cut(sent)
    upload = await store.create_multipart("film.mp4", part_size=SIZE)
    for first in ([6, 1], [0, 3], [2, 4, 5]):
        await asyncio.gather(*(store.upload_part("film.mp4", upload, n + 1, pieces[n]) for n in first))

    parts = [part async for part in store.list_parts("film.mp4", upload)]
    assert [(part.number, part.size) for part in parts] == [(n + 1, len(piece)) for n, piece in enumerate(pieces)]
    assert await store.stat("film.mp4") is None
    assert [found.key async for found in store.list()] == []

    made = await store.complete_multipart("film.mp4", upload, parts)

    assert made.size == len(sent)
    assert await joined(store.get("film.mp4")) == sent
    found = await store.stat("film.mp4")
    assert found is not None
    assert (found.etag, found.content_type) == (made.etag, "video/mp4")


async def test_completing_again_answers_the_same(backend: Backend) -> None:
    store = backend.store
    upload = await store.create_multipart("key", part_size=SIZE)
    parts = [await store.upload_part("key", upload, 1, b"only")]

    first = await store.complete_multipart("key", upload, parts)
    second = await store.complete_multipart("key", upload, parts)

    assert (first.key, first.size, first.etag) == (second.key, second.size, second.etag)
    assert [item.upload_id async for item in store.list_uploads()] == []


async def test_a_part_sent_again_replaces_the_first(backend: Backend) -> None:
    store = backend.store
    upload = await store.create_multipart("key", part_size=SIZE)
    one = await store.upload_part("key", upload, 1, content(SIZE))
    await store.upload_part("key", upload, 2, b"a longer last part")
    two = await store.upload_part("key", upload, 2, b"shorter")

    assert [part async for part in store.list_parts("key", upload)] == [one, two]
    await store.complete_multipart("key", upload, [one, two])
    assert await joined(store.get("key")) == content(SIZE) + b"shorter"


async def test_parts_that_do_not_fit_are_refused_and_the_upload_stays(backend: Backend) -> None:
    store, pieces = backend.store, cut(content(2 * SIZE + 1))
    upload = await store.create_multipart("key", part_size=SIZE)
    parts = [await store.upload_part("key", upload, n, piece) for n, piece in enumerate(pieces, 1)]
    one, two, three = parts
    forged = Part(2, two.size, "0" * 32)
    absent = Part(4, 5, "0" * 32)

    for wrong in ([], [one, three], [two, one, three], [one, forged, three], [one, two, three, absent], [two]):
        with pytest.raises(InvalidParts):
            await store.complete_multipart("key", upload, wrong)
    with pytest.raises(InvalidParts):
        await store.upload_part("key", upload, 1, b"")
    for number in (0, 10_001):
        with pytest.raises(ValueError, match="part numbers"):
            await store.upload_part("key", upload, number, b"x")

    assert await store.stat("key") is None
    await store.complete_multipart("key", upload, parts)
    assert await joined(store.get("key")) == b"".join(pieces)


async def test_a_part_in_the_middle_with_another_size_is_refused(backend: Backend) -> None:
    store = backend.store
    upload = await store.create_multipart("key", part_size=SIZE + MIB)
    sizes = (SIZE + MIB, SIZE, SIZE + MIB)
    parts = [await store.upload_part("key", upload, n, content(size)) for n, size in enumerate(sizes, 1)]
    with pytest.raises(InvalidParts):
        await store.complete_multipart("key", upload, parts)
    await store.abort_multipart("key", upload)


async def test_aborting_frees_all_and_is_idempotent(backend: Backend) -> None:
    store = backend.store
    upload = await store.create_multipart("key", part_size=SIZE)
    part = await store.upload_part("key", upload, 1, content(SIZE))
    for _ in range(2):
        await store.abort_multipart("key", upload)
    assert await backend.leftovers() == []
    for late in (
        store.upload_part("key", upload, 2, b"late"),
        joined_parts(backend, upload),
        store.complete_multipart("key", upload, [part]),
    ):
        with pytest.raises(UploadNotFound):
            await late
    assert await store.stat("key") is None


async def joined_parts(backend: Backend, upload: str) -> list[Part]:
    return [part async for part in backend.store.list_parts("key", upload)]


@pytest.mark.parametrize("upload", [UNKNOWN, "../../etc", "x"])
async def test_ids_that_are_none(backend: Backend, upload: str) -> None:
    with pytest.raises(UploadNotFound):
        await backend.store.upload_part("key", upload, 1, b"x")
    with pytest.raises(UploadNotFound):
        await backend.store.complete_multipart("key", upload, [Part(1, 1, "0" * 32)])


async def test_an_id_is_void_under_another_key(backend: Backend) -> None:
    upload = await backend.store.create_multipart("mine", part_size=SIZE)
    with pytest.raises(UploadNotFound):
        await backend.store.upload_part("yours", upload, 1, b"x")
    await backend.store.abort_multipart("mine", upload)


async def test_forgotten_uploads_are_found(backend: Backend) -> None:
    store = backend.store
    keys = [f"uploads/{number}" for number in range(7)] + ["other"]
    for key in keys:
        await store.create_multipart(key)

    found = [upload async for upload in store.list_uploads("uploads/")]
    assert sorted(upload.key for upload in found) == keys[:7]
    for upload in found:
        await store.abort_multipart(upload.key, upload.upload_id)
    assert [upload.key async for upload in store.list_uploads()] == ["other"]


def test_part_sizes_never_need_more_than_ten_thousand_parts() -> None:
    assert part_size_for(0) == part_size_for(2 * 1024**3) == 8 * MIB
    assert part_size_for(10_000 * 8 * MIB) == 8 * MIB
    assert part_size_for(10_000 * 8 * MIB + 1) == 9 * MIB
