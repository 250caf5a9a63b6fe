"""Uploads by tus 1.0: what the protocol asks, what a lost connection costs, and that it ends in a film or in nothing."""

import itertools
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.clients import Platform, good, refused
from tests.support.patience import until
from tests.support.tus import BYTES, VERSION, Tus, checksum, metadata

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def film(short_film: Path) -> bytes:
    """A film of two whole parts and a bit: a short one, and a box that players pass over."""
    body = short_film.read_bytes()
    filler = os.urandom(17 * MIB - len(body) + 12_345)
    return body + struct.pack(">I4s", len(filler) + 8, b"free") + filler


def uploads_of(platform: Platform) -> set[str]:
    return {name for name in platform.suite.files("private") if name.startswith("uploads/")}


def test_options_say_what_is_spoken(platform: Platform) -> None:
    answer = platform.client().options("/api/uploads/tus")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) >= {
        "creation", "creation-with-upload", "expiration", "checksum", "termination", "concatenation",
    }  # fmt: skip
    assert answer.headers["Tus-Max-Size"] == "2147483648"


def test_a_film_comes_in_uneven_pieces(platform: Platform, film: bytes) -> None:
    course = platform.new_course()
    tus = Tus(platform.admin)
    created = tus.create(len(film), chapterId=course.chapters[0], filename="ლექცია 1.mp4")
    assert created.status_code == 201
    assert created.headers["Tus-Resumable"] == "1.0.0" and created.headers["Upload-Expires"].endswith("GMT")
    upload, video = created.headers["Location"], created.headers["Lectern-Video-Id"]
    assert tus.offset(upload) == 0
    last = tus.send(upload, film, 5 * MIB + 4321)
    assert last.headers["Lectern-Video-Id"] == video
    document = platform.wait_for(video)
    assert (document["originalName"], document["sizeBytes"]) == ("ლექცია 1.mp4", len(film))
    assert platform.source(video) == film
    assert uploads_of(platform) == set()
    # What is asked after the end: the same, and the film stays.
    head = tus.head(upload)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (str(len(film)), str(len(film)))
    assert head.headers["Lectern-Video-Id"] == video
    assert tus.patch(upload, len(film), b"").status_code == 204
    refused(tus.delete(upload), 409, "upload_complete")
    refused(tus.create(100, chapterId=course.chapters[0]), 409, "chapter_has_video")


def test_a_film_of_one_request_is_known_by_its_hash(platform: Platform, short_film: Path) -> None:
    body, course = short_film.read_bytes(), platform.new_course()
    created = Tus(platform.admin).create(len(body), body=body, chapterId=course.chapters[0], name="whole.mp4")
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, str(len(body)))
    assert platform.wait_for(created.headers["Lectern-Video-Id"])["originalName"] == "whole.mp4"


def test_what_came_before_a_lost_connection_stays(platform: Platform, film: bytes) -> None:
    course = platform.new_course()
    tus = Tus(platform.admin)
    upload = tus.begin(len(film), chapterId=course.chapters[0])

    def breaks_off() -> Iterator[bytes]:
        for start in range(0, 9 * MIB, 65536):
            yield film[start : start + 65536]
        raise ConnectionResetError

    with platform.client(platform.jwt("admin", "e2e-admin")) as cut, pytest.raises(ConnectionResetError):
        Tus(cut).patch(upload, 0, breaks_off(), Content_Length=str(len(film)))
    offset = until(lambda: tus.offset(upload), "something to be kept")
    assert 8 * MIB <= offset <= 9 * MIB
    offset = tus.offset(upload)
    refused(tus.patch(upload, 0, film[:10]), 409, "offset_conflict")
    conflict = tus.patch(upload, offset + 1, film[offset + 1 :])
    assert refused(conflict, 409, "offset_conflict")["received"] == int(conflict.headers["Upload-Offset"]) == offset
    answer = tus.patch(upload, offset, film[offset:])
    platform.wait_for(answer.headers["Lectern-Video-Id"])


def test_a_checksum_that_is_wrong_keeps_nothing(platform: Platform, short_film: Path) -> None:
    body = short_film.read_bytes()
    course = platform.new_course()
    tus = Tus(platform.admin)
    upload = tus.begin(len(body), chapterId=course.chapters[0])
    half = len(body) // 2
    for name in ("md5", "sha1", "sha256"):
        refused(tus.patch(upload, 0, body[:half], Upload_Checksum=checksum(b"other", name)), 460, "checksum_mismatch")
        assert tus.offset(upload) == 0
    refused(tus.patch(upload, 0, body[:half], Upload_Checksum="crc32 AAAA"), 400, "checksum_unsupported")
    refused(tus.patch(upload, 0, body[:half], Upload_Checksum="sha1 %%%"), 400, "bad_tus_header")
    assert tus.patch(upload, 0, body[:half], Upload_Checksum=checksum(body[:half])).status_code == 204
    last = tus.patch(upload, half, body[half:], Upload_Checksum=checksum(body[half:], "sha256"))
    platform.wait_for(last.headers["Lectern-Video-Id"])


