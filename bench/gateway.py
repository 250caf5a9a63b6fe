"""Key requests through the gateway, beside the same 16 bytes from a bare FastAPI endpoint, in the same run.

Starts a suite of its own, uploads a film, opens a session. Needs ``wrk`` for the load; without it a bounded asyncio
client counts, which is slower than what it measures and says so.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench.table import show
from tests.support.clients import Platform
from tests.support.films import make_film
from tests.support.running import Suite, free_port

SECONDS = 8
CONNECTIONS = 32
BARE = """
import sys, uvicorn
from fastapi import FastAPI, Response
app = FastAPI()
@app.get("/key")
async def key():
    return Response(b"k" * 16, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
"""


async def _asyncio_load(url: str) -> float:
    stop, count = time.perf_counter() + SECONDS, 0

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal count
        while time.perf_counter() < stop:
            async with session.get(url) as answer:
                assert answer.status == 200
                await answer.read()
            count += 1

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(CONNECTIONS)))
    return count / SECONDS


def _load(url: str) -> float:
    """Requests per second over loopback, bounded in time."""
    if shutil.which("wrk") is None:
        return asyncio.run(_asyncio_load(url))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found is not None, said
    return float(found[1])


def measure() -> dict[str, Any]:
    """Requests per second of both, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="lectern-bench-") as directory:
        suite = Suite(Path(directory) / "home").start()
        port = free_port()
        bare = subprocess.Popen([sys.executable, "-c", BARE, str(port)])
        try:
            platform = Platform(suite)
            course = platform.new_course()
            film = make_film(Path(directory) / "film.mp4", seconds=6)
            video = platform.ready(course.chapters[0], film)
            view = platform.watch(platform.student(course), video)
            ours = _load(f"{suite.url}{view.path('key/1/0.key')}")
            plain = _load(f"http://127.0.0.1:{port}/key")
            platform.close()
        finally:
            bare.terminate()
            bare.wait()
            suite.stop()
    show(
        ["keys per second", "bare FastAPI", "ratio", "load from"],
        [[round(ours), round(plain), ours / plain, "wrk" if shutil.which("wrk") else "asyncio"]],
    )
    return {"keys_per_second": ours, "bare": plain, "ratio": ours / plain}
