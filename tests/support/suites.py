"""The fixtures of a running suite, for each kind of test that wants one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.support.clients import Platform
from tests.support.running import Suite
from tests.support.secrecy import stop_and_search


@contextmanager
def running_suite(home: Path, *secrets: str, **settings: str) -> Iterator[Suite]:
    """A suite with these settings; at the end it stops cleanly, and has written no secret anywhere: none of its own, and
    none of ``secrets``, which others gave it."""
    running = Suite(home, **settings).start()
    running.spoken |= set(secrets)
    yield running
    found = stop_and_search(running)
    assert not found, f"secrets stand in what was written: {found}"


def suite_fixtures(scope: Literal["session", "module"], **settings: str) -> tuple[Any, Any]:
    """The fixtures ``suite`` and ``platform``, for a conftest.py or a module of tests to take over under these names.

    The suite has default settings beside those that are named, and lives as long as ``scope``.
    """

    @pytest.fixture(scope=scope)
    def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
        with running_suite(tmp_path_factory.mktemp("lectern") / "home", **settings) as running:
            yield running

    return suite, platform_fixture(scope)


def platform_fixture(scope: Literal["session", "module"]) -> Any:
    """The fixture ``platform``, beside a ``suite`` that is made in a way of its own."""

    @pytest.fixture(scope=scope)
    def platform(suite: Suite) -> Iterator[Platform]:
        made = Platform(suite)
        yield made
        made.close()

    return platform
