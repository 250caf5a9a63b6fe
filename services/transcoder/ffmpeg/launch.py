"""Puts a process into its cage and becomes the program: `python -I -S launch.py '{"parent": ...}' program args...`.

A tiny program of its own, because code between fork and exec of a threaded
parent may deadlock. Everything set here survives exec: the signal at the
parent's death, the limits, the niceness, the empty network namespace, the
Landlock domain and the seccomp filter that hands reads to the parent.

What the kernel does not have is left out (`sandbox_facts` says what); what it
has and refuses to set up ends the child with 125.
"""

import array
import ctypes
import json
import os
import platform
import resource
import signal
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself is slow to import
    import socket

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_USE = _EXECUTE | _READ_FILE | _READ_DIR
_READ = _READ_FILE | _READ_DIR
# Highest right of a file system by Landlock's version: 1 has thirteen, later ones add referring, truncating, ioctl.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_RIGHTS = (1 << 16) - 1
_BOTH_TCP = 0b11
_BOTH_SCOPES = 0b11
# What any program needs to start; no film is kept there.
_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/proc/self", "/sys/devices/system/cpu")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Calls that bring bytes of a file into the process; the parent looks at each before it goes on (reads.py).
_HANDED = {
    "x86_64": {"read": 0, "pread64": 17, "readv": 19, "preadv": 295, "preadv2": 327, "mmap": 9},
    "aarch64": {"read": 63, "pread64": 67, "readv": 65, "preadv": 69, "preadv2": 286, "mmap": 222},
}
# Calls that would bring bytes past that: answered as if this kernel had none (sendfile, splice, copy_file_range,
# io_uring_setup).
_WITHHELD = {"x86_64": (40, 275, 326, 425), "aarch64": (71, 76, 285, 425)}


class _Broken(Exception):
    """A wall of the cage could not be put up although the kernel has it."""


def _cap(which: int, value: int | None, beyond: int = 0) -> None:
    """`beyond` is how much further the hard limit lies, where passing the soft one sends a telling signal first."""
    if value is None:
        return
    hard = resource.getrlimit(which)[1]
    most = value + beyond if hard == resource.RLIM_INFINITY else min(value + beyond, hard)
    resource.setrlimit(which, (min(value, most), most))


def _cut_network(libc: ctypes.CDLL) -> tuple[bool, bool]:
    """(network cut, own user namespace): as root at once, else through a user namespace."""
    if libc.unshare(_CLONE_NEWNET) == 0:
        return True, False
    own = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0
    return own, own


def _join(cgroups: list[str]) -> None:
    for group in cgroups:
        try:
            with open(f"{group}/cgroup.procs", "w") as file:  # noqa: PTH123 - pathlib would double the start-up time
                file.write("0")
        except OSError as error:
            raise _Broken(f"cannot enter {group}: {error.strerror}") from None


def _landlock_version(libc: ctypes.CDLL) -> int:
    version: int = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    return max(0, version)


def _confine(libc: ctypes.CDLL, rules: list[tuple[str, int]]) -> bool:
    """Denies every file but those below `rules` (path, rights), every TCP connection, and signals to outsiders."""
    version = _landlock_version(libc)
    if version == 0:
        return False
    rights = _RIGHTS.get(version, _ALL_RIGHTS)
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("=QQQ", rights, _BOTH_TCP, _BOTH_SCOPES)[:size]
    ruleset = libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        raise _Broken(f"Landlock makes no ruleset: {os.strerror(ctypes.get_errno())}")
    for path, wanted in rules:
        try:
            at = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:  # what is not there needs no rule
            continue
        allowed = wanted & rights
        if not stat.S_ISDIR(os.fstat(at).st_mode):
            allowed &= _OF_FILES
        rule = struct.pack("=Qi", allowed, at)
        if libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0) != 0:
            raise _Broken(f"Landlock takes no rule for {path}: {os.strerror(ctypes.get_errno())}")
        os.close(at)
    if libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) != 0:
        raise _Broken(f"Landlock does not restrict: {os.strerror(ctypes.get_errno())}")
    os.close(ruleset)
    return True


def _rules(cage: dict[str, list[str]], program: str) -> list[tuple[str, int]]:
    return [
        *((path, _USE) for path in (*_SYSTEM, program, *cage["usable"])),
        *((path, _READ_FILE | _WRITE_FILE) for path in _DEVICES),
        *((path, _READ_DIR) for path in cage["listable"]),
        *((path, _READ) for path in cage["readable"]),
        *((path, _ALL_RIGHTS & ~_EXECUTE) for path in cage["writable"]),
    ]


