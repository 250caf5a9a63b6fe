"""Where a worker keeps its temporary files. What a killed worker left there, the next one clears away."""

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
    for lock in root.glob("*.lock"):
        _clear_if_dead(lock)
    own = root / name
    lock_path = root / f"{name}.lock"
    handle = os.open(lock_path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        own.mkdir(exist_ok=True)
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        lock_path.unlink(missing_ok=True)
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
