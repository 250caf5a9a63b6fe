"""Where a worker keeps its temporary files. What a killed worker left there, the others of its host clear away."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def workplace(root: Path, name: str) -> Iterator[Path]:
    """A directory below ``root`` that is this process' own for as long as the block runs.

    A lock on a file beside it tells the living from the dead: the kernel lets go of it however a process ends.
    """
    root.mkdir(parents=True, exist_ok=True)
    clear_the_dead(root)
    own = root / name
    lock_path = root / f"{name}.lock"
    handle = _locked(lock_path)
    try:
        own.mkdir(exist_ok=True)
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        lock_path.unlink(missing_ok=True)
        os.close(handle)


def clear_the_dead(root: Path) -> None:
    """Remove what workers left in ``root`` that are no more."""
    for lock in root.glob("*.lock"):
        _clear_if_dead(lock)


def _locked(path: Path) -> int:
    """A descriptor of the file, which is locked and there: another may have taken it for a dead worker's meanwhile."""
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)


def _clear_if_dead(lock: Path) -> None:
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)
    finally:
        os.close(handle)
