"""The fixtures of a running suite, for each kind of test that wants one."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest

from tests.support.clients import Platform
from tests.support.running import Suite
from tests.support.secrecy import stop_and_search


def suite_fixtures(scope: Literal["session", "module"]) -> tuple[Any, Any]:
    """The fixtures ``suite`` and ``platform``, for a conftest.py to take over under these names.

    The suite has default settings and lives as long as ``scope``; at the end it stops cleanly, and has written no secret anywhere.
    """

    @pytest.fixture(scope=scope)
    def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
        running = Suite(tmp_path_factory.mktemp("lectern") / "home").start()
        yield running
        found = stop_and_search(running)
        assert not found, f"secrets stand in what was written: {found}"

    @pytest.fixture(scope=scope)
    def platform(suite: Suite) -> Iterator[Platform]:
        made = Platform(suite)
        yield made
        made.close()

    return suite, platform
