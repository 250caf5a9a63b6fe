"""The way through nginx as it is delivered: who asks is told to the gateway, and nobody can say so for himself.

The gateway is one more of the suite's, told to believe nginx; clients come from addresses of the loopback network.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from tests.deploy import edge
from tests.support import caching, player
from tests.support.clients import Course, Platform, View, good, refused
from tests.support.gateways import another_gateway
from tests.support.patience import until
from tests.support.running import free_port

Shown = tuple[Course, str]
HOME, NEXT_DOOR, ELSEWHERE = "127.0.1.2", "127.0.1.9", "127.0.2.2"
"""Two addresses of one /24, and one of another; nginx itself asks the gateway from 127.0.0.1."""
FORGED = {
    "X-Forwarded-For": HOME,
    "Forwarded": f"for={HOME}",
    "X-Real-IP": HOME,
    "X-Client-IP": HOME,
    "True-Client-IP": HOME,
    "CF-Connecting-IP": HOME,
}


@dataclass(frozen=True)
class Front:
    nginx: edge.Edge
    gateway: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.nginx.port}"

    def logged(self, path: str = "/") -> list[dict[str, str]]:
        """The lines of the access log for paths that begin so."""
        return [line for line in self.nginx.lines(0) if line["path"].startswith(path)]


@pytest.fixture(scope="module", params=["prefix", "exact"])
def front(
    request: pytest.FixtureRequest, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """nginx before a gateway, with the films on the disk."""
    if edge.NGINX is None:
        pytest.skip("nginx is not installed here, so its configuration cannot be tried (Debian: nginx-light)")
    suite = platform.suite
    with another_gateway(suite, TRUSTED_PROXIES="127.0.0.1/32", IP_POLICY=request.param) as gateway:
        nginx = edge.Edge(tmp_path_factory.mktemp("edge") / "nginx", free_port())
        nginx.configure(edge.disk_site(nginx, urlsplit(gateway).port or 0, suite.home / "storage" / "public"))
        nginx.start()
        try:
            yield Front(nginx, gateway)
        finally:
            nginx.stop()


def viewer(platform: Platform, shown: Shown, front: Front) -> tuple[str, httpx.Client]:
    """A student who comes through nginx from HOME: who it is, and their browser."""
    user = platform.new_id("student")
    platform.student(shown[0], user)
    return user, platform.person("student", user, address=HOME, at=front.url)


def test_a_film_is_watched_through_it(platform: Platform, shown: Shown, front: Front) -> None:
    """Keys and playlists from the gateway, segments from the disk without it."""
    user = platform.new_id("student")
    platform.student(shown[0], user)
    view = platform.watch(platform.person("student", user, at=front.url), shown[1])
    assert view.master.startswith(front.url)
    played = player.play(view.master)
    assert (played.frames, played.complaints) == (200, "")
    segments = front.logged("/public/")
    assert segments
    assert {(line["status"], line["upstream_status"]) for line in segments} <= {("200", ""), ("206", "")}
    assert {line["upstream_status"] for line in front.logged("/api/playback/***/")} == {"200"}


def test_what_may_be_kept_is_the_same_through_it(platform: Platform, shown: Shown, front: Front) -> None:
    def headers_of(key: str) -> Mapping[str, str]:
        answer = there.get(f"/public/{key}")
        assert (answer.status_code, len(answer.headers.get_list("cache-control"))) == (200, 1)
        return answer.headers

    there = platform.client(at=front.url)
    stored = platform.suite.files("public")
    caching.check_objects((name for name in stored if name.startswith(f"{shown[1]}/")), headers_of)
    view = platform.watch(platform.person("admin", at=front.url), shown[1])
    caching.check_session(platform, view, "180p", at=front.url)


def test_a_token_is_bound_to_who_asked_for_it(platform: Platform, shown: Shown, front: Front) -> None:
    user, student = viewer(platform, shown, front)
    token = platform.access_token(student, shown[1])
    [bound] = platform.suite.query(
        "SELECT host(client_ip) AS address FROM access.video_access_tokens WHERE user_id = $1", user
    )
    assert bound == {"address": HOME}
    there = platform.client(address=ELSEWHERE, at=front.url)
    refused(platform.spend(there, token), 403, "ip_changed")
    for name, value in FORGED.items():
        there.headers[name] = value
        refused(platform.spend(there, token), 403, "ip_changed")
    good(platform.spend(student, token))


def test_a_session_is_bound_to_who_opened_it(
    platform: Platform, shown: Shown, front: Front, request: pytest.FixtureRequest
) -> None:
    user, student = viewer(platform, shown, front)
    view = platform.watch(student, shown[1])
    is_exact = "exact" in request.node.name
    [bound] = platform.suite.query(
        "SELECT network_v4::text AS network FROM access.playback_sessions WHERE user_id = $1", user
    )
    assert bound == {"network": f"{HOME}/32" if is_exact else "127.0.1.0/24"}
    paths = [view.path(name) for name in ("master.m3u8", "180p.m3u8", "key/1/0.key", "segment/180p/0.ts")]
    beat = {"seq": 1, "intervals": [{"from": 0, "to": 1}]}

    def asked(client: httpx.Client) -> list[httpx.Response]:
        return [*(client.get(path) for path in paths), client.post(view.path("beat"), json=beat)]

    assert [answer.status_code for answer in asked(platform.client(address=HOME, at=front.url))] == [200] * 3 + [
        302,
        200,
    ]
    next_door = asked(platform.client(address=NEXT_DOOR, at=front.url))
    assert {answer.status_code for answer in next_door} == ({403} if is_exact else {200, 302})
    for forged in ({}, FORGED, {"X-Forwarded-For": f"{HOME}, {HOME}, 127.0.0.1"}):
        client = platform.client(address=ELSEWHERE, at=front.url)
        client.headers.update(forged)
        for answer in asked(client):
            refused(answer, 403, "ip_changed")


def test_whoever_goes_around_it_is_not_believed(platform: Platform, shown: Shown, front: Front) -> None:
    """Only what comes from nginx's own address may say who asks."""
    _, student = viewer(platform, shown, front)
    view = platform.watch(student, shown[1])
    around = platform.client(address=ELSEWHERE, at=front.gateway)
    around.headers.update(FORGED)
    refused(around.get(view.path("master.m3u8")), 403, "ip_changed")
    assert platform.client(address=HOME, at=front.gateway).get(view.path("master.m3u8")).status_code == 200


