"""Last step before a supervised process becomes itself: tie its life to the supervisor's, drop its privileges, exec.

    python -I -S launch.py PARENT_PID USER -- argv...        USER is "-" or "UID:GID" or "UID:GID:traverse"

A program of its own and not a preexec_fn, because Python code between fork and exec can deadlock in a process that has
threads. The order matters: the kernel forgets the death signal when the uid changes, so it is set last.
"traverse" keeps the one capability to pass through directories closed to others, for a checkout or a home below a
directory that only root may enter.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_READ_SEARCH = 2
_SECBIT_NO_SETUID_FIXUP = 4
_CAP_VERSION_3 = 0x20080522


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _prctl(libc: ctypes.CDLL, *arguments: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:5]]
    if libc.prctl(*padded) != 0:
        raise OSError(ctypes.get_errno(), "prctl was refused")


def _keep_only_traverse(libc: ctypes.CDLL) -> None:
    bit = 1 << _CAP_DAC_READ_SEARCH
    header = _CapHeader(_CAP_VERSION_3, 0)
    data = (_CapData * 2)(_CapData(bit, bit, bit), _CapData(0, 0, 0))
    if libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset was refused")
    _prctl(libc, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH)


def _become(user: str, libc: ctypes.CDLL | None) -> None:
    uid, gid, *extra = user.split(":")
    traverse = extra == ["traverse"] and libc is not None
    if traverse and libc is not None:
        _prctl(libc, _PR_SET_KEEPCAPS, 1)
        # Without it access(2), by which Postgres looks for its own programs, leaves the capability out of account.
        _prctl(libc, _PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
    if traverse and libc is not None:
        _keep_only_traverse(libc)


def main(arguments: list[str]) -> None:
    parent, user, separator, *command = arguments
    if separator != "--" or not command:
        raise SystemExit("usage: launch.py PARENT_PID USER -- argv...")
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    try:
        if user != "-":
            _become(user, libc)
        if libc is not None:
            _prctl(libc, _PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            # The supervisor died before the death signal was set: nobody is left to work for.
            raise SystemExit(1)
        os.execv(command[0], command)  # noqa: S606 - no shell is meant
    except OSError as error:
        raise SystemExit(f"{command[0]} could not be started: {error.strerror or error}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
