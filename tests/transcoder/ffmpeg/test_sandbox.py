"""A child that was turned against us reads no film but its own, writes nowhere else, and cannot multiply."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from services.transcoder.ffmpeg.probe import PROBE_LIMITS, probe
from services.transcoder.ffmpeg.process import FFmpegFailed, ProcessLimits, check, run, sandbox_facts
from services.transcoder.ladder.model import Refused
from tests.support.films import shared_media
from tests.transcoder.ffmpeg.films import FFMPEG, write_film

ATTACKS = shared_media() / "attack"
ATTACK_NAMES = ("exe.mp4", "ffconcat_abs.mp4", "hls_file_passwd.mp4", "hls_http_loopback.mp4")


@pytest.fixture(scope="module")
async def walls() -> dict[str, bool]:
    return await sandbox_facts()


@pytest.fixture(scope="module")
def other_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody else's source."""
    folder = tmp_path_factory.mktemp("other")
    return write_film(folder / "secret.ts", [i / 25 for i in range(25)], gop=5)  # type: ignore[misc]


def need(walls: dict[str, bool], wall: str) -> None:
    if not walls[wall]:
        pytest.skip(f"this kernel has no {wall}")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def playlist(target: str) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1.0,\n{target}\n#EXT-X-ENDLIST\n"


def concat(target: str) -> str:
    return f"ffconcat version 1.0\nfile '{target}'\n"


async def demuxed(hostile: Path, demuxer: str, limits: ProcessLimits) -> int:
    """How many pictures FFmpeg decodes of `hostile`, read by the worst demuxer and with every lock of it open."""
    opened = {"hls": ["-allowed_extensions", "ALL", "-extension_picky", "0"], "concat": ["-safe", "0"]}[demuxer]
    argv = [str(FFMPEG), "-nostdin", "-v", "error", "-progress", "pipe:1", "-protocol_whitelist", "file,pipe,http,tcp"]
    argv += ["-f", demuxer, *opened, "-i", f"file:{hostile}", "-f", "null", "-"]
    finished = await run(argv, stall_timeout=60, limits=limits)
    return finished.progress.frame


@pytest.mark.parametrize("demuxer", ["hls", "concat"])
@pytest.mark.parametrize("way", ["absolute", "relative", "link"])
async def test_a_text_that_names_another_film_shows_nothing_of_it(
    walls: dict[str, bool], other_film: Path, tmp_path: Path, demuxer: str, way: str
) -> None:
    need(walls, "landlock")
    target = str(other_film)
    if way == "relative":
        target = os.path.relpath(other_film, tmp_path)
    if way == "link":
        (tmp_path / "link.ts").symlink_to(other_film)
        target = str(tmp_path / "link.ts")
    hostile = tmp_path / "hostile.mp4"
    hostile.write_text({"hls": playlist, "concat": concat}[demuxer](target))
    free = ProcessLimits()
    assert await demuxed(hostile, demuxer, free) == 25  # the attack itself works
    assert await demuxed(hostile, demuxer, replace(free, readable=(hostile,))) == 0


@pytest.mark.parametrize("name", ATTACK_NAMES)
async def test_the_shared_attacks_read_nothing(walls: dict[str, bool], name: str) -> None:
    if not (ATTACKS / name).exists():
        pytest.skip(f"{ATTACKS / name} is not here")
    need(walls, "landlock")
    for demuxer in ("hls", "concat"):
        assert await demuxed(ATTACKS / name, demuxer, ProcessLimits(readable=(ATTACKS / name,))) == 0
    with pytest.raises(Refused):
        await probe(ATTACKS / name, container="mov", limits=replace(PROBE_LIMITS, readable=(ATTACKS / name,)))


async def test_a_confined_child_opens_nothing_it_was_not_given(walls: dict[str, bool], tmp_path: Path) -> None:
    need(walls, "landlock")
    own, out, secret = tmp_path / "own", tmp_path / "out", tmp_path / "secret"
    own.write_text("own")
    secret.write_text("secret")
    out.mkdir()
    code = f"""
from pathlib import Path
def tries(do):
    try: return do() or "done"
    except OSError as error: return error.strerror
print(tries(lambda: Path({str(own)!r}).read_text()))
print(tries(lambda: Path({str(secret)!r}).read_text()))
print(tries(lambda: Path("/etc/passwd").read_text()))
print(tries(lambda: Path("/proc/1/environ").read_bytes()))
print(tries(lambda: Path({str(own)!r}).write_text("other")))
print(tries(lambda: Path({str(tmp_path / "new")!r}).write_text("new") and None))
print(tries(lambda: Path({str(out / "new")!r}).write_text("new") and None))
print(tries(lambda: Path({str(out / "new")!r}).read_text()))
print(tries(lambda: Path("/dev/null").write_text("x") and None))
"""
    limits = ProcessLimits(readable=(own,), writable=(out,))
    finished = check(await run(python(code), stall_timeout=60, limits=limits, capture_stdout=True))
    refused = "Permission denied"
    assert finished.stdout.decode().split("\n")[:-1] == [
        *("own", refused, refused, refused, refused, refused),
        *("done", "new", "done"),
    ]


