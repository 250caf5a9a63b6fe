"""`lectern doctor storage` against a real S3 server and a real disk, well configured and in every way badly."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Lectern
from tests.deploy import edge
from tests.shared.storage.s3_server import GUEST, S3Server, running_s3_server, xattrs_work
from tests.support.running import free_port
from tests.support.served import Asked, Reply, StandIn

PAGES = "https://lectern.example"
PRIVATE, PUBLIC, DOWNLOADS = "lectern-private", "lectern-public", "lectern-downloads"
ALL = ("server", "write", "read", "ranges", "list", "multipart", "presigned")


@dataclass(frozen=True)
class Site:
    server: S3Server
    address: str

    @property
    def settings(self) -> dict[str, str]:
        s3 = self.server.settings
        assert s3.endpoint_url is not None
        return {
            "STORAGE_URL": f"s3://{PRIVATE}?public={PUBLIC}",
            "DOWNLOADS_STORAGE_URL": f"s3://{DOWNLOADS}",
            "PUBLIC_BASE_URL": self.address,
            "PUBLIC_URL": PAGES,
            "S3_ENDPOINT_URL": s3.endpoint_url,
            "S3_REGION": s3.region,
            "S3_ACCESS_KEY_ID": s3.access_key_id,
            "S3_SECRET_ACCESS_KEY": s3.secret_access_key,
        }

    def left(self) -> list[str]:
        """What stands in the buckets, open uploads too."""
        client, found = self.server.client(), []
        for bucket in (PRIVATE, PUBLIC, DOWNLOADS):
            found += [item["Key"] for item in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
            found += [item["Key"] for item in client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("s3")
    if not xattrs_work(folder):
        pytest.skip(f"no S3 server: the file system of {folder} has no user extended attributes, which Swift needs")
    if edge.NGINX is None:
        pytest.skip("nginx is not installed here, so nothing can stand before the public bucket (Debian: nginx-light)")
    with running_s3_server(folder, browsers_from=PAGES) as server:
        for bucket in (PRIVATE, PUBLIC, DOWNLOADS):
            server.create_bucket(bucket)
        with edge.public_address(server.publish(PUBLIC), folder) as address:
            yield Site(server, address)


def states(done: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], str]:
    return {(one["store"], one["check"]): one["state"] for one in json.loads(done.stdout)["findings"]}


def failures(done: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], str]:
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return {(one["store"], one["check"]): one["message"] for one in found if one["state"] == "failed"}


def test_a_good_configuration_is_proved_and_nothing_is_left(lectern: Lectern, site: Site) -> None:
    done = lectern("doctor", "storage", "--json", **site.settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(states(done).values()) == {"ok"}
    assert set(states(done)) == {
        *((store, check) for store in ("private", "public", "downloads") for check in (*ALL, "delete")),
        *(("private", check) for check in ("browsers", "not_public")),
        *(("public", check) for check in ("address", "missing")),
        ("downloads", "not_public"),
    }
    assert site.left() == []
    shown = lectern("doctor", "storage", COLUMNS="200", **site.settings)
    assert shown.returncode == 0
    assert f"browsers at {PAGES} may upload parts and read their ETag" in shown.stdout


def test_it_reads_what_the_services_read(lectern: Lectern, site: Site) -> None:
    apart = {"PRIVATE_STORAGE_URL": f"s3://{PRIVATE}/films", "PUBLIC_STORAGE_URL": f"s3://{PUBLIC}"}
    settings = {name: value for name, value in site.settings.items() if name not in ("STORAGE_URL", "PUBLIC_URL")}
    done = lectern("doctor", "storage", "--json", "--origin", f"{PAGES}/courses", **settings, **apart)
    assert (done.returncode, failures(done)) == (0, {})


@pytest.mark.parametrize(
    ("wrong", "check", "parts"),
    [
        ({"S3_SECRET_ACCESS_KEY": "x" * 32}, "write", ("by the key lectern:tests", "copy it anew")),
        ({"S3_ACCESS_KEY_ID": "lectern:nobody"}, "write", ("by the key lectern:nobody", "mend S3_ACCESS_KEY_ID")),
        (
            {"S3_ACCESS_KEY_ID": GUEST},
            "write",
            ("The key lectern:guest may not", "s3:PutObject", "Object Read & Write"),
        ),
        ({"STORAGE_URL": f"s3://lectern-none?public={PUBLIC}"}, "write", ("no bucket lectern-none", "STORAGE_URL")),
        ({"S3_REGION": "eu-central-9"}, "presigned", ("name another region", "S3_REGION=us-east-1")),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:1"}, "server", ("cannot be reached at http://127.0.0.1:1",)),
        ({"S3_ACCESS_KEY_ID": ""}, "settings", ("set S3_ACCESS_KEY_ID",)),
        ({"PUBLIC_URL": "https://other.example"}, "browsers", ("browser at https://other.example may not upload",)),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(
    lectern: Lectern, site: Site, wrong: dict[str, str], check: str, parts: tuple[str, ...]
) -> None:
    done = lectern("doctor", "storage", "--json", **{**site.settings, **wrong})
    assert done.returncode == 1
    said = failures(done)["private", check]
    assert all(part in said for part in parts), said
    assert site.server.settings.secret_access_key not in done.stdout + done.stderr
    assert done.stderr.startswith("lectern: ") and "checks failed" in done.stderr
    assert site.left() == []


def test_who_uploads_through_lectern_alone_needs_no_rules_for_browsers(lectern: Lectern, site: Site) -> None:
    settings = {**site.settings, "PUBLIC_URL": "https://other.example"}
    done = lectern("doctor", "storage", "--json", "--no-browser-uploads", **settings)
    assert (done.returncode, failures(done)) == (0, {})
    assert ("private", "browsers") not in states(done)


def test_a_public_address_that_leads_elsewhere_is_found(lectern: Lectern, site: Site) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    done = lectern("doctor", "storage", "--json", **{**site.settings, "PUBLIC_BASE_URL": nowhere})
    assert done.returncode == 1
    assert list(failures(done)) == [("public", "address")]
    assert f"PUBLIC_BASE_URL cannot be reached at {nowhere}" in failures(done)["public", "address"]
    assert site.left() == []


def test_a_bucket_of_sources_that_is_public_is_found(lectern: Lectern, site: Site, tmp_path: Path) -> None:
    site.server.publish(PRIVATE)
    try:
        with edge.public_address(f"{site.server.settings.endpoint_url}/v1/AUTH_lectern/{PRIVATE}", tmp_path) as address:
            done = lectern("doctor", "storage", "--json", **{**site.settings, "PUBLIC_BASE_URL": address})
    finally:
        site.server.client().put_bucket_acl(Bucket=PRIVATE, ACL="private")
    assert done.returncode == 1
    assert "sources of films would be public" in failures(done)["private", "not_public"]
    assert "does not give what is in the store that STORAGE_URL names" in failures(done)["public", "address"]
    assert site.left() == []


class NoS3(StandIn):
    """A web server, at an address that should be an S3 server's."""

    def reply(self, asked: Asked) -> Reply:
        return Reply(404, b"<html>nothing here</html>", {"Content-Type": "text/html"})


