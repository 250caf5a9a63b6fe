"""What storage holds against what the database says: told, and put right only where somebody says so."""

import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.jobs import MEDIA_QUEUE, ReconcileStorage
from shared.jobs import Doorbell
from shared.storage import LocalStore
from tests.support import player
from tests.support.clients import Course, Platform, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite, run_async

TWO_DAYS = 2 * 24 * 3600


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory, films: Path) -> Iterator[tuple[Platform, Course, str]]:
    """A suite of its own, whose quota is exceeded from the beginning, with a film in its second version."""
    suite = Suite(tmp_path_factory.mktemp("lectern") / "home", STORAGE_QUOTA_BYTES="10000").start()
    platform = Platform(suite)
    course = platform.new_course()
    first = make_film(films / "report1.mp4", seconds=6, size="128x72")
    second = make_film(films / "report2.mp4", seconds=8, size="128x72")
    video = platform.ready(course.chapters[0], first)
    good(platform.replace(video, second), 202)
    until(lambda: platform.status(video)["duration"] == 8, "the second version to be in place")
    yield platform, course, video
    platform.close()
    suite.stop()


def grown_old(suite: Suite) -> None:
    """Every object as if it stood there for two days: only what the database says can save it now."""
    before = time.time() - TWO_DAYS
    for store in ("private", "public"):
        for name in suite.files(store):
            os.utime(suite.home / "storage" / store / name, (before, before))


def planted(suite: Suite, store: str, key: str, *, old: bool = True) -> str:
    path = suite.home / "storage" / store / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"nobody's")
    if old:
        before = time.time() - TWO_DAYS
        os.utime(path, (before, before))
    return f"{store}/{key}"


def reconciled(platform: Platform, *, dry_run: bool = True) -> dict[str, Any]:
    """The report that a comparison makes which is asked for now."""
    asked = good(platform.admin.post("/api/admin/storage/reconcile", json={"dryRun": dry_run}), 202)

    def report() -> dict[str, Any] | None:
        answer: dict[str, Any] = good(platform.admin.get("/api/admin/storage"))
        return answer if answer["reportId"] == asked["reportId"] else None

    found = until(report, "the report to be made")
    assert found is not None
    return found


def size_of(suite: Suite, *stores: str) -> int:
    return sum(
        (suite.home / "storage" / store / name).stat().st_size for store in stores for name in suite.files(store)
    )


def settled(suite: Suite) -> None:
    until(
        lambda: not suite.query("SELECT 1 FROM media.storage_reports WHERE state = 'waiting'"),
        "all reports to be made",
    )


def test_the_first_who_asks_is_told_nothing_that_is_not_known(audited: tuple[Platform, Course, str]) -> None:
    platform, _, _ = audited
    suite = platform.suite
    settled(suite)
    suite.query("DELETE FROM media.storage_reports")
    with suite.held("services.media.worker"):
        answer = good(platform.admin.get("/api/admin/storage"))
        assert (answer["running"], answer["reportId"], answer["asOf"]) == (True, None, None)
        assert (answer["usedBytes"], answer["orphans"], answer["byKind"], answer["growth"]) == (None, None, {}, [])
        good(platform.admin.get("/api/admin/storage"))
        assert len(suite.query("SELECT 1 FROM media.storage_reports")) == 1
    until(lambda: good(platform.admin.get("/api/admin/storage"))["asOf"], "the first report")


