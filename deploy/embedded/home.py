"""The home of an installation: one directory that holds all its state, used by one supervisor at a time.

    secrets.env   generated once, mode 0600        postgres/   the database cluster
    storage/      private/ and public/ objects     valkey/     the queue's append-only file
    logs/         one rotated file per process     work/       scratch space of the transcoder
    run/          what the running instance is     lock        held while a supervisor (or its sentinel) lives

The home itself is mode 0711: as root, Postgres runs as another user and has to pass through it. Everything below is
closed to others.
"""

import errno
import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.embedded.problem import SetupProblemError, disk_problem

MINIMUM_FREE_BYTES = 512 * 1024 * 1024
# After kill -9 the sentinel still holds the lock until it has killed what is left; that takes milliseconds.
SENTINEL_PATIENCE = 10.0
# Marks in demo/.
DEMO_WATCHABLE = "watchable"
DEMO_DONE = "done"


class Home:
    """Paths and lock of one installation."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    @property
    def secrets_file(self) -> Path:
        return self.path / "secrets.env"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def work(self) -> Path:
        return self.path / "work"

    @property
    def private_storage(self) -> Path:
        return self.path / "storage" / "private"

    @property
    def public_storage(self) -> Path:
        return self.path / "storage" / "public"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def demo(self) -> Path:
        return self.path / "demo"

    @property
    def demo_watchable(self) -> Path:
        """There once the first film of the demo course could be watched."""
        return self.demo / DEMO_WATCHABLE

    @property
    def demo_done(self) -> Path:
        """There once the demo course was whole."""
        return self.demo / DEMO_DONE

    @property
    def instance_file(self) -> Path:
        """What runs here now: url, pid, database and queue address. Mode 0600, there only while it runs."""
        return self.run / "instance.json"

    @property
    def lock_descriptor(self) -> int:
        if self._lock is None:
            raise RuntimeError("the home is not locked")
        return self._lock

    def prepare(self) -> None:
        """Makes the directories and proves that they can be written. Raises SetupProblemError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o711)
            for directory in (self.logs, self.run, self.work, self.path / "storage", self.valkey, self.demo):
                directory.mkdir(mode=0o700, exist_ok=True)
            self.private_storage.mkdir(mode=0o700, exist_ok=True)
            self.public_storage.mkdir(mode=0o700, exist_ok=True)
            probe = self.run / f"probe-{os.getpid()}"
            probe.write_bytes(b"x" * 4096)
            probe.unlink()
        except OSError as error:
            raise disk_problem(error, self.path) from error

    def check_free_space(self, minimum: int = MINIMUM_FREE_BYTES) -> None:
        free = shutil.disk_usage(self.path).free
        if free < minimum:
            raise SetupProblemError(
                f"Only {free // 2**20} MB are free where {self.path} is, and Lectern needs {minimum // 2**20} MB "
                f"to start: free some space, or set LECTERN_HOME to a directory on another disk."
            )

    def lock(self) -> None:
        """Takes this home for the life of the process. Raises SetupProblemError when another instance has it."""
        path = self.path / "lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise disk_problem(error, self.path) from error
        deadline = time.monotonic() + SENTINEL_PATIENCE
        while not _try_lock(descriptor):
            holder = _read_pid(path)
            if (holder is not None and process_exists(holder)) or time.monotonic() > deadline:
                os.close(descriptor)
                named = f" (process {holder})" if holder else ""
                raise SetupProblemError(
                    f"Another instance of Lectern{named} runs on the same home {self.path}: stop it first, "
                    f"or give this one its own with LECTERN_HOME=/some/where PORT=8001 make run."
                )
            time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write_instance(self, facts: dict[str, Any]) -> None:
        write_private(self.instance_file, json.dumps(facts, indent=2) + "\n")

    def read_instance(self) -> dict[str, Any] | None:
        """What runs on this home, or None. A file left by a killed supervisor does not count."""
        try:
            facts: dict[str, Any] = json.loads(self.instance_file.read_text())
        except (OSError, ValueError):
            return None
        return facts if process_exists(int(facts.get("pid", 0))) else None

    def forget_instance(self) -> None:
        self.instance_file.unlink(missing_ok=True)


def write_private(path: Path, text: str, owner: Callable[[Path], None] | None = None) -> None:
    """Writes a file of mode 0600 in one step: readers see the old text or the new one, after a crash too."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if owner is not None:
            owner(temporary)
        temporary.replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise disk_problem(error, path.parent) from error


def process_exists(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def check_port_free(host: str, port: int) -> None:
    """Raises SetupProblemError when `host:port` cannot be listened on, with a port that can."""
    try:
        _try_bind(host, port)
    except PermissionError as error:
        raise SetupProblemError(
            f"Port {port} may only be opened by root: choose one above 1023, for example PORT=8000 make run."
        ) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise SetupProblemError(
                f"This machine cannot listen on {host} ({error.strerror or error}): set HOST to one of its addresses."
            ) from error
        raise SetupProblemError(
            f"Port {port} is taken by another program: stop it, or choose another port, "
            f"for example PORT={_next_free(host, port)} make run."
        ) from error


def _next_free(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + 200, 65536)):
        try:
            _try_bind(host, candidate)
        except OSError:
            continue
        return candidate
    return port + 1


def _try_bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        # Two sockets that both allow reuse can be bound at once, but only one of them can listen.
        probe.listen(1)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
