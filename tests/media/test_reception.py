"""However an upload is cut into requests, and wherever these break, the object holds the bytes that were sent."""

import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.media.tus.protocol import Checksum
from services.media.uploads import repository
from services.media.uploads.containers import Sniffer
from services.media.uploads.reception import Reception
from shared.db import Database, new_id
from shared.db.models.uploads import Upload
from shared.http import Problem
from shared.storage import MIN_PART_SIZE, LocalStore, StorageUnavailable
from tests.conftest import TestDatabase
from tests.support.tus import checksum

SIZE = 2 * MIN_PART_SIZE + 700_001
FILM = b"\x00\x00\x00\x18ftypmp42" + random.Random(11).randbytes(SIZE - 12)


class Away(LocalStore):
    """A disk that fails at one call."""

    fails_at = 0

    async def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> object:  # type: ignore[override]
        self.fails_at -= 1
        if self.fails_at == 0:
            raise StorageUnavailable("away")
        return await super().upload_part(key, upload_id, number, data)


@dataclass(frozen=True)
class Request:
    """``brings`` bytes in pieces of ``piece``; ``ends`` as a request may."""

    brings: int
    piece: int
    ends: str


requests = st.lists(
    st.builds(
        Request,
        st.integers(0, SIZE),
        st.sampled_from([1_000_003, 65_536, 300_000, SIZE]),
        st.sampled_from(["well", "breaks", "store away", "wrong checksum", "checksum", "taken over"]),
    ),
    max_size=6,
)


@pytest_asyncio.fixture(scope="module")
async def database(postgres: TestDatabase) -> AsyncIterator[Database]:
    database = Database(postgres.services["media"], application="tests", pool_size=3)
    yield database
    await database.close()


@given(requests)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.asyncio(loop_scope="session")
async def test_what_was_told_to_be_there_is_there(database: Database, tmp_path: Path, sent: list[Request]) -> None:
    store = Away(tmp_path / new_id().hex)
    reception = Reception(database, store, Sniffer(), timedelta(hours=1))
    upload = await _begun(database, store)
    for one in [*sent, Request(SIZE, SIZE, "well")]:
        before = await _received(database, upload.id)
        await _ask(reception, store, database, upload, one, before)
        after = await _received(database, upload.id)
        assert before <= after <= min(SIZE, before + one.brings)
        if one.ends in ("well", "checksum"):
            assert after == min(SIZE, before + one.brings), "what was answered well is there"
        if one.ends == "wrong checksum" and one.brings:
            assert after == before
    assert upload.multipart_id is not None
    parts = [part async for part in store.list_parts(upload.source_key, upload.multipart_id)]
    await store.complete_multipart(upload.source_key, upload.multipart_id, parts)
    whole = b"".join([piece async for piece in store.get(upload.source_key)])
    assert hashlib.sha256(whole).digest() == hashlib.sha256(FILM).digest()
    left = [found.key async for found in store.list("uploads/")]
    assert len(left) <= 1, "one tail at most stands beside the parts"
    await store.close()


async def _begun(database: Database, store: LocalStore) -> Upload:
    upload_id = new_id()
    key = f"{new_id()}/{upload_id}/source"
    multipart_id = await store.create_multipart(key, part_size=MIN_PART_SIZE)
    upload = Upload(
        id=upload_id, kind="tus", source_key=key, length=SIZE, part_size=MIN_PART_SIZE, multipart_id=multipart_id,
        created_by="tests",
    )  # fmt: skip
    async with database.session_scope() as session:
        session.add(upload)
    return upload


async def _received(database: Database, upload_id: object) -> int:
    async with database.session_scope() as session:
        upload = await session.get(Upload, upload_id)
        assert upload is not None
        return upload.received


async def _ask(
    reception: Reception, store: Away, database: Database, upload: Upload, one: Request, offset: int
) -> None:
    bytes_sent = FILM[offset : offset + one.brings]
    digest = None
    if "checksum" in one.ends:
        digest = Checksum(checksum(b"other" if "wrong" in one.ends else bytes_sent))
    store.fails_at = 1 if one.ends == "store away" else 0

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(bytes_sent), one.piece):
            yield bytes_sent[start : start + one.piece]
        if one.ends == "breaks":
            raise ConnectionResetError
        if one.ends == "taken over":
            async with database.session_scope() as session:
                received = await _received(database, upload.id)
                assert await repository.claim(session, upload.id, received) is not None

    async with database.session_scope() as session:
        claimed = await repository.claim(session, upload.id, offset)
    assert claimed is not None
    with suppress(ConnectionResetError, StorageUnavailable, Problem):
        await reception.take(claimed, body(), digest)
