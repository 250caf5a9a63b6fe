"""A Chromium that can play H.264, for the browser tests: found, or installed where that is allowed.

    python -m deploy.embedded.chromium     prints its path

CHROMIUM_PATH, else the system's, else Debian's by apt, else Google Chrome by Playwright. Playwright's own Chromium is
built without H.264, so it is no substitute.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.problem import SetupProblemError

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_PLACES = (
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def chromium_path(environ: Mapping[str, str], *, install: bool = True) -> Path:
    """Raises SetupProblemError when there is none and none can be had: browser tests are never skipped in silence."""
    given = environ.get("CHROMIUM_PATH")
    if given:
        path = Path(given)
        if path.is_file() and os.access(path, os.X_OK):
            return path
        raise SetupProblemError(f"CHROMIUM_PATH is {given}, which is no program: mend it, or leave it out.")
    found = _on_system(environ)
    if found is None and install:
        _install_debian(environ)
        found = _on_system(environ)
    if found is None and install:
        _install_chrome()
        found = _on_system(environ)
    if found is None:
        raise SetupProblemError(
            "The browser tests need a Chromium with H.264 and none is here or could be installed: install Debian's "
            "chromium or Google Chrome, or name one with CHROMIUM_PATH=/path/to/chromium."
        )
    return found


def _on_system(environ: Mapping[str, str]) -> Path | None:
    for name in _NAMES:
        path = shutil.which(name, path=environ.get("PATH"))
        if path:
            return Path(path)
    return next((Path(place) for place in _PLACES if os.access(place, os.X_OK)), None)


def _install_debian(environ: Mapping[str, str]) -> None:
    """Only where it asks nobody: as root, or with a sudo that wants no password."""
    apt = shutil.which("apt-get")
    if apt is None:
        return
    sudo: list[str] = []
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or _quiet(["sudo", "-n", "true"]) != 0:
            return
        sudo = ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND,http_proxy,https_proxy"]
    environment = {**environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*sudo, apt, "install", "--yes", "--no-install-recommends", "chromium"]
    if _shown(install, environment) != 0 and _shown([*sudo, apt, "update"], environment) == 0:
        _shown(install, environment)


def _install_chrome() -> None:
    """Google Chrome, by Playwright: the channel that brings the codecs."""
    if _quiet([sys.executable, "-c", "import playwright"]) == 0:
        _shown([sys.executable, "-m", "playwright", "install", "chrome"], os.environ)


def _quiet(command: list[str]) -> int:
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode


def _shown(command: list[str], environment: Mapping[str, str]) -> int:
    """What an installer says goes to standard error: standard output is for the path."""
    return subprocess.run(command, stdout=sys.stderr, env=dict(environment), check=False).returncode


def main() -> int:
    try:
        print(chromium_path(os.environ))
    except SetupProblemError as problem:
        print(f"lectern: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
