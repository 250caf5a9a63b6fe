"""``make screenshots``: every page on a real suite, on a phone, a tablet and a desk, in both languages and themes.

They are for looking at: go over them, and mend what is not beautiful. Written to ``screenshots/``.
"""

import itertools
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
from playwright.sync_api import Browser, Page, expect, sync_playwright

from deploy.embedded.chromium import chromium_path
from deploy.embedded.films import FILMS, make_film
from tests.browser.conftest import DESKTOP, FLAGS, PATIENCE_MS, PHONE
from tests.support.clients import Course, Platform, good
from tests.support.patience import until
from tests.support.running import ROOT, Suite, run_async

OUT = ROOT / "screenshots"
STUDENT = "demo-student"
TABLET = (820, 1180)
SAID = (
    "Light travels in straight lines.", "At a mirror it is thrown back.", "In a lens it is bent.",
    "How much, we measure next time.",
)  # fmt: skip
CAPTIONS = "WEBVTT\n\n" + "\n\n".join(
    f"00:{4 * number:02d}.000 --> 00:{4 * number + 4:02d}.000\n{text}" for number, text in enumerate(SAID)
)


class Look(NamedTuple):
    size: tuple[int, int]
    language: str
    theme: str


def make_films(directory: Path) -> list[Path]:
    """The demo's own films."""
    targets = [directory / f"{film.name}.mp4" for film in FILMS]
    for film, target in zip(FILMS, targets, strict=True):
        run_async(make_film(imageio_ffmpeg.get_ffmpeg_exe(), film, target))
    return targets


def prepare(platform: Platform, films: list[Path]) -> tuple[Course, str]:
    """A course as a school would have it: one chapter watched, one begun, one locked, one without a film."""
    course = Course("optics", [f"optics.{number}" for number in range(1, 5)])
    titles = ["What light is", "Mirrors and lenses", "The eye and the camera", "Colour"]
    chapters = [
        {"id": chapter, "title": title, "isFree": number == 0, "firstWatchRestricted": number > 0, "position": number}
        for number, (chapter, title) in enumerate(zip(course.chapters, titles, strict=True))
    ]
    body = {"title": "Optics, an introduction", "isSequential": True, "chapters": chapters}
    good(platform.admin.put(f"/api/admin/courses/{course.id}", json=body))
    good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{STUDENT}"))
    videos = [platform.ready(chapter, film) for chapter, film in zip(course.chapters, films, strict=False)]
    for video in videos:
        good(platform.admin.put(f"/api/videos/{video}/captions/en", content=CAPTIONS.encode()))
    good(platform.admin.post(f"/api/progress/chapters/{course.chapters[0]}/complete?userId={STUDENT}"))
    student = platform.person("student", STUDENT)
    good(student.put(f"/api/progress/chapters/{course.chapters[1]}", json={"currentPosition": 9.0}))
    return course, videos[1]


def sign_in(page: Page, role: str) -> None:
    page.goto("/")
    page.get_by_test_id(f"sign-in-{role}").click()
    expect(page.get_by_test_id("signed-in-as")).to_be_attached()


def settle(page: Page) -> None:
    """No skeletons left, and all pictures there."""
    expect(page.get_by_test_id("loading")).to_have_count(0)
    expect(page.locator(".skeleton")).to_have_count(0)
    until(lambda: page.evaluate("() => [...document.images].every((image) => image.complete)"), "the pictures")


