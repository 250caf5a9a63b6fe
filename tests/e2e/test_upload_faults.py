"""Uploads while the machine beneath them fails: what was acknowledged is there afterwards, and nothing half-made is."""

import os
import signal
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.test_s3_storage import PRIVATE, PUBLIC, keys, s3_client
from tests.shared.storage.s3_server import running_s3_server, xattrs_work
from tests.support.clients import Platform, refused
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.switched import Switch
from tests.support.tus import Tus

MIB = 1024 * 1024
NewSuite = Callable[..., Suite]


def filled(film: Path, size: int) -> bytes:
    """The film, and a box that players pass over."""
    body = film.read_bytes()
    return body + struct.pack(">I4s", size - len(body), b"free") + os.urandom(size - len(body) - 8)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m,mode=0777", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a full disk needs a tmpfs, and this user may not mount one: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_is_full(new_suite: NewSuite, small_disk: Path, short_film: Path) -> None:
    storage = small_disk / "storage"
    storage.mkdir(mode=0o777)
    platform = Platform(new_suite(STORAGE_URL=storage.as_uri()).start())
    course = platform.new_course(2)
    film = filled(short_film, 40 * MIB)
    tus = Tus(platform.admin)
    upload = tus.begin(len(film), chapterId=course.chapters[0])
    refused(tus.patch(upload, 0, film), 507, "storage_full")
    # What was durable before stays, and more is asked for in vain.
    offset = tus.offset(upload)
    assert 0 < offset < len(film)
    assert offset % (8 * MIB) == 0
    refused(tus.patch(upload, offset, film[offset:]), 507, "storage_full")
    refused(platform.send(course.chapters[1], film), 507, "storage_full")
    assert tus.delete(upload).status_code == 204
    until(lambda: not [path for path in storage.rglob("*") if path.is_file() and path.stat().st_size > MIB], "room")
    platform.ready(course.chapters[1], short_film)
    platform.close()


@pytest.mark.acceptance
def test_storage_that_is_away_for_ten_seconds(
    new_suite: NewSuite, tmp_path_factory: pytest.TempPathFactory, short_film: Path
) -> None:
    """Whatever the client is told meanwhile, it can go on where it was told that it stands."""
    folder = tmp_path_factory.mktemp("s3")
    if not xattrs_work(folder):
        pytest.skip(f"no S3 server: the file system of {folder} has no user extended attributes, which Swift needs")
    film = filled(short_film, 26 * MIB)
    with running_s3_server(folder) as server, Switch((server.host, server.port)).serving() as way:
        for bucket in (PRIVATE, PUBLIC):
            server.create_bucket(bucket)
        suite = new_suite(
            STORAGE_URL=f"s3://{PRIVATE}?public={PUBLIC}", PUBLIC_BASE_URL="http://127.0.0.1:9", S3_ENDPOINT_URL=way.url,
            S3_REGION=server.settings.region, S3_ACCESS_KEY_ID=server.settings.access_key_id,
            S3_SECRET_ACCESS_KEY=server.settings.secret_access_key,
        ).start()  # fmt: skip
        platform = Platform(suite)
        course = platform.new_course(2)
        tus = Tus(platform.admin)
        upload = tus.begin(len(film), chapterId=course.chapters[0])
        assert tus.patch(upload, 0, film[: 9 * MIB]).status_code == 204
        on_again = threading.Event()
        unbegun = "SELECT state, multipart_id FROM media.uploads WHERE name = 'never begun.mp4'"
        with way.off():
            threading.Timer(10, on_again.set).start()
            never = tus.create(len(film), chapterId=course.chapters[1], filename="never begun.mp4")
            refused(never, 503, "storage_unavailable")
            assert suite.query(unbegun) == [{"state": "ended", "multipart_id": None}]
            answers = []
            while not on_again.wait(0.2):
                answers.append(tus.patch(upload, tus.offset(upload), film[tus.offset(upload) :]).status_code)
                refused(platform.send(course.chapters[1], short_film), 503, "storage_unavailable")
        assert set(answers) <= {503, 504}, answers
        assert way.refused > 0
        offset = tus.offset(upload)
        assert offset >= 9 * MIB
        video = tus.send_from(upload, film, offset, 5 * MIB).headers["Lectern-Video-Id"]
        platform.wait_for(video)
        client = s3_client(server)
        source = platform.source_key(video)
        assert client.get_object(Bucket=PRIVATE, Key=source)["Body"].read() == film
        until(lambda: keys(client, PRIVATE) == {source}, "nothing else to be left")
        assert client.list_multipart_uploads(Bucket=PRIVATE).get("Uploads", []) == []
        platform.close()


@pytest.mark.acceptance
@pytest.mark.parametrize("after", [0.0, 0.02, 0.05])
def test_a_database_that_restarts_while_an_upload_completes(
    restarting: Platform, short_film: Path, after: float
) -> None:
    platform, suite = restarting, restarting.suite
    film = filled(short_film, 12 * MIB)
    tus = Tus(platform.admin)
    upload = tus.begin(len(film), chapterId=platform.new_course().chapters[0])
    assert tus.patch(upload, 0, film[: 9 * MIB]).status_code == 204
    restart = threading.Timer(after, _restart_postgres, (suite,))
    restart.start()
    answer = tus.patch(upload, 9 * MIB, film[9 * MIB :])
    assert answer.status_code in (204, 500, 502, 503), answer.text
    restart.join()
    until(lambda: _head(tus, upload) == 200, "the database to be back")
    offset = tus.offset(upload)
    assert offset >= 9 * MIB
    if offset < len(film):
        until(lambda: tus.patch(upload, offset, film[offset:]).status_code == 204, "the rest")
    video = tus.head(upload).headers["Lectern-Video-Id"]
    until(lambda: platform.admin.get(f"/api/videos/{video}/status").status_code == 200, "the film")
    platform.wait_for(video)
    assert platform.source(video) == film


@pytest.fixture(scope="module")
def restarting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    platform = Platform(Suite(tmp_path_factory.mktemp("lectern") / "home").start())
    yield platform
    platform.close()
    platform.suite.stop()


def _head(tus: Tus, upload: str) -> int:
    try:
        return tus.head(upload).status_code
    except httpx.TransportError:
        return 0


def _restart_postgres(suite: Suite) -> None:
    """Fast shutdown, as an operator restarts it; the supervisor brings it back."""
    master = suite.server("postgres")
    master.send_signal(signal.SIGINT)
    master.wait(60)
