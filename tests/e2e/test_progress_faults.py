"""Postgres, Valkey and the progress service are killed under load: every acknowledged beat and event is there afterwards."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.clients import Course, Platform, View, good
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite

NewSuite = Callable[..., Suite]
STUDENTS = 8
STRETCH = 0.2
"""Seconds of film in a beat: less than the clock gives between two of them."""


@dataclass
class Viewer:
    """Beats without a pause; a beat without an answer is sent again unchanged, as players do."""

    platform: Platform
    user: str
    client: httpx.Client
    view: View
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    batches: int = 0
    """Acknowledged batches of events."""
    refused: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        seq = 1
        with httpx.Client(base_url=self.platform.suite.url, timeout=30) as client:
            while not self.stop.is_set() and seq < 1_000:
                start = (seq - 1) * STRETCH
                body = {"seq": seq, "intervals": [{"from": start, "to": start + STRETCH}], "position": start + STRETCH}
                try:
                    answer = client.post(self.view.path("beat"), content=json.dumps(body))
                except httpx.TransportError:
                    self.refused += 1
                    continue
                if answer.status_code != 200:
                    assert answer.status_code in (502, 503, 504), answer.text
                    self.refused += 1
                    self.stop.wait(0.05)
                    continue
                self.acknowledged.append(answer.json())
                seq += 1
                self._tell()

    def _tell(self) -> None:
        """A batch of two events, under the same number until it is acknowledged."""
        path = f"/api/videos/{self.view.document['videoId']}/analytics"
        events = [{"type": "stall", "duration": 0.5}, {"type": "bandwidth", "bytes": 1000, "rendition": "360p"}]
        body = {"sessionId": self.view.document["sessionId"], "seq": self.batches, "events": events}
        try:
            answer = self.client.post(path, json=body)
        except httpx.TransportError:
            self.refused += 1
            return
        assert answer.status_code in (202, 502, 503, 504), answer.text
        self.batches += answer.status_code == 202


def test_every_acknowledged_beat_outlives_what_is_killed(new_suite: NewSuite, tmp_path: Path) -> None:
    suite = new_suite().start()
    platform = Platform(suite)
    course = platform.new_course()
    film = make_film(tmp_path / "lecture.mp4", seconds=300, size="128x72", fps=5, sound=False)
    video = platform.ready(course.chapters[0], film)
    viewers = [_viewer(platform, course, video) for _ in range(STUDENTS)]
    threads = [threading.Thread(target=one.watch) for one in viewers]
    for thread in threads:
        thread.start()
    try:
        _more(viewers, "the first beats")
        for kill in (
            lambda: suite.server("postgres").kill(),
            lambda: suite.process("services.progress").kill(),
            lambda: suite.server("valkey").kill(),
            lambda: suite.server("postgres").kill(),
        ):
            kill()
            _more(viewers, "beats after something was killed")
    finally:
        for one in viewers:
            one.stop.set()
        for thread in threads:
            thread.join()
    assert sum(one.refused for one in viewers) > 0, "nobody noticed that anything was killed"
    for one in viewers:
        last = one.acknowledged[-1]
        shown = good(one.client.get(f"/api/progress/chapters/{course.chapters[0]}"))
        # What got no answer may have been written as well.
        assert shown["watchedSeconds"] in (last["watchedSeconds"], round(last["watchedSeconds"] + STRETCH, 3))
        assert [beat["watchedSeconds"] for beat in one.acknowledged] == [
            round(STRETCH * number, 3) for number in range(1, len(one.acknowledged) + 1)
        ]
        assert shown["watchedSeconds"] >= len(one.acknowledged) * STRETCH - 0.001
        [row] = suite.query(
            "SELECT event_counts::text AS counts, bandwidth_used, stall_count FROM analytics.video_analytics"
            " WHERE session_id = $1::text::uuid",
            one.view.document["sessionId"],
        )
        # The last batch may have been written without an answer: told once more, it still counts once.
        assert one.batches > 0
        assert row["stall_count"] in (one.batches, one.batches + 1)
        assert row["bandwidth_used"] == 1000 * row["stall_count"]
        assert json.loads(row["counts"]) == {"stall": row["stall_count"], "bandwidth": row["stall_count"]}
    platform.close()


def _viewer(platform: Platform, course: Course, video: str) -> Viewer:
    user = platform.new_id("student")
    client = platform.student(course, user)
    return Viewer(platform, user, client, platform.watch(client, video))


def _more(viewers: list[Viewer], what: str) -> None:
    before = [len(one.acknowledged) for one in viewers]
    until(
        lambda: all(len(one.acknowledged) >= was + 10 for one, was in zip(viewers, before, strict=True)),
        what,
        patience=120,
    )
