"""The long runs of ``make acceptance``, each file on a suite of its own."""

import os
from pathlib import Path

from tests.support.running import ROOT
from tests.support.suites import suite_fixtures

suite, platform = suite_fixtures("module")


def shared_media() -> Path:
    """The shared films, where this machine has them."""
    return Path(os.environ.get("LECTERN_MEDIA_DIR", ROOT.parent / "shared" / "media"))
