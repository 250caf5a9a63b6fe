"""The storage contract on Ceph's S3 gateway: another server than the one of every day, and the strictest there is.

The tests are those of tests/shared/storage, taken over by name.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from shared.storage import Retries
from shared.storage.s3 import S3Store
from tests.deploy.test_prepare_s3 import load as prepare_s3
from tests.shared.storage.ceph_server import NoCeph, find_ceph, running_ceph
from tests.shared.storage.conftest import BUCKET, PAGE, Backend, s3_store
from tests.shared.storage.s3_server import S3Server
from tests.shared.storage.test_s3_store import *  # noqa: F403
from tests.shared.storage.test_store_contract import *  # noqa: F403
from tests.shared.storage.test_store_parts import *  # noqa: F403
from tests.support.running import ROOT

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


def test_the_rules_of_a_bucket_are_taken_and_let_browsers_upload(s3_server: S3Server) -> None:
    """Those that docker-compose.yml sets, by requests that are signed without a library."""
    settings = s3_server.settings
    assert settings.endpoint_url is not None
    s3_server.create_bucket("ruled")
    account = (settings.region, settings.access_key_id, settings.secret_access_key)
    bucket = prepare_s3().Bucket(settings.endpoint_url, *account, "ruled")
    bucket.let_browsers_upload("https://lectern.example")
    bucket.give_up_abandoned()
    client = s3_server.client()
    [rule] = client.get_bucket_lifecycle_configuration(Bucket="ruled")["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    url = f"{settings.endpoint_url}/ruled/film"
    answer = httpx.options(url, headers={**asked, "Origin": "https://lectern.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://lectern.example"
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag"
    other = httpx.options(url, headers={**asked, "Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


def test_a_deployment_by_the_book_is_proved_and_an_open_private_bucket_found(
    s3_server: S3Server, tmp_path: Path
) -> None:
    """As docs/storage.md sets it up, with the files it names: two buckets, one of them open, and rules for browsers."""
    client, settings = s3_server.client(), s3_server.settings
    for name in ("private", "public"):
        s3_server.create_bucket(f"book-{name}")
        rules = json.loads((ROOT / "deploy" / "s3" / f"{name}-bucket-cors.json").read_text())
        client.put_bucket_cors(Bucket=f"book-{name}", CORSConfiguration=rules)

    def published(bucket: str) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    def doctor() -> dict[tuple[str, str], str]:
        environment = {
            **os.environ,
            "LECTERN_HOME": str(tmp_path),
            "STORAGE_URL": "s3://book-private?public=book-public",
            "PUBLIC_BASE_URL": f"{settings.endpoint_url}/book-public",
            "PUBLIC_URL": "https://lectern.example.org",
            "S3_ENDPOINT_URL": str(settings.endpoint_url),
            "S3_REGION": settings.region,
            "S3_ACCESS_KEY_ID": settings.access_key_id,
            "S3_SECRET_ACCESS_KEY": settings.secret_access_key,
        }
        command = [sys.executable, "-m", "cli.main", "doctor", "storage", "--json"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        found = json.loads(done.stdout)["findings"]
        assert done.returncode == (1 if any(one["state"] == "failed" for one in found) else 0)
        return {(one["store"], one["check"]): one["message"] for one in found if one["state"] != "ok"}

    assert set(doctor()) == {("public", "address")}, "nobody reads the public bucket yet"
    published("book-public")
    assert doctor() == {}
    published("book-private")
    assert "sources of films would be public" in doctor()["private", "not_public"]
    for bucket in ("book-private", "book-public"):
        assert "Contents" not in client.list_objects_v2(Bucket=bucket)
        assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


@pytest.fixture
async def backend(s3_server: S3Server) -> AsyncIterator[Backend]:
    store = S3Store(BUCKET, s3_server.settings, prefix=f"test-{uuid.uuid4().hex}", retries=Retries(tries=3, first=0.01))
    yield Backend(store, None)
    await store.close()
