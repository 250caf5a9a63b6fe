"""Beats through the gateway, durable before the answer, beside a bare FastAPI endpoint behind the same proxy, in one run.

Starts a suite of its own with a film, and sessions of as many students as a school has at once. A second gateway stands
beside the suite's, the same program on the same database, with a bare FastAPI endpoint in the place of the progress
service: it reads the beat and answers a document of the same size, and keeps nothing. Every beat tells a stretch that is
new to its session and that time has given. At the end what Postgres holds is compared with what was acknowledged.
Needs ``wrk`` for the load.
"""

import asyncio
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bench.progress_scale import Scale, fill
from bench.table import show
from shared.db import new_id
from tests.support.clients import Platform
from tests.support.films import make_film
from tests.support.running import Suite, free_port

SECONDS = 10
CONNECTIONS = 64
STUDENTS = 2_000
FILM_SECONDS = 600
STRETCH = 0.2
"""Seconds of film in a beat: less than the wall clock gives each student between two of them."""
ROUNDS = 3

BARE = """
import json, sys, uvicorn
from fastapi import FastAPI, Request
app = FastAPI()
answer = json.loads(sys.argv[2])
@app.post("/internal/beats")
async def beat(request: Request):
    json.loads(await request.body())
    return answer
@app.get("/health/ready")
async def ready():
    return {"checks": {}}
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
"""

SCRIPT = """
local credentials, numbers, at = {}, {}, 0
for line in io.lines("%(credentials)s") do credentials[#credentials + 1] = line; numbers[#credentials] = %(first)d end
request = function()
    at = at %% #credentials + 1
    local number = numbers[at]
    numbers[at] = number + 1
    local from = (number * %(stretch)f) %% (%(film)f - %(stretch)f)
    local body = string.format('{"seq":%%d,"sentAt":"2026-01-01T00:00:00Z","intervals":[{"from":%%.3f,"to":%%.3f,"rate":1}],'
        .. '"position":%%.3f,"state":"playing"}', number, from, from + %(stretch)f, from + %(stretch)f)
    return wrk.format("POST", "/api/playback/" .. credentials[at] .. "/beat", {["Content-Type"] = "text/plain"}, body)
end
"""

Measured = tuple[float, float, int]
"""Answers per second, the milliseconds in which 99 of 100 came, and how many there were."""


def measure() -> dict[str, Any]:
    """Beats per second of both, their ratio, and the 99th percentile of each."""
    assert shutil.which("wrk"), "this benchmark needs wrk"
    with tempfile.TemporaryDirectory(prefix="lectern-bench-") as directory:
        suite = Suite(Path(directory) / "home", MAX_STREAMS="0").start()
        try:
            return _measure(suite, Path(directory))
        finally:
            suite.stop()


def _measure(suite: Suite, directory: Path) -> dict[str, Any]:
    platform = Platform(suite)
    course = platform.new_course(free=True)
    film = make_film(directory / "film.mp4", seconds=FILM_SECONDS, size="128x72", fps=5, sound=False)
    video = platform.ready(course.chapters[0], film)
    credentials = directory / "credentials"
    credentials.write_text("\n".join(open_sessions(suite, video, course.id, course.chapters[0], STUDENTS)) + "\n")
    figures: dict[str, Any] = {}
    with bare_gateway(suite, directory) as bare:
        figures["beats"] = compare(suite, bare, credentials, directory, 1, "few rows")
        asyncio.run(_fill(suite))
        figures["beats at size"] = compare(
            suite, bare, credentials, directory, 10_000_000, "1,000,000 rows of progress"
        )
    slower = figures["beats"]["per_second"] / figures["beats at size"]["per_second"]
    slower_p99 = figures["beats at size"]["p99_ms"] / figures["beats"]["p99_ms"]
    show(["at size, times slower (<= 1.3)", "p99, times longer"], [[slower, slower_p99]])
    figures |= {"times_slower_at_size": slower, "times_longer_p99_at_size": slower_p99, "kept": kept(suite)}
    platform.close()
    return figures


async def _fill(suite: Suite) -> None:
    """A million rows of progress and ten million events of others, beside those who watch."""
    connection = await asyncpg.connect(suite.facts()["databaseUrl"], command_timeout=1200)
    try:
        await connection.execute("SET statement_timeout = 0")
        took = await fill(connection, Scale())
    finally:
        await connection.close()
    show(["made", "seconds"], [[what, seconds] for what, seconds in took.items()])


