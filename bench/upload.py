"""Films on their way in, beside a bare Starlette endpoint that writes and fsyncs the same bytes, in one run.

Starts a suite of its own on disk. Its transcoder is held meanwhile: what is measured is the way in, not what comes after.
The same client sends everything, from a process of its own, over loopback. Each figure is the median of three.
"""

import json
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.table import show
from tests.support.clients import Course, Platform, good
from tests.support.films import make_film
from tests.support.running import Suite, free_port
from tests.support.tus import VERSION, metadata

MB = 1_000_000
GIB = 1024**3
ROUNDS = 3
SIZE = GIB
LARGEST = 2 * GIB
AT_ONCE = 20
SMALL = 96 * 1024 * 1024
BARE = """
import os, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
async def put(request):
    with open(os.path.join(sys.argv[2], request.path_params["name"]), "wb") as file:
        async for piece in request.stream():
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return Response(status_code=201)
app = Starlette(routes=[Route("/{name}", put, methods=["PUT"])])
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
"""
CLIENT = """
import http.client, json, sys, time
asked = json.loads(sys.argv[1])
connection = http.client.HTTPConnection(asked["host"], asked["port"], timeout=600, blocksize=1024 * 1024)
class Body:
    # A form's head and foot around the film, where there are any.
    def __init__(self):
        self.parts = [asked["head"].encode(), None, asked["foot"].encode()]
        self.film = open(asked["film"], "rb")
    def read(self, size):
        if self.parts and self.parts[0] is not None:
            return self.parts.pop(0) or self.read(size)
        block = self.film.read(size)
        if not block and self.parts:
            self.parts.pop(0)
            return self.read(size) if self.parts else b""
        return block
began = time.perf_counter()
connection.request(asked["method"], asked["path"], Body(), asked["headers"])
answer = connection.getresponse()
text = answer.read().decode()
print(json.dumps({"status": answer.status, "seconds": time.perf_counter() - began, "text": text}))
"""


def film_of(path: Path, size: int) -> Path:
    """A film of exactly ``size`` bytes: a short one, and a box that players pass over, which is no hole on the disk."""
    made = make_film(path, seconds=4)
    left = size - made.stat().st_size
    with made.open("ab") as file:
        file.write(struct.pack(">I4s", left, b"free"))
        block = bytes(range(256)) * 4096
        for start in range(8, left, len(block)):
            file.write(block[: left - start])
    assert made.stat().st_size == size
    return made


def _sent(
    url: str, method: str, path: str, film: Path, headers: dict[str, str], head: str = "", foot: str = ""
) -> dict[str, Any]:
    host, port = url.removeprefix("http://").split(":")
    length = film.stat().st_size + len(head) + len(foot)
    asked = {
        "host": host, "port": int(port), "method": method, "path": path, "film": str(film),
        "headers": {**headers, "Content-Length": str(length)}, "head": head, "foot": foot,
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", CLIENT, json.dumps(asked)], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["status"] in (201, 202, 204), answer
    return answer


class Ways:
    """The ways to send a film."""

    def __init__(self, platform: Platform, bare: str) -> None:
        self._platform = platform
        self._bare = bare
        self._authorization = {"Authorization": platform.admin.headers["Authorization"]}

    def chapter(self) -> str:
        course: Course = self._platform.new_course()
        return course.chapters[0]

    def bare(self, film: Path) -> float:
        return float(_sent(self._bare, "PUT", f"/{time.monotonic_ns()}", film, {})["seconds"])

    def form(self, film: Path) -> float:
        mark = "lectern-bench"
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="chapterId"\r\n\r\n{self.chapter()}\r\n--{mark}\r\n'
            'Content-Disposition: form-data; name="video"; filename="film.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
        )
        headers = self._authorization | {"Content-Type": f"multipart/form-data; boundary={mark}"}
        url = self._platform.suite.url
        return float(_sent(url, "POST", "/api/videos/upload", film, headers, head, f"\r\n--{mark}--\r\n")["seconds"])

    def tus(self, film: Path) -> float:
        about = metadata(chapterId=self.chapter(), filename="film.mp4")
        length = {"Upload-Length": str(film.stat().st_size)}
        begun = self._platform.admin.post("/api/uploads/tus", headers=VERSION | length | about)
        good(begun, 201)
        headers = (
            self._authorization | VERSION | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        )
        return float(_sent(self._platform.suite.url, "PATCH", begun.headers["Location"], film, headers)["seconds"])


