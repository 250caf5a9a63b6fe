"""A child process is caged, drained and watched, and nothing is left of it when nobody waits any more."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, LinePipe, ProcessLimits, Progress, check, run
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ffmpeg.video import encode_video_chunk
from services.transcoder.ladder.schema import ChunkPlan
from tests.transcoder.ffmpeg.films import CONTAINERS, FFMPEG, OPTIONS, picture, publish, write_film

ENDLESS = [str(FFMPEG), "-nostdin", "-v", "error", "-progress", "pipe:1", "-f", "lavfi", "-i", "testsrc2=s=64x64"]
ENDLESS += ["-f", "null", "-"]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_only_the_last_lines_of_a_flood_are_kept() -> None:
    code = "import sys; [print('line', i, 'x' * 5000, file=sys.stderr) for i in range(3000)]; sys.exit(3)"
    finished = await run(python(code), stall_timeout=20)
    assert finished.returncode == 3
    assert len(finished.stderr_tail) == 40
    assert finished.stderr_tail[-1].startswith("line 2999")
    assert max(map(len, finished.stderr_tail)) <= 600


async def test_progress_is_reported() -> None:
    seen: list[Progress] = []
    argv = [*ENDLESS[:-3], "-frames:v", "100", "-f", "null", "-"]
    finished = check(await run(argv, stall_timeout=20, on_progress=seen.append))
    assert seen[-1].done
    assert finished.progress.frame == 100
    assert finished.progress.out_time == pytest.approx(4.0)


async def test_lines_of_an_extra_pipe_arrive() -> None:
    lines: list[str] = []

    async def on_line(line: str) -> None:
        lines.append(line)

    pipe = LinePipe(on_line)
    code = f"import os; os.write({pipe.child_fd}, b'one\\ntwo\\n')"
    check(await run(python(code), stall_timeout=20, pipes=[pipe]))
    assert lines == ["one", "two"]


async def test_a_stalled_child_is_ended() -> None:
    pids: list[int] = []
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    with pytest.raises(FFmpegFailed) as failed:
        await run(python(code), stall_timeout=1, on_start=pids.append)
    assert failed.value.code == "stalled"
    assert gone(pids[0])


async def test_a_child_that_was_stopped_on_purpose_is_not_stalled() -> None:
    pids: list[int] = []
    task = asyncio.create_task(run(ENDLESS, stall_timeout=1.5, on_start=pids.append))
    await until(lambda: bool(pids))
    os.killpg(pids[0], signal.SIGSTOP)
    done, _ = await asyncio.wait({task}, timeout=4)
    assert not done
    os.killpg(pids[0], signal.SIGKILL)
    assert (await task).returncode == -signal.SIGKILL


async def test_cancelling_kills_and_reaps() -> None:
    pids: list[int] = []
    task = asyncio.create_task(run(ENDLESS, stall_timeout=20, on_start=pids.append))
    await until(lambda: bool(pids))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(pids[0])


async def test_a_failing_callback_kills_the_child(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [i / 25 for i in range(1)] + [1, 2, 14], gop=2)
    published = await publish(film, tmp_path / "out")
    pids: list[int] = []

    async def on_segment(_: Segment) -> None:
        raise OSError("the store is gone")

    chunk = published.plan.chunk("video", 0)
    with pytest.raises(OSError, match="the store is gone"):
        await encode_video_chunk(
            film, published.plan, chunk, tmp_path / "out", on_segment, EncodeOptions(FFMPEG, on_start=pids.append)
        )
    assert gone(pids[0])


async def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import run
asyncio.run(run({ENDLESS!r}, stall_timeout=60, on_start=lambda pid: print(pid, flush=True)))
"""
    parent = await asyncio.create_subprocess_exec(
        *python(code), stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.getcwd()}
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    # Only once it runs FFmpeg has it asked to be told of the parent's death.
    await until(lambda: "ffmpeg" in psutil.Process(child).name())
    parent.kill()
    await parent.wait()
    await until(lambda: gone(child))


async def test_limits_hold(tmp_path: Path) -> None:
    big = await run(python("b = bytearray(2 * 1024**3)"), stall_timeout=20, limits=ProcessLimits(memory_bytes=2**30))
    assert "MemoryError" in big.stderr_tail[-1]
    busy = await run(python("while True: pass"), stall_timeout=20, limits=ProcessLimits(cpu_seconds=1))
    with pytest.raises(FFmpegFailed, match="computing time"):
        check(busy)
    code = f"open({str(tmp_path / 'large')!r}, 'wb').write(bytes(10**6))"
    large = await run(python(code), stall_timeout=20, limits=ProcessLimits(file_bytes=1000))
    with pytest.raises(FFmpegFailed) as failed:
        check(large)
    assert failed.value.code == "file_limit"


async def test_the_child_sees_nothing_of_the_worker() -> None:
    os.environ["LECTERN_TEST_SECRET"] = "hush"
    try:
        finished = await run(
            python("import os; print(sorted(os.environ), os.read(0, 9))"), stall_timeout=20, capture_stdout=True
        )
    finally:
        del os.environ["LECTERN_TEST_SECRET"]
    assert b"SECRET" not in finished.stdout
    assert finished.stdout.endswith(b"b''\n")


async def test_a_source_that_was_cut_off_is_not_published(tmp_path: Path) -> None:
    times = [i / 25 for i in range(13 * 25)]
    whole = write_film(tmp_path / "film.mkv", times, gop=25)
    published = await publish(whole, tmp_path / "out")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    handed: list[int] = []

    async def on_segment(segment: Segment) -> None:
        handed.append(segment.index)

    # A good four seconds are left: what begins behind them is not there, alone or together with what is.
    for first, count in ((0, 4), (2, 1), (2, 2), (3, 1)):
        chunk = ChunkPlan(kind="video", index=0, first_segment=first, segment_count=count)
        with pytest.raises(FFmpegFailed) as failed:
            await encode_video_chunk(cut, published.plan, chunk, tmp_path / "out2", on_segment, OPTIONS)
        assert failed.value.code == "truncated"
    assert 2 not in handed
    assert 3 not in handed
    assert CONTAINERS[cut.suffix] == "matroska"
    assert picture(0).shape == (180, 320)
