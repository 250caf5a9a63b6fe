"""The suite as a running thing: flat memory, jobs that may ring twice, and logs that keep secrets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from shared.contracts.jobs import (
    MEDIA_QUEUE,
    TRANSCODER_QUEUE,
    CancelVersion,
    HashSource,
    Job,
    PlanVersion,
    RetainSources,
    SweepStorage,
    SyncVersion,
)
from shared.jobs import Doorbell
from tests.support import player
from tests.support.clients import Course, Platform, good, refused
from tests.support.films import make_film, padded_film
from tests.support.patience import until
from tests.support.running import Suite, run_async
from tests.support.secrecy import secrets_in_logs
from tests.support.wire import form_head, form_tail, form_type

MEGABYTE = 1024 * 1024
UPLOAD_BYTES = 300 * MEGABYTE
MOST_GROWTH = 32 * MEGABYTE

LASTING = (
    "SELECT id, status, percent, duration, key_epoch, public_secret, ready_at, error_code FROM media.video_versions",
    "SELECT id, current_version_id, pending_version_id, deleted_at FROM media.videos",
    "SELECT version_id, name, bandwidth, average_bandwidth, bytes, segment_durations FROM media.renditions",
    "SELECT version_id, epoch, nonce, wrapped FROM media.content_keys",
    "SELECT id, prefix, done_at FROM media.storage_tombstones",
    "SELECT id, version_id, state, attempts, error_code, finished_at FROM transcoding.video_processing_jobs",
    "SELECT id, job_id, kind, index, state, attempts, images FROM transcoding.chunks",
    "SELECT job_id, rendition, index, bytes FROM transcoding.segments",
)


class Memory:
    """The most resident memory of each process while a block runs."""

    def __init__(self, processes: dict[str, psutil.Process]) -> None:
        self._processes = processes
        self.idle = {name: one.memory_info().rss for name, one in processes.items()}
        self.peak = dict(self.idle)

    @contextmanager
    def watched(self) -> Iterator[None]:
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.01):
                for name, one in self._processes.items():
                    self.peak[name] = max(self.peak[name], one.memory_info().rss)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def growth(self) -> dict[str, float]:
        """Megabytes that each process grew by at most."""
        return {name: round((self.peak[name] - idle) / MEGABYTE, 1) for name, idle in self.idle.items()}


def send_padded(platform: Platform, chapter: str, film: Path, size: int) -> httpx.Response:
    """Upload ``film`` padded to ``size`` bytes, which stand in no file and never whole in memory here either."""
    head, tail = form_head(chapter), form_tail()

    def body() -> Iterator[bytes]:
        yield head
        yield from padded_film(film, size)
        yield tail

    headers = {"Content-Type": form_type(), "Content-Length": str(len(head) + size + len(tail))}
    return platform.admin.post("/api/videos/upload", content=body(), headers=headers, timeout=300)


def test_an_upload_passes_through_without_filling_memory(platform: Platform, suite: Suite, films: Path) -> None:
    film = make_film(films / "small.mp4", seconds=2, size="160x90", sound=False)
    course = platform.new_course(2)
    # Once before, so that what a process allocates at its first upload counts as idle.
    first = good(send_padded(platform, course.chapters[0], film, 8 * MEGABYTE), 202)["videoId"]
    platform.wait_for(first)
    memory = Memory({name: suite.process(f"services.{name}") for name in ("gateway", "media")})
    with memory.watched():
        answer = send_padded(platform, course.chapters[1], film, UPLOAD_BYTES)
    video = good(answer, 202)["videoId"]
    assert platform.status(video)["sizeBytes"] == UPLOAD_BYTES
    assert all(grown * MEGABYTE <= MOST_GROWTH for grown in memory.growth().values()), memory.growth()
    platform.wait_for(video)
    assert player.play(platform.watch(platform.admin, video).master).frames == 50
    for each in (first, video):
        good(platform.admin.delete(f"/api/videos/{each}"), 204)
    until(lambda: not [name for name in suite.files("private") if name.startswith(video)], "room on the disk again")


DUE = "SELECT 1 FROM media.storage_tombstones WHERE done_at IS NULL AND not_before < now() + interval '1 minute'"


def lasting(suite: Suite) -> list[list[dict[str, Any]]]:
    return [suite.query(f"{query} ORDER BY 1, 2, 3") for query in LASTING]


async def ring(redis_url: str, queue: str, job: Job) -> None:
    bell = Doorbell(redis_url, queue)
    try:
        await bell.ring(job)
    finally:
        await bell.close()


@pytest.mark.parametrize(
    ("queue", "kind"),
    [
        (TRANSCODER_QUEUE, PlanVersion),
        (TRANSCODER_QUEUE, CancelVersion),
        (MEDIA_QUEUE, SyncVersion),
        (MEDIA_QUEUE, SweepStorage),
        (MEDIA_QUEUE, HashSource),
        (MEDIA_QUEUE, RetainSources),
    ],
)
def test_a_job_that_rings_again_changes_nothing(
    platform: Platform, suite: Suite, shown: tuple[Course, str], queue: str, kind: type[Job]
) -> None:
    course, video = shown
    until(lambda: not suite.query(UNFINISHED) and not suite.query(DUE), "all earlier work to be done")
    (row,) = suite.query("SELECT current_version_id FROM media.videos WHERE id = $1::text::uuid", video)
    job = kind(version_id=row["current_version_id"]) if "version_id" in kind.model_fields else kind()
    before, stored = lasting(suite), (suite.files("private"), suite.files("public"))
    url = suite.facts()["redisUrl"]
    for _ in range(2):
        run_async(ring(url, queue, job))
        until(lambda: run_async(is_drained(url, queue, kind.__name__)), f"{kind.__name__} to be done")
    assert lasting(suite) == before
    assert (suite.files("private"), suite.files("public")) == stored
    played = player.play(platform.watch(platform.student(course), video).master)
    assert (played.frames, played.complaints) == (200, "")


@pytest.mark.parametrize(
    ("queue", "kind"), [(TRANSCODER_QUEUE, PlanVersion), (TRANSCODER_QUEUE, CancelVersion), (MEDIA_QUEUE, SyncVersion)]
)
def test_a_job_for_what_is_not_there_harms_nobody(
    platform: Platform, suite: Suite, queue: str, kind: type[Job]
) -> None:
    url = suite.facts()["redisUrl"]
    until(lambda: not suite.query(UNFINISHED), "all earlier work to be done")
    before = lasting(suite)
    run_async(ring(url, queue, kind.model_validate({"version_id": UUID(int=0)})))
    until(lambda: run_async(is_drained(url, queue, kind.__name__)), f"{kind.__name__} to be done")
    assert lasting(suite) == before
    assert good(platform.client().get("/health/ready"))["status"] == "ok"


UNFINISHED = """
SELECT 1 FROM media.storage_tombstones WHERE done_at IS NULL AND not_before <= now()
UNION ALL SELECT 1 FROM transcoding.video_processing_jobs WHERE state IN ('planning', 'encoding')
UNION ALL SELECT 1 FROM transcoding.chunks WHERE state = 'active'
UNION ALL SELECT 1 FROM media.video_versions ve JOIN media.videos v ON v.id = ve.video_id
          WHERE v.deleted_at IS NULL AND ve.status IN ('processing', 'playable')