def test_parts_are_joined(platform: Platform, film: bytes) -> None:
    course = platform.new_course()
    tus = Tus(platform.admin)
    cuts = [0, len(film) // 3, len(film) // 3 + 100, len(film)]
    parts = []
    for start, end in itertools.pairwise(cuts):
        created = tus.create(end - start, headers={"Upload-Concat": "partial"})
        assert created.status_code == 201
        parts.append(created.headers["Location"])
    final = {"Upload-Concat": "final;" + " ".join(parts)}
    about = metadata(chapterId=course.chapters[0], filename="joined.mp4")
    refused(platform.admin.post(tus.base, headers=VERSION | final | about), 409, "upload_incomplete")
    for part, (start, end) in zip(parts, itertools.pairwise(cuts), strict=True):
        assert tus.patch(part, 0, film[start:end]).status_code == 204
        assert tus.head(part).headers["Upload-Concat"] == "partial"
    # Somebody else's parts are not there to be joined.
    other = Tus(platform.person("admin"))
    refused(other.who.post(tus.base, headers=VERSION | final | about), 400, "not_a_partial_upload")
    joined = platform.admin.post(tus.base, headers=VERSION | final | about)
    assert joined.status_code == 201
    video = joined.headers["Lectern-Video-Id"]
    refused(tus.patch(joined.headers["Location"], 0, b"x"), 403, "final_upload")
    until(lambda: tus.head(joined.headers["Location"]).headers.get("Upload-Offset") == str(len(film)), "joined")
    assert platform.wait_for(video)["originalName"] == "joined.mp4"
    assert platform.source(video) == film
    until(lambda: uploads_of(platform) == set(), "the parts to be gone")
    refused(platform.admin.post(tus.base, headers=VERSION | final | about), 409, "upload_incomplete")


def test_a_length_may_be_told_later(platform: Platform, short_film: Path) -> None:
    body = short_film.read_bytes()
    course = platform.new_course()
    tus = Tus(platform.admin)
    upload = tus.begin(None, chapterId=course.chapters[0])
    assert tus.head(upload).headers["Upload-Defer-Length"] == "1"
    assert tus.patch(upload, 0, body[:70_000]).status_code == 204
    refused(tus.patch(upload, 70_000, b"", Upload_Length="10"), 400, "bad_tus_header")
    last = tus.patch(upload, 70_000, body[70_000:], Upload_Length=str(len(body)))
    platform.wait_for(last.headers["Lectern-Video-Id"])


def test_what_is_given_up_leaves_nothing(platform: Platform, film: bytes) -> None:
    course = platform.new_course()
    tus = Tus(platform.admin)
    before = platform.suite.files("private")
    upload = tus.begin(len(film), chapterId=course.chapters[0])
    assert tus.patch(upload, 0, film[: 9 * MIB]).status_code == 204
    assert tus.delete(upload).status_code == 204
    assert tus.head(upload).status_code == 410
    assert tus.patch(upload, 9 * MIB, film[9 * MIB :]).status_code == 410
    assert platform.suite.files("private") <= before
    # The chapter is free for another.
    platform.wait_for(tus.create(len(film), body=film, chapterId=course.chapters[0]).headers["Lectern-Video-Id"])


def test_replacing_by_tus(platform: Platform, short_film: Path, other_film: Path) -> None:
    course = platform.new_course()
    video = platform.ready(course.chapters[0], short_film)
    body = other_film.read_bytes()
    created = Tus(platform.admin).create(len(body), body=body, videoId=video, filename="better.mp4")
    assert created.headers["Lectern-Video-Id"] == video
    until(lambda: platform.status(video)["originalName"] == "better.mp4", "the new film in the place of the old")


def test_who_may_not(platform: Platform, film: bytes) -> None:
    course = platform.new_course()
    student, stranger = Tus(platform.student(course)), Tus(platform.person("instructor"))
    chapter = course.chapters[0]
    refused(student.create(100, chapterId=chapter), 403, "role_required")
    refused(stranger.create(100, chapterId=chapter), 403, "not_your_course")
    refused(Tus(platform.client()).create(100, chapterId=chapter), 401, "sign_in_required")
    mine = Tus(platform.admin).begin(len(film), chapterId=chapter)
    for other in (stranger, student):
        assert other.head(mine).status_code in (403, 404)
        assert other.patch(mine, 0, film[:10]).status_code in (403, 404)
        assert other.delete(mine).status_code in (403, 404)
    assert Tus(platform.admin).offset(mine) == 0
    teacher = platform.person("instructor", "tus-teacher")
    good(platform.admin.put(f"/api/admin/courses/{course.id}/instructors/tus-teacher"), 204)
    theirs = Tus(teacher).begin(len(film), chapterId=chapter)
    assert Tus(teacher).patch(theirs, 0, film[: 9 * MIB]).status_code == 204
    good(platform.admin.delete(f"/api/admin/courses/{course.id}/instructors/tus-teacher"), 204)
    refused(Tus(teacher).patch(theirs, 9 * MIB, film[9 * MIB :]), 403, "not_your_course")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Upload-Length": "2147483649"}, 413, "too_large"),
        ({"Upload-Length": "0"}, 422, "empty_file"),
        ({"Upload-Length": "-1"}, 400, "bad_tus_header"),
        ({"Upload-Length": "1e3"}, 400, "bad_tus_header"),
        ({}, 400, "bad_tus_header"),
        ({"Upload-Length": "9", "Upload-Metadata": "chapterId ***"}, 400, "bad_tus_header"),
        ({"Upload-Length": "9"}, 422, "missing_field"),
        ({"Upload-Length": "9", **metadata(chapterId="../../etc")}, 422, "invalid_request"),
        ({"Upload-Length": "9", **metadata(chapterId="nowhere")}, 404, "unknown_chapter"),
        ({"Upload-Length": "9", **metadata(videoId="nothing")}, 400, "bad_tus_header"),
        ({"Upload-Length": "9", **metadata(chapterId="a", videoId="0198b0a0-0000-7000-8000-000000000000")}, 422, "invalid_request"),
        ({"Upload-Concat": "final;/api/uploads/tus/nothing"}, 400, "not_a_partial_upload"),
        ({"Upload-Concat": "sideways"}, 400, "bad_tus_header"),
        ({"Tus-Resumable": "0.2.0", "Upload-Length": "9"}, 412, "tus_version_unsupported"),
    ],
)  # fmt: skip
def test_what_cannot_be_begun(platform: Platform, headers: dict[str, str], status: int, code: str) -> None:
    answer = platform.admin.post("/api/uploads/tus", headers=VERSION | headers)
    refused(answer, status, code)
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_bytes_that_are_no_film_or_too_many(platform: Platform, film: bytes) -> None:
    course = platform.new_course()
    tus = Tus(platform.admin)
    before = platform.suite.files("private")
    about = {"chapterId": course.chapters[0]}
    upload = tus.begin(100_000, **about)
    refused(
        tus.who.patch(upload, headers=VERSION | {"Upload-Offset": "0"}, content=b"x"), 415, "unsupported_media_type"
    )
    refused(tus.who.patch(upload, headers=VERSION | BYTES, content=b"x"), 400, "bad_tus_header")
    refused(tus.patch(upload, 0, bytes(100_001)), 413, "upload_too_long")
    refused(tus.patch(upload, 0, iter([film[:60_000], film[:60_000]])), 413, "upload_too_long")
    refused(tus.patch(upload, 0, iter([bytes(60_000)])), 415, "not_media")
    # It says so again to whoever asks.
    refused(tus.patch(upload, 0, bytes(10)), 415, "not_media")
    state = good(platform.admin.get(f"/api/uploads/{upload.rpartition('/')[2]}"))
    assert (state["state"], state["error"]["code"]) == ("refused", "not_media")
    until(lambda: platform.suite.files("private") <= before, "nothing to be left")


