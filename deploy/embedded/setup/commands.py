"""Runs an installer, shows what it says, and turns what went wrong into a sentence."""

import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.embedded.problem import SetupProblemError

_FULL = re.compile(r"no space left on device|ENOSPC|disk quota exceeded|EDQUOT|os error 28", re.IGNORECASE)
_REFUSED = re.compile(r"permission denied|EACCES|EPERM|read-only file system|os error 13", re.IGNORECASE)
_UNREACHABLE = re.compile(
    r"error sending request|failed to fetch|dns error|connection (refused|reset)|could not connect|timed out|"
    r"ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|network (is )?unreachable|request failed after",
    re.IGNORECASE,
)
# uv names every package it touches; a hundred lines that tell a newcomer nothing.
_PACKAGE_LINES = (" + ", " - ", " ~ ")


def run_installer(
    what: str, command: Sequence[str | Path], environment: Mapping[str, str], directory: Path, registry: str
) -> None:
    """Runs it to its end. Raises SetupProblemError. `registry` is named when that is what could not be reached."""
    tail: deque[str] = deque(maxlen=60)
    try:
        with subprocess.Popen(
            [str(part) for part in command],
            cwd=directory,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as child:
            assert child.stdout is not None
            for line in child.stdout:
                tail.append(line.rstrip())
                if not line.startswith(_PACKAGE_LINES):
                    sys.stderr.write(line)
    except OSError as error:
        raise SetupProblemError(
            f"{what} could not be started ({error}): remove .venv and .tools and try again."
        ) from error
    if child.returncode != 0:
        raise installer_problem(what, "\n".join(tail), directory, registry)


def installer_problem(what: str, said: str, directory: Path, registry: str) -> SetupProblemError:
    """The sentence for an installer that failed, by what it said last."""
    if _FULL.search(said):
        return SetupProblemError(
            f"{what} failed, because the disk is full: free some space on the disk of {directory}."
        )
    if _UNREACHABLE.search(said):
        return SetupProblemError(
            f"{what} failed, because the package registry {registry} cannot be reached: check the network and its "
            f"proxy, or configure a mirror that you can reach."
        )
    if _REFUSED.search(said):
        return SetupProblemError(
            f"{what} failed, because it may not write below {directory}: give the checkout to your user with chown, "
            f"or clone it where you may write."
        )
    return SetupProblemError(f"{what} failed, for the reason above: mend it and try again.")
