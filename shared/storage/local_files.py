"""The blocking half of the disk backend: plain functions on files, each called from a thread."""

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.storage.content import guess_content_type
from shared.storage.contract import StoredObject
from shared.storage.errors import (
    InvalidKey,
    ObjectNotFound,
    ObjectTooLarge,
    StorageDenied,
    StorageError,
    StorageFull,
    StorageUnavailable,
)

# One system call writes this much at most: from about 1 MiB on, ext4 looks for huge pages to hold it in, and can take
# ten times as long as for the same bytes in smaller calls.
CALL_BYTES = 256 * 1024
# The kernel takes at most IOV_MAX (1024) buffers in one call.
_CALL_BUFFERS = 1000
_PUBLISH_TRIES = 10


def storage_error(error: OSError) -> StorageError:
    """The disk's error in the words of `shared.storage.errors`."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StorageFull(f"no space left on the storage disk ({os.strerror(error.errno)})")
        case errno.EFBIG:
            return ObjectTooLarge("the file system takes no file of this size")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StorageDenied(str(error))
        case _:
            return StorageUnavailable(str(error))


class Incoming:
    """A file being written: nobody sees it until `publish`, and `discard` leaves no trace of it.

    An exclusive lock marks it as alive, so that sweeping never takes it from a slow writer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def write(self, buffers: Sequence[memoryview]) -> None:
        """Append all buffers."""
        fd = self._open()
        for call in _calls(buffers):
            left = call
            while left:
                written = os.writev(fd, left)
                while left and written >= len(left[0]):
                    written -= len(left.pop(0))
                if written:
                    left[0] = left[0][written:]

    def publish(self, root: Path, target: Path) -> os.stat_result:
        """Make the file durable and put it in its place, over what was there."""
        fd = self._open()
        os.fsync(fd)
        result = os.fstat(fd)
        move_into_place(root, self._path, target)
        self._close()
        return result

    def discard(self) -> None:
        if self._fd is not None:
            self._path.unlink(missing_ok=True)
            self._close()

    def _open(self) -> int:
        if self._fd is None:
            self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            # A file system without locks still has the age of the file.
            with contextlib.suppress(OSError):
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self._fd

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class Reader:
    """An open object. What it reads stays one version: an overwrite makes a new file beside it."""

    def __init__(self) -> None:
        self._fd: int | None = None
        self.size = 0

    def open(self, root: Path, path: Path, key: str) -> None:
        try:
            check_inside(root, path, key)
            self._fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise ObjectNotFound(key) from None
            raise
        info = os.fstat(self._fd)
        if not stat.S_ISREG(info.st_mode):
            raise ObjectNotFound(key)
        self.size = info.st_size

    def read(self, position: int, count: int) -> bytes:
        assert self._fd is not None
        return os.pread(self._fd, count, position)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _calls(buffers: Sequence[memoryview]) -> Iterator[list[memoryview]]:
    """The buffers in order, cut and grouped so that each group is one system call."""
    call: list[memoryview] = []
    room = CALL_BYTES
    for buffer in buffers:
        view = buffer
        while view:
            taken = view[:room]
            call.append(taken)
            view, room = view[len(taken) :], room - len(taken)
            if not room or len(call) == _CALL_BUFFERS:
                yield call
                call, room = [], CALL_BYTES
    if call:
        yield call


def check_inside(root: Path, path: Path, key: str) -> None:
    """Raises `InvalidKey` where a symbolic link in the tree leads out of the root."""
    if not Path(os.path.realpath(path.parent)).is_relative_to(root):
        raise InvalidKey(key, "it leads out of the store")


def describe(key: str, info: os.stat_result) -> StoredObject:
    # The inode takes part: two overwrites can share a tick of the clock, but then never the inode.
    etag = f"{info.st_ino:x}-{info.st_mtime_ns:x}-{info.st_size:x}"
    modified_at = datetime.fromtimestamp(info.st_mtime, UTC)
    return StoredObject(key, info.st_size, etag, modified_at, guess_content_type(key))


def stat_object(root: Path, path: Path, key: str) -> StoredObject | None:
    try:
        check_inside(root, path, key)
        info = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return describe(key, info) if stat.S_ISREG(info.st_mode) else None


def move_into_place(root: Path, source: Path, target: Path) -> None:
    """Rename, with the folders it needs, so that the name survives a crash of the machine."""
    key = target.relative_to(root).as_posix()
    for _ in range(_PUBLISH_TRIES):
        try:
            _make_folders(root, target.parent)
            check_inside(root, target, key)
            source.rename(target)
        except FileNotFoundError:
            # A delete has just removed the empty folder: make it again.
            if not source.exists():
                raise
            continue
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise InvalidKey(key, "it is an object and a folder at once") from None
        sync_folder(target.parent)
        return
    raise StorageUnavailable(f"the folder of {key!r} vanishes again and again")