@contextmanager
def no_s3(clock: str | None = None) -> Iterator[str]:
    with NoS3() as server, server.serving():
        if clock:
            kind = server.RequestHandlerClass
            server.RequestHandlerClass = type("Late", (kind,), {"date_time_string": lambda *_: clock})
        yield server.url


def test_a_web_server_is_no_s3_server(lectern: Lectern, site: Site) -> None:
    with no_s3() as url:
        done = lectern("doctor", "storage", "--json", **{**site.settings, "S3_ENDPOINT_URL": url})
    assert f"What answers at S3_ENDPOINT_URL ({url}) is no S3 server" in failures(done)["private", "write"]


def test_a_clock_that_is_wrong_is_named_before_everything_fails_by_it(lectern: Lectern, site: Site) -> None:
    with no_s3("Wed, 01 Jan 2020 00:00:00 GMT") as url:
        done = lectern("doctor", "storage", "--json", **{**site.settings, "S3_ENDPOINT_URL": url})
    assert done.returncode == 1
    assert list(failures(done)) == [(store, "server") for store in ("private", "public", "downloads")]
    assert "clock is" in failures(done)["private", "server"]
    assert "ahead of the S3 server's" in failures(done)["private", "server"]


# --- On disk ---


def test_a_directory_is_proved_and_nothing_is_left(lectern: Lectern, tmp_path: Path) -> None:
    port = free_port()
    done = lectern("doctor", "storage", "--json", STORAGE_URL=(tmp_path / "films").as_uri(), PORT=str(port))
    assert done.returncode == 0, failures(done)
    found = states(done)
    assert found.pop(("public", "address")) == "skipped"
    for store in ("private", "public"):
        for check in ("room", "write", "read", "ranges", "list", "multipart", "delete"):
            assert found[store, check] in ("ok", "warning")
    assert [path for path in (tmp_path / "films").rglob("*") if path.is_file()] == []


def test_a_directory_that_is_not_ours_is_named(lectern: Lectern, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = lectern("doctor", "storage", "--json", STORAGE_URL=(tmp_path / "file").as_uri())
    assert done.returncode == 1
    assert f"{tmp_path}/file/private cannot be used" in failures(done)["private", "write"]
    # A place where nobody makes directories, root neither.
    done = lectern("doctor", "storage", "--json", STORAGE_URL="file:///sys/lectern")
    assert "/sys/lectern/private is not ours to write" in failures(done)["private", "write"]


def test_sources_below_the_public_root_are_found(lectern: Lectern, tmp_path: Path) -> None:
    places = {"PRIVATE_STORAGE_URL": tmp_path / "films" / "private", "PUBLIC_STORAGE_URL": tmp_path / "films"}
    done = lectern("doctor", "storage", "--json", **{name: path.as_uri() for name, path in places.items()})
    assert done.returncode == 1
    assert "lies in the public one" in failures(done)["private", "apart"]


def test_a_disk_that_is_nearly_full_is_named(lectern: Lectern, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a full disk needs a tmpfs, and this user may not mount one: {mounted.stderr.strip()}")
    try:
        done = lectern("doctor", "storage", "--json", STORAGE_URL=disk.as_uri())
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
    assert done.returncode == 1
    assert "Only 0.1 of 0.1 GiB are free" in failures(done)["private", "room"]


def test_settings_that_are_none_are_one_sentence(lectern: Lectern) -> None:
    done = lectern("doctor", "storage", STORAGE_URL="s3://one-bucket")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("lectern: STORAGE_URL cannot be used")
