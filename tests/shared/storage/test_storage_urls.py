"""From the address of a store to the store; names and types."""

from pathlib import Path

import pytest

from shared.storage import (
    LocalStore,
    S3Settings,
    attachment,
    guess_content_type,
    open_store,
    split_storage_url,
)
from shared.storage.s3 import S3Store

S3 = S3Settings(access_key_id="a", secret_access_key="b")


async def test_urls_open_stores(tmp_path: Path) -> None:
    local = open_store(f"file://{tmp_path}/my%20films")
    assert isinstance(local, LocalStore)
    assert local.local_path("a") == tmp_path.resolve() / "my films" / "a"
    assert isinstance(open_store("s3://bucket/prefix", S3), S3Store)
    await local.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv",
        "file://host/srv",
        "file:///",
        "file:srv",
        "s3://",
        "s3:///x",
        "http://x/y",
        "s3://b?public=c",
        "s3://b",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"s3://|query|settings"):
        open_store(url, None)


@pytest.mark.parametrize(
    ("url", "private", "public"),
    [
        ("file:///srv/lectern", "file:///srv/lectern/private", "file:///srv/lectern/public"),
        ("file:///srv/lectern/", "file:///srv/lectern/private", "file:///srv/lectern/public"),
        ("s3://sources?public=segments", "s3://sources", "s3://segments"),
        ("s3://sources/school/?public=segments", "s3://sources/school", "s3://segments/school"),
    ],
)
def test_one_url_names_both_stores(url: str, private: str, public: str) -> None:
    assert split_storage_url(url) == (private, public)


@pytest.mark.parametrize(
    "url",
    [
        "s3://one",
        "s3://one?public=",
        "s3://one?public=one",
        "s3://one?public=a/b",
        "s3://one?public=b&x=1",
        "file:///a?public=b",
    ],
)
def test_stores_that_are_not_apart_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"public|query|two buckets"):
        split_storage_url(url)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("film.mp4", "attachment; filename=\"film.mp4\"; filename*=UTF-8''film.mp4"),
        ('a"b\\c\r\n/d%.mp4', "attachment; filename=\"abcd_.mp4\"; filename*=UTF-8''abcd%25.mp4"),
        ("é", "attachment; filename=\"_\"; filename*=UTF-8''%C3%A9"),
        ("\u202e/", "attachment; filename=\"download\"; filename*=UTF-8''download"),
    ],
)
def test_download_names_survive_any_script_and_break_no_header(name: str, expected: str) -> None:
    assert attachment(name) == expected


def test_types_by_extension() -> None:
    types = [guess_content_type(key) for key in ("a/b.TS", "x.m3u8", "dir.mp4/none", "x.unknown")]
    assert types == ["video/mp2t", "application/vnd.apple.mpegurl"] + ["application/octet-stream"] * 2
