"""The way in: finds a Python that is new enough and hands over to deploy/embedded/setup.

    python3 deploy/embedded/bootstrap.py run | sync | test | check | ...

This file alone has to be readable to every Python 3, so that an old one can say in one sentence what is missing; keep
newer syntax out of it. Everything behind it may use what Python 3.11 knows.
"""

# Written for any Python 3: no f-strings, no pathlib, annotations as comments.
# ruff: noqa: UP031, PTH100, PTH118, PTH120, PTH123, SIM115, RUF005, S606

import os
import sys

# Python puts this file's directory first, where secrets.py would hide the standard library's: the checkout instead.
CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[0] = CHECKOUT

OLDEST = (3, 11)
NEWEST = (3, 14)


def find_newer_python():  # type: () -> str | None
    """The newest suitable Python on PATH, or None. A shim that finds no Python behind it does not count."""
    import subprocess

    question = "import sys; sys.exit(0 if sys.version_info >= (%d, %d) else 1)" % OLDEST
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        for directory in os.environ.get("PATH", "").split(os.pathsep):
            candidate = os.path.join(directory, "python3.%d" % minor)
            if not os.access(candidate, os.X_OK):
                continue
            devnull = open(os.devnull, "w")
            try:
                code = subprocess.call([candidate, "-c", question], stdout=devnull, stderr=devnull)
            except OSError:
                continue
            finally:
                devnull.close()
            if code == 0:
                return candidate
    return None


def main():  # type: () -> int
    if sys.version_info < OLDEST:
        newer = find_newer_python()
        if newer is not None:
            # exec and not a child, so that Ctrl-C reaches one process.
            os.execv(newer, [newer, os.path.abspath(__file__)] + sys.argv[1:])
        sys.stderr.write(
            "lectern: Lectern needs Python 3.11 or newer and this is %d.%d: install one (python3.11 or later) and see "
            "that it is on PATH, or name it with make PYTHON=/path/to/python3.\n" % tuple(sys.version_info[:2])
        )
        return 1
    from deploy.embedded.setup.tasks import main as run_task

    return run_task(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
