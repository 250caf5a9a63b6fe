"""What a recorded set of addresses is worth elsewhere, later, after the end, and for another film: nothing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import player
from tests.support.clients import ELSEWHERE, Course, Platform, View, good, refused
from tests.support.gateways import another_gateway

Shown = tuple[Course, str]
NEIGHBOUR = "127.0.0.2"
"""Another address in the /24 of 127.0.0.1."""
BEAT = json.dumps({"seq": 1, "intervals": [{"from": 0, "to": 1}], "position": 1})


@dataclass(frozen=True)
class Recorded:
    """What somebody has who saw all of a player's traffic: its addresses, as they were asked for."""

    platform: Platform
    user: str
    course: Course
    video: str
    view: View
    token: str

    @property
    def paths(self) -> dict[str, tuple[str, str]]:
        """Name -> method and path of everything that the address of a session opens without a sign-in."""
        segments = player.read_media(player.read_master(self.view.master)[0].url)
        assert len({segment.key_url for segment in segments}) == 1, "the film has one window"
        reads = {
            "master": "master.m3u8",
            "master of one quality": "master_180p.m3u8",
            "pictures": "180p.m3u8",
            "sound": "audio.m3u8",
            "the whole film's master": "full/master.m3u8",
            "the whole film's pictures": "full/180p.m3u8",
            "key": segments[0].key_url.removeprefix(self.view.url + self.view.base + "/"),
            "segment": f"segment/180p/{len(segments) - 1}.ts",
            "availability": "availability",
        }
        paths = {name: ("GET", self.view.path(path)) for name, path in reads.items()}
        return {**paths, "beat": ("POST", self.view.path("beat"))}

    def renew(self, by: httpx.Client) -> httpx.Response:
        return by.post(self.view.path("renew"))

    def owner(self, *, address: str | None = None, at: str | None = None) -> httpx.Client:
        return self.platform.person("student", self.user, address=address, at=at)


def record(platform: Platform, shown: Shown, *, at: str | None = None) -> Recorded:
    """A session of a new student, in which all that is recorded was answered once."""
    course, video = shown
    user = platform.new_id("student")
    platform.student(course, user)
    student = platform.person("student", user, at=at)
    token = platform.access_token(student, video)
    view = View(good(platform.spend(student, token)), at or platform.suite.url)
    recorded = Recorded(platform, user, course, video, view, token)
    for name, answer in replay(platform, recorded):
        assert answer.status_code == (302 if name == "segment" else 200), f"{name}: {answer.text}"
    return recorded


def replay(
    platform: Platform, recorded: Recorded, *, address: str | None = None, at: str | None = None
) -> Iterator[tuple[str, httpx.Response]]:
    """Every recorded address asked for again, by somebody who has nothing else."""
    client = platform.client(address=address, at=at or recorded.view.url)
    for name, (method, path) in recorded.paths.items():
        yield name, client.request(method, path, content=BEAT if method == "POST" else None)


@pytest.fixture(scope="module")
def exact(platform: Platform) -> Iterator[str]:
    """A gateway that binds to the address alone."""
    with another_gateway(platform.suite, IP_POLICY="exact") as url:
        yield url


# --- From elsewhere ---


@pytest.mark.parametrize(
    ("policy", "address", "is_let_in"),
    [
        ("prefix", ELSEWHERE, False),
        ("exact", NEIGHBOUR, False),
        ("exact", ELSEWHERE, False),
        ("prefix", NEIGHBOUR, True),
    ],
)
def test_from_another_network(
    platform: Platform, shown: Shown, exact: str, policy: str, address: str, is_let_in: bool
) -> None:
    at = exact if policy == "exact" else platform.suite.url
    recorded = record(platform, shown, at=at)
    for name, answer in replay(platform, recorded, address=address):
        if is_let_in:
            assert answer.is_success or answer.status_code == 302, name
        else:
            refused(answer, 403, "ip_changed")
    there = platform.client(address=address, at=at)
    refused(recorded.renew(there), 401, "sign_in_required")
    refused(recorded.renew(platform.person("student", address=address, at=at)), 403, "not_your_session")
    # The token's own network does not matter any more: it is spent.
    refused(platform.spend(there, recorded.token), 401, "token_spent")
    fresh = platform.access_token(recorded.owner(at=at), recorded.video)
    answer = platform.spend(there, fresh)
    good(answer) if is_let_in else refused(answer, 403, "ip_changed")
    # Nobody's trying cost the viewer anything.
    assert all(answer.status_code in (200, 302) for _, answer in replay(platform, recorded))


# --- Later, and after the end ---


def _rest(recorded: Recorded) -> None:
    recorded.platform.grow_older(recorded.view, "121 minutes")


def _age(recorded: Recorded) -> None:
    recorded.platform.grow_older(recorded.view, "25 hours")