@contextmanager
def _memory(suite: Suite) -> Iterator[dict[str, float]]:
    """MiB that gateway and media grow by while a block runs, at most."""
    processes = {name: suite.process(f"services.{name}") for name in ("gateway", "media")}
    idle = {name: _resident(process) for name, process in processes.items()}
    peak, ended = dict(idle), threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            for name, process in processes.items():
                peak[name] = max(peak[name], _resident(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    grown: dict[str, float] = {}
    try:
        yield grown
    finally:
        ended.set()
        watcher.join()
        grown |= {name: (peak[name] - idle[name]) / 1024**2 for name in processes}


def _resident(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def _at_once(send: Callable[[Path], float], film: Path) -> float:
    """Seconds until all of them are in."""
    threads = [threading.Thread(target=send, args=(film,)) for _ in range(AT_ONCE)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="lectern-bench-") as folder:
        place = Path(folder)
        (place / "bare").mkdir()
        port = free_port()
        bare = subprocess.Popen([sys.executable, "-c", BARE, str(port), str(place / "bare")])
        suite = Suite(place / "home").start()
        platform = Platform(suite)
        try:
            with suite.held("services.transcoder.worker"):
                return _measure(suite, Ways(platform, f"http://127.0.0.1:{port}"), place)
        finally:
            platform.close()
            bare.terminate()
            bare.wait()
            suite.stop()


def _measure(suite: Suite, ways: Ways, place: Path) -> dict[str, Any]:
    film = film_of(place / "film.mp4", SIZE)
    senders = {"bare": ways.bare, "form": ways.form, "tus": ways.tus}
    taken: dict[str, list[float]] = {name: [] for name in senders}
    for send in senders.values():
        send(film_of(place / "warm.mp4", 16 * 1024 * 1024))
    for _ in range(ROUNDS):
        for name, send in senders.items():
            taken[name].append(send(film))
            _make_room(place)
    rates = {name: SIZE / MB / statistics.median(times) for name, times in taken.items()}
    ratios = {name: rates[name] / rates["bare"] for name in ("form", "tus")}
    show(
        ["1 GiB, one at a time", "MB/s", "of the bare endpoint (wanted >= 0.60)"],
        [[name, rates[name], ratios.get(name, 1.0)] for name in senders],
    )
    memory = _memory_at_largest(suite, ways, place)
    small = film_of(place / "small.mp4", SMALL)
    together = {}
    for name, send in senders.items():
        with _memory(suite) as grown:
            together[name] = AT_ONCE * SMALL / MB / _at_once(send, small)
        memory[f"{name}, {AT_ONCE} at once"] = grown
        _make_room(place)
    show(
        [f"{AT_ONCE} at once, 96 MiB each", "MB/s", "of the bare endpoint"],
        [[name, rate, rate / together["bare"]] for name, rate in together.items()],
    )
    show(
        ["grows by, MiB (one of 2 GB: wanted <= 32)", "gateway", "media"],
        [[name, grown["gateway"], grown["media"]] for name, grown in memory.items() if not name.startswith("bare")],
    )
    return {"mb_per_s": rates, "ratios": ratios, "at_once": together, "memory_mib": memory}


def _memory_at_largest(suite: Suite, ways: Ways, place: Path) -> dict[str, dict[str, float]]:
    film = film_of(place / "largest.mp4", LARGEST)
    memory = {}
    for name, send in (("form", ways.form), ("tus", ways.tus)):
        with _memory(suite) as grown:
            send(film)
        memory[f"{name}, 2 GB"] = grown
        _make_room(place)
    film.unlink()
    return memory


def _make_room(place: Path) -> None:
    """What was sent is not needed, and the next round shall find the disk as the one before did."""
    for kept in (place / "bare", place / "home" / "storage" / "private"):
        for file in kept.rglob("*"):
            if file.is_file() and file.stat().st_size > MB:
                file.unlink()
