"""`make run` on a fresh clone, for a user who has nothing: no home, no cache, no uv, no Node, no rights.

Downloads some hundred megabytes, so it is one of the long ones.
"""

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
PASSED_ON = ("SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL", "UV_DEFAULT_INDEX")


@pytest.fixture
def clone() -> Iterator[Path]:
    """The files git knows or would know, as the user nobody, in a place that user can reach."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    target = Path("/var/tmp") / f"lectern-clone-{os.getpid()}"
    for name in listed:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    for path in (target, *target.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    yield target
    shutil.rmtree(target, ignore_errors=True)


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start something as another user")
def test_a_fresh_clone_runs_for_a_user_without_anything(clone: Path, unused_port: int) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PORT": str(unused_port), "DEMO_COURSE": "0"}
    environment |= {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    for attempt in ("first", "second"):
        began = time.monotonic()
        run = subprocess.Popen(
            ["make", "run"], cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            user=NOBODY, group=NOBODY, extra_groups=[], start_new_session=True,
        )  # fmt: skip
        assert run.stdout is not None
        lines = []
        for line in run.stdout:
            lines.append(line)
            if line.startswith("Lectern is ready at"):
                break
        assert lines[-1:] == [f"Lectern is ready at http://127.0.0.1:{unused_port}\n"], "".join(lines[-40:])
        print(f"{attempt} start: {time.monotonic() - began:.1f} s")
        with urllib.request.urlopen(f"http://127.0.0.1:{unused_port}/health/ready", timeout=30) as answer:
            assert answer.status == 200
        os.killpg(run.pid, signal.SIGTERM)
        run.communicate(timeout=60)
