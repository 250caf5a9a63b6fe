"""Keys, playlists and tokens through the gateway, beside the same answers from a bare FastAPI endpoint, in one run.

Starts a suite of its own, uploads a film into a restricted chapter and opens a session, so that each key reads the
session's state and the student's frontier. At the end the session is revoked while it is being asked for keys, to show
that nothing of it was remembered. Needs ``wrk`` for the load; without it a bounded asyncio client counts, which is
slower than what it measures and says so.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from bench.table import show
from tests.support.clients import Platform, View, good
from tests.support.films import make_film
from tests.support.running import Suite, free_port

SECONDS = 8
CONNECTIONS = 32
TOKENS = 300
BARE = """
import sys, uvicorn
from pathlib import Path
from fastapi import FastAPI, Response
app = FastAPI()
playlist = Path(sys.argv[2]).read_bytes()
@app.get("/key")
async def key():
    return Response(b"k" * 16, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
@app.get("/playlist")
async def media():
    return Response(playlist, media_type="application/vnd.apple.mpegurl", headers={"Cache-Control": "no-store"})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
"""

Measured = tuple[float, float]
"""Answers per second, and the milliseconds in which 99 of 100 came."""


async def _asyncio_load(url: str) -> Measured:
    stop, took = time.perf_counter() + SECONDS, list[float]()

    async def client(session: aiohttp.ClientSession) -> None:
        while (began := time.perf_counter()) < stop:
            async with session.get(url) as answer:
                assert answer.status == 200
                await answer.read()
            took.append(time.perf_counter() - began)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(CONNECTIONS)))
    return len(took) / SECONDS, _p99(took)


def _p99(took: list[float]) -> float:
    return 1000 * sorted(took)[int(0.99 * len(took))]


def _load(url: str) -> Measured:
    """Over loopback, bounded in time."""
    if shutil.which("wrk") is None:
        return asyncio.run(_asyncio_load(url))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    rate, slow = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    assert rate is not None, said
    assert slow is not None, said
    return float(rate[1]), float(slow[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slow[2]]


def _tokens(platform: Platform, student: httpx.Client, video: str) -> Measured:
    """Tokens issued and spent one after the other by eight at once."""
    headers = {"Authorization": student.headers["Authorization"], "Accept": "application/json"}

    async def all_of_them() -> list[float]:
        took: list[float] = []
        left = iter(range(TOKENS))
        async with aiohttp.ClientSession(platform.suite.url, headers=headers) as session:

            async def client() -> None:
                for _ in left:
                    began = time.perf_counter()
                    async with session.get(f"/api/videos/{video}/access-token") as answer:
                        issued = await answer.json()
                    async with session.get(issued["streamUrl"]) as answer:
                        assert answer.status == 200
                    took.append(time.perf_counter() - began)

            await asyncio.gather(*(client() for _ in range(8)))
        return took

    began = time.perf_counter()
    took = asyncio.run(all_of_them())
    return len(took) / (time.perf_counter() - began), _p99(took)


def _revoked_at_once(platform: Platform, view: View) -> bool:
    """Whether a session that is asked for keys without a pause gets none after its revocation was answered."""
    url = f"{platform.suite.url}{view.path('key/1/0.key')}"
    seen: list[tuple[float, int]] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                began = time.perf_counter()
                seen.append((began, client.get(url).status_code))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        while len(seen) < 100:
            time.sleep(0.01)
        good(platform.admin.post("/api/admin/sessions/revoke", json={"sessionId": view.document["sessionId"]}))
        revoked = time.perf_counter()
        while not seen or seen[-1][0] < revoked:
            time.sleep(0.01)
    finally:
        stop.set()
        asking.join()
    return all(status == 401 for began, status in seen if began > revoked)


def measure() -> dict[str, Any]:
    """Answers per second of both, their ratio, and the 99th percentile of each."""
    with tempfile.TemporaryDirectory(prefix="lectern-bench-") as directory:
        # One student asks for all the tokens: the limit is counted, and never reached.
        suite = Suite(Path(directory) / "home", RATE_ACCESS_TOKENS="1000000", RATE_CALLS="1000000").start()
        try:
            return _measure(suite, Path(directory))
        finally:
            suite.stop()


def _measure(suite: Suite, directory: Path) -> dict[str, Any]:
    platform = Platform(suite)
    course = platform.new_course(restricted=True)
    video = platform.ready(course.chapters[0], make_film(directory / "film.mp4", seconds=90, size="96x54", fps=5))
    student = platform.student(course)
    view = platform.watch(student, video)
    media = platform.client().get(view.path("full/audio.m3u8"))
    playlist = directory / "playlist.m3u8"
    playlist.write_bytes(media.content)
    port = free_port()
    bare = subprocess.Popen([sys.executable, "-c", BARE, str(port), str(playlist)])
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/key")
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        rows: list[list[object]] = []
        figures: dict[str, Any] = {}
        for what, path, plain_path in (
            ("key", "key/1/0.key", "key"),
            ("media playlist", "full/audio.m3u8", "playlist"),
        ):
            ours, plain = _load(f"{suite.url}{view.path(path)}"), _load(f"http://127.0.0.1:{port}/{plain_path}")
            rows.append([what, round(ours[0]), ours[1], round(plain[0]), plain[1], ours[0] / plain[0]])
            figures[what] = {"per_second": ours[0], "p99_ms": ours[1], "bare": plain[0], "ratio": ours[0] / plain[0]}
    finally:
        bare.terminate()
        bare.wait()
    show(["answer", "per second", "p99 ms", "bare FastAPI", "p99 ms", "ratio (>= 0.30)"], rows)
    rate, slow = _tokens(platform, student, video)
    revoked = _revoked_at_once(platform, platform.watch(student, video))
    show(
        ["tokens issued and spent per second", "p99 ms", "a revocation holds at the next key", "load from"],
        [[round(rate), slow, revoked, "wrk" if shutil.which("wrk") else "asyncio"]],
    )
    platform.close()
    return figures | {"tokens_per_second": rate, "tokens_p99_ms": slow, "revoked_at_once": revoked}