def compare(suite: Suite, bare: str, credentials: Path, directory: Path, first: int, what: str) -> dict[str, float]:
    """In turn, so that whatever else the machine does is shared; of each the round in the middle."""
    ours, plain = list[Measured](), list[Measured]()
    for turn in range(ROUNDS + 1):
        mine = _load(suite.url, credentials, directory, first)
        other = _load(bare, credentials, directory, first)
        first += 100_000
        if turn:
            ours.append(mine)
            plain.append(other)
    mine, other = sorted(ours)[ROUNDS // 2], sorted(plain)[ROUNDS // 2]
    show(
        ["beats", "per second", "p99 ms", "bare FastAPI", "p99 ms", "ratio (>= 0.40)"],
        [[f"{STUDENTS} students, {what}", round(mine[0]), mine[1], round(other[0]), other[1], mine[0] / other[0]]],
    )
    return {
        "per_second": mine[0], "p99_ms": mine[1], "bare": other[0], "bare_p99_ms": other[1], "ratio": mine[0] / other[0],
        "acknowledged": float(sum(one[2] for one in ours)),
    }  # fmt: skip


def kept(suite: Suite) -> dict[str, float]:
    """What Postgres holds of the beats."""
    [row] = suite.query(
        "SELECT count(*) AS rows, sum(watch_time_ms)::float8 AS ms, (SELECT sum(credited_ms)::float8 FROM"
        " learning.watch_sessions WHERE user_id LIKE 'bench-%') AS sessions_ms"
        " FROM learning.progress WHERE user_id LIKE 'bench-%'"
    )
    assert row["ms"] == row["sessions_ms"], "what sessions brought and what progress holds differ"
    return {"progress_rows": row["rows"], "credited_seconds": row["ms"] / 1000}


def open_sessions(suite: Suite, video: str, course: str, chapter: str, count: int) -> Iterator[str]:
    """Sessions of as many students, as rows: their credentials."""
    [version] = suite.query("SELECT current_version_id FROM media.videos WHERE id = $1::text::uuid", video)
    credentials = [secrets.token_urlsafe(32) for _ in range(count)]
    suite.query(
        """INSERT INTO access.playback_sessions (id, credential_hash, video_id, version_id, course_id, chapter_id, user_id,
               role, key_epoch, first_watch_restricted, network_v4, created_at, last_active_at, expires_at,
               absolute_expires_at)
           SELECT q.id, q.hash, $3::text::uuid, $4, $5, $6, 'bench-' || q.n, 'student', 1, false, '127.0.0.0/24', now(),
                  now(), now() + interval '2 hours', now() + interval '1 day'
           FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS q(id, hash, n)""",
        [new_id() for _ in credentials],
        [hashlib.sha256(one.encode()).digest() for one in credentials],
        video,
        version["current_version_id"],
        course,
        chapter,
    )
    return iter(credentials)


@contextmanager
def bare_gateway(suite: Suite, directory: Path) -> Iterator[str]:
    """The suite's gateway once more, with a bare FastAPI endpoint in the place of the progress service; its address."""
    ports = free_port(), free_port()
    environment = suite.process("services.gateway").environ()
    environment |= {
        "LISTEN_PORT": str(ports[0]),
        "PROGRESS_URL": f"http://127.0.0.1:{ports[1]}",
        "LECTERN_SUPERVISED": "",
    }
    answer = json.dumps(_SAMPLE)
    running = [
        subprocess.Popen([sys.executable, "-c", BARE, str(ports[1]), answer]),
        subprocess.Popen(
            [sys.executable, "-m", "services.gateway"],
            env={**os.environ, **environment, "LOG_LEVEL": "ERROR"},
            stdout=subprocess.DEVNULL,
        ),
    ]
    try:
        for port in ports:
            while True:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        for one in running:
            one.terminate()
            one.wait()


_SAMPLE = {
    "chapterId": "course-0-883d9e83.ch1", "courseId": "course-0-883d9e83", "videoId": str(new_id()),
    "currentPosition": 12.2, "totalDuration": 600.0, "watchPercentage": 2.0, "completionPercentage": 90.0,
    "isCompleted": False, "completedAt": None, "startedAt": "2026-01-01T00:00:00.000Z", "frontier": 12.2, "maxSeek": 600.0,
    "gaps": [], "watchedSeconds": 12.2, "nextChapterId": None, "nextChapterUnlocked": False,
    "updatedAt": "2026-01-01T00:00:00.000Z",
}  # fmt: skip


def _load(url: str, credentials: Path, directory: Path, first: int) -> Measured:
    """Over loopback, bounded in time."""
    script = directory / "beats.lua"
    values = {"credentials": credentials, "first": first, "stretch": STRETCH, "film": float(FILM_SECONDS)}
    script.write_text(SCRIPT % values)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    rate, slow = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    count = re.search(r"(\d+) requests in", said)
    assert rate and slow and count, said
    return float(rate[1]), float(slow[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slow[2]], int(count[1])
