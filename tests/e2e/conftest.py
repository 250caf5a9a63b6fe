"""The whole suite, started as a user starts it, for tests that prove its behaviour from outside.

One suite serves all tests of a test process; tests that kill one, or need other settings, start their own.
tests/support/scheduling.py keeps either kind together on one worker of pytest-xdist.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import Course, Platform
from tests.support.films import make_film
from tests.support.running import RUNNING, Suite
from tests.support.suites import suite_fixtures

SHOWN_LINES = 80
QUIET = re.compile(r"/status 200 ")

suite, platform = suite_fixtures("session")

_marks = pytest.StashKey[dict[int, int]]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_marks] = {id(suite): len(suite.lines) for suite in RUNNING}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed:
        for suite in RUNNING:
            since = item.stash.get(_marks, {}).get(id(suite), 0)
            said = [line for line in suite.lines[since:] if not QUIET.search(line)]
            report.sections.append((f"what the suite at {suite.url} said", "\n".join(said[-SHOWN_LINES:])))


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="session")
def short_film(films: Path) -> Path:
    """8 s of 320x180 at 25 pictures a second, with sound."""
    return make_film(films / "short.mp4", seconds=8)


@pytest.fixture(scope="session")
def other_film(films: Path) -> Path:
    """6 s of another picture, without sound."""
    return make_film(films / "other.mp4", seconds=6, size="256x144", sound=False, pictures="testsrc")


@pytest.fixture(scope="session")
def shown(platform: Platform, short_film: Path) -> tuple[Course, str]:
    """A course of one chapter whose film is ready, for tests that only watch: the course and the video's id."""
    course = platform.new_course()
    return course, platform.ready(course.chapters[0], short_film)


@pytest.fixture
def new_suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Suite]]:
    """Makes suites (not started) for one test; what still runs at its end is stopped."""
    made: list[Suite] = []

    def make(**settings: str) -> Suite:
        made.append(Suite(tmp_path_factory.mktemp("lectern") / "home", **settings))
        return made[-1]

    yield make
    for one in made:
        if one in RUNNING:
            one.stop()