async def test_a_confined_probe_still_probes(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [i / 25 for i in range(50)])  # type: ignore[misc]
    found = await probe(film, container="mov", limits=replace(PROBE_LIMITS, readable=(film,)))
    assert found == await probe(film, container="mov")


async def test_there_is_nobody_to_talk_to(walls: dict[str, bool]) -> None:
    if not (walls["network"] or walls["landlock"]):
        pytest.skip("this kernel cuts no network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        for limits in (ProcessLimits(), ProcessLimits(cut_network=False, readable=())):
            if not walls["network" if limits.cut_network else "landlock"]:
                continue
            finished = await run(python(code), stall_timeout=60, limits=limits)
            assert finished.returncode == 1
            assert "Error" in finished.stderr_tail[-1]
        assert (await run(python(code), stall_timeout=60, limits=ProcessLimits(cut_network=False))).returncode == 0


async def test_a_child_gains_no_privileges() -> None:
    code = "print(open('/proc/self/status').read())"
    finished = check(await run(python(code), stall_timeout=60, capture_stdout=True))
    assert b"NoNewPrivs:\t1\n" in finished.stdout


async def test_a_fork_bomb_stays_small(walls: dict[str, bool]) -> None:
    need(walls, "cgroup_processes")
    # Each in a session of its own, where no signal to the group reaches it.
    code = """
import os, time
made = []
try:
    for _ in range(500):
        pid = os.fork()
        if pid == 0:
            os.setsid()
            time.sleep(600)
        made.append(pid)
except BlockingIOError:
    print(*made)
"""
    finished = check(await run(python(code), stall_timeout=60, limits=ProcessLimits(processes=20), capture_stdout=True))
    made = [int(pid) for pid in finished.stdout.split()]
    assert len(made) == 19
    # None of them outlives the run, although no signal to the process group found them.
    assert not [pid for pid in made if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


async def test_memory_is_capped_over_all_children(walls: dict[str, bool]) -> None:
    need(walls, "cgroup_memory")
    code = """
import os
pids = [os.fork() for _ in range(1)]
b = bytearray(200 * 2**20)
if pids[0]:
    print(os.waitpid(pids[0], 0)[1])
"""
    limits = ProcessLimits(memory_bytes=300 * 2**20)
    finished = await run(python(code), stall_timeout=60, limits=limits, capture_stdout=True)
    assert finished.returncode == -9 or finished.stdout.strip() == b"9"


async def test_who_fills_the_disk_is_ended(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    code = f"""
import time
for number in range(40):
    open({str(out)!r} + f"/{{number}}", "wb").write(bytes(2**20))
time.sleep(600)
"""
    limits = ProcessLimits(readable=(), writable=(out,), disk_bytes=20 * 2**20)
    with pytest.raises(FFmpegFailed) as failed:
        await run(python(code), stall_timeout=60, limits=limits)
    assert failed.value.code == "disk_budget"
    enough = replace(limits, disk_bytes=60 * 2**20)
    code = code.replace("time.sleep(600)", "")
    assert check(await run(python(code), stall_timeout=60, limits=enough)).returncode == 0


async def test_the_facts_are_told_apart() -> None:
    facts = await sandbox_facts()
    assert set(facts) == {"network", "landlock", "processes", "cgroup_processes", "cgroup_memory", "gated_reads"}
    assert all(isinstance(fact, bool) for fact in facts.values())


async def test_two_children_have_groups_of_their_own(walls: dict[str, bool]) -> None:
    need(walls, "cgroup_processes")
    code = "import os; print(open('/proc/self/cgroup').read())"
    said = await asyncio.gather(*(run(python(code), stall_timeout=60, capture_stdout=True) for _ in range(2)))
    groups = [
        {line for line in finished.stdout.decode().splitlines() if f"-{os.getpid()}-" in line} for finished in said
    ]
    assert groups[0]
    assert not groups[0] & groups[1]
