"""The `lectern` command as a user types it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Lectern = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def lectern(tmp_path: Path) -> Lectern:
    """Runs the command with a home of its own."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        homes = {"LECTERN_HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state")}
        environment = {**os.environ, **homes, **settings}
        command = [sys.executable, "-m", "cli.main", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run
