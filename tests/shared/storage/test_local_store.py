"""What is special about the disk: crashes, links, folders, a full disk, signed URLs."""

import asyncio
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from shared.storage import (
    MIN_PART_SIZE,
    InvalidKey,
    LocalSigner,
    LocalStore,
    ObjectNotFound,
    SignatureRefused,
    StorageDenied,
    StorageFull,
)
from shared.storage.tasks import uninterrupted
from tests.shared.storage.streams import MIB, content, joined, stream

NOW = timedelta(0)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    made = LocalStore(tmp_path / "store")
    yield made
    await made.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from shared.storage import LocalStore

async def source():
    yield b"x" * 5_000_000
    print("writing", flush=True)
    await asyncio.Event().wait()

asyncio.run(LocalStore(Path(sys.argv[1])).put("key", source()))
"""


async def test_a_killed_writer_leaves_what_sweeping_finds(store: LocalStore) -> None:
    incoming = store.local_path("x").parent / ".incoming"
    command = [sys.executable, "-c", WRITER, str(incoming.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            assert await asyncio.to_thread(writer.stdout.readline) == b"writing\n"
            # Alive, it keeps its file, however old that is.
            assert await store.sweep_incoming(NOW) == 0
        finally:
            writer.kill()

    # What a process leaves that was killed while it created a multipart upload.
    (incoming / "put-0123.d").mkdir()
    (incoming / "put-0123.d/upload.json").touch()

    assert len(list(incoming.iterdir())) == 2
    assert await store.stat("key") is None
    assert await store.sweep_incoming(timedelta(hours=1)) == 0
    assert await store.sweep_incoming(NOW) == 2
    assert list(incoming.iterdir()) == []


async def test_sweeping_keeps_multipart_uploads(store: LocalStore) -> None:
    upload = await store.create_multipart("key", part_size=MIN_PART_SIZE)
    part = await store.upload_part("key", upload, 1, b"x")
    assert await store.sweep_incoming(NOW) == 0
    await store.complete_multipart("key", upload, [part])
    assert await joined(store.get("key")) == b"x"


async def test_bytes_are_on_disk_before_the_name_and_the_name_before_the_answer(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, os.rename

    def logged_fsync(fd: int) -> None:
        steps.append(f"sync {Path(f'/proc/self/fd/{fd}').readlink().name[:4]}")
        fsync(fd)

    def logged_rename(source: Path, target: Path) -> None:
        steps.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(os, "rename", logged_rename)
    await store.put("folder/key", b"x")

    # The file; the new folder's name in the root; the file's name in the folder.
    assert steps == ["sync put-", "sync stor", "rename", "sync fold"]


async def test_a_cancelled_put_waits_for_its_thread(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread cannot be stopped: closing or removing its file beneath it would hit somebody else's."""
    reached, go_on = threading.Event(), threading.Event()
    fsync = os.fsync

    def held_fsync(fd: int) -> None:
        reached.set()
        go_on.wait()
        fsync(fd)

    monkeypatch.setattr(os, "fsync", held_fsync)
    put = asyncio.create_task(store.put("key", b"whole"))
    try:
        await asyncio.to_thread(reached.wait)
        for _ in range(2):
            put.cancel()
            # A round trip through another thread: time enough to end too early.
            await asyncio.to_thread(os.getpid)
            assert not put.done()
    finally:
        go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await put
    # Cancelled in its last step, it stands whole.
    assert await joined(store.get("key")) == b"whole"


