"""What is special about S3: presigned URLs over plain HTTP, settings that are wrong, servers that fail."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from yarl import URL

from shared.storage import (
    MIN_PART_SIZE,
    Retries,
    S3Settings,
    StorageDenied,
    StorageUnavailable,
    UploadNotFound,
)
from shared.storage.s3 import S3Store
from tests.shared.storage.conftest import BUCKET
from tests.shared.storage.faulty_proxy import Fault, FaultyProxy, faulty_proxy
from tests.shared.storage.s3_server import S3Server
from tests.shared.storage.streams import MIB, content, joined, stream

QUICK = Retries(tries=3, first=0.01)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def status_of(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(URL(url, encoded=True)) as answer:
        await answer.read()
        return answer.status


async def test_a_presigned_url_serves_anyone(s3_store: S3Store, http: aiohttp.ClientSession) -> None:
    await s3_store.put("ლექცია/1.mp4", b"0123456789", content_type="video/mp4", cache_control="private, max-age=60")
    url = await s3_store.presign_get("ლექცია/1.mp4", 60, filename='თავი "1"/.mp4')

    async with http.get(url, headers={"Range": "bytes=2-4"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"234")
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.headers["Cache-Control"] == "private, max-age=60"
        disposition = answer.content_disposition
        assert disposition is not None
        assert (disposition.type, disposition.filename) == ("attachment", "თავი 1.mp4")


async def test_a_presigned_url_cannot_be_changed(s3_store: S3Store, http: aiohttp.ClientSession) -> None:
    await s3_store.put("a/1", b"one")
    await s3_store.put("a/2", b"two")
    url = await s3_store.presign_get("a/1", 60, filename="name.mp4")
    assert await status_of(http, url) == 200

    signature = url.partition("X-Amz-Signature=")[2][:8]
    for changed in (
        url.replace("a/1", "a/2"),
        url.replace("name.mp4", "game.mp4"),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        url.replace(signature, signature[::-1]),
        url.partition("?")[0],
    ):
        assert changed != url
        assert await status_of(http, changed) in (400, 403), changed


async def test_a_presigned_url_expires(s3_store: S3Store, http: aiohttp.ClientSession) -> None:
    await s3_store.put("a/1", b"one")
    url = await s3_store.presign_get("a/1", 1)
    async with asyncio.timeout(30):
        while await status_of(http, url) == 200:
            pass
    assert await status_of(http, url) == 403


async def test_browsers_get_the_address_they_can_reach(s3_server: S3Server) -> None:
    store = S3Store(BUCKET, replace(s3_server.settings, public_endpoint_url="https://s3.example.org"))
    assert (await store.presign_get("a", 60)).startswith(f"https://s3.example.org/{BUCKET}/a?")
    await store.check()
    await store.close()


async def test_a_client_sends_its_parts_itself(s3_store: S3Store, http: aiohttp.ClientSession) -> None:
    pieces = [content(MIN_PART_SIZE), b"the rest"]
    upload = await s3_store.create_multipart("film.mov", part_size=MIN_PART_SIZE)
    etags = []
    for number, piece in enumerate(pieces, 1):
        url = await s3_store.presign_part("film.mov", upload, number, 60, size=len(piece))
        async with http.put(url, data=piece + b"!") as answer:
            assert answer.status == 403
        async with http.put(url, data=piece) as answer:
            assert answer.status == 200
            etags.append(answer.headers["ETag"].strip('"'))

    parts = [part async for part in s3_store.list_parts("film.mov", upload)]
    assert [part.etag for part in parts] == etags
    await s3_store.complete_multipart("film.mov", upload, parts)
    assert await joined(s3_store.get("film.mov")) == b"".join(pieces)


async def test_a_client_puts_a_whole_object(s3_store: S3Store, http: aiohttp.ClientSession) -> None:
    url = await s3_store.presign_put("cover.jpg", 60, size=5, content_type="image/jpeg")
    for body, content_type in ((b"12345", "text/html"), (b"123456", "image/jpeg")):
        async with http.put(url, data=body, headers={"Content-Type": content_type}) as answer:
            assert answer.status == 403
    async with http.put(url, data=b"12345", headers={"Content-Type": "image/jpeg"}) as answer:
        assert answer.status == 200
    found = await s3_store.stat("cover.jpg")
    assert found is not None
    assert (found.size, found.content_type) == (5, "image/jpeg")


async def test_a_prefix_keeps_stores_apart(s3_server: S3Server) -> None:
    prefix = uuid.uuid4().hex
    one, two = (S3Store(BUCKET, s3_server.settings, prefix=f"{prefix}/{name}") for name in ("one", "two"))
    await one.put("key", b"1")
    assert await two.stat("key") is None
    assert [found.key async for found in one.list()] == ["key"]
    await asyncio.gather(one.close(), two.close())


@pytest.mark.parametrize(
    ("bucket", "key_id", "secret"),
    [("no-such-bucket", None, None), (BUCKET, None, "wrong"), (BUCKET, "nobody:nothing", None)],
)
async def test_wrong_settings_are_named_as_such(
    s3_server: S3Server, bucket: str, key_id: str | None, secret: str | None
) -> None:
    right = s3_server.settings
    settings = replace(
        right,
        access_key_id=key_id or right.access_key_id,
        secret_access_key=secret or right.secret_access_key,
    )
    store = S3Store(bucket, settings)
    with pytest.raises(StorageDenied):
        await store.check()
    with pytest.raises(StorageDenied):
        await joined(store.get("key"))
    await store.close()


async def test_no_server_is_unavailable() -> None:
    settings = S3Settings(access_key_id="a", secret_access_key="b", endpoint_url="http://127.0.0.1:1")
    store = S3Store(BUCKET, settings, retries=QUICK)
    for call in (store.check(), store.stat("key"), joined(store.get("key")), store.put("key", stream(b"x"))):
        with pytest.raises(StorageUnavailable):
            await call
    await store.close()


def test_secrets_are_not_shown(s3_server: S3Server) -> None:
    assert s3_server.settings.secret_access_key not in repr(s3_server.settings)


@pytest.fixture
async def proxied(s3_server: S3Server) -> AsyncIterator[tuple[FaultyProxy, S3Store]]:
    async with faulty_proxy(s3_server) as (proxy, settings):
        store = S3Store(BUCKET, settings, prefix=f"test-{uuid.uuid4().hex}", retries=QUICK)
        yield proxy, store
        await store.close()


SMALL, LONG = content(1000), content(17 * MIB)
PASSING = (Fault.DROP, Fault.BUSY, Fault.BROKEN, Fault.THROTTLED, Fault.LOSE_ANSWER, Fault.FLIP_BODY)


@pytest.mark.parametrize("fault", list(PASSING))
@pytest.mark.parametrize("body", [SMALL, LONG], ids=["small", "long"])
async def test_a_put_outlives_faults(proxied: tuple[FaultyProxy, S3Store], fault: Fault, body: bytes) -> None:
    proxy, store = proxied
    proxy.plan = [(b"PUT ", fault), (b"PUT ", fault)]

    await store.put("key", stream(body))

    assert proxy.struck == [fault, fault]
    assert await joined(store.get("key")) == body
    assert [upload.key async for upload in store.list_uploads()] == []


@pytest.mark.parametrize(
    "again",
    [[], [(b"POST ", Fault.NO_UPLOAD)], [(b"POST ", Fault.BROKEN)] * 2 + [(b"GET ", Fault.NO_UPLOAD)]],
    ids=["done twice", "upload gone", "broken for good, as Ceph is"],
)
async def test_a_lost_answer_to_complete_is_no_failure(
    proxied: tuple[FaultyProxy, S3Store], again: list[tuple[bytes, Fault]]
) -> None:
    """Some servers complete again, others know the upload no more: then the object tells."""
    proxy, store = proxied
    upload = await store.create_multipart("key", part_size=MIN_PART_SIZE)
    parts = [await store.upload_part("key", upload, n, body) for n, body in enumerate((LONG[:MIN_PART_SIZE], SMALL), 1)]
    proxy.plan = [(b"POST ", Fault.LOSE_ANSWER), *again]

    made = await store.complete_multipart("key", upload, parts)

    assert proxy.plan == []
    assert await joined(store.get("key")) == LONG[:MIN_PART_SIZE] + SMALL
    found = await store.stat("key")
    assert found is not None
    assert (found.size, found.etag) == (made.size, made.etag)


async def test_an_upload_that_is_gone_without_its_object_is_a_failure(proxied: tuple[FaultyProxy, S3Store]) -> None:
    proxy, store = proxied
    upload = await store.create_multipart("key", part_size=MIN_PART_SIZE)
    parts = [await store.upload_part("key", upload, 1, SMALL)]
    for _ in ("no object", "another object"):
        proxy.plan = [(b"POST ", Fault.NO_UPLOAD)]
        with pytest.raises(UploadNotFound):
            await store.complete_multipart("key", upload, parts)
        await store.put("key", SMALL)


async def test_a_broken_download_is_resumed(proxied: tuple[FaultyProxy, S3Store]) -> None:
    proxy, store = proxied
    await store.put("key", LONG)
    proxy.plan = [
        (b"GET ", Fault.CUT_ANSWER),
        (b"GET ", Fault.DROP),
        (b"GET ", Fault.BUSY),
        (b"GET ", Fault.CUT_ANSWER),
    ]
    assert await joined(store.get("key", 5, 16 * MIB)) == LONG[5 : 16 * MIB]
    assert len(proxy.struck) == 4


async def test_a_download_never_mixes_two_versions(proxied: tuple[FaultyProxy, S3Store]) -> None:
    proxy, store = proxied
    await store.put("key", LONG)
    proxy.plan = [(b"GET ", Fault.CUT_ANSWER)]
    reading = store.get("key")
    await anext(reading)
    await store.put("key", content(17 * MIB, seed=9))
    with pytest.raises(StorageUnavailable, match="replaced"):
        await joined(reading)


async def test_a_server_that_stays_busy_ends_in_an_error_and_nothing_left(
    proxied: tuple[FaultyProxy, S3Store],
) -> None:
    proxy, store = proxied
    proxy.plan = [(b"partNumber=2", Fault.BUSY)] * 3
    with pytest.raises(StorageUnavailable):
        await store.put("key", stream(LONG))
    assert await store.stat("key") is None
    assert [upload.key async for upload in store.list_uploads()] == []


def test_pauses_grow_to_a_limit_and_differ() -> None:
    retries = Retries(tries=8, first=0.25, longest=5.0)
    pauses = [[retries.pause(failed) for failed in range(7)] for _ in range(50)]
    for failed, expected in enumerate([0.25, 0.5, 1, 2, 4, 5, 5]):
        column = [row[failed] for row in pauses]
        assert all(expected / 2 <= pause <= expected for pause in column)
        assert len(set(column)) > 1
