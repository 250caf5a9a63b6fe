"""Both backends behind one fixture: a test that takes `backend` holds for each of them."""

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.storage import LocalSigner, LocalStore, Retries
from shared.storage.s3 import S3Store
from tests.shared.storage.s3_server import S3Server, running_s3_server, xattrs_work

BUCKET = "lectern"
# Short enough that every listing here has several pages.
PAGE = 5


@dataclass(frozen=True)
class Backend:
    store: LocalStore | S3Store
    root: Path | None

    async def leftovers(self) -> list[str]:
        """What unfinished writes have left in the store."""
        if self.root is not None:
            return sorted(path.name for path in (self.root / ".incoming").iterdir())
        return [upload.key async for upload in self.store.list_uploads()]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("s3")
    if not xattrs_work(folder):
        pytest.skip(f"no S3 server: the file system of {folder} has no user extended attributes, which Swift needs")
    with running_s3_server(folder, max_listing=PAGE) as server:
        server.create_bucket(BUCKET)
        yield server


@pytest.fixture(params=["local", "s3"])
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    if request.param == "local":
        root = tmp_path / "store"
        made = Backend(LocalStore(root, signer=LocalSigner(b"a secret of the tests", "http://media.test")), root)
    else:
        server: S3Server = request.getfixturevalue("s3_server")
        # Each test in its own prefix: one bucket costs less than a hundred.
        prefix = f"test-{uuid.uuid4().hex}"
        store = S3Store(BUCKET, server.settings, prefix=prefix, retries=Retries(tries=3, first=0.01))
        made = Backend(store, None)
    yield made
    await made.store.close()


@pytest.fixture
async def s3_store(s3_server: S3Server) -> AsyncIterator[S3Store]:
    store = S3Store(BUCKET, s3_server.settings, prefix=f"test-{uuid.uuid4().hex}")
    yield store
    await store.close()
