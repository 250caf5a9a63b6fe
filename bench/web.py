"""What a viewer waits for and what a page weighs, beside what one would use instead.

- Startup: from the click to the first frame on the screen, token and spend included, of our watch page and of a page with
  nothing but hls.js, on the same film of the same suite, in turns.
- Weight: the scripts that play a film, gzipped, beside video.js alone. What is fetched later is named, not counted.
- Lighthouse's marks for accessibility and best practices.
"""

import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

from bench.table import show
from deploy.embedded.chromium import chromium_path
from deploy.embedded.setup.web import Web
from tests.support.clients import Course, Platform, good
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import ROOT, Suite

TIMES = 15
STUDENT = "demo-student"
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
WEB = ROOT / "web"

FIRST_FRAME = """
addEventListener('click', (event) => {
  if (window.firstFrame !== undefined || !event.target.closest('#play, [data-testid=big-play]')) return;
  const clicked = performance.now();
  window.firstFrame = null;
  const look = () => {
    const video = document.querySelector('video');
    if (!video) return requestAnimationFrame(look);
    video.requestVideoFrameCallback((now) => { window.firstFrame = now - clicked; });
  };
  look();
}, true);
"""

BARE = """<!doctype html><meta charset="utf-8"><title>hls.js</title>
<style>video { width: 960px; height: 540px }</style>
<button id="play">Play</button><video playsinline></video><script src="/bare/hls.js"></script>
<script>
document.querySelector('#play').addEventListener('click', async () => {
  const token = JSON.parse(sessionStorage.getItem('lectern.auth')).token;
  const headers = { Authorization: `Bearer ${token}` };
  const { streamUrl } = await (await fetch('/api/videos/VIDEO/access-token', { headers })).json();
  const { masterUrl } = await (await fetch(streamUrl, { headers: { Accept: 'application/json' } })).json();
  const video = document.querySelector('video');
  const hls = new Hls();
  hls.loadSource(masterUrl);
  hls.attachMedia(video);
  video.play();
});
</script>"""


def measure() -> dict[str, Any]:
    """``startup``: milliseconds; ``weight``: bytes, gzipped; ``lighthouse``: marks of 100."""
    weight = _weight()
    with tempfile.TemporaryDirectory() as scratch:
        suite = Suite(Path(scratch) / "home")
        suite.start()
        try:
            platform = Platform(suite)
            course = platform.new_course(2)
            good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{STUDENT}"))
            film = make_film(Path(scratch) / "film.mp4", seconds=20, size="1280x720")
            video = platform.ready(course.chapters[0], film)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=str(chromium_path(os.environ)), args=FLAGS)
                startup = _startup(browser, suite, course, video)
                browser.close()
            marks = _lighthouse(suite, course, video)
        finally:
            suite.stop()
    return {"startup": startup, "weight": weight, "lighthouse": marks}


def _startup(browser: Browser, suite: Suite, course: Course, video: str) -> dict[str, Any]:
    def ours(page: Page) -> None:
        page.goto(f"{suite.url}/courses/{course.id}/chapters/{course.chapters[0]}")
        # The page fetches the library while the viewer looks at the poster; the bare one has it from the start.
        page.wait_for_load_state("networkidle")
        page.get_by_test_id("big-play").click()

    def bare(page: Page) -> None:
        page.goto(f"{suite.url}/bare/index.html")
        page.wait_for_load_state("networkidle")
        page.locator("#play").click()

    ways: dict[str, Callable[[Page], None]] = {"hls.js": bare, "our player": ours}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    # One round more than is counted: the first fills caches of the server that both use.
    for turn in range(TIMES + 1):
        for name, way in ways.items():
            seconds = _one_start(browser, suite, way, video)
            if turn:
                taken[name].append(seconds)
    median = {name: statistics.median(all_of) for name, all_of in taken.items()}
    rows = [
        [name, round(median[name]), round(min(taken[name])), round(max(taken[name])), median[name] / median["hls.js"]]
        for name in ways
    ]
    show(["click to first frame", "median ms", "least", "most", "ratio"], rows)
    return {"milliseconds": taken, "ratio": median["our player"] / median["hls.js"]}


