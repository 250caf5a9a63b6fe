"""A page, the gateway and the films on three origins, as where a platform serves Lectern's web app itself and a CDN the
films; and the same page on a fourth, which nobody allowed."""

import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.site.public_files import router as public_router
from shared.http import install_problem_handlers
from shared.storage import open_store
from tests.browser.test_watching import enrolled_course, sign_in, video, wait_for_video
from tests.support.clients import Platform, good
from tests.support.running import ROOT, Suite
from tests.support.secrecy import secrets_in_logs
from tests.support.served import Served

OpenPage = Callable[..., Page]
FETCH = """async ([url, headers]) => {
    try {
        const answer = await fetch(url, { headers });
        return { status: answer.status, bytes: (await answer.arrayBuffer()).byteLength, redirected: answer.redirected };
    } catch (error) { return { refused: String(error) }; }
}"""


@dataclass
class Films:
    """The public store behind an address of its own, and what was asked of it: (Origin, path)."""

    asked: list[tuple[str | None, str]] = field(default_factory=list)

    def app(self, public: Path) -> ASGIApp:
        inner = FastAPI()
        install_problem_handlers(inner)
        inner.state.public_store = open_store(public.as_uri())
        inner.include_router(public_router)

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                headers = dict(scope["headers"])
                origin = headers.get(b"origin")
                self.asked.append((origin.decode() if origin else None, scope["path"]))
            await inner(scope, receive, send)

        return noting


@dataclass(frozen=True)
class Origins:
    page: str
    forbidden: str
    films: str
    seen: Films


Stage = tuple[Suite, Origins, Path]
"""The suite, where everything is, and the folder of the page."""


