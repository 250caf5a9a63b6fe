"""Uploads that end on a real S3 server: cut anew into its parts, or sent to it straight."""

import os
import signal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.test_s3_storage import PRIVATE, PUBLIC, keys, s3_client
from tests.shared.storage.s3_server import S3Server, running_s3_server, xattrs_work
from tests.support.clients import Platform, good, refused
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.secrecy import stop_and_search
from tests.support.tus import Tus

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("s3")
    if not xattrs_work(folder):
        pytest.skip(f"no S3 server: the file system of {folder} has no user extended attributes, which Swift needs")
    with running_s3_server(folder) as server:
        for bucket in (PRIVATE, PUBLIC):
            server.create_bucket(bucket)
        yield server


@pytest.fixture(scope="module")
def on_s3(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    assert server.settings.endpoint_url is not None
    suite = Suite(
        tmp_path_factory.mktemp("lectern") / "home",
        STORAGE_URL=f"s3://{PRIVATE}?public={PUBLIC}",
        PUBLIC_BASE_URL="http://127.0.0.1:9",
        S3_ENDPOINT_URL=server.settings.endpoint_url,
        S3_REGION=server.settings.region,
        S3_ACCESS_KEY_ID=server.settings.access_key_id,
        S3_SECRET_ACCESS_KEY=server.settings.secret_access_key,
    ).start()
    suite.spoken.add(server.settings.secret_access_key)
    platform = Platform(suite)
    yield platform
    platform.close()
    assert stop_and_search(suite) == []


@pytest.fixture(scope="module")
def film(short_film: Path) -> bytes:
    """A film of two whole parts and a bit."""
    body = short_film.read_bytes()
    filler = os.urandom(17 * MIB - len(body) + 12_345)
    return body + struct.pack(">I4s", len(filler) + 8, b"free") + filler


def stored(server: S3Server, platform: Platform, video: str) -> bytes:
    return bytes(s3_client(server).get_object(Bucket=PRIVATE, Key=platform.source_key(video))["Body"].read())


def open_uploads(server: S3Server) -> list[Any]:
    return list(s3_client(server).list_multipart_uploads(Bucket=PRIVATE).get("Uploads", []))


def test_tus_goes_on_at_another_instance(on_s3: Platform, server: S3Server, film: bytes) -> None:
    """Between two requests the instance that had the first is killed; what it told is there."""
    course = on_s3.new_course()
    tus = Tus(on_s3.admin)
    upload = tus.begin(len(film), chapterId=course.chapters[0], filename="s3.mp4")
    assert tus.patch(upload, 0, film[: 3 * MIB]).status_code == 204
    assert [key for key in keys(s3_client(server), PRIVATE) if key.startswith("uploads/")], "the tail is an object"
    os.kill(on_s3.suite.process("services.media").pid, signal.SIGKILL)
    until(lambda: tus.head(upload).status_code == 200, "media to be there again")
    assert tus.offset(upload) == 3 * MIB
    last = tus.send_from(upload, film, 3 * MIB, 5 * MIB)
    video = last.headers["Lectern-Video-Id"]
    on_s3.wait_for(video)
    assert stored(server, on_s3, video) == film
    assert not [key for key in keys(s3_client(server), PRIVATE) if key.startswith("uploads/")]
    assert open_uploads(server) == []


def test_straight_to_s3(on_s3: Platform, server: S3Server, film: bytes) -> None:
    course = on_s3.new_course()
    admin = on_s3.admin
    begun = good(
        admin.post("/api/uploads", json={"chapterId": course.chapters[0], "size": len(film), "fileName": "d.mp4"}), 201
    )
    path, size = f"/api/uploads/{begun['uploadId']}", begun["partSize"]
    assert begun["parts"] == -(-len(film) // size)
    refused(admin.post(f"{path}/parts", json={"numbers": [begun["parts"] + 1]}), 422, "invalid_request")
    addresses = good(admin.post(f"{path}/parts", json={"numbers": list(range(1, begun["parts"] + 1))}))["parts"]
    missing = refused(admin.post(f"{path}/complete"), 409, "parts_missing")
    assert missing["parts"] == [1, 2, 3]
    with httpx.Client() as browser:
        for one in addresses[1:]:
            start = (one["number"] - 1) * size
            assert browser.put(one["url"], content=film[start : start + one["size"]]).status_code == 200
        # Nobody stores more, or less, than was announced.
        assert browser.put(addresses[0]["url"], content=film[:100]).status_code == 403
        assert [part["number"] for part in good(admin.get(f"{path}/parts"))["parts"]] == [2, 3]
        assert refused(admin.post(f"{path}/complete"), 409, "parts_missing")["parts"] == [1]
        assert browser.put(addresses[0]["url"], content=film[:size]).status_code == 200
    first = good(admin.post(f"{path}/complete"), 202)
    assert first["videoId"] == begun["videoId"]
    assert good(admin.post(f"{path}/complete"), 202) == first
    on_s3.wait_for(first["videoId"])
    assert stored(server, on_s3, first["videoId"]) == film
    assert good(admin.get(path))["state"] == "complete"
    refused(admin.delete(path), 409, "upload_complete")


def test_what_is_given_up_or_no_film_leaves_nothing(on_s3: Platform, server: S3Server) -> None:
    course = on_s3.new_course()
    admin = on_s3.admin
    before = keys(s3_client(server), PRIVATE)
    wanted = {"chapterId": course.chapters[0], "size": 1000}
    begun = good(admin.post("/api/uploads", json=wanted), 201)
    path = f"/api/uploads/{begun['uploadId']}"
    [address] = good(admin.post(f"{path}/parts", json={"numbers": [1]}))["parts"]
    httpx.put(address["url"], content=bytes(1000)).raise_for_status()
    refused(admin.post(f"{path}/complete"), 415, "not_media")
    refused(admin.post(f"{path}/complete"), 415, "not_media")
    given_up = f"/api/uploads/{good(admin.post('/api/uploads', json=wanted), 201)['uploadId']}"
    good(admin.delete(given_up), 204)
    refused(admin.get(f"{given_up}/parts"), 410, "upload_ended")
    assert keys(s3_client(server), PRIVATE) <= before
    assert open_uploads(server) == []
    for size, status, code in ((0, 422, "empty_file"), (2**31 + 1, 413, "too_large")):
        refused(admin.post("/api/uploads", json={**wanted, "size": size}), status, code)
    refused(on_s3.student(course).post("/api/uploads", json=wanted), 403, "role_required")
    refused(on_s3.person("instructor").post("/api/uploads", json=wanted), 403, "not_your_course")
    refused(on_s3.person("admin", "other").get(f"{given_up}x"), 422, "invalid_request")


def test_no_source_is_found_below_the_public_address(on_s3: Platform, server: S3Server) -> None:
    """Every key of the private bucket, asked of the public one."""
    client = s3_client(server)
    private = keys(client, PRIVATE)
    assert private
    assert not private & keys(client, PUBLIC)
    with on_s3.client() as anybody:
        for key in private:
            assert anybody.get(f"/public/{key}").status_code == 404
