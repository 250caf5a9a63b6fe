"""A film is watched while it is being made: what a viewer asks for comes first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import player
from tests.support.clients import Platform, View, good, refused
from tests.support.films import make_film
from tests.support.running import Suite

ON_DEMAND = """
SELECT c.* FROM transcoding.chunks c JOIN transcoding.video_processing_jobs j ON j.id = c.job_id
WHERE j.video_id = $1::text::uuid AND c.on_demand
"""
LAST = 4
"""Index of a 20 s film's last segment."""


@pytest.fixture(scope="module")
def film(films: Path) -> Path:
    return make_film(films / "seek.mp4", seconds=20, size="1920x1080")


@pytest.fixture
def playable(platform: Platform, film: Path) -> Iterator[tuple[str, View]]:
    """A film that can be watched and is far from ready."""
    course = platform.new_course()
    video = platform.upload(course.chapters[0], film)
    platform.wait_for(video, "playable")
    yield video, platform.watch(platform.admin, video)
    good(platform.admin.delete(f"/api/videos/{video}"), 204)


def _segment(view: View, rendition: str, index: int) -> httpx.Response:
    return httpx.get(view.url + view.path(f"segment/{rendition}/{index}.ts"), timeout=30, follow_redirects=True)


def test_a_far_seek_is_served_at_once_and_many_waiters_cost_one_chunk(
    suite: Suite, platform: Platform, playable: tuple[str, View]
) -> None:
    video, view = playable
    variants = player.read_master(view.master)
    lowest = variants[0]
    assert [one.height for one in variants] == [360, 480, 720, 1080], "the playlists are complete from the beginning"
    planned = player.read_media(lowest.url)
    assert len(planned) == LAST + 1
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: _segment(view, "360p", LAST), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    [chunk] = suite.query(ON_DEMAND, video)
    assert (chunk["renditions"], chunk["first_segment"], chunk["state"], chunk["attempts"]) == (
        ["360p"],
        LAST,
        "done",
        1,
    )
    # What was served is the segment that the finished film has there, and it fits between its neighbours.
    plain = player.decrypt(answers[0].content, platform.key(view), planned[LAST].iv)
    assert player.is_transport_stream(plain)
    platform.wait_for(video, "ready")
    assert httpx.get(player.read_media(lowest.url)[LAST].url).content == answers[0].content
    played = player.play(view.master)
    assert (played.frames, played.complaints) == (500, "")


def test_another_rung_and_the_sound_can_be_asked_for_and_what_is_not_there_is_refused(
    suite: Suite, playable: tuple[str, View]
) -> None:
    video, view = playable
    with ThreadPoolExecutor(2) as crowd:
        sound, picture = crowd.map(lambda name: _segment(view, name, LAST), ("audio", "480p"))
    assert (sound.status_code, picture.status_code) == (200, 200)
    made = good(httpx.get(view.url + view.path("availability")))
    assert not made["isComplete"]
    assert made["renditions"]["480p"][-1][1] == 20
    assert made["renditions"]["360p"][0][0] == 0
    refused(_segment(view, "360p", LAST + 1), 404, "segment_not_found")
    refused(_segment(view, "540p", 0), 404, "rendition_not_found")
    assert {tuple(one["renditions"]) for one in suite.query(ON_DEMAND, video)} <= {("audio",), ("480p",)}


def test_a_segment_nobody_makes_is_a_503_that_says_when_to_ask_again(
    platform: Platform, playable: tuple[str, View]
) -> None:
    video, view = playable
    job = _job(platform, video)
    good(platform.admin.post(f"/api/admin/jobs/{job['id']}/pause"), 204)
    answer = _segment(view, "1080p", LAST)
    if answer.status_code != 200:  # made before the pause took hold
        refused(answer, 503, "segment_not_ready")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.elapsed.total_seconds() < 12


def _job(platform: Platform, video: str) -> Any:
    jobs = good(platform.admin.get("/api/admin/jobs"))["jobs"]
    return next(one for one in jobs if one["videoId"] == video)