def _make_folders(root: Path, folder: Path) -> None:
    missing = []
    while folder != root and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        try:
            new.mkdir()
        except FileExistsError:
            # Another writer's folder is as good as ours; a file in its place is not.
            if not new.is_dir():
                if os.path.lexists(new):
                    raise
                # It was there, and a delete has removed it since: as if it had come in between earlier.
                raise FileNotFoundError(new) from None
        # Also after losing that race: the winner may not have synced yet.
        sync_folder(new.parent)


def sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def copy_object(root: Path, source: Path, incoming: Path, target: Path, key: str) -> os.stat_result:
    """Another name for the same file, or a copy where the file system knows no hard links; `key` is the source's.

    A file in its place is never written again, only replaced or removed: so two names for one are as good as two files.
    """
    try:
        check_inside(root, source, key)
        if not stat.S_ISREG(os.lstat(source).st_mode):
            raise ObjectNotFound(key)
        os.link(source, incoming, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        raise ObjectNotFound(key) from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EXDEV, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        return _copy_bytes(root, source, incoming, target)
    try:
        info = os.lstat(incoming)
        move_into_place(root, incoming, target)
    finally:
        # Renamed over another name of the same file, it stays: POSIX has it so.
        incoming.unlink(missing_ok=True)
    return info


def _copy_bytes(root: Path, source: Path, incoming: Path, target: Path) -> os.stat_result:
    writing = Incoming(incoming)
    try:
        with source.open("rb") as file:
            while piece := file.read(CALL_BYTES):
                writing.write([memoryview(piece)])
            writing.write([])
        return writing.publish(root, target)
    finally:
        writing.discard()


def remove(root: Path, path: Path, key: str) -> None:
    try:
        check_inside(root, path, key)
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return
        path.unlink()
        sync_folder(path.parent)
    except (FileNotFoundError, NotADirectoryError):
        return
    _prune(root, path.parent)


def remove_tree(root: Path, folder: Path, key: str) -> int:
    """Remove the objects under a folder and the folders this empties; the number of objects."""
    removed = 0
    check_inside(root, folder, key)
    if folder.is_symlink():
        return 0
    for place, _, names in os.walk(folder, topdown=False):
        here = Path(place)
        for name in names:
            if name.startswith(".") or not stat.S_ISREG(os.lstat(here / name).st_mode):
                continue
            with contextlib.suppress(FileNotFoundError):
                (here / name).unlink()
                removed += 1
        with contextlib.suppress(FileNotFoundError):
            sync_folder(here)
        with contextlib.suppress(OSError):
            here.rmdir()
    if not folder.exists():
        _prune(root, folder.parent)
    return removed


def _prune(root: Path, folder: Path) -> None:
    """Remove the folders that became empty, so that deleted videos leave no skeleton."""
    with contextlib.suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent


def walk(root: Path, prefix: str) -> Iterator[StoredObject]:
    """The objects whose key starts with `prefix`, in the order of the keys' bytes."""
    folder, _, start = prefix.rpartition("/")
    path = root / folder
    if folder:
        check_inside(root, path / "x", prefix)
    yield from _walk(path, f"{folder}/" if folder else "", start)


def _walk(folder: Path, key: str, start: str) -> Iterator[StoredObject]:
    try:
        with os.scandir(folder) as entries:
            found = [
                # A folder sorts as its keys do: with the slash.
                (
                    os.fsencode(f"{entry.name}/") if entry.is_dir(follow_symlinks=False) else os.fsencode(entry.name),
                    entry,
                )
                for entry in entries
                if entry.name.startswith(start) and not entry.name.startswith(".")
            ]
    except (FileNotFoundError, NotADirectoryError):
        return
    for _, entry in sorted(found, key=lambda pair: pair[0]):
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, f"{key}{entry.name}/", "")
        elif entry.is_file(follow_symlinks=False):
            with contextlib.suppress(FileNotFoundError):
                yield describe(key + entry.name, entry.stat(follow_symlinks=False))


def sweep(folder: Path, prefix: str, before: float) -> int:
    """Remove what starts with this prefix, was last touched before the Unix time `before` and has no live writer."""
    swept = 0
    for path in folder.glob(f"{prefix}*"):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            info = os.fstat(fd)
            if info.st_mtime >= before:
                continue
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISDIR(info.st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            swept += 1
        except BlockingIOError:
            continue
        finally:
            os.close(fd)
    return swept
