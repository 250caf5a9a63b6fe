"""Two workers, each pinned to a core, beside one pinned worker: the same chunks from one queue."""

import asyncio
import multiprocessing
import os
import time
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any

from bench.table import show
from bench.transcode.ladder import make_chunk, plan_of
from services.transcoder.ladder.schema import ChunkPlan, Plan

CHUNKS = 8
SEGMENTS = 1


def _worker(core: int, film: Path, plan: Plan, queue: "Queue[ChunkPlan]", out: Path) -> None:
    os.sched_setaffinity(0, {core})
    while True:
        try:
            chunk = queue.get(timeout=1)
        except Empty:
            return
        asyncio.run(make_chunk(film, plan, chunk, out))


def _timed(cores: list[int], film: Path, plan: Plan, out: Path) -> float:
    context = multiprocessing.get_context("spawn")
    queue: Queue[ChunkPlan] = context.Queue()
    for index in range(CHUNKS):
        queue.put(ChunkPlan(kind="video", index=index, first_segment=1 + index * SEGMENTS, segment_count=SEGMENTS))
    workers = [context.Process(target=_worker, args=(core, film, plan, queue, out / str(core))) for core in cores]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    # Each waits a second for more before it ends.
    return time.perf_counter() - started - 1


def measure(film: Path, directory: Path) -> dict[str, Any]:
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        print("  two workers: this machine has one core")
        return {}
    plan = plan_of(film)
    one = _timed(cores[:1], film, plan, directory / "one")
    two = _timed(cores, film, plan, directory / "two")
    show(["chunks", "one pinned worker s", "two s", "gain (>= 1.7)"], [[CHUNKS, one, two, one / two]])
    return {"one": one, "two": two, "gain": one / two}