def _site(build: Path) -> Starlette:
    """What any web server does with a single-page app."""

    async def file(request: Request) -> Response:
        wanted = build / request.path_params["path"]
        return FileResponse(wanted if wanted.is_file() else build / "index.html")

    return Starlette(routes=[Route("/{path:path}", file)])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A suite that knows the page's origin and the films'. The page is the web app, built for this gateway."""
    folder, seen = tmp_path_factory.mktemp("origins"), Films()
    build, home = folder / "web", folder / "home"
    page, forbidden = Served(_site(build)), Served(_site(build))
    films = Served(seen.app(home / "storage" / "public"))
    origins = Origins(*(f"http://127.0.0.1:{server.port}" for server in (page, forbidden, films)), seen)
    running = Suite(home, CORS_ALLOWED_ORIGINS=origins.page, PUBLIC_BASE_URL=f"{origins.films}/public")
    _build(build, running.url)
    with ExitStack() as servers:
        running.start()
        servers.callback(running.stop)
        for server in (page, forbidden, films):
            servers.enter_context(server)
        yield running, origins, build
    assert secrets_in_logs(running) == []


@pytest.fixture(scope="module")
def suite(stage: Stage) -> Suite:
    return stage[0]


@pytest.fixture(scope="module")
def origins(stage: Stage) -> Origins:
    return stage[1]


def _build(target: Path, gateway: str) -> None:
    node = Path(sys.executable).parent / "node"
    vite = ROOT / "web" / "node_modules" / "vite" / "bin" / "vite.js"
    command = [str(node), str(vite), "build", "--outDir", str(target), "--emptyOutDir", "--logLevel", "warn"]
    environment = {**os.environ, "VITE_API_URL": gateway}
    done = subprocess.run(command, cwd=ROOT / "web", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_film_plays_from_three_origins(
    platform: Platform, open_page: OpenPage, origins: Origins, lecture: Path
) -> None:
    course = enrolled_course(platform)
    film = platform.ready(course.chapters[0], lecture)
    page = open_page()
    asked: set[str] = set()
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    page.goto(origins.page)
    page.get_by_test_id("sign-in-student").click()
    expect(page.get_by_test_id("signed-in-as")).to_be_attached()
    page.goto(f"{origins.page}/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    wait_for_video(page, "v.currentTime > 1 && v.videoWidth > 0")
    wait_for_video(page, "v.ended || v.currentTime > 8")
    assert {origins.page, platform.suite.url, origins.films} <= asked
    segments = [origin for origin, path in origins.seen.asked if path.endswith(".ts")]
    assert segments and set(segments) == {origins.page}
    # What was watched arrived as well: beats are sent without a sign-in, and with the closing page.
    page.keyboard.press("Space")
    wait_for_video(page, "v.paused")
    assert video(page, "v.error") is None
    progress = good(platform.person("student", "demo-student").get(f"/api/progress/chapters/{course.chapters[0]}"))
    assert progress["videoId"] == film


def test_a_segment_that_the_gateway_leads_to_comes_from_nobody(
    platform: Platform, open_page: OpenPage, origins: Origins, lecture: Path
) -> None:
    """After page, gateway and storage a browser says Origin: null, which no list can name."""
    course = enrolled_course(platform)
    view = platform.watch(platform.admin, platform.ready(course.chapters[0], lecture))
    page = open_page()
    page.goto(origins.page)
    before = len(origins.seen.asked)
    led = page.evaluate(FETCH, [platform.suite.url + view.path("segment/360p/0.ts"), {}])
    assert (led["status"], led["redirected"]) == (200, True)
    assert led["bytes"] > 1000
    [(origin, path)] = origins.seen.asked[before:]
    assert origin == "null"
    assert path.endswith("/360p/0.ts")


def test_a_page_that_nobody_allowed_reads_nothing(
    platform: Platform, open_page: OpenPage, origins: Origins, lecture: Path
) -> None:
    course = enrolled_course(platform)
    video_id = platform.ready(course.chapters[0], lecture)
    view = platform.watch(platform.admin, video_id)
    token = platform.jwt("admin", "e2e-admin")
    [poster] = [
        one["posterUrl"] for one in good(platform.admin.get("/api/courses"))["courses"] if one["id"] == course.id
    ]
    own = {"Authorization": f"Bearer {token}"}
    allowed, other = open_page(), open_page()
    allowed.goto(origins.page)
    other.goto(origins.forbidden)
    calls: list[tuple[str, dict[str, str]]] = [
        ("/api/demo", {}),
        ("/api/courses", own),
        (f"/api/videos/{video_id}/access-token", own),
        (view.path("master.m3u8"), {}),
        (view.path("key/1/0.key"), {}),
    ]
    for path, headers in calls:
        assert allowed.evaluate(FETCH, [platform.suite.url + path, headers])["status"] == 200, path
        assert "refused" in other.evaluate(FETCH, [platform.suite.url + path, headers]), path
    # Ciphertext and pictures are everybody's.
    assert poster.startswith(origins.films)
    assert other.evaluate(FETCH, [poster, {"X-Own": "header"}])["status"] == 200
    # The app itself finds no gateway there.
    expect(other.get_by_test_id("sign-in-student")).to_have_count(0)


def test_uppy_uploads_from_another_origin(
    platform: Platform, open_page: OpenPage, origins: Origins, stage: Stage, lecture: Path
) -> None:
    """As its manual says, with several requests, all of which the browser asks leave for."""
    course = platform.new_course()
    site = stage[2]
    node, rolldown = (
        Path(sys.executable).parent / "node",
        ROOT / "web" / "node_modules" / "rolldown" / "bin" / "cli.mjs",
    )
    command = [
        str(node),
        str(rolldown),
        "test/uppy.js",
        "-o",
        str(site / "uppy.js"),
        "-f",
        "esm",
        "--platform",
        "browser",
    ]
    done = subprocess.run(command, cwd=ROOT / "web", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (site / "uppy.html").write_text('<!doctype html><script type="module" src="/uppy.js"></script>')
    body = lecture.read_bytes()
    filler = os.urandom(12 * 1024 * 1024)
    (site / "film.mp4").write_bytes(body + struct.pack(">I4s", len(filler) + 8, b"free") + filler)
    page = open_page()
    page.goto(f"{origins.page}/uppy.html")
    asked = {
        "endpoint": f"{platform.suite.url}/api/uploads/tus",
        "headers": {"Authorization": f"Bearer {platform.jwt('admin', 'e2e-admin')}"},
        "chapterId": course.chapters[0],
        "path": "/film.mp4",
        "name": "by Uppy.mp4",
    }
    video_id = page.evaluate("asked => window.sendByUppy(asked)", asked)
    assert platform.wait_for(video_id)["originalName"] == "by Uppy.mp4"
    assert platform.source(video_id) == (site / "film.mp4").read_bytes()


def test_our_own_pages_may_load_films_from_where_they_are(
    platform: Platform, open_page: OpenPage, browser: Browser, origins: Origins, lecture: Path
) -> None:
    """The gateway's own page and its Content-Security-Policy, which names the films' origin and no other."""
    course = enrolled_course(platform)
    platform.ready(course.chapters[0], lecture)
    page = open_page()
    sign_in(page, "student")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[0]}")
    page.get_by_test_id("big-play").click()
    wait_for_video(page, "v.currentTime > 1 && v.videoWidth > 0")
    # By hand, because a page of open_page fails the test for this.
    heard: list[str] = []
    strict = browser.new_page()
    strict.on("console", lambda message: heard.append(message.text))
    strict.goto(platform.suite.url)
    assert "refused" in strict.evaluate(FETCH, [origins.forbidden, {}])
    strict.close()
    # Nothing else is said: no feature of the Permissions-Policy is one that the browser does not know.
    assert len(heard) == 2, heard
    assert "Content Security Policy" in heard[0]
