"""Films on S3: read before they are here, fetched once for the host, kept within a budget. On a real S3 server."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.probe import PROBE_LIMITS, probe
from services.transcoder.ffmpeg.process import run, sandbox_facts
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ffmpeg.video import encode_video_chunk
from services.transcoder.ladder.model import Refused
from services.transcoder.ladder.plan import make_plan
from services.transcoder.pipeline import block_file, source_cache
from services.transcoder.pipeline import sources as sources_module
from services.transcoder.pipeline.block_file import DiskFull
from services.transcoder.pipeline.sources import NoRoom, OpenSource, Sources
from shared.storage import LocalStore, Retries, StorageUnavailable
from shared.storage.s3 import S3Store
from tests.shared.storage.s3_server import S3Server, running_s3_server, xattrs_work
from tests.shared.storage.streams import content
from tests.transcoder.ffmpeg.films import FFMPEG
from tests.transcoder.pipeline.sources_worker import Counting, source_of

BUCKET = "films"
MIB = 1024 * 1024
SECONDS = 130
KINDS = {"moov-first.mp4": "mov", "moov-last.mp4": "mov", "fragmented.mp4": "mov", "film.mkv": "matroska"}
KINDS |= {"film.ts": "mpegts", "film.avi": "avi"}
MUXING = {"moov-first.mp4": ["-movflags", "+faststart"], "fragmented.mp4": ["-movflags", "+frag_keyframe+empty_moov"]}
MUXING |= {"film.avi": ["-c:a", "libmp3lame"]}


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("s3")
    if not xattrs_work(folder):
        pytest.skip(f"no S3 server: the file system of {folder} has no user extended attributes, which Swift needs")
    with running_s3_server(folder) as server:
        server.create_bucket(BUCKET)
        yield server


@pytest.fixture
async def store(s3_server: S3Server) -> AsyncIterator[Counting]:
    made = S3Store(BUCKET, s3_server.settings, retries=Retries(tries=2, first=0.01))
    yield Counting(made)
    await made.close()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same film of more than 60 MB in each container: pictures of 4 Mbit/s, and a quiet sound."""
    folder = tmp_path_factory.mktemp("films")
    first = folder / "moov-last.mp4"
    command = [str(FFMPEG), "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=320x180:r=25:d={SECONDS}"]
    command += ["-f", "lavfi", "-i", f"sine=d={SECONDS}", "-c:v", "libx264", "-preset", "ultrafast", "-g", "50"]
    command += ["-b:v", "4M", "-maxrate", "4M", "-minrate", "4M", "-bufsize", "1M", "-x264-params"]
    command += ["nal-hrd=cbr:filler=1", "-c:a", "aac", str(first)]
    subprocess.run(command, check=True)
    made = {}
    for name in KINDS:
        made[name] = folder / name
        if made[name] != first:
            remux = [str(FFMPEG), "-v", "error", "-i", str(first), "-c", "copy", *MUXING.get(name, [])]
            subprocess.run([*remux, str(made[name])], check=True)
        assert made[name].stat().st_size > 60 * 10**6
    return made


@pytest.fixture(scope="module")
async def lazy() -> None:
    if not (await sandbox_facts())["gated_reads"]:
        pytest.skip("this kernel hands over no reads")


async def first_chunk(film: OpenSource, container: str, out: Path) -> dict[str, str]:
    """Probes and makes the first chunk; digests of its segments by name."""
    out.mkdir(parents=True)
    plan = make_plan(await probe(film.path, container=container, limits=film.limits(PROBE_LIMITS)))
    made: dict[str, str] = {}

    async def on_segment(segment: Segment) -> None:
        made[f"{segment.rendition}/{segment.index}"] = hashlib.sha256(segment.path.read_bytes()).hexdigest()

    # x264 spreads a capped rate over its threads a little differently each time; one thread makes the same bytes.
    options = EncodeOptions(FFMPEG, limits=film.limits(writable=(out,)), threads=1)
    await encode_video_chunk(film.path, plan, plan.chunk("video", 0), out, on_segment, options)
    return made