def _revoke(recorded: Recorded) -> None:
    body = {"sessionId": recorded.view.document["sessionId"]}
    assert good(recorded.platform.admin.post("/api/admin/sessions/revoke", json=body)) == {"revoked": 1}


def _sign_out(recorded: Recorded) -> None:
    good(recorded.owner().delete(f"/api/sessions/{recorded.view.document['sessionId']}"), 204)


def _end_enrolment(recorded: Recorded) -> None:
    good(recorded.platform.admin.delete(f"/api/admin/enrollments/{recorded.course.id}/{recorded.user}"), 204)


def _give_way(recorded: Recorded) -> None:
    for _ in range(2):
        view = recorded.platform.watch(recorded.owner(), recorded.video)
        recorded.platform.key(view)


@dataclass(frozen=True)
class Ending:
    """What happened to a session, and what its addresses answer then. ``renewed``: the same of its owner's renewal."""

    by: Callable[[Recorded], Any]
    status: int
    code: str
    renewed: bool = False


ENDINGS = {
    "two hours unused": Ending(_rest, 401, "session_expired", renewed=True),
    "a day old": Ending(_age, 401, "session_expired"),
    "revoked": Ending(_revoke, 401, "session_revoked"),
    "signed out": Ending(_sign_out, 401, "session_revoked"),
    "enrolment ended": Ending(_end_enrolment, 403, "not_entitled"),
    "superseded": Ending(_give_way, 409, "session_superseded"),
}


@pytest.mark.parametrize("what", ENDINGS)
def test_after_its_end(platform: Platform, shown: Shown, what: str) -> None:
    ending, recorded = ENDINGS[what], record(platform, shown)
    paths = recorded.paths
    ending.by(recorded)
    client = platform.client()
    for method, path in paths.values():
        answer = client.request(method, path, content=BEAT if method == "POST" else None)
        refused(answer, ending.status, ending.code)
    refused(recorded.renew(client), 401, "sign_in_required")
    if ending.renewed:
        # It rested, and its owner may go on; from then on the addresses are good again.
        good(recorded.renew(recorded.owner()))
        assert all(answer.status_code in (200, 302) for _, answer in replay(platform, recorded))
    else:
        refused(recorded.renew(recorded.owner()), ending.status, ending.code)


def test_after_the_film_is_gone(platform: Platform, short_film: Path) -> None:
    course = platform.new_course()
    recorded = record(platform, (course, platform.ready(course.chapters[0], short_film)))
    paths, unspent = recorded.paths, platform.access_token(recorded.owner(), recorded.video)
    good(platform.admin.delete(f"/api/videos/{recorded.video}"), 204)
    for method, path in paths.values():
        answer = platform.client().request(method, path, content=BEAT if method == "POST" else None)
        refused(answer, 410, "video_deleted")
    refused(recorded.renew(recorded.owner()), 410, "video_deleted")
    refused(platform.spend(recorded.owner(), unspent), 404, "video_not_found")


@pytest.mark.parametrize(("age", "code"), [("119 minutes", None), ("121 minutes", "token_expired")])
def test_a_token_is_good_for_two_hours(platform: Platform, shown: Shown, age: str, code: str | None) -> None:
    course, video = shown
    user = platform.new_id("student")
    token = platform.access_token(platform.student(course, user), video)
    platform.suite.query(
        f"UPDATE access.video_access_tokens SET expires_at = expires_at - interval '{age}' WHERE user_id = $1", user
    )
    answer = platform.spend(platform.client(), token)
    good(answer) if code is None else refused(answer, 401, code)


# --- For another film ---


@pytest.fixture(scope="module")
def other(platform: Platform, other_film: Path) -> Shown:
    """Shorter, smaller and without sound."""
    course = platform.new_course()
    return course, platform.ready(course.chapters[0], other_film)


def test_for_another_film(platform: Platform, shown: Shown, other: Shown) -> None:
    """A session has its film's names: of those another recorded, it either has none, or its own behind the same name."""
    recorded = record(platform, shown)
    own = platform.watch(platform.student(other[0]), other[1])
    client, paths = platform.client(), recorded.paths

    def ask(name: str) -> httpx.Response:
        method, path = paths[name]
        return client.request(method, path.replace(recorded.view.base, own.base))

    for name in ("master of one quality", "pictures", "sound", "the whole film's pictures", "segment"):
        refused(ask(name), 404, "rendition_not_found")
    theirs = client.get(paths["key"][1]).content
    assert ask("key").content == platform.key(own) != theirs
    # A token names its film itself, and whoever spends it gets that one.
    token = platform.access_token(recorded.owner(), recorded.video)
    assert good(platform.spend(platform.client(), token))["videoId"] == recorded.video
    refused(recorded.owner().get(f"/api/videos/{other[1]}/access-token"), 403, "not_entitled")
