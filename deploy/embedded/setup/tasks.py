"""What each `make` target does, once the environment stands."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.embedded.problem import SetupProblemError, disk_problem
from deploy.embedded.setup.sync import Environment
from deploy.embedded.setup.web import Web

CHECKOUT = Path(__file__).resolve().parents[3]


class Workshop:
    """A synced checkout, and the programs in it."""

    def __init__(self, *, everything: bool) -> None:
        environ = dict(os.environ)
        self.environment = Environment(CHECKOUT, environ, everything=everything)
        self.environment.sync()
        self.web = Web(CHECKOUT, self.environment.python, environ)
        self._extra: dict[str, str] = {}

    def python(self, *arguments: str) -> int:
        """Runs the environment's Python; its exit status."""
        environment = self.environment.process_environment() | self._extra
        return subprocess.run(
            [self.environment.python, *arguments], cwd=CHECKOUT, env=environment, check=False
        ).returncode

    def each(self, *steps: tuple[str, Callable[[], int]]) -> int:
        """Runs all steps, so that one run tells everything, and then says which failed."""
        failed = []
        for name, step in steps:
            print(f"lectern: {name}", flush=True)
            try:
                code = step()
            except SetupProblemError as problem:
                print(f"lectern: {problem}", file=sys.stderr)
                code = 1
            if code != 0:
                failed.append(name)
        if failed:
            print(f"lectern: failed: {', '.join(failed)}", file=sys.stderr)
        return 1 if failed else 0

    def npm(self, what: str, script: str) -> int:
        if self.web.exists:
            self.web.install()
            self.web.npm(what, "run", script)
        return 0

    def build_web(self) -> None:
        if self.web.exists:
            self.web.build()

    def find_chromium(self) -> int:
        """Puts CHROMIUM_PATH into the environment of the tests, installing a browser where that is allowed."""
        found = subprocess.run(
            [self.environment.python, "-m", "deploy.embedded.chromium"],
            cwd=CHECKOUT, env=self.environment.process_environment(), stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if found.returncode == 0:
            self._extra["CHROMIUM_PATH"] = found.stdout.strip()
        return found.returncode


def _run(arguments: list[str]) -> int:
    workshop = Workshop(everything=False)
    workshop.build_web()
    python = str(workshop.environment.python)
    # exec: Ctrl-C and SIGTERM reach the supervisor itself.
    os.chdir(CHECKOUT)
    environment = workshop.environment.process_environment()
    os.execve(python, [python, "-m", "cli.main", "run", *arguments], environment)  # noqa: S606 - no shell is meant


def _sync(arguments: list[str]) -> int:
    workshop = Workshop(everything="--all" in arguments)
    workshop.build_web()
    return 0


def _test(arguments: list[str]) -> int:
    workshop = Workshop(everything=True)
    workshop.build_web()
    if workshop.find_chromium() != 0:
        return 1
    selection = ["-m", "not acceptance", "-n", "auto", "--dist", "loadgroup", "--durations", "30"]
    steps = [("tests", lambda: workshop.python("-m", "pytest", *selection, *arguments))]
    if not arguments:
        # With arguments somebody looks at some tests only.
        steps.append(("web tests", lambda: workshop.npm("The web app's tests", "test")))
    return workshop.each(*steps)


def _check(_arguments: list[str]) -> int:
    workshop = Workshop(everything=True)
    lint_imports = str(workshop.environment.python.with_name("lint-imports"))
    return workshop.each(
        ("format", lambda: workshop.python("-m", "ruff", "format", "--check", ".")),
        ("lint", lambda: workshop.python("-m", "ruff", "check", ".")),
        ("types", lambda: workshop.python("-m", "mypy")),
        ("import layers", lambda: workshop.python(lint_imports)),
        ("database schema", lambda: workshop.python("-m", "deploy.embedded.check_schema")),
        ("openapi", lambda: workshop.python("-m", "cli.openapi", "--check")),
        ("web", lambda: workshop.npm("The web app's check", "check")),
    )


def _format(_arguments: list[str]) -> int:
    workshop = Workshop(everything=True)
    return workshop.each(
        ("lint", lambda: workshop.python("-m", "ruff", "check", "--fix", ".")),
        ("format", lambda: workshop.python("-m", "ruff", "format", ".")),
    )


def _acceptance(arguments: list[str]) -> int:
    workshop = Workshop(everything=True)
    workshop.build_web()
    if workshop.find_chromium() != 0:
        return 1
    steps = [("long tests", lambda: workshop.python("-m", "pytest", "-m", "acceptance", *arguments))]
    if not arguments:
        steps.append(("screenshots", lambda: workshop.python("-m", "tests.browser.screenshots")))
    return workshop.each(*steps)


def _screenshots(arguments: list[str]) -> int:
    return _with_browser("-m", "tests.browser.screenshots", *arguments)


def _with_browser(*command: str) -> int:
    workshop = Workshop(everything=True)
    workshop.build_web()
    return workshop.find_chromium() or workshop.python(*command)


def _bench(arguments: list[str]) -> int:
    # One of them is of the web app in a browser.
    return _with_browser("-m", "bench", *arguments)


def _openapi(arguments: list[str]) -> int:
    workshop = Workshop(everything=True)
    return workshop.python("-m", "cli.openapi", *arguments) or workshop.npm("The types of the API", "api")


TASKS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "sync": _sync,
    "test": _test,
    "check": _check,
    "format": _format,
    "acceptance": _acceptance,
    "screenshots": _screenshots,
    "bench": _bench,
    "openapi": _openapi,
}


def main(arguments: list[str]) -> int:
    """Runs one task; its exit status. Says in one sentence what stands in the way."""
    if not arguments or arguments[0] not in TASKS:
        print(f"usage: bootstrap.py {'|'.join(TASKS)} [arguments]", file=sys.stderr)
        return 2
    if sys.platform not in ("linux", "darwin"):
        print("lectern: Lectern runs on Linux and macOS: on Windows, use it inside WSL.", file=sys.stderr)
        return 1
    # Postgres runs as another user when we are root, and has to be able to read what is installed now.
    os.umask(os.umask(0o022) & 0o022)
    try:
        return TASKS[arguments[0]](arguments[1:])
    except SetupProblemError as problem:
        print(f"lectern: {problem}", file=sys.stderr)
    except OSError as error:
        print(f"lectern: {disk_problem(error, Path(error.filename or CHECKOUT))}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1
