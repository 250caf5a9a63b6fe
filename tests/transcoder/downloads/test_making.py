"""The work on a film to take home, against a real Postgres, a real store and a real FFmpeg: done twice, and cut off
anywhere."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.transcoder.downloads import repository
from services.transcoder.downloads.repository import DownloadClaim
from services.transcoder.downloads.service import DownloadMaker
from services.transcoder.pipeline.brake import Brake
from services.transcoder.pipeline.encoding import Workshop
from services.transcoder.pipeline.sources import Sources
from shared.contracts.video import SEGMENTS_PER_KEY_WINDOW, public_prefix, segment_key
from shared.crypto import KeyRing, encrypt_segment, segment_iv, window_key
from shared.crypto.keyring import new_content_secret, secret_context
from shared.db import Database, new_id
from shared.storage import LocalStore, StoredObject
from tests.conftest import TestDatabase
from tests.transcoder.ffmpeg.films import FFMPEG, Published, publish, write_film

RING = KeyRing.parse("1:" + "A" * 43 + "=")
SECRET_PART = "5" * 32


class HookedStore(LocalStore):
    """Does something of a test's own when the finished file is being stored."""

    hook: Callable[[], Awaitable[None]] | None = None

    async def put(self, key: str, source: Any, **options: Any) -> StoredObject:
        stored = await super().put(key, source, **options)
        if self.hook is not None:
            hook, self.hook = self.hook, None
            await hook()
        return stored


