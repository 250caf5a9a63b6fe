"""Whole instances of the supervisor, as a user would start them, on their own homes and ports.

The services are stand-ins (stub_services/): these tests are about the processes, not about what they serve.
"""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.patience import until
from tests.support.running import ROOT, free_port

STUBS = Path(__file__).parent / "stub_services"
PATIENCE = 90.0


def copy_tree(target: Path) -> Path:
    """A checkout with the real supervisor and command line, and services that only pretend."""
    ignore = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in ("deploy", "cli"):
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for name in ("services", "shared"):
        shutil.copytree(STUBS / name, target / name, ignore=ignore)
    return target


class Instance:
    """One `lectern run`. Lines of its output are kept; everything it started is known by the home's mark."""

    def __init__(self, tree: Path, home: Path, port: int, **settings: str) -> None:
        self.home = home
        self.port = port
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        environment |= {"LECTERN_HOME": str(home), "PORT": str(port), "DEMO_COURSE": "0", **settings}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "run"],
            cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def line(self, pattern: str) -> re.Match[str]:
        """Waits for a line of output, among those not asked for yet."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._fresh.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"no line {pattern!r} in:\n" + "\n".join(self.lines + self._errors)
            if match := re.search(pattern, line):
                return match

    def ready(self) -> "Instance":
        self.line(rf"^Lectern is ready at {re.escape(self.url)}$")
        return self

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())

    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "run" / "instance.json").read_text())
        return found

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def find(self, part: str) -> psutil.Process:
        """The process whose command line holds `part`, past its launcher."""

        def look() -> psutil.Process | None:
            for one in self.descendants():
                try:
                    command = " ".join(one.cmdline())
                except psutil.Error:
                    continue
                if part in command and "launch.py" not in command:
                    return one
            return None

        found: psutil.Process = until(look, f"a process {part}")
        return found

    def strays(self) -> list[int]:
        """Living processes that carry the mark of this home."""
        wanted = f"LECTERN_SUPERVISED={self.home}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                marked = wanted in (entry / "environ").read_bytes().split(b"\0")
                zombie = b") Z" in (entry / "stat").read_bytes()
            except OSError:
                continue
            if marked and not zombie:
                found.append(int(entry.name))
        return found

    def stop(self, which: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Exit status and what stood on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(which)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        code = self.process.wait(timeout=PATIENCE)
        for reader in self._readers:
            reader.join(timeout=10)
        return code, "\n".join(self._errors)

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._fresh.put(line.rstrip("\n"))
        self._fresh.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._errors.extend(line.rstrip("\n") for line in self.process.stderr)


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = copy_tree(tmp_path_factory.mktemp("checkout"))
    # Postgres runs as another user when the tests run as root; pytest's directories are closed to it.
    for directory in (target, *target.parents):
        if directory.is_relative_to(tmp_path_factory.getbasetemp().parent):
            directory.chmod(0o755)
    return target


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def start(tree: Path, home: Path) -> Iterator[Callable[..., Instance]]:
    """Starts instances, by default on this test's home; at the end nothing of them is left, or the test fails."""
    started: list[Instance] = []

    def begin(*, at: Path = home, port: int | None = None, checkout: Path = tree, **settings: str) -> Instance:
        instance = Instance(checkout, at, port or free_port(), **settings)
        started.append(instance)
        return instance

    yield begin
    for instance in started:
        instance.stop()
    for instance in started:
        until(lambda one=instance: not one.strays(), "the end of all processes", patience=20)


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    return until


@pytest.fixture
def unused_port() -> int:
    return free_port()


@pytest.fixture
def copy_checkout() -> Callable[[Path], Path]:
    return copy_tree


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No uv on PATH, and nothing said about where packages come from."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in [one for one in os.environ if one.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
