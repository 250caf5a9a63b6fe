"""The progress service on a real Postgres, for all tests of it that need no gateway."""

from collections.abc import Iterator

import pytest

from tests.conftest import TestDatabase
from tests.support.lone_progress import LoneProgress, lone_progress


@pytest.fixture(scope="session")
def alone(postgres: TestDatabase) -> Iterator[LoneProgress]:
    with lone_progress(postgres) as running:
        yield running
