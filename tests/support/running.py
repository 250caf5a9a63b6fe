"""The whole suite as a user runs it after the set-up: ``lectern run`` on a home and a port of its own."""

import asyncio
import contextlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from tests.support.patience import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
RUNNING: list["Suite"] = []
"""The suites of this test process, so that a failing test can show what they said."""


class Suite:
    """One installation. ``settings`` are environment variables as ``.env.example`` names them."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.port = free_port()
        self.settings = settings
        self.lines: list[str] = []
        self.spoken: set[str] = set()
        """Every secret that passed over the wire: none of it may stand in anything that is written."""
        self.refusals: list[str] = []
        """The bodies of all answers that were errors."""
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._fresh: queue.Queue[str | None] = queue.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Suite":
        """Start it and return when it says that it is ready."""
        environment = {name: value for name, value in os.environ.items() if not _is_setting(name)}
        environment |= {"LECTERN_HOME": str(self.home), "PORT": str(self.port), "DEMO_COURSE": "0", **self.settings}
        self._fresh = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "run"],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace",
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self._process, self._fresh), daemon=True)
        self._reader.start()
        RUNNING.append(self)
        self._wait_for_line(rf"^Lectern is ready at {re.escape(self.url)}$")
        return self

    def stop(self) -> None:
        """Stop it by SIGTERM; asserts that it ended well and left no process behind."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=120)
        self._forget()
        left = self.processes()
        assert not left, f"processes of the suite are left: {left}"
        assert code == 0, f"the suite ended with {code}:\n" + "\n".join(self.lines[-40:])

    def kill(self) -> None:
        """SIGKILL to the supervisor and to everything it started, all at once."""
        assert self._process is not None
        for one in [psutil.Process(self._process.pid), *self.processes()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self._process.wait(timeout=60)
        self._forget()
        until(lambda: not self.processes(), "the end of all killed processes", patience=30)

    def _forget(self) -> None:
        if self in RUNNING:
            RUNNING.remove(self)
        if self._reader is not None:
            self._reader.join(timeout=10)

    def processes(self) -> list[psutil.Process]:
        """All living processes that belong to this home: by the mark in their environment, or by naming the home.

        Valkey writes its title over both, so where a process works counts as well.
        """
        mark, path = f"LECTERN_SUPERVISED={self.home}".encode(), str(self.home).encode()
        supervisor = self._process.pid if self._process is not None else None
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                ours = mark in (entry / "environ").read_bytes().split(b"\0") or path in (entry / "cmdline").read_bytes()
                ours = ours or os.fsencode(os.readlink(entry / "cwd")).startswith(path)
                if not ours or b") Z " in (entry / "stat").read_bytes():
                    continue
                if int(entry.name) not in (supervisor, os.getpid()):
                    found.append(psutil.Process(int(entry.name)))
            except (OSError, psutil.NoSuchProcess):
                continue
        return found

    def process(self, module: str) -> psutil.Process:
        """The one process that runs ``python -m <module>``."""
        found = []
        for one in self.processes():
            # What ends while one looks is not the one.
            with contextlib.suppress(psutil.NoSuchProcess):
                if one.cmdline()[-2:] == ["-m", module]:
                    found.append(one)
        assert len(found) == 1, f"{module} runs {len(found)} times"
        return found[0]

    def server(self, name: str) -> psutil.Process:
        """The head of the processes of ``postgres`` or ``valkey``."""

        def runs(process: psutil.Process | None) -> bool:
            # By the program's path: the packages' binaries have names of their own.
            return process is not None and name in Path(process.exe()).as_posix().rpartition("site-packages")[2]

        found = [one for one in self.processes() if runs(one) and not runs(one.parent())]
        assert len(found) == 1, found
        return found[0]

    @contextlib.contextmanager
    def held(self, module: str) -> Iterator[None]:
        """The process of ``module`` stopped in its tracks while a block runs, as on a machine that is busy."""
        one = self.process(module)
        one.suspend()
        try:
            yield
        finally:
            one.resume()

    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "run" / "instance.json").read_text())
        return found

    def secrets(self) -> dict[str, str]:
        """What stands in the home's secrets.env."""
        lines = (self.home / "secrets.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the suite's own Postgres, as the owner of the database."""

        async def ask() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.facts()["databaseUrl"])
            try:
                return [dict(row) for row in await connection.fetch(sql, *values)]
            finally:
                await connection.close()

        rows: list[dict[str, Any]] = run_async(ask())
        return rows

    def files(self, store: str) -> set[str]:
        """Keys of what stands in the private or the public root, what is half written too."""
        root = self.home / "storage" / store
        # os.walk, because folders may go while one looks.
        return {str((Path(folder) / name).relative_to(root)) for folder, _, names in os.walk(root) for name in names}

    def log_text(self) -> str:
        """Everything that any process of this home ever said."""
        kept = [path.read_text(errors="replace") for path in sorted((self.home / "logs").rglob("*")) if path.is_file()]
        return "\n".join([*kept, *self.lines])

    def _read(self, process: "subprocess.Popen[str]", fresh: "queue.Queue[str | None]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            fresh.put(line.rstrip("\n"))
        fresh.put(None)

    def _wait_for_line(self, pattern: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._fresh.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"the suite never said {pattern!r}:\n" + "\n".join(self.lines[-60:])
            if re.search(pattern, line):
                return


def _is_setting(name: str) -> bool:
    """Whether a variable of the developer's own shell would reach into the suite under test."""
    own = (
        *("LECTERN_", "S3_", "PLATFORM_JWT_", "DEMO_", "MASTER_KEYS", "IP_POLICY", "TRUSTED_", "MAX_UPLOAD", "STORAGE"),
        *("CORS_", "CSP_", "HSTS_", "RATE_", "AUDIT_", "WEBHOOK_", "LRS_", "EVENT_"),
    )
    return name.endswith(("_URL", "_SERVICE_SECRET")) or name.startswith(own) or name in ("PORT", "HOST", "FFMPEG_PATH")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_async(work: Any) -> Any:
    """Run a coroutine from a synchronous test, in a thread of its own so that pytest's loop stays untouched."""
    box: dict[str, Any] = {}

    def run() -> None:
        try:
            box["value"] = asyncio.run(work)
        except BaseException as error:
            box["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if "error" in box:
        raise box["error"]
    return box["value"]