def test_a_report_is_of_what_is_there(audited: tuple[Platform, Course, str]) -> None:
    platform, course, _ = audited
    suite = platform.suite
    grown_old(suite)
    report = reconciled(platform)
    assert report["usedBytes"] == size_of(suite, "private", "public") == sum(report["byKind"].values())
    assert report["byKind"]["sources"] == size_of(suite, "private")
    assert report["byKind"]["segments"] + report["byKind"]["images"] == size_of(suite, "public")
    assert report["byCourse"] == [{"courseId": course.id, "bytes": report["usedBytes"]}]
    # The version that was replaced is kept, and nobody's orphan.
    assert (report["orphans"], report["missing"]) == ({"objects": 0, "bytes": 0, "removed": 0, "examples": []}, [])
    assert (report["quotaBytes"], report["warning"]) == (10_000, "95")
    assert [day["bytes"] for day in report["growth"]] == [report["usedBytes"]]
    suite.query("UPDATE media.storage_reports SET finished_at = finished_at - interval '1 day'")
    assert len(reconciled(platform)["growth"]) == 2
    # Said when it is crossed, not at each report that finds it so.
    suite.query("UPDATE media.storage_reports SET warning = '80'")
    before = crossings(suite)
    reconciled(platform)
    until(lambda: crossings(suite) > before, "the crossing to be logged")
    reconciled(platform)
    assert crossings(suite) == before + 1


def crossings(suite: Suite) -> int:
    """How often the log says that the quota is nearly used up."""
    logs = [path for path in (suite.home / "logs").rglob("*") if path.is_file()]
    return sum(path.read_text(errors="replace").count("more than 95 per cent") for path in logs)


def test_orphans_are_told_and_removed_only_on_command_and_what_is_missing_is_told(
    audited: tuple[Platform, Course, str],
) -> None:
    platform, course, video = audited
    suite = platform.suite
    grown_old(suite)
    version = suite.query("SELECT current_version_id AS id FROM media.videos WHERE id = $1::text::uuid", video)[0]["id"]
    orphans = {
        planted(suite, "private", f"{uuid.uuid4()}/{uuid.uuid4()}/source"),
        planted(suite, "private", f"cold/{video}/{version}/source"),
        planted(suite, "private", f"{video}/{version}/downloads/{uuid.uuid4()}/1.mp4"),
        planted(suite, "public", f"{video}/{version}/1-{'0' * 32}/144p/0.ts"),
        planted(suite, "public", f"{video}/{uuid.uuid4()}/images-{'0' * 32}/poster.jpg"),
    }
    on_its_way, upload = str(uuid.uuid4()), str(uuid.uuid4())
    suite.query(
        "INSERT INTO media.uploads (id, source_key, created_by) VALUES ($1::text::uuid, $2, 'e2e')",
        upload, f"{on_its_way}/{upload}/source",
    )  # fmt: skip
    buried = str(uuid.uuid4())
    suite.query(
        "INSERT INTO media.storage_tombstones (id, store, prefix, reason, not_before) "
        "VALUES ($1::text::uuid, 'private', $2, 'e2e', now() + interval '1 day')", str(uuid.uuid4()), f"{buried}/",
    )  # fmt: skip
    orphans.add(planted(suite, "private", f"uploads/{uuid.uuid4()}/tail-1"))
    others = {
        planted(suite, "private", f"uploads/{upload}/tail-1"),
        planted(suite, "private", f"{on_its_way}/{upload}/piece"),
        planted(suite, "private", f"{uuid.uuid4()}/{uuid.uuid4()}/source", old=False),
        planted(suite, "private", f"{on_its_way}/{upload}/source"),
        planted(suite, "private", f"{buried}/{uuid.uuid4()}/source"),
        planted(suite, "private", "backups/of-the-school.tar"),
        planted(suite, "private", f"{video.upper()}/{version}/source"),
    }
    parts = open_upload(suite, f"{uuid.uuid4()}/{uuid.uuid4()}/source")
    segment = sorted(name for name in suite.files("public") if f"{version}/" in name and name.endswith("/1.ts"))[0]
    body = (suite.home / "storage" / "public" / segment).read_bytes()
    (suite.home / "storage" / "public" / segment).unlink()
    before = suite.files("private") | suite.files("public")

    report = reconciled(platform)
    assert (report["dryRun"], report["orphans"]["removed"]) == (True, 0)
    assert orphans < set(report["orphans"]["examples"])
    assert report["orphans"]["objects"] == len(orphans) + 1
    assert not others & set(report["orphans"]["examples"])
    assert report["byKind"]["uploads"] > 0
    [missing] = report["missing"]
    assert (missing["what"], missing["objects"], missing["courseId"]) == ("segments", 1, course.id)
    assert (missing["videoId"], missing["versionId"], missing["rendition"]) == (
        video,
        str(version),
        segment.split("/")[3],
    )
    assert suite.files("private") | suite.files("public") == before
    assert parts.exists()

    report = reconciled(platform, dry_run=False)
    assert (report["dryRun"], report["orphans"]["removed"]) == (False, len(orphans) + 1)
    now = {f"{store}/{name}" for store in ("private", "public") for name in suite.files(store)}
    assert not now & orphans
    assert others <= now
    assert not parts.exists()
    (suite.home / "storage" / "public" / segment).write_bytes(body)
    report = reconciled(platform)
    assert (report["orphans"]["objects"], report["missing"]) == (0, [])
    assert player.play(platform.watch(platform.student(course), video).master).frames == 200


