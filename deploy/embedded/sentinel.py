"""Sees to it that nothing outlives the supervisor, however that dies.

    python -I -S sentinel.py HOME        reads "+PGID" and "-PGID" lines; at the end of the pipe kills what is left

Direct children die with the supervisor by themselves where the kernel offers that (launch.py); what *they* started
does not, nor anything on other systems. The sentinel inherits the lock of the home, so a new instance cannot start
before the old one is gone to the last process.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

# Every supervised process carries these variables, and so does all it starts: the home's path, the process' name.
MARKER_VARIABLE = "LECTERN_SUPERVISED"
NAME_VARIABLE = "LECTERN_PROCESS"


def marked_processes(home: str, name: str | None = None) -> list[int]:
    """Processes of this home, or of one supervised process of it, by their environment. Only where there is /proc."""
    wanted = {f"{MARKER_VARIABLE}={home}".encode()} | ({f"{NAME_VARIABLE}={name}".encode()} if name else set())
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if wanted.issubset(environment.split(b"\0")):
            found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def kill_marked(home: str, name: str | None = None) -> list[int]:
    """Kills every process so marked, until none is left. A process that forks while we look is met again."""
    killed: list[int] = []
    for _ in range(50):
        left = [pid for pid in marked_processes(home, name) if not _is_zombie(pid)]
        if not left:
            break
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    return killed


def kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _is_zombie(pid: int) -> bool:
    try:
        return b") Z" in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return True


def main(home: str) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        kill_group(group)
    kill_marked(home)


if __name__ == "__main__":
    main(sys.argv[1])
