"""Which tests share a worker of pytest-xdist: all of one file, and all that use one running suite.

``tests/conftest.py`` imports the hook. It takes the place of ``--dist loadgroup``, whose groups pytest 9.2 does not
see: xdist 3.8 writes them into ``item._nodeid``, which ``item.nodeid`` no longer reads.
"""

from typing import Any

import pytest

END_TO_END = "tests/e2e/"
OWN_SUITES = (
    *("test_crash_and_limits.py", "test_platform_decides.py", "test_s3_storage.py", "test_transcription.py"),
    *("test_webhooks.py", "test_lrs.py"),
)
"""Files whose tests start suites of their own: they run beside the others, which share one."""


def group_of(nodeid: str) -> str:
    file = nodeid.split("::", 1)[0]
    if not file.startswith(END_TO_END):
        return file
    return "e2e-own" if file.endswith(OWN_SUITES) else "e2e"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByCost(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByCost(config, log) if config.getvalue("dist") in ("loadgroup", "loadfile", "loadscope") else None
