"""Who a process runs as. Postgres refuses root, so as root it runs as an account without privileges.

Nothing else changes user: the services own their files as whoever started Lectern.
"""

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.problem import SetupProblemError

_CAP_DAC_READ_SEARCH = 2


@dataclass(frozen=True)
class Account:
    """An unprivileged user. `traverse` lets it pass through directories that are closed to others."""

    uid: int
    gid: int
    traverse: bool = False

    def as_argument(self) -> str:
        return f"{self.uid}:{self.gid}" + (":traverse" if self.traverse else "")

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)


def unprivileged_account(owned: Path, *needed: Path) -> Account | None:
    """The account for a process that may not be root, or None when Lectern does not run as root.

    `owned` is the directory that process owns: where it exists, its owner stays. `needed` are paths it has to reach.
    Raises SetupProblemError when they cannot be reached.
    """
    if os.geteuid() != 0:
        return None
    entry = _owner(owned) or _nobody()
    unreachable = [path for path in (owned, *needed) if not _reachable(path, entry.pw_uid, entry.pw_gid)]
    if not unreachable:
        return Account(entry.pw_uid, entry.pw_gid)
    if sys.platform == "linux" and _may_grant_traverse():
        return Account(entry.pw_uid, entry.pw_gid, traverse=True)
    raise SetupProblemError(
        f"Postgres may not run as root, and the user {entry.pw_name} it would run as cannot reach {unreachable[0]}: "
        f"run Lectern as an ordinary user, or open the directories above with chmod o+x."
    )


def open_for_reading(directory: Path) -> None:
    """Undoes a strict umask at installation: others may read and execute what the owner may. Root only."""
    for path in (directory, *directory.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            continue
        executable = stat.S_ISDIR(mode) or mode & stat.S_IXUSR
        wanted = mode | 0o044 | (0o011 if executable else 0)
        if wanted != mode:
            path.chmod(stat.S_IMODE(wanted))


def _owner(directory: Path) -> pwd.struct_passwd | None:
    try:
        uid = directory.stat().st_uid
        return pwd.getpwuid(uid) if uid != 0 else None
    except (OSError, KeyError):
        return None


def _nobody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise SetupProblemError(
            "Postgres may not run as root, and this system has no user nobody to run it as: "
            "run Lectern as an ordinary user."
        ) from None


def _reachable(path: Path, uid: int, gid: int) -> bool:
    """Whether every directory above `path` lets this user through, by its mode bits."""
    return all(_may_enter(parent, uid, gid) for parent in path.resolve().parents)


def _may_enter(directory: Path, uid: int, gid: int) -> bool:
    status = directory.stat()
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _may_grant_traverse() -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_DAC_READ_SEARCH & 1)
    return False
