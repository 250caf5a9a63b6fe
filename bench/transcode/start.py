"""Through the whole suite: how soon a film is playable, what a far seek costs, and what a worker takes meanwhile.

Beside FFmpeg alone making the first six seconds, or those six seconds, of the lowest rung from the same file.
"""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.table import show
from bench.transcode.films import FFMPEG, looped
from bench.transcode.ladder import coding, plan_of
from services.transcoder.ladder.schema import Plan
from tests.shared.storage.s3_server import running_s3_server, xattrs_work
from tests.support import player
from tests.support.clients import Platform
from tests.support.running import Suite

QUEUED = 10
MINUTES = 60
WATCHED = 45.0
"""Seconds for which memory is looked at."""


def alone(film: Path, plan: Plan, at: float) -> float:
    """Seconds that FFmpeg needs for six seconds of the lowest rung; the best of three."""
    assert plan.video is not None
    rung = plan.video.renditions[-1]
    seek = ["-ss", str(at)] if at else []
    command = [str(FFMPEG), "-v", "error", "-nostdin", "-y", *seek, "-i", str(film), "-t", "6", "-an"]
    command += ["-vf", f"scale={rung.width}:{rung.height},setsar=1", *coding(plan, rung)]
    took = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run([*command, "-f", "mpegts", "/dev/null"], check=True)
        took.append(time.perf_counter() - started)
    return min(took)


class Takes:
    """The most that worker, FFmpeg and the place of work held while a block runs."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self.worker = self.ffmpeg = self.disk = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        worker = self._suite.process("services.transcoder.worker")
        while not over.wait(0.2):
            self.worker = max(self.worker, worker.memory_info().rss)
            for child in worker.children(recursive=True):
                try:
                    self.ffmpeg = max(self.ffmpeg, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue
            held = 0
            for path in (self._suite.home / "work").rglob("*.ts"):
                try:
                    held += path.stat().st_size
                except FileNotFoundError:
                    continue
            self.disk = max(self.disk, held)


def _playable(platform: Platform, film: Path) -> tuple[float, str]:
    """Seconds from the answer to the upload until the film is playable; the id of its video."""
    video = platform.upload(platform.new_course().chapters[0], film)
    started = time.perf_counter()
    while platform.status(video)["status"] == "processing":
        time.sleep(0.02)
    return time.perf_counter() - started, video


def _seek(platform: Platform, video: str, plan: Plan, at: float) -> float:
    """Seconds until the picture and the sound of a place far ahead are there."""
    view = platform.watch(platform.admin, video)
    lowest = player.read_master(view.master)[0].name
    index = int(at // 6)
    started = time.perf_counter()
    for rendition in (lowest, "audio"):
        answer = httpx.get(view.url + view.path(f"segment/{rendition}/{index}.ts"), timeout=30, follow_redirects=True)
        assert answer.status_code == 200, answer.text
    return time.perf_counter() - started


def _delete(platform: Platform, *videos: str) -> None:
    for video in videos:
        assert platform.admin.delete(f"/api/videos/{video}").status_code == 204
    while [job for job in platform.admin.get("/api/admin/jobs").json()["jobs"] if job["chunksActive"]]:
        time.sleep(0.2)


def _on_s3(film: Path, directory: Path) -> float | None:
    """Seconds until a film is playable whose source and segments lie on a real S3 server; None where there is none."""
    folder = directory / "s3"
    folder.mkdir()
    if not xattrs_work(folder):
        return None
    with running_s3_server(folder) as server:
        for bucket in ("private", "public"):
            server.create_bucket(bucket)
        suite = Suite(
            directory / "home-s3",
            STORAGE_URL="s3://private?public=public",
            PUBLIC_BASE_URL="http://127.0.0.1:9",
            S3_ENDPOINT_URL=str(server.settings.endpoint_url),
            S3_REGION=server.settings.region,
            S3_ACCESS_KEY_ID=server.settings.access_key_id,
            S3_SECRET_ACCESS_KEY=server.settings.secret_access_key,
        ).start()
        platform = Platform(suite)
        try:
            seconds, video = _playable(platform, film)
            _delete(platform, video)
        finally:
            platform.close()
            suite.stop()
    return seconds


def measure(film: Path, directory: Path) -> dict[str, Any]:
    long = looped(film, MINUTES, directory / "long.mp4")
    plan, long_plan = plan_of(film), plan_of(long)
    far = 0.8 * long_plan.duration
    beside, beside_long, beside_far = alone(film, plan, 0), alone(long, long_plan, 0), alone(long, long_plan, far)
    suite = Suite(directory / "home").start()
    platform = Platform(suite)
    try:
        short_takes, long_takes = Takes(suite), Takes(suite)
        idle, video = _playable(platform, film)
        with short_takes.watching():
            platform.wait_for(video, patience=600)
        _delete(platform, video)
        hour, video = _playable(platform, long)
        seek = _seek(platform, video, long_plan, far)
        with long_takes.watching():
            time.sleep(WATCHED)
        _delete(platform, video)
        queue = [platform.upload(platform.new_course().chapters[0], film) for _ in range(QUEUED)]
        for one in queue:
            platform.wait_for(one, "playable", "ready", patience=300)
        queued, video = _playable(platform, long)
        seek_queued = _seek(platform, video, long_plan, far)
        _delete(platform, video, *queue)
    finally:
        platform.close()
        suite.stop()
    on_s3 = _on_s3(film, directory)
    rows = [
        ["1 min film playable (<= 3)", idle, beside, idle / beside],
        *([["1 min film on S3 playable", on_s3, beside, on_s3 / beside]] if on_s3 else []),
        [f"{MINUTES} min film playable (<= 3)", hour, beside_long, hour / beside_long],
        ["... over the 1 min film's (<= 1.5)", hour, idle, hour / idle],
        [f"{MINUTES} min film playable, {QUEUED} queued (<= 6)", queued, beside_long, queued / beside_long],
        ["far seek, picture and sound (<= 3)", seek, beside_far, seek / beside_far],
        [f"far seek, {QUEUED} queued (<= 6)", seek_queued, beside_far, seek_queued / beside_far],
    ]
    show(["what", "ours s", "beside s", "ratio"], rows)
    mib = 1024 * 1024
    takes = [
        [name, one.worker // mib, one.ffmpeg // mib, one.disk // mib]
        for name, one in (("1 min", short_takes), (f"{MINUTES} min", long_takes))
    ]
    show(["film", "worker MiB", "FFmpeg MiB", "temporary files MiB"], takes)
    return {"times": {str(row[0]): row[1:] for row in rows}, "takes": takes}