@pytest.mark.parametrize("name", KINDS)
async def test_the_first_chunk_is_made_of_a_film_that_is_not_here(
    lazy: None, store: Counting, films: dict[str, Path], tmp_path: Path, name: str
) -> None:
    path = films[name]
    await store.put_file(name, path)
    source = source_of(name, path.stat().st_size)
    sources = Sources(store, tmp_path / "sources", background=False)  # type: ignore[arg-type]
    async with sources.reading(source) as film:
        there = await first_chunk(film, KINDS[name], tmp_path / "lazy")
        held = film.path.stat().st_blocks * 512
    fetched = store.fetched
    await sources.close()
    here = await first_chunk(OpenSource(path), KINDS[name], tmp_path / "here")
    assert there == here
    assert there
    print(f"{name}: {fetched / 1e6:.1f} of {source.bytes / 1e6:.1f} MB fetched in {len(store.ranges)} ranges")
    # A fragmented film has its index all along, so looking for its end reads through it; it still has no hole.
    assert fetched < source.bytes * (0.35 if name != "fragmented.mp4" else 1.01)
    assert held <= fetched + MIB


async def test_any_part_of_a_film_can_be_read_at_once(
    lazy: None, store: Counting, films: dict[str, Path], tmp_path: Path
) -> None:
    path = films["moov-last.mp4"]
    await store.put_file("seek", path)
    sources = Sources(store, tmp_path / "sources", background=False)  # type: ignore[arg-type]

    async def pictures(film: OpenSource) -> bytes:
        argv = [str(FFMPEG), "-v", "error", "-ss", "100", "-f", "mov", "-i", f"file:{film.path}", "-frames:v", "20"]
        argv += ["-f", "framemd5", "-"]
        return (await run(argv, stall_timeout=120, capture_stdout=True, limits=film.limits())).stdout

    async with sources.reading(source_of("seek", path.stat().st_size)) as film:
        assert await pictures(OpenSource(film.path)) == b""  # who does not wait finds nothing but a hole
        there = await pictures(film)
    await sources.close()
    assert there.count(b"\n") > 20
    assert there == await pictures(OpenSource(path))
    assert store.fetched < 16 * MIB


async def test_the_rest_comes_in_the_background_and_only_once(
    lazy: None, store: Counting, films: dict[str, Path], tmp_path: Path
) -> None:
    path = films["moov-last.mp4"]
    await store.put_file("rest", path)
    source = source_of("rest", path.stat().st_size)
    sources = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
    async with sources.reading(source) as film:
        await probe(film.path, container="mov", limits=film.limits(PROBE_LIMITS))
        async with sources.whole(source) as whole:
            assert whole.path == film.path
            assert whole.reads is None
            assert whole.path.read_bytes() == path.read_bytes()
    assert store.fetched == source.bytes
    assert any(end - start == 8 * MIB for start, end in store.ranges)
    await sources.close()
    again = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
    async with again.reading(source) as film:  # the next process finds it
        assert film.reads is None
    await again.close()
    assert store.fetched == source.bytes


async def worker(server: S3Server, **told: Any) -> asyncio.subprocess.Process:
    settings = dataclasses.asdict(server.settings)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.transcoder.pipeline.sources_worker"),
        json.dumps({"bucket": BUCKET, "settings": settings, "stop_after": None} | told),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )


async def line_of(process: asyncio.subprocess.Process) -> list[str]:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 240)).decode().split()


async def test_two_processes_share_one_fetch(s3_server: S3Server, store: Counting, tmp_path: Path) -> None:
    data = content(40 * MIB + 4711)
    await store.put("shared", data)
    told = {"key": "shared", "size": len(data), "cache": str(tmp_path / "sources")}
    both = [await worker(s3_server, **told) for _ in range(2)]
    said = [await line_of(process) for process in both]
    assert [line[0] for line in said] == ["whole", "whole"]
    assert sum(int(line[1]) for line in said) == len(data)
    assert Path(said[0][2]).read_bytes() == data
    for process in both:
        await process.wait()


