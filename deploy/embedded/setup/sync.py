"""The locked environment in .venv: made once, brought up to date when the lock changes."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.problem import SetupProblemError, disk_problem
from deploy.embedded.setup.commands import run_installer
from deploy.embedded.setup.pipconfig import PackageSources, package_sources
from deploy.embedded.setup.uv import find_or_fetch_uv

_STAMP = "lectern-stamp.json"
_NEEDED_BYTES = 3 * 1024**3


class Environment:
    """The checkout's environment. `everything` includes the tools for tests and checks."""

    def __init__(self, checkout: Path, environ: Mapping[str, str], *, everything: bool) -> None:
        self._checkout = checkout
        self._environ = environ
        self._everything = everything
        self._venv = checkout / ".venv"

    @property
    def python(self) -> Path:
        return self._venv / "bin" / "python"

    def process_environment(self) -> dict[str, str]:
        """For what runs inside: its programs first on PATH."""
        path = f"{self._venv / 'bin'}{os.pathsep}{self._environ.get('PATH', os.defpath)}"
        return {**self._environ, "PATH": path, "VIRTUAL_ENV": str(self._venv)}

    def sync(self) -> None:
        """Does nothing when the stamp says that all is in place. Raises SetupProblemError."""
        if self._is_current():
            return
        self._check_place()
        sources = package_sources(self._environ)
        uv = find_or_fetch_uv(self._checkout, sources)
        environment = self._uv_environment(sources)
        print("lectern: installing what uv.lock names", file=sys.stderr, flush=True)
        for command in self._commands(uv, sources):
            run_installer("Installing the packages", command, environment, self._checkout, sources.shown_index)
        stamp = {"fingerprint": self._fingerprint(), "everything": self._everything}
        try:
            (self._venv / _STAMP).write_text(json.dumps(stamp))
        except OSError as error:
            raise _checkout_problem(error, self._venv) from error

    def _commands(self, uv: Path, sources: PackageSources) -> list[list[str | Path]]:
        """From the public index, `uv sync`. The lock holds the address of every file there, and uv takes files from
        those addresses whatever index is set; so for a mirror the lock is turned into pinned, hashed requirements."""
        groups = ["--all-groups"] if self._everything else []
        if sources.is_public:
            # Developers' tools that are there already are left alone by a mere `make run`.
            inexact = [] if self._everything else ["--inexact"]
            # An environment that works keeps its Python; only a new one takes ours.
            python = [] if self.python.exists() else ["--python", sys.executable]
            return [[uv, "sync", "--frozen", *python, *groups, *inexact]]
        requirements = self._checkout / ".tools" / "requirements.txt"
        requirements.parent.mkdir(parents=True, exist_ok=True)
        export: list[str | Path] = [uv, "export", "--frozen", "--quiet", "--no-emit-project", "--no-header"]
        install: list[str | Path] = [uv, "pip", "install", "--python", self.python]
        make: list[list[str | Path]] = []
        if not self.python.exists():
            make = [[uv, "venv", "--python", sys.executable, "--allow-existing", self._venv]]
        return [
            *make,
            [*export, *groups, "--output-file", requirements],
            [*install, "--require-hashes", "--requirement", requirements],
            [*install, "--no-deps", "--editable", self._checkout],
        ]

    def _uv_environment(self, sources: PackageSources) -> dict[str, str]:
        environment = {**self._environ, **sources.uv_environment(self._environ)}
        environment |= {
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PROJECT_ENVIRONMENT": str(self._venv),
            "UV_NO_PROGRESS": "1",
            # Seven processes start at once: none of them should have to compile what all import.
            "UV_COMPILE_BYTECODE": "1",
        }
        environment.setdefault("UV_SYSTEM_CERTS", "1")
        environment.setdefault("UV_LINK_MODE", "copy" if not self._same_disk_cache() else "hardlink")
        if not writable_home(self._environ):
            environment.setdefault("UV_CACHE_DIR", str(self._checkout / ".tools" / "uv-cache"))
        environment.pop("VIRTUAL_ENV", None)
        return environment

    def _same_disk_cache(self) -> bool:
        """Hard links need the cache on the disk of the checkout; uv would warn on every file's failure otherwise."""
        home = self._environ.get("XDG_CACHE_HOME") or self._environ.get("HOME") or ""
        try:
            return Path(home).stat().st_dev == self._checkout.stat().st_dev
        except OSError:
            return True

    def _is_current(self) -> bool:
        try:
            stamp = json.loads((self._venv / _STAMP).read_text())
        except (OSError, ValueError):
            return False
        covers = stamp.get("everything") or not self._everything
        return bool(covers and self.python.exists() and stamp.get("fingerprint") == self._fingerprint())

    def _fingerprint(self) -> str:
        """Changes with the lock and with the place: scripts in an environment know their path."""
        digest = hashlib.sha256()
        for name in ("uv.lock", "pyproject.toml"):
            digest.update((self._checkout / name).read_bytes())
        digest.update(str(self._venv).encode())
        return digest.hexdigest()

    def _check_place(self) -> None:
        if not os.access(self._checkout, os.W_OK):
            raise SetupProblemError(
                f"You may not write to the checkout {self._checkout}: give it to your user with chown, or clone it "
                f"where you may write."
            )
        free = shutil.disk_usage(self._checkout).free
        if not self._venv.exists() and free < _NEEDED_BYTES:
            raise SetupProblemError(
                f"The disk of {self._checkout} has {free // 2**20} MB free and the installation needs "
                f"{_NEEDED_BYTES // 2**20} MB: free some space, or clone Lectern on another disk."
            )
        self._drop_foreign()

    def _drop_foreign(self) -> None:
        """An environment that came along with a moved or copied checkout points to the old place: it is made anew."""
        script = self._venv / "bin" / "activate"
        try:
            known = script.read_text(errors="replace")
        except OSError:
            return
        if str(self._venv) not in known:
            shutil.rmtree(self._venv, ignore_errors=True)


def writable_home(environ: Mapping[str, str]) -> bool:
    home = environ.get("HOME")
    return bool(home) and os.access(home or "", os.W_OK)


def _checkout_problem(error: OSError, place: Path) -> SetupProblemError:
    problem = disk_problem(error, place)
    return SetupProblemError(str(problem).replace("set LECTERN_HOME to a directory", "clone Lectern into a directory"))
