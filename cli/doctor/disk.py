"""What only a store on disk can have wrong."""

import shutil
from pathlib import Path

from cli.doctor.report import Doubtful, Wrong
from shared.storage.local import INCOMING, LocalStore
from shared.storage.local_parts import DONE_PREFIX

GIB = 1024**3
FULL_BYTES, FULL_SHARE = GIB, 0.01
NEAR_BYTES, NEAR_SHARE = 10 * GIB, 0.05


def room(path: Path, setting: str) -> str:
    """How much is left where ``path`` is. A film needs its own size two times while it is made."""
    usage = shutil.disk_usage(path)
    left = f"{usage.free / GIB:.1f} of {usage.total / GIB:.1f} GiB are free on the disk of {path}"
    if usage.free < max(FULL_BYTES, usage.total * FULL_SHARE):
        raise Wrong(f"Only {left}: make room, or move {setting} to a larger disk before films are lost.")
    if usage.free < max(NEAR_BYTES, usage.total * NEAR_SHARE):
        raise Doubtful(f"Only {left}: plan for more.")
    return left


def apart(private: Path, public: Path) -> str:
    """Neither lies within the other, links followed."""
    one, other = private.resolve(), public.resolve()
    if one == other or one.is_relative_to(other):
        raise Wrong(f"The private store ({one}) lies in the public one ({other}): sources of films would be public.")
    if other.is_relative_to(one):
        raise Doubtful(f"The public store ({other}) lies in the private one ({one}): give each a directory of its own.")
    return "the private store lies outside of the public one"


def forget(store: LocalStore, upload: str) -> None:
    """The mark by which a store on disk knows for a week that this upload was completed."""
    (store.local_path("mark").parent / INCOMING / f"{DONE_PREFIX}{upload}").unlink(missing_ok=True)
