"""More transcoder workers beside a suite's own: same host, same settings, processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.patience import until
from tests.support.running import ROOT, Suite

WORKER = "services.transcoder.worker"


@contextmanager
def more_workers(suite: Suite, count: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """``count`` workers more on the same host, living when the block begins."""
    own = suite.process(WORKER)
    base = {name: value for name, value in own.environ().items() if name != "LECTERN_SUPERVISED"}
    started = []
    for number in range(count):
        log = (suite.home / "logs" / f"worker-{number}.log").open("wb")
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", WORKER],
                cwd=ROOT,
                env=base,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        )
        log.close()
    try:
        names = {f"{os.uname().nodename}-{one.pid}" for one in started}
        until(lambda: names <= living_workers(suite), "all workers to be alive")
        yield started
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(timeout=60)


def living_workers(suite: Suite) -> set[str]:
    rows = suite.query("SELECT id FROM transcoding.workers WHERE seen_at > now() - interval '15 seconds'")
    return {row["id"] for row in rows}


def scratch(suite: Suite) -> list[Path]:
    """What lies in the places of work beside the workers' own empty ones."""
    return [path for root in suite.home.glob("work*") for path in root.glob("*/*")]
