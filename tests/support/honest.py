"""Honest viewers: players that tell what they play while they play it, and keep what the network refused them."""

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.sync_api import Page, Response, Route

from tests.support.clients import Course, Platform, View, good
from tests.support.films import FFMPEG
from tests.support.patience import until
from tests.support.running import ROOT

HLS_JS = ROOT / "web" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
STOCK_PAGE = Path(__file__).with_name("stock_player.html")
BEAT_SECONDS = 10.0
"""As often as our own player sends beats."""


@dataclass
class Viewer:
    """Somebody who watches a chapter. ``complaints`` is what the player itself found wrong, once it has ended."""

    name: str
    user: str
    has_ended: Callable[[], bool]
    complaints: Callable[[], list[str]]
    refusals: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        def heard(response: Response) -> None:
            if response.status >= 400:
                self.refusals.append(f"{response.status} {response.url.rsplit('/', 3)[-3:]}")

        page.on("response", heard)


def by_stock_player(platform: Platform, page: Page, course: Course, video: str, rate: float) -> Viewer:
    """hls.js without a setting, given nothing but ``masterUrl``."""
    user = platform.new_id("student")
    view = platform.watch(platform.student(course, user), video)

    def serve(route: Route) -> None:
        is_page = route.request.url.endswith(".html")
        route.fulfill(
            path=STOCK_PAGE if is_page else HLS_JS, content_type="text/html" if is_page else "text/javascript"
        )

    page.route("**/stock/*", serve)
    page.goto(f"{view.url}/stock/page.html")
    viewer = Viewer(
        f"hls.js at {rate}x",
        user,
        lambda: bool(page.evaluate("document.querySelector('video').ended")),
        lambda: list(page.evaluate("window.errors")),
    )
    viewer.listen(page)
    how = {"masterUrl": view.document["masterUrl"], "beatUrl": view.document["beatUrl"], "rate": rate}
    page.evaluate("how => window.watch(how)", how)
    return viewer


def by_our_player(platform: Platform, page: Page, course: Course, rate: float) -> Viewer:
    """The web app, with the speed that the viewer chose last time."""
    user = platform.new_id("student")
    platform.student(course, user)
    token = platform.jwt("student", user)
    me = good(platform.client(token).get("/api/me"))
    auth, prefs = json.dumps({"token": token, "me": me}), json.dumps({"rate": rate, "muted": True, "volume": 1})
    page.add_init_script(
        f"sessionStorage.setItem('lectern.auth', {json.dumps(auth)});"
        f"localStorage.setItem('lectern.player', {json.dumps(prefs)});"
    )
    viewer = Viewer(
        f"our player at {rate}x",
        user,
        lambda: bool(page.evaluate("document.querySelector('video')?.ended")),
        lambda: [] if page.locator("[data-testid^='face-']").count() == 0 else ["it gave up"],
    )
    viewer.listen(page)
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    return viewer


def by_ffmpeg(platform: Platform, beside: Executor, course: Course, video: str, rate: float) -> Viewer:
    """FFmpeg reading ``masterUrl`` at ``rate`` (``-re`` is ``-readrate 1``), with beats sent beside it."""
    user = platform.new_id("student")
    view = platform.watch(platform.student(course, user), video)
    playing: Future[list[str]] = beside.submit(_play_and_tell, view, rate)
    return Viewer(f"FFmpeg at {rate}x", user, playing.done, playing.result)


def _play_and_tell(view: View, rate: float) -> list[str]:
    """What FFmpeg complained about. Beats go out as its position advances, the last one at its end."""
    command = [
        FFMPEG, "-nostdin", "-hide_banner", "-v", "warning", "-nostats",
        # It gives up where nothing comes for a minute or two, and not only after an hour.
        "-readrate", str(rate), "-prefer_x_start", "1", "-m3u8_hold_counters", "20", "-i", view.master,
        "-map", "0:v:0", "-map", "0:a?", "-progress", "pipe:1", "-stats_period", "0.5", "-f", "null", "-",
    ]  # fmt: skip
    told, seq, reached = 0.0, 0, 0.0
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        httpx.Client(base_url=view.url, timeout=60) as client,
    ):

        def tell() -> None:
            nonlocal told, seq
            seq += 1
            beat = {"seq": seq, "intervals": [{"from": told, "to": reached, "rate": rate}], "position": reached}
            good(client.post(view.document["beatUrl"], content=json.dumps(beat)))
            told = reached

        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            name, _, value = line.strip().partition("=")
            if name == "out_time_us" and value.isdigit():
                reached = int(value) / 1_000_000
            if reached - told >= BEAT_SECONDS * rate:
                tell()
        if reached > told:
            tell()
        # On a busy machine it falls behind, and says so when it catches up.
        return [line for line in process.stderr.read().splitlines() if "Resumed reading at pts" not in line]


def watch_to_the_end(platform: Platform, course: Course, viewers: list[Viewer], patience: float) -> None:
    """Waits until all have seen the whole chapter; nothing may have been refused to anybody, by whomever it is told."""

    def have_ended() -> bool:
        # Whoever was refused something may wait for ever.
        assert not any(viewer.refusals for viewer in viewers), [(one.name, one.refusals) for one in viewers]
        return all(viewer.has_ended() for viewer in viewers)

    until(have_ended, "all to reach the end", patience=patience, every=1.0)
    for viewer in viewers:
        found = [*viewer.refusals, *viewer.complaints()]
        assert not found, f"{viewer.name}: {found}"

        def has_completed(viewer: Viewer = viewer) -> bool:
            path = f"/api/progress/chapters/{course.chapters[0]}"
            kept = good(platform.admin.get(path, params={"userId": viewer.user}))
            return bool(kept["isCompleted"] and kept["watchPercentage"] >= 98)

        until(has_completed, f"{viewer.name} to have completed the chapter", every=0.5)