@dataclass
class Film:
    """A film that is ready, of which somebody wants the file ``download_id``."""

    video_id: UUID
    version_id: UUID
    download_id: UUID
    published: Published
    public: LocalStore
    kept: HookedStore
    maker: DownloadMaker
    scratch: Path
    owner: Database
    database: Database

    async def sql(self, query: str, **values: Any) -> Any:
        async with self.owner.session_scope() as session:
            result = await session.execute(text(query), values)
            return result.mappings().all() if result.returns_rows else None

    async def encrypt(self, epoch: int) -> None:
        """Publish the film under the keys of an epoch, and name it as the one that is in place."""
        ids = str(self.video_id), str(self.version_id)
        secret = new_content_secret()
        wrapped = RING.wrap(secret, secret_context(str(self.version_id), epoch))
        for name in self.published.plan.rendition_names:
            for index in range(self.published.plan.segment_count):
                plain = (self.published.out / name / f"{index}.ts").read_bytes()
                key, iv = window_key(secret, index // SEGMENTS_PER_KEY_WINDOW), segment_iv(secret, name, index)
                place = segment_key(public_prefix(*ids, epoch, SECRET_PART), name, index)
                await self.public.put(place, encrypt_segment(plain, key, iv))
        await self.sql(
            """INSERT INTO media.content_keys (version_id, epoch, kid, nonce, wrapped, key_rotation_at)
               VALUES (:version, :epoch, :kid, :nonce, :wrapped, now())""",
            version=self.version_id, epoch=epoch, kid=wrapped.kid, nonce=wrapped.nonce, wrapped=wrapped.ciphertext,
        )  # fmt: skip
        await self.sql(
            "UPDATE media.video_versions SET key_epoch = :epoch WHERE id = :version",
            epoch=epoch,
            version=self.version_id,
        )

    async def rotate(self, epoch: int) -> None:
        """New keys, and the place of the old ones is emptied."""
        await self.encrypt(epoch)
        before = public_prefix(str(self.video_id), str(self.version_id), epoch - 1, SECRET_PART)
        await self.public.delete_prefix(f"{before}/")

    async def claim(self, worker: str = "w") -> DownloadClaim:
        async with self.database.session_scope() as session:
            await repository.enter(session, self.download_id)
            held = await repository.claim(session, worker)
        assert held is not None
        assert held.id == self.download_id
        return held

    async def row(self) -> dict[str, Any]:
        (row,) = await self.sql("SELECT * FROM transcoding.downloads WHERE id = :id", id=self.download_id)
        return dict(row)

    async def files(self) -> list[str]:
        return [one.key async for one in self.kept.list()]


@pytest_asyncio.fixture(scope="module")
async def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    times = [Fraction(number, 25) for number in range(225)]
    source = write_film(folder / "film.mp4", times)
    return await publish(source, folder / "out", segments_per_chunk=1)


@pytest_asyncio.fixture
async def film(postgres: TestDatabase, owner: Database, published: Published, tmp_path: Path) -> AsyncIterator[Film]:
    # As the role of the transcoder, so that what it may not read fails here.
    database = Database(postgres.services["transcoder"], application="tests", pool_size=3)
    public, kept = LocalStore(tmp_path / "public"), HookedStore(tmp_path / "kept")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    async def tell(_: UUID) -> None:
        return None

    shop = Workshop(
        database=database, keyring=RING, sources=Sources(public, tmp_path / "sources"), public=public, brake=Brake(),
        name="w", directory=scratch, ffmpeg=FFMPEG, encoder="libx264", disk_bytes=2**30, tell_media=tell,
    )  # fmt: skip
    made = Film(
        new_id(), new_id(), new_id(), published, public, kept, DownloadMaker(shop, kept), scratch, owner, database
    )
    ids = {"video": made.video_id, "version": made.version_id, "job": new_id(), "download": made.download_id}
    await made.sql(
        """INSERT INTO media.videos (id, course_id, chapter_id, current_version_id, created_by)
           VALUES (:video, 'c', :chapter, :version, 'me')""",
        video=made.video_id,
        version=made.version_id,
        chapter=str(made.video_id),
    )
    await made.sql(
        """INSERT INTO media.video_versions (id, video_id, number, status, original_name, container, source_key,
                                             source_bytes, source_sha256, public_secret)
           VALUES (:version, :video, 1, 'ready', 'a.mov', 'mov', 'k', 1, 's', :secret)""",
        version=made.version_id,
        video=made.video_id,
        secret=SECRET_PART,
    )
    await made.sql(
        """INSERT INTO transcoding.video_processing_jobs (id, version_id, video_id, state, plan)
           VALUES (:job, :version, :video, 'done', CAST(:plan AS jsonb))""",
        plan=json.dumps(published.plan.model_dump(mode="json")),
        **{name: ids[name] for name in ("job", "version", "video")},
    )
    await made.sql(
        """INSERT INTO media.downloads (id, video_id, version_id, rendition, state)
           VALUES (:download, :video, :version, :name, 'preparing')""",
        name=published.plan.video_names[0],
        **{name: ids[name] for name in ("download", "version", "video")},
    )
    await made.encrypt(1)
    yield made
    await made.sql("DELETE FROM transcoding.downloads")
    await made.sql("DELETE FROM transcoding.video_processing_jobs")
    await made.sql("DELETE FROM media.downloads")
    await database.close()


async def test_what_is_made_is_written_down(film: Film) -> None:
    await film.maker.make(await film.claim())
    row = await film.row()
    assert (row["state"], row["percent"], row["attempts"], row["lease_owner"]) == ("done", 100, 1, None)
    (key,) = await film.files()
    assert row["key"] == key
    assert key.startswith(f"{film.video_id}/{film.version_id}/downloads/{film.download_id}/")
    body = film.kept.local_path(key).read_bytes()
    assert (row["bytes"], row["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert list(film.scratch.iterdir()) == []


async def test_made_by_two_at_once_it_is_the_file_of_who_holds_the_lease(film: Film) -> None:
    first = await film.claim("first")
    await film.sql("UPDATE transcoding.downloads SET lease_until = now() - interval '1 s'")
    second = await film.claim("second")
    await asyncio.gather(film.maker.make(first), film.maker.make(second))
    row = await film.row()
    assert (row["state"], row["attempts"]) == ("done", 2)
    # Who lost the lease leaves no object, and its result was not taken.
    assert await film.files() == [row["key"]]
    assert second.owner.rpartition("/")[2] in row["key"]


async def test_made_twice_it_is_the_same_film_under_another_key(film: Film) -> None:
    await film.maker.make(await film.claim())
    before = await film.row()
    await film.sql("UPDATE transcoding.downloads SET state = 'waiting'")
    await film.maker.make(await film.claim())
    after = await film.row()
    assert (after["sha256"], after["bytes"]) == (before["sha256"], before["bytes"])
    # What was handed out once is never written over.
    assert after["key"] != before["key"]
    assert await film.files() == sorted([before["key"], after["key"]])


async def test_a_ring_that_comes_twice_enters_once(film: Film) -> None:
    for _ in range(2):
        async with film.database.session_scope() as session:
            await repository.enter(session, film.download_id)
            await repository.enter(session)
            assert await repository.enter(session, new_id()) == []
    held = await film.claim()
    async with film.database.session_scope() as session:
        assert await repository.claim(session, "other") is None
    await film.maker.make(held)
    async with film.database.session_scope() as session:
        await repository.enter(session, film.download_id)
        assert await repository.claim(session, "other") is None
        assert await repository.settled(session) == [film.download_id]


async def test_new_keys_meanwhile_begin_it_again(film: Film) -> None:
    film.kept.hook = lambda: film.rotate(2)
    await film.maker.make(await film.claim())
    row = await film.row()
    # Not its fault: that attempt does not count, and what was made of the old segments is gone.
    assert (row["state"], row["attempts"], row["error_code"]) == ("waiting", 0, None)
    assert await film.files() == []
    await film.maker.make(await film.claim())
    row = await film.row()
    assert (row["state"], await film.files()) == ("done", [row["key"]])


async def test_nothing_is_made_of_a_film_that_is_gone(film: Film) -> None:
    async def deleted() -> None:
        await film.sql("UPDATE media.videos SET deleted_at = now() WHERE id = :id", id=film.video_id)

    film.kept.hook = deleted
    await film.maker.make(await film.claim())
    assert await film.files() == []
    await film.maker.make(await film.claim())
    row = await film.row()
    assert (row["state"], row["error_code"]) == ("failed", "cancelled")
    # Media lets go of the wish, and with it goes the row.
    await film.sql("DELETE FROM media.downloads")
    async with film.database.session_scope() as session:
        await repository.forget_unwanted(session)
    assert await film.sql("SELECT 1 FROM transcoding.downloads") == []


async def test_a_wish_that_is_taken_back_stops_the_work(film: Film) -> None:
    held = await film.claim()

    async def taken_back() -> None:
        await film.sql("DELETE FROM media.downloads")
        # The work goes on until the next heartbeat says that nobody waits.
        await asyncio.Event().wait()

    film.kept.hook = taken_back
    await asyncio.wait_for(film.maker.make(held), 60)
    assert (await film.row())["state"] == "failed"
    assert list(film.scratch.iterdir()) == []


async def test_what_is_missing_is_tried_again_and_then_said(film: Film) -> None:
    name = film.published.plan.video_names[0]
    prefix = public_prefix(str(film.video_id), str(film.version_id), 1, SECRET_PART)
    await film.public.delete(segment_key(prefix, name, 1))
    for attempt in range(1, repository.MOST_ATTEMPTS + 1):
        await film.sql("UPDATE transcoding.downloads SET not_before = NULL")
        await film.maker.make(await film.claim())
        row = await film.row()
        last = attempt == repository.MOST_ATTEMPTS
        assert (row["state"], row["attempts"]) == ("failed" if last else "waiting", attempt)
        assert last or row["not_before"] is not None
    assert (row["error_code"], await film.files(), list(film.scratch.iterdir())) == ("storage_unavailable", [], [])


async def test_wrong_bytes_are_no_film(film: Film) -> None:
    name = film.published.plan.video_names[0]
    prefix = public_prefix(str(film.video_id), str(film.version_id), 1, SECRET_PART)
    await film.public.put(segment_key(prefix, name, 1), bytes(4096))
    await film.maker.make(await film.claim())
    row = await film.row()
    assert (row["state"], row["error_code"]) == ("waiting", "processing_failed")
    assert await film.files() == []


async def test_a_worker_that_is_stopped_gives_it_back(film: Film) -> None:
    begun = asyncio.Event()

    async def waits() -> None:
        begun.set()
        await asyncio.Event().wait()

    film.kept.hook = waits
    work = asyncio.create_task(film.maker.make(await film.claim()))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    row = await film.row()
    assert (row["state"], row["attempts"], row["lease_owner"]) == ("waiting", 0, None)
    assert list(film.scratch.iterdir()) == []


async def test_of_a_film_of_which_a_part_is_made_again_it_waits(film: Film) -> None:
    await film.sql("UPDATE transcoding.video_processing_jobs SET state = 'encoding'")
    async with film.database.session_scope() as session:
        await repository.enter(session)
        assert await repository.claim(session, "w") is None
    await film.sql("UPDATE transcoding.video_processing_jobs SET state = 'done'")
    await film.maker.make(await film.claim())
    assert (await film.row())["state"] == "done"