async def test_a_killed_fetcher_is_taken_over(s3_server: S3Server, store: Counting, tmp_path: Path) -> None:
    data = content(40 * MIB)
    await store.put("killed", data)
    told = {"key": "killed", "size": len(data), "cache": str(tmp_path / "sources")}
    first = await worker(s3_server, **told, stop_after=20 * MIB)
    assert await line_of(first) == ["stopped"]
    second = await worker(s3_server, **told)
    waiting = asyncio.create_task(line_of(second))
    first.kill()
    await first.wait()
    said = await waiting
    assert said[0] == "whole"
    # What the first had brought in full counts; up to a block of each of its four ranges does not.
    assert 20 * MIB <= int(said[1]) <= 24 * MIB
    assert Path(said[2]).read_bytes() == data
    await second.wait()


async def test_sources_leave_by_budget_but_never_while_in_use(store: Counting, tmp_path: Path) -> None:
    size = 3 * MIB
    named = {}
    for number in range(1, 5):
        await store.put(f"small-{number}", content(size, number))
        named[number] = source_of(f"small-{number}", size, number)
    directory = tmp_path / "sources"

    def kept() -> list[int]:
        return sorted(int(path.stem.replace("-", ""), 16) for path in directory.glob("*.film"))

    sources = Sources(store, directory, budget=7 * MIB)  # type: ignore[arg-type]
    other = Sources(store, directory, budget=7 * MIB)  # type: ignore[arg-type]
    async with sources.whole(named[1]) as first:
        async with other.whole(named[2]):
            pass
        async with other.whole(named[3]):  # the second lingers and goes; the first is in use, though older
            assert kept() == [1, 3]
            with pytest.raises(NoRoom):
                async with other.whole(named[4]):
                    pass
            assert first.path.read_bytes() == content(size, 1)
        async with other.whole(named[4]) as fourth:
            assert fourth.path.read_bytes() == content(size, 4)
        assert kept() == [1, 4]
    with pytest.raises(DiskFull, match="budget"):
        async with Sources(store, directory, budget=2 * MIB).whole(named[1]):  # type: ignore[arg-type]
            pass
    await sources.close()
    await other.close()


