"""The long runs of ``make acceptance``, each file on a suite of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import Platform
from tests.support.running import ROOT, Suite


def shared_media() -> Path:
    """The shared films, where this machine has them."""
    return Path(os.environ.get("LECTERN_MEDIA_DIR", ROOT.parent / "shared" / "media"))


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    running = Suite(tmp_path_factory.mktemp("lectern") / "home").start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def platform(suite: Suite) -> Iterator[Platform]:
    made = Platform(suite)
    yield made
    made.close()