async def test_cleaning_up_outlives_cancellations() -> None:
    go_on = asyncio.Event()

    async def work() -> str:
        await go_on.wait()
        finished.append("done")
        return "result"

    finished: list[str] = []
    task = asyncio.create_task(uninterrupted(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert finished == ["done"]
    assert await uninterrupted(work()) == "result"


async def test_links_never_lead_out(store: LocalStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    root = store.local_path("x").parent
    (root / "link").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")

    for call in (
        store.put("link/new", b"x"),
        joined(store.get("link/secret")),
        store.stat("link/secret"),
        store.delete("link/secret"),
    ):
        with pytest.raises(InvalidKey):
            await call
    with pytest.raises(InvalidKey):
        store.local_path("link/secret")
    with pytest.raises(ObjectNotFound):
        await joined(store.get("file"))
    assert await store.stat("file") is None
    assert [found.key async for found in store.list()] == []
    assert await store.delete_prefix("link/") == 0
    await store.delete("file")
    assert [path.name for path in outside.iterdir()] == ["secret"]

    # Writing over a link replaces the link.
    await store.put("file", b"mine")
    assert (outside / "secret").read_bytes() == b"secret"


async def test_a_key_is_an_object_or_a_folder(store: LocalStore) -> None:
    await store.put("a/b", b"x")
    for conflict in ("a", "a/b/c"):
        with pytest.raises(InvalidKey, match="folder"):
            await store.put(conflict, b"y")
        assert await store.stat(conflict) is None
        with pytest.raises(ObjectNotFound):
            await joined(store.get(conflict))
        await store.delete(conflict)
    assert await joined(store.get("a/b")) == b"x"
    assert list((store.local_path("x").parent / ".incoming").iterdir()) == []


async def test_deleted_videos_leave_no_folders(store: LocalStore) -> None:
    root = store.local_path("x").parent
    for key in ("v/1/720p/0.ts", "v/1/480p/0.ts", "w/1/0.ts"):
        await store.put(key, b"x")
    await store.delete("v/1/720p/0.ts")
    assert not (root / "v/1/720p").exists()
    await store.delete_prefix("v/1/")
    await store.delete("w/1/0.ts")
    assert [path.name for path in root.iterdir()] == [".incoming"]


async def test_writing_and_deleting_in_one_folder_at_once(store: LocalStore) -> None:
    async def rewrite(number: int) -> None:
        for _ in range(20):
            await store.put(f"folder/deep/{number}", b"x")
            await store.delete(f"folder/deep/{number}")

    await asyncio.gather(*(rewrite(number) for number in range(6)))
    assert [found.key async for found in store.list()] == []


async def test_every_overwrite_has_another_etag(store: LocalStore) -> None:
    etags = [(await store.put("key", b"same")).etag for _ in range(50)]
    assert all(before != after for before, after in itertools.pairwise(etags))


async def test_an_operators_dot_files_are_no_objects(store: LocalStore) -> None:
    await store.put("a/b", b"x")
    store.local_path("a/b").with_name(".DS_Store").touch()
    assert [found.key async for found in store.list()] == ["a/b"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a full disk needs a tmpfs, and this user may not mount one: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


async def test_a_full_disk_is_told_and_left_as_it_was(small_disk: Path) -> None:
    store = LocalStore(small_disk / "store")
    await store.put("old", b"old")
    with pytest.raises(StorageFull):
        await store.put("new", stream(content(20 * MIB)))
    with pytest.raises(StorageFull):
        await store.put("old", content(20 * MIB))
    upload = await store.create_multipart("parts", part_size=8 * MIB)
    await store.upload_part("parts", upload, 1, content(8 * MIB))
    with pytest.raises(StorageFull):
        await store.upload_part("parts", upload, 2, content(8 * MIB))
    assert [part.number async for part in store.list_parts("parts", upload)] == [1]
    await store.abort_multipart("parts", upload)

    assert [(found.key, found.size) async for found in store.list()] == [("old", 3)]
    assert list((small_disk / "store/.incoming").iterdir()) == []
    await store.put("new", content(MIB))
    await store.close()


def query_of(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    return unquote(parts.path.removeprefix("/files/")), {
        name: value[0] for name, value in parse_qs(parts.query).items()
    }


class TestSigner:
    SECRET = b"sixteen bytes or more"

    def make(self, base: str = "https://media.test/files", secret: bytes = SECRET) -> LocalSigner:
        self.now = 1_700_000_000.5
        return LocalSigner(secret, base, clock=lambda: self.now)

    @pytest.mark.parametrize("filename", [None, "ლექცია 1.mp4", ""])
    def test_a_url_is_good_until_it_expires(self, filename: str | None) -> None:
        signer = self.make()
        url = signer.url("video/თავი 1?&.mp4", 60, filename)
        key, query = query_of(url)
        if filename == "":
            query["filename"] = ""
        assert key == "video/თავი 1?&.mp4"
        signer.verify(key, **query)
        self.now += 60
        signer.verify(key, **query)
        self.now += 0.5
        with pytest.raises(SignatureRefused) as refused:
            signer.verify(key, **query)
        assert refused.value.expired

    def test_nothing_in_it_can_be_changed(self) -> None:
        signer = self.make()
        key, query = query_of(signer.url("a/b", 60, "name"))
        changes = [
            ("a/c", query),
            (key, {**query, "expires": str(int(query["expires"]) + 1)}),
            (key, {**query, "expires": "x"}),
            (key, {**query, "expires": ""}),
            (key, {**query, "filename": "other"}),
            (key, {name: value for name, value in query.items() if name != "filename"}),
            (key, {**query, "signature": query["signature"][:-1]}),
            (key, {**query, "signature": "é"}),
            (key, {**query, "signature": ""}),
        ]
        for changed, given in changes:
            with pytest.raises(SignatureRefused) as refused:
                signer.verify(changed, **given)
            assert not refused.value.expired

    def test_another_store_or_secret_refuses(self) -> None:
        key, query = query_of(self.make().url("a/b", 60))
        for other in (self.make(base="https://media.test/public"), self.make(secret=b"another secret, as long")):
            with pytest.raises(SignatureRefused):
                other.verify(key, **query)

    def test_what_cannot_be_signed(self) -> None:
        for seconds in (0, -1, 7 * 86_400 + 1):
            with pytest.raises(ValueError, match="presigned"):
                self.make().url("a", seconds)
        with pytest.raises(InvalidKey):
            self.make().url("../a", 60)
        with pytest.raises(ValueError, match="secret"):
            LocalSigner(b"short", "https://media.test")


async def test_a_store_signs_with_its_signer_or_not_at_all(tmp_path: Path, store: LocalStore) -> None:
    signer = LocalSigner(TestSigner.SECRET, "https://media.test/files")
    signing = LocalStore(tmp_path / "signing", signer=signer)
    key, query = query_of(await signing.presign_get("a/b", 60, "name.mp4"))
    signer.verify(key, **query)
    with pytest.raises(StorageDenied, match="LocalSigner"):
        await store.presign_get("a/b", 60)