def _filter(machine: str) -> bytes:
    """A BPF program: hand over what reads files, withhold what reads past that, allow the rest.

    struct sock_filter is (code, jump if true, jump if false, value); the data holds the call's number at 0, the
    architecture at 4 and the low halves of the arguments at 16, 24, ...
    """
    load, equal, answer = 0x20, 0x15, 0x06
    allow, hand_over, withhold = 0x7FFF0000, 0x7FC00000, 0x00050000 | 38
    calls = dict(_HANDED[machine])
    mmap = calls.pop("mmap")
    program = [(load, 0, 0, 4), (equal, 1, 0, _AUDIT_ARCH[machine]), (answer, 0, 0, withhold), (load, 0, 0, 0)]
    for number in calls.values():
        program += [(equal, 0, 1, number), (answer, 0, 0, hand_over)]
    for number in _WITHHELD[machine]:
        program += [(equal, 0, 1, number), (answer, 0, 0, withhold)]
    # Memory without a file behind it (descriptor -1) is nobody's business.
    program += [(equal, 0, 3, mmap), (load, 0, 0, 16 + 4 * 8), (equal, 1, 0, 0xFFFFFFFF), (answer, 0, 0, hand_over)]
    program += [(answer, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _hand_over_reads(libc: ctypes.CDLL) -> int:
    """A descriptor on which the parent is asked about each read from now on; -1 where the kernel has none."""
    machine = platform.machine()
    if machine not in _SECCOMP or sys.byteorder != "little":
        return -1
    code = ctypes.create_string_buffer(_filter(machine))
    program = struct.pack("@HP", (len(code) - 1) // 8, ctypes.addressof(code))
    listener: int = libc.syscall(_SECCOMP[machine], 1, 1 << 3, program)
    return listener


def _give_listener(libc: ctypes.CDLL, channel: "socket.socket") -> None:
    """Nothing is read between the filter and the handing over: the parent could not answer yet."""
    listener = _hand_over_reads(libc)
    if listener < 0:
        raise _Broken(f"seccomp hands over no reads: {os.strerror(ctypes.get_errno())}")
    handed = array.array("i", [listener]).tobytes()
    channel.sendmsg([b"l"], [(1, 1, handed)])  # SOL_SOCKET, SCM_RIGHTS
    channel.close()
    os.close(listener)


def _channel(cage: dict[str, int | None]) -> "socket.socket | None":
    descriptor = cage.get("reads_channel")
    if descriptor is None:
        return None
    import socket  # only where it is needed, since it takes as long as all the rest; and before anything is forbidden

    return socket.socket(fileno=descriptor)


def _report(libc: ctypes.CDLL) -> None:
    """What this kernel lets us do, each tried for real, as JSON on stdout."""
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    network, own_users = _cut_network(libc)
    try:
        landlock = _confine(libc, [])
    except _Broken:
        landlock = False
    facts = {"network": network, "landlock": landlock, "user_namespace": own_users and os.getuid() != 0}
    # Last, and nothing is read after it: there is nobody to answer.
    facts["gated_reads"] = _hand_over_reads(libc) >= 0
    os.write(1, json.dumps(facts).encode())
    os._exit(0)


def main() -> None:
    cage = json.loads(sys.argv[1])
    own_users = False
    channel = _channel(cage)
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        if cage.get("report"):
            _report(libc)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != cage["parent"]:  # it died before we asked to be told
            os._exit(137)
        _join(cage["cgroups"])
        _, own_users = _cut_network(libc) if cage["cut_network"] else (False, False)
    if own_users and os.getuid() != 0:
        # In a user namespace of its own this counts this child's processes alone, elsewhere all of the user's.
        _cap(resource.RLIMIT_NPROC, cage["processes"])
    _cap(resource.RLIMIT_CORE, 0)
    _cap(resource.RLIMIT_AS, cage["memory_bytes"])
    _cap(resource.RLIMIT_CPU, cage["cpu_seconds"], beyond=5)
    _cap(resource.RLIMIT_FSIZE, cage["file_bytes"])
    _cap(resource.RLIMIT_NOFILE, cage["open_files"])
    if cage["niceness"]:
        os.nice(cage["niceness"])
    if sys.platform == "linux":
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if cage["readable"] is not None:
            _confine(libc, _rules(cage, sys.argv[2]))
        if channel is not None:
            _give_listener(libc, channel)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - argument list, no shell


if __name__ == "__main__":
    try:
        main()
    except (_Broken, OSError) as broken:
        sys.stderr.write(f"cage: {broken}\n")
        sys.stderr.flush()
        os._exit(125)
