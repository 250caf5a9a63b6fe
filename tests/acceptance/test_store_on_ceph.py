"""The storage contract on Ceph's S3 gateway: another server than the one of every day, and the strictest there is.

The tests are those of tests/shared/storage, taken over by name.
"""

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.storage import Retries
from shared.storage.s3 import S3Store
from tests.shared.storage.ceph_server import NoCeph, find_ceph, running_ceph
from tests.shared.storage.conftest import BUCKET, PAGE, Backend, s3_store
from tests.shared.storage.s3_server import S3Server
from tests.shared.storage.test_s3_store import *  # noqa: F403
from tests.shared.storage.test_store_contract import *  # noqa: F403
from tests.shared.storage.test_store_parts import *  # noqa: F403

__all__ = ["s3_store"]
pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("ceph")
    try:
        ceph = find_ceph(folder)
    except NoCeph as error:
        pytest.skip(f"no Ceph here: {error}")
    with running_ceph(folder, ceph, max_listing=PAGE) as server:
        server.create_bucket(BUCKET)
        yield server


@pytest.fixture
async def backend(s3_server: S3Server) -> AsyncIterator[Backend]:
    store = S3Store(BUCKET, s3_server.settings, prefix=f"test-{uuid.uuid4().hex}", retries=Retries(tries=3, first=0.01))
    yield Backend(store, None)
    await store.close()