def test_the_newest_request_goes_on(platform: Platform, film: bytes) -> None:
    """A connection that hangs somewhere does not stand in the way of the client that came back."""
    course = platform.new_course()
    tus = Tus(platform.admin)
    upload = tus.begin(len(film), chapterId=course.chapters[0])
    host = httpx.URL(platform.suite.url)
    head = (
        f"PATCH {httpx.URL(upload).path} HTTP/1.1\r\nHost: {host.host}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(film)}\r\n"
        f"Authorization: {platform.admin.headers['Authorization']}\r\n\r\n"
    )
    with socket.create_connection((host.host, host.port or 80)) as hanging:
        hanging.sendall(head.encode() + film[: 8 * MIB + 1000])
        until(lambda: tus.offset(upload) >= 8 * MIB, "the first part to be durable")
        offset = tus.offset(upload)
        last = tus.patch(upload, offset, film[offset:])
        assert last.status_code == 204
        video = last.headers["Lectern-Video-Id"]
    platform.wait_for(video)
    assert platform.source(video) == film


def test_what_is_silent_for_too_long_is_given_up(platform: Platform, film: bytes) -> None:
    course = platform.new_course()
    tus = Tus(platform.admin)
    upload = tus.begin(len(film), chapterId=course.chapters[0])
    assert tus.patch(upload, 0, film[: 9 * MIB]).status_code == 204
    upload_id = upload.rpartition("/")[2]
    platform.suite.query(
        "UPDATE media.uploads SET expires_at = now() - interval '1 s' WHERE id = $1::text::uuid", upload_id
    )
    assert tus.head(upload).status_code == 410
    refused(tus.patch(upload, 9 * MIB, film[9 * MIB :]), 410, "upload_expired")
    until(lambda: not any(upload_id in name for name in platform.suite.files("private")), "nothing to be left")
