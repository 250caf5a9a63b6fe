"""The long runs of ``make acceptance``, each file on a suite of its own."""

from tests.support.suites import suite_fixtures

suite, platform = suite_fixtures("module")
