"""What `CopyStore` promises, asked of every backend that copies."""

import errno
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.storage import CopyStore, InvalidKey, ObjectNotFound, Retries
from shared.storage.s3 import S3Store
from tests.shared.storage.conftest import BUCKET, Backend
from tests.shared.storage.s3_server import S3Server
from tests.shared.storage.streams import MIB, content, joined


@pytest.mark.parametrize("size", [0, 1, 20_000_000])
async def test_a_copy_is_the_same_and_stands_by_itself(backend: Backend, size: int) -> None:
    store, sent = backend.store, content(size)
    assert isinstance(store, CopyStore)
    await store.put("film/source.mp4", sent)

    copied = await store.copy("film/source.mp4", "cold/film/source.mp4")
    assert (copied.key, copied.size) == ("cold/film/source.mp4", size)
    # Copied twice, the same.
    await store.copy("film/source.mp4", "cold/film/source.mp4")
    there = await store.stat("cold/film/source.mp4")
    assert there is not None
    assert (there.size, there.content_type) == (size, "video/mp4")
    assert [item.key async for item in store.list()] == ["cold/film/source.mp4", "film/source.mp4"]
    assert await backend.leftovers() == []

    await store.put("film/source.mp4", b"another film")
    assert await joined(store.get("cold/film/source.mp4")) == sent
    await store.delete("film/source.mp4")
    assert await joined(store.get("cold/film/source.mp4")) == sent
    await store.put("film/source.mp4", sent)
    await store.delete_prefix("cold/")
    assert await joined(store.get("film/source.mp4")) == sent


async def test_a_copy_replaces_what_was_there(backend: Backend) -> None:
    await backend.store.put("a", b"new")
    await backend.store.put("b", b"old, and longer")
    await backend.store.copy("a", "b")
    assert await joined(backend.store.get("b")) == b"new"


async def test_what_is_not_there_is_not_copied(backend: Backend) -> None:
    await backend.store.put("folder/object", b"1")
    for key in ("nothing", "folder", "folder/object/below"):
        with pytest.raises(ObjectNotFound):
            await backend.store.copy(key, "copy")
    for key, to in (("../x", "copy"), ("folder/object", ".incoming/x"), ("folder/object", "a//b")):
        with pytest.raises(InvalidKey):
            await backend.store.copy(key, to)
    assert await backend.store.stat("copy") is None
    assert await backend.leftovers() == []


@pytest.fixture
async def copies_in_parts(s3_server: S3Server) -> AsyncIterator[S3Store]:
    store = S3Store(
        BUCKET, s3_server.settings, prefix="in-parts", retries=Retries(tries=3, first=0.01), copied_whole=MIB
    )
    yield store
    await store.close()


async def test_what_is_large_is_copied_in_parts(copies_in_parts: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.storage.s3_multipart._COPIED_PART", 5 * MIB)
    sent = content(12 * MIB + 7)
    await copies_in_parts.put("source", sent)
    copied = await copies_in_parts.copy("source", "copy")
    assert (copied.size, copied.etag.endswith("-3")) == (len(sent), True)
    assert await joined(copies_in_parts.get("copy")) == sent
    assert [upload async for upload in copies_in_parts.list_uploads()] == []


async def test_where_there_are_no_hard_links_bytes_are_copied(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend.root is None:
        pytest.skip("S3 knows no links")

    def link(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    sent = content(3 * MIB + 1)
    await backend.store.put("a", sent)
    await backend.store.copy("a", "b")
    assert await joined(backend.store.get("b")) == sent
    assert (backend.root / "a").stat().st_ino != (backend.root / "b").stat().st_ino
    assert await backend.leftovers() == []