async def test_a_full_disk_is_told(store: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.put("full", content(MIB))
    monkeypatch.setattr(source_cache, "MARGIN", 10**18)
    sources = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
    with pytest.raises(DiskFull) as failed:
        async with sources.whole(source_of("full", MIB)):
            pass
    assert failed.value.code == "disk_full"
    assert "free" in failed.value.message


async def test_a_disk_that_fills_up_meanwhile_is_told(
    store: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.put("fills", content(3 * MIB))
    pwrite = os.pwrite

    def full(descriptor: int, data: bytes, offset: int) -> int:
        if offset >= 2 * MIB:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(descriptor, data, offset)

    sources = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
    with monkeypatch.context() as patched, pytest.raises(DiskFull):
        patched.setattr(os, "pwrite", full)
        async with sources.whole(source_of("fills", 3 * MIB)):
            pass
    async with sources.whole(source_of("fills", 3 * MIB)) as film:  # once there is room, it goes on from there
        assert film.path.read_bytes() == content(3 * MIB)
    assert store.fetched <= 5 * MIB
    await sources.close()


async def test_what_another_boot_left_counts_for_nothing(
    store: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.put("boot", content(2 * MIB))
    for fetched in (2 * MIB, 2 * MIB):
        sources = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
        async with sources.whole(source_of("boot", 2 * MIB)) as film:
            assert film.path.read_bytes() == content(2 * MIB)
        await sources.close()
        assert store.fetched == fetched
    monkeypatch.setattr(block_file, "_boot_id", lambda: b"b" * 36)
    sources = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
    async with sources.whole(source_of("boot", 2 * MIB)):
        assert store.fetched == 4 * MIB
    await sources.close()


async def test_where_reads_cannot_wait_the_film_is_fetched_first(
    store: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_facts() -> dict[str, bool]:
        return {"gated_reads": False}

    monkeypatch.setattr(sources_module, "sandbox_facts", no_facts)
    await store.put("early", content(2 * MIB + 1))
    sources = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
    async with sources.reading(source_of("early", 2 * MIB + 1)) as film:
        assert film.reads is None
        assert film.path.read_bytes() == content(2 * MIB + 1)
    await sources.close()


async def test_an_object_that_is_not_there_or_of_another_size_is_missing(store: Counting, tmp_path: Path) -> None:
    await store.put("short", content(MIB))
    sources = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
    local = LocalStore(tmp_path / "disk")
    await local.put("short", b"short")
    for held in (sources, Sources(local, tmp_path / "unused")):
        for source in (source_of("short", MIB + 1), source_of("nowhere", MIB)):
            for way in (held.whole, held.reading):
                with pytest.raises(Refused, match="source_missing"):
                    async with way(source):
                        pass
    await local.close()


async def test_a_film_that_leaves_storage_while_it_is_read_is_missing(
    lazy: None, store: Counting, films: dict[str, Path], tmp_path: Path
) -> None:
    path = films["moov-last.mp4"]
    await store.put_file("leaves", path)
    sources = Sources(store, tmp_path / "sources", background=False)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="source_missing"):
        async with sources.reading(source_of("leaves", path.stat().st_size)) as film:
            await store.delete("leaves")
            await probe(film.path, container="mov", limits=film.limits(PROBE_LIMITS))
    await sources.close()


async def test_a_film_that_is_examined_is_not_fetched(
    lazy: None, store: Counting, films: dict[str, Path], tmp_path: Path
) -> None:
    path = films["moov-last.mp4"]
    await store.put_file("examined", path)
    sources = Sources(store, tmp_path / "sources")  # type: ignore[arg-type]
    async with sources.reading(source_of("examined", path.stat().st_size), in_part=True) as film:
        await probe(film.path, container="mov", limits=film.limits(PROBE_LIMITS))
    assert store.fetched <= 16 * MIB
    await sources.close()


async def test_a_slow_store_is_no_damage_of_the_film(
    lazy: None, store: Counting, films: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = films["moov-first.mp4"]
    await store.put_file("slow", path)
    sources = Sources(store, tmp_path / "sources", background=False)  # type: ignore[arg-type]
    get = store.get

    async def slowly(key: str, start: int | None = None, end: int | None = None) -> Any:
        await asyncio.sleep(3)  # longer than a child may stand still by itself
        async for piece in get(key, start, end):
            yield piece

    async with sources.reading(source_of("slow", path.stat().st_size)) as film:
        monkeypatch.setattr(store, "get", slowly)
        found = await probe(film.path, container="mov", timeout=2.0, limits=film.limits(PROBE_LIMITS))
        assert found.duration == pytest.approx(SECONDS, abs=0.1)
    await sources.close()


async def test_a_store_that_fails_ends_the_child_with_the_stores_own_error(
    lazy: None, store: Counting, films: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = films["moov-first.mp4"]
    await store.put_file("failing", path)
    sources = Sources(store, tmp_path / "sources", background=False)  # type: ignore[arg-type]
    source = source_of("failing", path.stat().st_size)
    argv = [str(FFMPEG), "-v", "error", "-f", "mov", "-i"]
    async with sources.reading(source) as film:
        get = store.get

        def fail(key: str, start: int | None = None, end: int | None = None) -> Any:
            if (start or 0) >= 10 * MIB:
                raise StorageUnavailable("gone")
            return get(key, start, end)

        monkeypatch.setattr(store, "get", fail)
        pids: list[int] = []
        with pytest.raises(StorageUnavailable):
            await run(
                [*argv, f"file:{film.path}", "-f", "null", "-"],
                stall_timeout=120,
                limits=film.limits(),
                on_start=pids.append,
            )
        assert not Path(f"/proc/{pids[0]}").exists()
        monkeypatch.setattr(store, "get", get)
        finished = await run(
            [*argv, f"file:{film.path}", "-progress", "pipe:1", "-f", "null", "-"],
            stall_timeout=120,
            limits=film.limits(),
        )
        assert finished.progress.frame == SECONDS * 25  # the same file, tried again
    await sources.close()


async def test_a_film_on_disk_is_read_where_it_lies(tmp_path: Path) -> None:
    local = LocalStore(tmp_path / "store")
    await local.put("a/film", b"film")
    sources = Sources(local, tmp_path / "sources")
    for way in (sources.reading, sources.whole):
        async with way(source_of("a/film", 4)) as film:
            assert film == OpenSource(local.local_path("a/film"))
    assert not (tmp_path / "sources").exists()
    await local.close()