def _one_start(browser: Browser, suite: Suite, way: Callable[[Page], None], video: str) -> float:
    """A visitor of their own, so that nothing is remembered: neither a place in the film nor a bandwidth."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(FIRST_FRAME)
    page.route("**/bare/*", lambda route: _serve_bare(route, video))
    page.goto(suite.url)
    page.get_by_test_id("sign-in-student").click()
    page.get_by_test_id("signed-in-as").wait_for(state="attached")
    way(page)
    milliseconds = until(lambda: page.evaluate("() => window.firstFrame"), "the first frame")
    context.close()
    # What was watched is taken back: a viewer who is asked where to go on has no button to begin.
    suite.query("DELETE FROM learning.progress WHERE user_id = $1", STUDENT)
    return float(milliseconds)


def _serve_bare(route: Route, video: str) -> None:
    if route.request.url.endswith("/hls.js"):
        route.fulfill(path=WEB / "node_modules" / "hls.js" / "dist" / "hls.min.js", content_type="text/javascript")
    else:
        route.fulfill(body=BARE.replace("VIDEO", video), content_type="text/html")


def _weight() -> dict[str, Any]:
    """Of the package, which is the player without the app around it."""
    web = Web(ROOT, Path(sys.executable), os.environ)
    web.install()
    web.npm("Building the package", "run", "build:package")
    dist = WEB / "dist-package" / "dist"
    chunks = {path.name: path for path in dist.rglob("*.js")}
    entry = chunks["index.js"]
    at_once = _closure(entry, chunks, static=True)
    library = next(path for name, path in chunks.items() if name.startswith("video.es"))
    later = _closure(entry, chunks, static=False) - at_once - _closure(library, chunks, static=True)
    alone = _gzipped({library})
    player = _gzipped(at_once | _closure(library, chunks, static=True))
    rows: list[list[object]] = [
        ["video.js alone", alone, 1.0],
        ["our player with it", player, player / alone],
        *([f"  later: {path.name}", _gzipped({path}), ""] for path in sorted(later)),
    ]
    show(["weight of the scripts", "bytes gzipped", "ratio"], rows)
    return {"videoJs": alone, "player": player, "ratio": player / alone}


def _closure(entry: Path, chunks: dict[str, Path], *, static: bool) -> set[Path]:
    """The files that one needs: at once, or ever."""
    pattern = r"""(?:from|import)\s*["']\.{1,2}/(?:[\w./-]*/)?([\w.-]+\.js)["']"""
    if not static:
        pattern = r"""["'`]\.{1,2}/(?:[\w./-]*/)?([\w.-]+\.js)["'`]"""
    found = {entry}
    waiting = [entry]
    while waiting:
        for name in re.findall(pattern, waiting.pop().read_text()):
            if name in chunks and chunks[name] not in found:
                found.add(chunks[name])
                waiting.append(chunks[name])
    return found


def _gzipped(files: set[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)


def _lighthouse(suite: Suite, course: Course, video: str) -> list[dict[str, Any]]:
    pages = [
        {"page": "/", "role": None},
        {"page": "/", "role": "student"},
        {"page": f"/courses/{course.id}", "role": "student"},
        {"page": f"/courses/{course.id}/chapters/{course.chapters[0]}", "role": "student"},
        {"page": f"/admin/courses/{course.id}", "role": "admin"},
        {"page": "/admin/videos", "role": "admin"},
        {"page": f"/admin/videos/{video}", "role": "admin"},
        {"page": "/admin/analytics", "role": "admin"},
    ]
    web = Web(ROOT, Path(sys.executable), os.environ, folder="bench/lighthouse")
    web.install()
    command = [*web.node(), "run.mjs", str(chromium_path(os.environ)), suite.url, json.dumps(pages)]
    done = subprocess.run(
        command, cwd=ROOT / "bench" / "lighthouse", stdout=subprocess.PIPE, text=True, check=True, timeout=900
    )
    marks: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    rows = [
        [
            f"{one['page']} ({page['role'] or 'nobody'})",
            one["accessibility"],
            one["bestPractices"],
            ", ".join(one["misses"]),
        ]
        for one, page in zip(marks, pages, strict=True)
    ]
    show(["Lighthouse", "accessibility", "best practices", "what misses"], rows)
    return marks
