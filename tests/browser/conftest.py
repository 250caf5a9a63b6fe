"""A real Chromium on a real suite: pages as a student and a teacher see them.

Everything lives as long as one module: while Playwright runs it holds the thread's event loop, and the asynchronous
tests that follow on the same worker need it back.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from deploy.embedded.chromium import chromium_path
from tests.support.films import make_film
from tests.support.running import Suite
from tests.support.suites import suite_fixtures

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "test-results"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
DESKTOP, PHONE = (1440, 900), (390, 844)
PATIENCE_MS = 90_000
suite, platform = suite_fixtures("module")
expect.set_options(timeout=PATIENCE_MS)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test leaves a screenshot of each of its pages in test-results/."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call" and report.failed:
        for number, page in enumerate(getattr(item, "pages", [])):
            RESULTS.mkdir(exist_ok=True)
            page.screenshot(path=RESULTS / f"{item.name}-{number}.png")
            report.sections.append((f"page {number}", f"{page.url}\n{page.locator('body').inner_text()[:2000]}"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not skipped where there is no browser: then the run fails, and says what to install."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(chromium_path(os.environ)), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser, suite: Suite, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens pages, each a visitor of its own. A page that meets a script error, or that our own Content-Security-Policy
    refuses something, fails the test."""
    pages: list[Page] = []
    faults: list[str] = []
    request.node.pages = pages

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def make(size: tuple[int, int] = DESKTOP, language: str = "en", theme: str = "light") -> Page:
        context = browser.new_context(
            base_url=suite.url,
            viewport={"width": size[0], "height": size[1]},
            locale="ka-GE" if language == "ka" else "en-GB",
            color_scheme="dark" if theme == "dark" else "light",
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", heard)
        pages.append(page)
        return page

    yield make
    for page in pages:
        page.context.close()
    assert faults == []


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """14 s at 1280x720, so that there are three rungs to choose from."""
    return make_film(tmp_path_factory.mktemp("films") / "lecture.mp4", seconds=14, size="1280x720")