"""


async def is_drained(redis_url: str, queue: str, name: str) -> bool:
    """Whether no job of that name waits or runs."""
    from redis.asyncio import Redis

    async with Redis.from_url(redis_url) as client:
        for member in await client.zrange(queue, 0, -1):
            if name.encode() in (await client.get(b"arq:job:" + member) or b""):
                return False
        running = await client.keys("arq:in-progress:*")
        for key in running:
            job = await client.get(b"arq:job:" + key.split(b":", 2)[2])
            if job is not None and name.encode() in job:
                return False
    return True


def test_the_health_of_all_parts_is_told(platform: Platform) -> None:
    assert good(platform.client().get("/health/live")) == {"status": "ok"}
    ready = good(platform.client().get("/health/ready"))
    assert {"network", "landlock"} <= set(ready["sandbox"])
    assert ready["status"] == "ok"
    assert {"postgres", "migrations", "worker", "media", "progress", "transcoder"} <= set(ready["checks"])
    assert set(ready["checks"].values()) == {"ok"}


def test_no_secret_stands_in_a_log(platform: Platform, suite: Suite, shown: tuple[Course, str]) -> None:
    """Everything that is secret passes once more, in every place it has; then all logs are searched."""
    course, video = shown
    student = platform.student(course)
    token = platform.access_token(student, video)
    view = platform.watch(student, video)
    credential = view.base.rsplit("/", 1)[1]
    anybody = platform.client()
    platform.key(view)
    player.play(view.master)
    anybody.get(view.path("nonsense.m3u8"))
    anybody.get(f"{view.base}/../{credential}/master.m3u8")
    anybody.get(f"/api/playback/{credential}x/master.m3u8")
    anybody.post(view.path("beat"), content="no json")
    anybody.get("/api/videos/stream", params={"token": token, "x": token})
    platform.client(student.headers["Authorization"][7:] + "x").get("/api/me")
    anybody.get("/api/me", params={"access_token": token})
    # The log tells of these calls, without what was secret in them.
    until(lambda: "/playback/***/master.m3u8" in suite.log_text(), "the calls in the log")
    assert {token, credential} <= suite.spoken
    assert secrets_in_logs(suite) == []


def test_a_crash_tells_no_secret(platform: Platform, suite: Suite, shown: tuple[Course, str]) -> None:
    """A table that is gone for a moment: what nobody foresaw is answered without a word of it, and logged without any
    secret of the request."""
    course, video = shown
    view = platform.watch(platform.student(course), video)
    token = platform.access_token(platform.student(course), video)
    anybody = platform.client()
    suite.query("ALTER TABLE access.playback_sessions RENAME TO away")
    try:
        for path in (view.path("key/1/0.key"), view.path("master.m3u8"), f"/api/videos/stream?token={token}"):
            refused(anybody.get(path), 500, "internal_error")
        refused(anybody.post(view.path("beat"), content="{}"), 500, "internal_error")
    finally:
        suite.query("ALTER TABLE access.away RENAME TO playback_sessions")
    until(lambda: "UndefinedTableError" in suite.log_text(), "the traceback in the log")
    assert secrets_in_logs(suite) == []
    assert not any("playback_sessions" in text or "Traceback" in text for text in suite.refusals)
    assert anybody.get(view.path("key/1/0.key")).status_code == 200
