"""Puts a process into its cage and becomes the program: `python -I -S launch.py '{"memory": ...}' program args...`.

A tiny program of its own, because code between fork and exec of a threaded
parent may deadlock. Everything set here survives exec: the signal at the
parent's death, the limits, the niceness, and the empty network namespace.
"""

import ctypes
import json
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


def _cap(which: int, value: int | None, beyond: int = 0) -> None:
    """`beyond` is how much further the hard limit lies, where passing the soft one sends a telling signal first."""
    if value is None:
        return
    hard = resource.getrlimit(which)[1]
    most = value + beyond if hard == resource.RLIM_INFINITY else min(value + beyond, hard)
    resource.setrlimit(which, (min(value, most), most))


def _cut_network(libc: ctypes.CDLL) -> bool:
    """Where the kernel allows it, an empty network namespace; as root at once, else through a user namespace."""
    return any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def main() -> None:
    cage = json.loads(sys.argv[1])
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        cut = _cut_network(libc) if cage["cut_network"] else False
        if cage.get("report_network"):
            sys.exit(0 if cut else 1)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != cage["parent"]:  # it died before we asked to be told
            os._exit(137)
    _cap(resource.RLIMIT_CORE, 0)
    _cap(resource.RLIMIT_AS, cage["memory_bytes"])
    _cap(resource.RLIMIT_CPU, cage["cpu_seconds"], beyond=5)
    _cap(resource.RLIMIT_FSIZE, cage["file_bytes"])
    _cap(resource.RLIMIT_NOFILE, cage["open_files"])
    if cage["niceness"]:
        os.nice(cage["niceness"])
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - argument list, no shell


if __name__ == "__main__":
    main()
