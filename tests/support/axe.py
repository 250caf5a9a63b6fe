"""What axe finds wrong with a page."""

from typing import Any

from playwright.sync_api import Page

from tests.support.running import ROOT

SOURCE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


def axe(page: Page) -> list[Any]:
    """Each violation with where it is. Our policy forbids the script tag of axe, so it is evaluated."""
    page.evaluate(SOURCE.read_text())
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        (one["id"], one["impact"], [node["html"][:160] for node in one["nodes"]], one["nodes"][0]["failureSummary"])
        for one in found
    ]