def test_its_log_has_addresses_and_no_credentials(platform: Platform, shown: Shown, front: Front) -> None:
    _, student = viewer(platform, shown, front)
    before = len(front.logged())
    token = platform.access_token(student, shown[1])
    view = View(good(platform.spend(student, token)), front.url)
    credential = view.base.rsplit("/", 1)[1]
    client = platform.client(address=HOME, at=front.url)
    referer = {"Referer": view.master}
    names = ("master.m3u8", "master_180p.m3u8", "180p.m3u8", "full/180p.m3u8", "key/1/0.key", "segment/180p/0.ts")
    answers = [client.get(view.path(name), headers=referer) for name in names]
    # Where one has no business to be: elsewhere in the query, in a path that is none, with what nginx refuses itself.
    answers.append(client.get(f"/api/videos/stream?a=b&TOKEN={token}"))
    answers.append(client.get(f"/api//playback/{credential}/%6daster.m3u8"))
    answers.append(client.post(view.path("beat"), content=b"x" * (1024 * 1024 + 1)))
    front.nginx.lines(before + 2 + len(answers))
    ours = [line for line in front.logged("/api/") if line["client"] == HOME]
    assert len(ours) >= len(answers)
    assert "/api/playback/***/key/1/0.key" in {line["path"] for line in ours}
    assert any(line["path"].startswith("/api/videos/stream?***") for line in ours)
    text = front.nginx.all_logs()
    for secret in platform.suite.spoken:
        assert secret not in text, f"{secret[:6]}... stands in nginx's log"


def test_a_film_to_take_home_is_sent_by_nginx_itself(platform: Platform, shown: Shown, front: Front) -> None:
    """The gateway decides, and the bytes never pass it; it all looks as it does without nginx."""
    course, video = shown
    good(platform.admin.put(f"/api/videos/{video}/download-policy", json={"policy": "enrolled"}))
    user = platform.new_id("student")
    platform.student(course, user)
    through = platform.person("student", user, at=front.url)
    path, wants = f"/api/videos/{video}/download", {"Accept": "application/json"}
    until(lambda: through.get(path, headers=wants).status_code == 200, "the file to be made")
    document = good(through.get(path, headers=wants))
    platform.suite.spoken.add(document["url"].split("token=")[1])
    whole = platform.client(at=front.gateway).get(document["url"])
    assert whole.status_code == 200
    for who, address in ((platform.client(at=front.url), document["url"]), (through, path)):
        sent = who.get(address)
        assert (sent.status_code, sent.content) == (200, whole.content)
        ours = set(sent.headers) - {"server", "connection", "keep-alive"}
        assert ours == set(whole.headers) - {"server"}
        for name in ours - {"date", "etag", "last-modified", "x-request-id"}:
            assert sent.headers.get_list(name) == whole.headers.get_list(name), name
        part = who.get(address, headers={"Range": "bytes=100-299", "If-Range": sent.headers["etag"]})
        assert (part.status_code, part.content) == (206, whole.content[100:300])
        other = who.get(address, headers={"Range": "bytes=100-299", "If-Range": '"another"'})
        assert (other.status_code, other.content) == (200, whole.content)
        assert who.get(address, headers={"If-None-Match": sent.headers["etag"]}).status_code == 304
        assert who.head(address).headers["content-length"] == str(len(whole.content))
    lines = [line for line in front.logged("/.films/") if line["method"] == "GET"]
    assert [int(line["bytes"]) for line in lines[:2]] == [len(whole.content), 200]

    # Nobody else is told where files are, and nobody gets one by knowing it.
    claim = {"Lectern-Sendfile": "/.films"}
    plain = platform.person("student", user, address=ELSEWHERE, at=front.gateway).get(path, headers=claim)
    assert (plain.content, "x-accel-redirect" in plain.headers) == (whole.content, False)
    assert "x-accel-redirect" not in through.get(path, headers={"Lectern-Sendfile": "/elsewhere"}).headers
    key = lines[0]["path"].removeprefix("/.films/")
    assert key in platform.suite.files("private")
    assert through.get(f"/.films/{key}").status_code == 404
    good(platform.admin.put(f"/api/videos/{video}/download-policy", json={"policy": "inherit"}))
    refused(platform.client(at=front.url).get(document["url"]), 403, "download_off")
