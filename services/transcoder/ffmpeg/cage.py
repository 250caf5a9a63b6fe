"""What a child may do, and how it is told to the launcher that shuts it in."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.transcoder.ffmpeg.cgroup import Groups, removed
from services.transcoder.ffmpeg.reads import LazyFile

LAUNCHER = Path(__file__).with_name("launch.py")
_OWN_CODE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class ProcessLimits:
    """What a child may take; None for no limit.

    memory_bytes: address space, far above what is resident.
    resident_bytes: all memory of the child and its own children, by control group; None: as `memory_bytes`.
    processes: processes and threads, by control group; without one, and not as root, by a user namespace.
    readable: files and directories the child may read besides the programs of the system; None: whatever its user
        may. Landlock, where the kernel has it, also forbids TCP then.
    writable: files and directories it may read and write; counts only with `readable`.
    devices: the same, for what is no storage: the nodes of an encoder's hardware.
    disk_bytes: what all of `writable` may hold together; watched, so it may be passed by what is written in a second.
    reads: the child's reads of this file wait until their bytes are there; needs `sandbox_facts()["gated_reads"]`.
    """

    memory_bytes: int | None = 8 * 1024**3
    resident_bytes: int | None = None
    cpu_seconds: int | None = 4 * 3600
    file_bytes: int | None = 4 * 1024**3
    open_files: int | None = 512
    processes: int | None = 1024
    niceness: int = 0
    cut_network: bool = True
    readable: tuple[Path, ...] | None = None
    writable: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    disk_bytes: int | None = None
    reads: LazyFile | None = None


@dataclass(frozen=True)
class Cage:
    """`command` is the command line that starts the child in its cage; who is in `groups` came from it."""

    command: list[str]
    groups: list[Path]


@asynccontextmanager
async def caged(
    argv: Sequence[str], limits: ProcessLimits, environment: dict[str, str], channel: int | None
) -> AsyncIterator[Cage]:
    """A cage for `argv`; what is left in it in the end is killed, and its control groups removed.

    `channel` is the descriptor over which the launcher gives away the child's reads, as reads.ReadGate has it.
    """
    groups = await asyncio.to_thread(_groups_for, limits)
    try:
        told = _told(argv, limits, environment, groups, channel)
        yield Cage([sys.executable, "-I", "-S", str(LAUNCHER), told, *argv], groups)
    finally:
        await removed(groups)


def _groups_for(limits: ProcessLimits) -> list[Path]:
    return _groups().make(limits.processes, limits.resident_bytes or limits.memory_bytes)


@functools.cache
def _groups() -> Groups:
    return Groups()


def _told(
    argv: Sequence[str], limits: ProcessLimits, environment: dict[str, str], groups: list[Path], channel: int | None
) -> str:
    is_python = argv[0] == sys.executable
    told: dict[str, Any] = {
        "parent": os.getpid(),
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": limits.cpu_seconds,
        "file_bytes": limits.file_bytes,
        "open_files": limits.open_files,
        "processes": limits.processes,
        "niceness": limits.niceness,
        "cut_network": limits.cut_network,
        "cgroups": [str(group) for group in groups],
        "reads_channel": channel,
        "readable": None if limits.readable is None else _absolute(limits.readable),
        "writable": _absolute((*limits.writable, *limits.devices)),
        "usable": _absolute((Path(sys.prefix), Path(sys.base_prefix), _OWN_CODE)) if is_python else [],
        # Python looks for its modules by listing; what lies beneath it need not be able to open.
        "listable": [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path],
    }
    return json.dumps(told)


def _absolute(paths: Sequence[Path]) -> list[str]:
    return [os.path.abspath(path) for path in paths]  # noqa: PTH100 - resolves nothing and touches no disk


async def sandbox_facts() -> dict[str, bool]:
    """Which walls stand on this machine, each tried for real; for the health page.

    network: children have none. landlock: they read and write only what they are given. processes: their number is
    capped, by control group (cgroup_processes) or by user namespace. cgroup_memory: the memory of a child and its
    children together is. gated_reads: a film can be read before all of it is here.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(LAUNCHER),
        json.dumps({"report": True}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await child.communicate()
    try:
        facts: dict[str, bool] = json.loads(said)
    except ValueError:  # not Linux, or not even this much is allowed
        facts = {"network": False, "landlock": False, "user_namespace": False, "gated_reads": False}
    own_users = facts.pop("user_namespace")
    groups = await asyncio.to_thread(_groups)
    facts["cgroup_processes"], facts["cgroup_memory"] = groups.caps("pids"), groups.caps("memory")
    facts["processes"] = facts["cgroup_processes"] or own_users
    return facts
