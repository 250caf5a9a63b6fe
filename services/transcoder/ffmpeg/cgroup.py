"""Control groups that cap how many processes a child may have, and how much memory all of them together.

Version 2 needs a group whose controllers reach its children (systemd:
`Delegate=yes`; or root outside a container); version 1 a writable hierarchy.
Where neither is to be had, `Groups.found` is empty and nothing is capped here.

A group is named after the process that made it, so that what a killed worker left is told from what is in use.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CONTROLLERS = ("pids", "memory")
_FILES = {
    2: {"pids": "pids.max", "memory": "memory.max"},
    1: {"pids": "pids.max", "memory": "memory.limit_in_bytes"},
}
_LAST_LOOKS = 200
_BETWEEN_LOOKS = 0.01  # seconds; a killed process takes some to leave its group


@dataclass(frozen=True)
class Base:
    """A group below which we may make groups of our own that cap `controllers`."""

    directory: Path
    version: int
    controllers: tuple[str, ...]


class Groups:
    """All methods but `removed` wait for nothing but the kernel, yet belong in a thread: a busy hierarchy has locks."""

    def __init__(self) -> None:
        self.found = _bases()
        self._numbers = itertools.count()
        for base in self.found:
            _sweep(base.directory)

    def caps(self, controller: str) -> bool:
        return any(controller in base.controllers for base in self.found)

    def make(self, processes: int | None, memory_bytes: int | None) -> list[Path]:
        """Empty groups with these caps, for a child to join; none where the kernel gives none."""
        wanted = {"pids": processes, "memory": memory_bytes}
        name = f"{_prefix()}{os.getpid()}-{next(self._numbers)}"
        made: list[Path] = []
        for base in self.found:
            group = base.directory / name
            try:
                group.mkdir()
                for controller in base.controllers:
                    if wanted[controller] is not None:
                        (group / _FILES[base.version][controller]).write_text(str(wanted[controller]))
            except OSError:  # taken away since; the child runs without, as where there never was one
                with contextlib.suppress(OSError):
                    group.rmdir()
                continue
            made.append(group)
        return made


async def removed(groups: list[Path]) -> None:
    """Ends whoever is left in the groups, and removes them."""
    for group in groups:
        for _ in range(_LAST_LOOKS):
            if await asyncio.to_thread(_remove, group):
                break
            await asyncio.sleep(_BETWEEN_LOOKS)


def kill_members(group: Path) -> None:
    for pid in (group / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def _remove(group: Path) -> bool:
    """True when it is gone."""
    try:
        kill_members(group)
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _bases() -> tuple[Base, ...]:
    found: list[Base] = []
    left = set(_CONTROLLERS)
    for directory, version in _candidates():
        usable = tuple(name for name in _CONTROLLERS if name in left and _works(directory, version, name))
        if usable:
            found.append(Base(directory, version, usable))
            left -= set(usable)
    return tuple(found)


def _candidates() -> Iterator[tuple[Path, int]]:
    """Our own group, the one around it, and the root, of each hierarchy that is mounted."""
    try:
        own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return
    for _, mount, kind, options, *_ in mounts:
        if kind == "cgroup2":
            version, of = 2, [path for number, _, path in own if number == "0"]
        elif kind == "cgroup" and set(_CONTROLLERS) & set(options.split(",")):
            version = 1
            of = [path for _, names, path in own if set(names.split(",")) & set(options.split(",")) & set(_CONTROLLERS)]
        else:
            continue
        root = Path(mount)
        for path in of:
            here = root / path.strip("/")
            for directory in dict.fromkeys((here, here.parent if here != root else root, root)):
                if directory.is_dir():
                    yield directory, version


def _works(directory: Path, version: int, controller: str) -> bool:
    """Whether a group made in `directory` can cap this, found out by making one."""
    if version == 2 and controller not in _words(directory / "cgroup.subtree_control"):
        try:
            (directory / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError:
            return False
    trial = directory / f"{_prefix()}{os.getpid()}-trial"
    try:
        trial.mkdir()
    except OSError:
        return False
    try:
        (trial / _FILES[version][controller]).write_text(str(1024**3 if controller == "memory" else 64))
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            trial.rmdir()
    return True


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _prefix() -> str:
    """Process ids mean something only within their namespace."""
    return f"lectern-{Path('/proc/self/ns/pid').stat().st_ino}-"


def _sweep(directory: Path) -> None:
    """Ends and removes what dead workers left."""
    for group in directory.glob(f"{_prefix()}*"):
        maker = group.name.removeprefix(_prefix()).partition("-")[0]
        if maker.isdigit() and not Path(f"/proc/{maker}").exists():
            _remove(group)