class Camera:
    """One visitor with one size, language and theme."""

    def __init__(self, browser: Browser, suite: Suite, look: Look) -> None:
        self.look = look
        self.context = browser.new_context(
            base_url=suite.url,
            viewport={"width": look.size[0], "height": look.size[1]},
            locale="ka-GE" if look.language == "ka" else "en-GB",
            color_scheme="dark" if look.theme == "dark" else "light",
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()

    def take(self, name: str, path: str | None = None, *, whole: bool = False) -> None:
        """The page at ``path``, else the one that is open; ``whole`` with what lies below the screen."""
        if path is not None:
            self.page.goto(path)
        settle(self.page)
        look = self.look
        file = OUT / f"{name}-{look.size[0]}-{look.language}-{look.theme}.png"
        self.page.screenshot(path=file, full_page=whole)


def shoot_student(camera: Camera, course: Course) -> None:
    page, take = camera.page, camera.take
    page.goto("/")
    page.get_by_test_id(f"language-{camera.look.language}").click()
    take("sign-in")
    sign_in(page, "student")
    take("courses", whole=True)
    take("course", f"/courses/{course.id}", whole=True)
    take("locked", f"/courses/{course.id}/chapters/{course.chapters[2]}")
    take("nowhere", "/nowhere")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[1]}")
    page.get_by_test_id("resume-continue").or_(page.get_by_test_id("big-play")).wait_for()
    take("resume")
    page.get_by_test_id("resume-continue").or_(page.get_by_test_id("big-play")).click()
    playing = "() => { const v = document.querySelector('video'); return v && v.currentTime > 10 && v.videoWidth > 0; }"
    until(lambda: page.evaluate(playing), "the film plays")
    page.keyboard.press("Space")
    page.keyboard.press("c")
    page.keyboard.press("t")
    page.get_by_test_id("transcript-list").get_by_role("button").first.wait_for()
    take("watch", whole=True)
    page.get_by_test_id("player").hover()
    page.get_by_test_id("quality-menu").click()
    take("quality")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_test_id("help").wait_for()
    take("keys")
    page.keyboard.press("Escape")


def shoot_admin(camera: Camera, course: Course, video: str) -> None:
    page, take = camera.page, camera.take
    page.goto("/")
    page.get_by_test_id("sign-out").click()
    sign_in(page, "admin")
    for name, path in admin_pages(course, video).items():
        take(name, path, whole=True)


def admin_pages(course: Course, video: str) -> dict[str, str]:
    """A name and an address of each."""
    pages = {
        "admin-courses": "/admin", "admin-students": f"/admin/students?course={course.id}",
        "admin-struggling": f"/admin/students?course={course.id}&tab=struggling",
        "admin-student": f"/admin/students/{STUDENT}", "admin-jobs": "/admin/jobs", "admin-storage": "/admin/storage",
        "admin-webhooks": "/admin/webhooks", "admin-health": "/admin/health", "admin-access": "/admin/access",
        "admin-audit": "/admin/access?tab=audit", "library": "/admin/videos",
    }  # fmt: skip
    for tab in ("films", "structure", "enrolments", "access"):
        pages[f"admin-course-{tab}"] = f"/admin/courses/{course.id}?tab={tab}"
    for tab in ("videos", "chapters", "experience", "bandwidth", "costs"):
        pages[f"analytics-{tab}"] = f"/admin/analytics?tab={tab}"
    for tab in ("overview", "insight", "captions", "poster", "processing"):
        pages[f"video-{tab}"] = f"/admin/videos/{video}?tab={tab}"
    return pages


def main() -> None:
    """Words narrow what is taken: a width, a language, a theme (``make screenshots ARGS="390 ka dark"``)."""
    wanted = set(sys.argv[1:])
    looks = [
        look
        for look in itertools.starmap(
            Look, itertools.product((PHONE, TABLET, DESKTOP), ("en", "ka"), ("light", "dark"))
        )
        if wanted <= {str(look.size[0]), look.language, look.theme}
    ]
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lectern-screenshots-") as directory, sync_playwright() as playwright:
        suite = Suite(Path(directory) / "home").start()
        browser = playwright.chromium.launch(executable_path=str(chromium_path(os.environ)), args=FLAGS)
        try:
            platform = Platform(suite)
            course, video = prepare(platform, make_films(Path(directory)))
            for look in looks:
                camera = Camera(browser, suite, look)
                shoot_student(camera, course)
                shoot_admin(camera, course, video)
                camera.context.close()
            platform.close()
        finally:
            browser.close()
            suite.stop()
    print(f"{len(list(OUT.glob('*.png')))} screenshots in {OUT.name}/")


if __name__ == "__main__":
    main()
