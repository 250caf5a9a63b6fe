"""The suite on a real S3 server instead of the disk: private bucket, public bucket, and an edge before the latter."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import botocore.session
import pytest
from botocore.config import Config

from tests.deploy import edge
from tests.shared.storage.s3_server import S3Server, running_s3_server, xattrs_work
from tests.support import caching, player
from tests.support.clients import Course, Platform, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.secrecy import stop_and_search

PRIVATE, PUBLIC, DOWNLOADS = "lectern-private", "lectern-public", "lectern-downloads"


def s3_client(server: S3Server) -> Any:
    return botocore.session.get_session().create_client(
        "s3",
        endpoint_url=server.settings.endpoint_url,
        region_name=server.settings.region,
        aws_access_key_id=server.settings.access_key_id,
        aws_secret_access_key=server.settings.secret_access_key,
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )


def keys(client: Any, bucket: str) -> set[str]:
    return {item["Key"] for item in client.list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_a_film_lives_and_ends_on_s3(
    new_suite: Callable[..., Suite], tmp_path_factory: pytest.TempPathFactory, films: Path
) -> None:
    folder = tmp_path_factory.mktemp("s3")
    if not xattrs_work(folder):
        pytest.skip(f"no S3 server: the file system of {folder} has no user extended attributes, which Swift needs")
    with running_s3_server(folder) as server:
        for bucket in (PRIVATE, PUBLIC, DOWNLOADS):
            server.create_bucket(bucket)
        with edge.public_address(server.publish(PUBLIC), folder) as address:
            _on_s3(server, address, new_suite, films)


def _on_s3(server: S3Server, address: str, new_suite: Callable[..., Suite], films: Path) -> None:
    assert server.settings.endpoint_url is not None
    suite = new_suite(
        STORAGE_URL=f"s3://{PRIVATE}?public={PUBLIC}",
        DOWNLOADS_STORAGE_URL=f"s3://{DOWNLOADS}",
        PUBLIC_BASE_URL=address,
        S3_ENDPOINT_URL=server.settings.endpoint_url,
        S3_REGION=server.settings.region,
        S3_ACCESS_KEY_ID=server.settings.access_key_id,
        S3_SECRET_ACCESS_KEY=server.settings.secret_access_key,
        SOURCE_RETENTION="cold",
    ).start()
    suite.spoken.add(server.settings.secret_access_key)
    platform = Platform(suite)
    _upload_watch_and_delete(platform, s3_client(server), address, films)
    platform.close()
    assert stop_and_search(suite) == []


def _upload_watch_and_delete(platform: Platform, client: Any, address: str, films: Path) -> None:
    film = make_film(films / "s3.mp4", seconds=14, size="320x180")
    course = platform.new_course()
    video = platform.ready(course.chapters[0], film)
    (source,) = keys(client, PRIVATE)
    assert source.startswith(f"{video}/")
    assert client.get_object(Bucket=PRIVATE, Key=source)["Body"].read() == film.read_bytes()
    view = platform.watch(platform.student(course), video)
    segments = player.read_media(player.read_master(view.master)[0].url)
    # A ready playlist leads to the CDN itself; only playlists and keys come from the gateway.
    assert all(segment.url.startswith(f"{address}/{video}/") for segment in segments)
    assert all(segment.key_url.startswith(platform.suite.url) for segment in segments)
    assert not player.is_transport_stream(player.fetch(segments[0].url))
    played = player.play(view.master)
    assert (played.frames, played.complaints) == (350, "")
    likeness = player.ssim_of_each_picture(view.master, film, quality=0, fps=25)
    assert (len(likeness), min(likeness) > 0.8) == (350, True)
    assert platform.suite.files("private") == platform.suite.files("public") == set()
    thumbnails = good(platform.admin.get(f"/api/videos/{video}/thumbnails"))["thumbnails"]
    assert thumbnails and all(player.fetch(item["url"])[:3] == b"\xff\xd8\xff" for item in thumbnails)

    _is_kept_for_as_long_as_it_says(platform, client, video, address)

    _take_home(platform, client, course, video)
    _is_shown_nowhere(platform, client, address)

    # What is refused leaves nothing in a bucket either, no unfinished multipart upload included.
    other = platform.new_course().chapters[0]
    refused(platform.send(other, b"no film at all" * 1000), 415, "not_media")
    assert keys(client, PRIVATE) == {source}
    assert client.list_multipart_uploads(Bucket=PRIVATE).get("Uploads", []) == []
    _share_and_move(platform, client, video, source)
    good(platform.admin.delete(f"/api/videos/{video}"), 204)
    until(lambda: not any(keys(client, bucket) for bucket in (PRIVATE, PUBLIC, DOWNLOADS)), "empty buckets")


def _is_kept_for_as_long_as_it_says(platform: Platform, client: Any, video: str, address: str) -> None:
    """The objects say it themselves, for whatever stands before the bucket; so does our edge."""

    def kept_by_s3(key: str) -> Mapping[str, str]:
        return {"cache-control": client.head_object(Bucket=PUBLIC, Key=key).get("CacheControl")}

    def at_the_edge(key: str) -> Mapping[str, str]:
        answer = there.get(f"/{key}")
        assert answer.status_code == 200
        return answer.headers

    there = platform.client(at=address)
    stored = keys(client, PUBLIC)
    caching.check_objects(stored, kept_by_s3)
    caching.check_objects(stored, at_the_edge)
    caching.check_session(platform, platform.watch(platform.admin, video), "180p")


def _is_shown_nowhere(platform: Platform, client: Any, address: str) -> None:
    """No source and no film to take home is found by whatever begins with the public address."""
    private = {(bucket, key) for bucket in (PRIVATE, DOWNLOADS) for key in keys(client, bucket)}
    assert {bucket for bucket, _ in private} == {PRIVATE, DOWNLOADS}
    there = platform.client(at=address)
    for bucket, key in private:
        for path in (
            f"/{key}",
            f"//{key}",
            f"/{bucket}/{key}",
            f"/../{bucket}/{key}",
            f"/%2e%2e/{bucket}/{key}",
            f"/..%2f{bucket}%2f{quote(key, safe='')}",
            f"/x/..%2f..%2f{bucket}/{key}",
            f"/{key}%3f.ts",
            f"/../{bucket}/{key}?a=.ts",
        ):
            answer = there.get(f"{address}{path}")
            assert answer.status_code in (400, 404), path
        assert platform.client().get(f"/public/{key}").status_code == 404


def _share_and_move(platform: Platform, client: Any, video: str, source: str) -> None:
    """One object is the source of two films, is moved by the server itself, and outlives the film that brought it."""
    course = platform.new_course()
    wish = {"chapterId": course.chapters[0], "videoId": video}
    second = good(platform.admin.post("/api/videos/from-existing", json=wish), 202)["videoId"]
    platform.wait_for(second)
    assert keys(client, PRIVATE) == {source}
    _compare(platform, client, source)
    platform.suite.query("UPDATE media.video_versions SET ready_at = ready_at - interval '40 days'")
    platform.suite.stop()
    platform.suite.start()
    until(lambda: keys(client, PRIVATE) == {f"cold/{source}"}, "the source to be moved")
    assert [platform.status(one)["source"]["state"] for one in (video, second)] == ["cold"] * 2
    [job] = [one["id"] for one in good(platform.admin.get("/api/admin/jobs"))["jobs"] if one["videoId"] == second]
    good(platform.admin.post(f"/api/admin/jobs/{job}/retry", json={}), 202)
    asked = "SELECT 1 FROM transcoding.video_processing_jobs WHERE state <> 'done'"
    until(lambda: not platform.suite.query(asked), "the film to be made again from where its source is now")
    view = platform.watch(platform.student(course), second)
    assert player.play(view.master).frames == 350
    good(platform.admin.delete(f"/api/videos/{second}"), 204)
    waits = "SELECT 1 FROM media.storage_tombstones WHERE done_at IS NULL AND not_before <= now()"
    until(lambda: not platform.suite.query(waits), "what is gone to be removed")
    assert keys(client, PRIVATE) == {f"cold/{source}"}


def _compare(platform: Platform, client: Any, source: str) -> None:
    def report() -> Any:
        asked = good(platform.admin.post("/api/admin/storage/reconcile", json={}), 202)["reportId"]
        return until(lambda: _report(platform, asked), "the report")

    sizes = {
        bucket: sum(item["Size"] for item in client.list_objects_v2(Bucket=bucket).get("Contents", []))
        for bucket in (PRIVATE, PUBLIC, DOWNLOADS)
    }
    found = report()
    assert (found["usedBytes"], found["byKind"]["sources"]) == (sum(sizes.values()), sizes[PRIVATE])
    assert found["byKind"]["downloads"] == sizes[DOWNLOADS]
    assert (found["orphans"]["objects"], found["missing"]) == (0, [])
    body = client.get_object(Bucket=PRIVATE, Key=source)["Body"].read()
    client.delete_object(Bucket=PRIVATE, Key=source)
    assert {one["what"] for one in report()["missing"]} == {"source"}
    client.put_object(Bucket=PRIVATE, Key=source, Body=body)


def _report(platform: Platform, report_id: str) -> Any:
    answer = good(platform.admin.get("/api/admin/storage"))
    return answer if answer["reportId"] == report_id else None


def _take_home(platform: Platform, client: Any, course: Course, video: str) -> None:
    """Made from one bucket, kept in another, and sent in parts; where the sources are nothing is written."""
    good(platform.admin.put(f"/api/videos/{video}/download-policy", json={"policy": "enrolled"}))
    student = platform.student(course)

    def ready() -> Any:
        answer = student.get(f"/api/videos/{video}/download", headers={"Accept": "application/json"})
        return answer.json() if answer.status_code == 200 else None

    document = until(ready, "the file to be made", every=0.2)
    platform.suite.spoken.add(document["url"].split("token=")[1])
    before = keys(client, PRIVATE)
    (key,) = keys(client, DOWNLOADS)
    stored = client.get_object(Bucket=DOWNLOADS, Key=key)["Body"].read()
    assert platform.client().get(document["url"]).content == stored
    part = platform.client().get(document["url"], headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, stored[100:300])
    assert len(stored) == document["sizeBytes"]
    assert keys(client, PRIVATE) == before
