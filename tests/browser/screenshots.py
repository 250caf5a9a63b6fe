"""``make screenshots``: every page on a real suite, at phone and desktop width, in both languages and themes.

They are for looking at: go over them, and mend what is not beautiful. Written to ``screenshots/``.
"""

import os
import tempfile
from pathlib import Path

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


def make_films(directory: Path) -> list[Path]:
    """The demo's own films."""
    targets = [directory / f"{film.name}.mp4" for film in FILMS]
    for film, target in zip(FILMS, targets, strict=True):
        run_async(make_film(imageio_ffmpeg.get_ffmpeg_exe(), film, target))
    return targets


def prepare(platform: Platform, films: list[Path]) -> Course:
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
    for chapter, film in zip(course.chapters, films, strict=False):
        platform.ready(chapter, film)
    good(platform.admin.post(f"/api/progress/chapters/{course.chapters[0]}/complete?userId={STUDENT}"))
    student = platform.person("student", STUDENT)
    good(student.put(f"/api/progress/chapters/{course.chapters[1]}", json={"currentPosition": 9.0}))
    return course


def sign_in(page: Page, role: str) -> None:
    page.goto("/")
    page.get_by_test_id(f"sign-in-{role}").click()
    expect(page.get_by_test_id("signed-in-as")).to_be_attached()


def settle(page: Page) -> None:
    """No skeletons left, and all pictures there."""
    expect(page.get_by_test_id("loading")).to_have_count(0)
    until(lambda: page.evaluate("() => [...document.images].every((image) => image.complete)"), "the pictures")


def shoot(browser: Browser, suite: Suite, course: Course, size: tuple[int, int], language: str, theme: str) -> None:
    context = browser.new_context(
        base_url=suite.url,
        viewport={"width": size[0], "height": size[1]},
        locale="ka-GE" if language == "ka" else "en-GB",
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()

    def take(name: str) -> None:
        settle(page)
        page.screenshot(path=OUT / f"{name}-{size[0]}-{language}-{theme}.png")

    page.goto("/")
    page.get_by_test_id(f"language-{language}").click()
    take("sign-in")
    sign_in(page, "student")
    take("courses")
    page.goto(f"/courses/{course.id}")
    take("course")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[1]}")
    expect(page.get_by_test_id("resume-continue")).to_be_visible()
    take("resume")
    page.get_by_test_id("resume-continue").click()
    playing = "() => { const v = document.querySelector('video'); return v && v.currentTime > 10; }"
    until(lambda: page.evaluate(playing), "the film plays")
    page.keyboard.press("Space")
    take("watch")
    page.goto(f"/courses/{course.id}/chapters/{course.chapters[2]}")
    take("locked")
    page.get_by_test_id("sign-out").click()
    sign_in(page, "admin")
    page.goto("/admin")
    take("admin")
    page.goto(f"/admin/courses/{course.id}")
    take("admin-course")
    context.close()


def main() -> None:
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lectern-screenshots-") as directory, sync_playwright() as playwright:
        suite = Suite(Path(directory) / "home").start()
        browser = playwright.chromium.launch(executable_path=str(chromium_path(os.environ)), args=FLAGS)
        try:
            platform = Platform(suite)
            course = prepare(platform, make_films(Path(directory)))
            for size in (PHONE, DESKTOP):
                for language in ("en", "ka"):
                    for theme in ("light", "dark"):
                        shoot(browser, suite, course, size, language, theme)
            platform.close()
        finally:
            browser.close()
            suite.stop()
    print(f"{len(list(OUT.glob('*.png')))} screenshots in {OUT.name}/")


if __name__ == "__main__":
    main()
