"""Each process of the suite is killed in the middle of a transcode; nothing that was acknowledged is lost."""

from pathlib import Path

import httpx
import pytest

from tests.support.clients import Platform, good
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.player import play
from tests.support.running import Suite

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1800)]

MODULES = (
    "services.gateway",
    "services.media",
    "services.media.worker",
    "services.progress",
    "services.progress.worker",
    "services.transcoder",
    "services.transcoder.worker",
)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("films") / "film.mp4", seconds=20, size="1280x720")


def _ready(suite: Suite) -> None:
    def answers() -> bool:
        try:
            return httpx.get(f"{suite.url}/health/ready", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False

    until(answers, "the suite is ready again", patience=180)


@pytest.mark.parametrize("victim", [*MODULES, "postgres", "valkey"])
def test_a_killed_process_comes_back_and_loses_nothing(
    suite: Suite, platform: Platform, film: Path, victim: str
) -> None:
    course = platform.new_course()
    student = platform.student(course)
    video = platform.upload(course.chapters[0], film)
    until(lambda: platform.status(video)["percent"] > 0, "the transcode has begun")
    _kill(suite, victim)
    _ready(suite)
    platform.wait_for(video, "ready", patience=600)
    view = platform.watch(student, video)
    played = play(view.master)
    assert played.complaints == ""
    kept = good(student.get(f"/api/progress/courses/{course.id}"))
    assert kept["chaptersTotal"] == 1


def _kill(suite: Suite, victim: str) -> None:
    if victim in MODULES:
        suite.process(victim).kill()
        return
    suite.server(victim).kill()