def open_upload(suite: Suite, key: str) -> Path:
    """A multipart upload that was begun two days ago and forgotten: where its parts are."""

    async def begin() -> str:
        store = LocalStore(suite.home / "storage" / "private")
        upload_id = await store.create_multipart(key)
        await store.upload_part(key, upload_id, 1, b"x" * 1000)
        await store.close()
        return upload_id

    folder = suite.home / "storage" / "private" / ".incoming" / f"parts-{run_async(begin())}"
    about = json.loads((folder / "upload.json").read_text())
    about["started_at"] = about["started_at"].replace(about["started_at"][:4], "2020")
    (folder / "upload.json").write_text(json.dumps(about))
    return folder


def test_a_source_that_is_gone_is_told(audited: tuple[Platform, Course, str]) -> None:
    platform, _, video = audited
    [key] = [
        row["source_key"] for row in platform.suite.query(
            "SELECT v.source_key FROM media.video_versions v JOIN media.videos x ON x.current_version_id = v.id "
            "WHERE x.id = $1::text::uuid", video,
        )
    ]  # fmt: skip
    path = platform.suite.home / "storage" / "private" / key
    body = path.read_bytes()
    path.write_bytes(body[:-1])
    [missing] = reconciled(platform)["missing"]
    assert (missing["what"], missing["rendition"], missing["videoId"]) == ("source", None, video)
    path.write_bytes(body)


def test_only_operators_ask(audited: tuple[Platform, Course, str]) -> None:
    platform, course, _ = audited
    for who in (platform.student(course), platform.teacher(course)):
        refused(who.get("/api/admin/storage"), 403, "role_required")
        refused(who.post("/api/admin/storage/reconcile", json={"dryRun": False}), 403, "role_required")
    refused(platform.client().get("/api/admin/storage"), 401, "sign_in_required")
    assert good(platform.person("service").get("/api/admin/storage"))["usedBytes"] > 0


def test_a_run_that_was_killed_is_begun_anew_and_one_that_is_made_is_not(
    audited: tuple[Platform, Course, str],
) -> None:
    platform, _, _ = audited
    suite = platform.suite
    report = str(uuid.uuid4())
    suite.query(
        "INSERT INTO media.storage_reports (id, state, dry_run, asked_by, lease_owner, lease_until, attempts) "
        "VALUES ($1::text::uuid, 'waiting', true, 'e2e', 'one that is gone', now(), 1)", report,
    )  # fmt: skip
    row = "SELECT * FROM media.storage_reports WHERE id = $1::text::uuid"
    until(lambda: suite.query(row, report)[0]["state"] == "done", "the report to be made after all")
    made = suite.query(row, report)
    for _ in range(2):
        run_async(ring(suite.facts()["redisUrl"], uuid.UUID(report)))
    reconciled(platform)
    assert suite.query(row, report) == made


async def ring(url: str, report: uuid.UUID) -> None:
    bell = Doorbell(url, MEDIA_QUEUE)
    await bell.ring(ReconcileStorage(report_id=report))
    await bell.close()
