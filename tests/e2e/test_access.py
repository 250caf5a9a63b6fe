"""Who gets in, to what, and from where."""

import asyncio
import base64
import json
import re
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from Crypto.Cipher import AES

from shared.auth import ServiceTokens
from shared.contracts.access import Actor, Role
from tests.support import player
from tests.support.clients import ELSEWHERE, Course, Platform, good, refused
from tests.support.films import make_film
from tests.support.gateways import another_gateway
from tests.support.running import ROOT, Suite, run_async

Shown = tuple[Course, str]
INNER = ("media", "transcoder", "progress")
STRANGER = "A" * 43


@pytest.fixture(scope="module")
def restricted(platform: Platform, other_film: Path) -> tuple[Course, list[str]]:
    """A sequential course of two chapters with films."""
    course = platform.new_course(2, sequential=True)
    return course, [platform.ready(chapter, other_film) for chapter in course.chapters]


# --- One-time tokens ---


def test_a_token_is_good_once(platform: Platform, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    token = platform.access_token(student, video)
    good(platform.spend(student, token))
    refused(platform.spend(student, token), 401, "token_spent")


def test_of_a_thousand_who_spend_a_token_at_once_one_wins(platform: Platform, shown: Shown) -> None:
    """Over a hundred connections, to two gateways that know of each other by the database alone."""
    course, video = shown
    user = platform.new_id("student")
    token = platform.access_token(platform.student(course, user), video)

    async def all_at_once(*gateways: str) -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=100 // len(gateways))
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(httpx.AsyncClient(base_url=url, limits=limits, timeout=120))
                for url in gateways
            ]
            # Their connections stand before the first tries, so that these meet.
            await asyncio.gather(*(client.get("/health/live") for client in clients for _ in range(50)))
            return await asyncio.gather(
                *(
                    clients[number % len(clients)].get(
                        "/api/videos/stream", params={"token": token}, headers={"Accept": "application/json"}
                    )
                    for number in range(1000)
                )
            )

    with another_gateway(platform.suite) as other:
        answers: list[httpx.Response] = run_async(all_at_once(platform.suite.url, other))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    platform.suite.spoken.add(won[0].json()["masterUrl"].split("/")[3])
    codes = Counter(refused(answer, 401, "token_spent")["code"] for answer in answers if answer is not won[0])
    assert codes == {"token_spent": 999}
    opened = platform.suite.query("SELECT count(*) AS sessions FROM access.playback_sessions WHERE user_id = $1", user)
    assert opened == [{"sessions": 1}]


def test_what_is_no_token_is_refused(platform: Platform) -> None:
    for token in ("", STRANGER, "x" * 5000, "%00", "' OR 1=1 --"):
        answer = platform.client().get("/api/videos/stream", params={"token": token})
        refused(answer, 401, "token_invalid")
    refused(platform.client().get("/api/videos/stream"), 401, "token_invalid")


# --- Networks ---


def test_a_token_from_another_network_is_refused_and_not_spent(platform: Platform, shown: Shown) -> None:
    course, video = shown
    student = platform.student(course)
    token = platform.access_token(student, video)
    refused(platform.spend(platform.client(address=ELSEWHERE), token), 403, "ip_changed")
    good(platform.spend(student, token))


def test_a_leaked_address_is_dead_elsewhere_and_renewal_moves_the_session(platform: Platform, shown: Shown) -> None:
    course, video = shown
    user = platform.new_id("student")
    student = platform.student(course, user)
    view = platform.watch(student, video)
    here, there = platform.client(), platform.client(address=ELSEWHERE)
    paths = [view.path("master.m3u8"), view.path("180p.m3u8"), view.path("audio.m3u8"), view.path("key/1/0.key")]
    for path in paths:
        assert here.get(path).status_code == 200
        refused(there.get(path), 403, "ip_changed")
    beat = {"seq": 1, "intervals": [{"from": 0, "to": 1}], "position": 1}
    refused(there.post(view.path("beat"), content=json.dumps(beat)), 403, "ip_changed")

    # Who only has the address cannot move it, nor can somebody else who is signed in.
    refused(there.post(view.path("renew")), 401, "sign_in_required")
    stranger = platform.person("student", address=ELSEWHERE)
    refused(stranger.post(view.path("renew")), 403, "not_your_session")
    refused(there.get(paths[0]), 403, "ip_changed")

    owner = platform.person("student", user, address=ELSEWHERE)
    assert good(owner.post(view.path("renew")))["expiresAt"] >= view.document["expiresAt"]
    for path in paths:
        assert there.get(path).status_code == 200
        refused(here.get(path), 403, "ip_changed")


def test_x_forwarded_for_is_not_believed(platform: Platform, shown: Shown) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    there = platform.client(address=ELSEWHERE)
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        value = "for=127.0.0.1" if name == "Forwarded" else "127.0.0.1"
        refused(there.get(view.path("master.m3u8"), headers={name: value}), 403, "ip_changed")


# --- Sessions and keys ---


def test_without_a_session_nothing_of_a_film_is_to_be_had(platform: Platform, shown: Shown) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    credential = view.base.rsplit("/", 1)[1]
    swapped = credential[::-1]
    for wrong in (STRANGER, swapped, credential[:-1] + ("A" if credential[-1] != "A" else "B")):
        for name in ("master.m3u8", "180p.m3u8", "audio.m3u8", "key/1/0.key", "segment/180p/0.ts"):
            refused(platform.client().get(f"/api/playback/{wrong}/{name}"), 401, "session_invalid")
        refused(platform.client().post(f"/api/playback/{wrong}/beat", content="{}"), 401, "session_invalid")
        refused(platform.student(course).post(f"/api/playback/{wrong}/renew"), 401, "session_invalid")


def test_a_session_gives_the_keys_of_its_own_film_only(
    platform: Platform, shown: Shown, restricted: tuple[Course, list[str]]
) -> None:
    course, video = shown
    other_course, others = restricted
    view = platform.watch(platform.student(course), video)
    other = platform.watch(platform.student(other_course), others[0])
    own_key, other_key = platform.key(view), platform.key(other)
    assert len(own_key) == len(other_key) == 16
    assert own_key != other_key

    # The other's addresses under this session name this film's key: there is no way to name another's.
    segment = player.read_media(player.read_master(other.master)[0].url)[0]
    place = segment.key_url.split("/key/")[1]
    assert platform.client().get(view.path(f"key/{place}")).content == own_key
    body = player.fetch(segment.url)
    assert player.is_transport_stream(player.decrypt(body, other_key, segment.iv))
    assert not player.is_transport_stream(AES.new(own_key, AES.MODE_CBC, iv=segment.iv).decrypt(body))
    refused(platform.client().get(view.path("key/2/0.key")), 404, "key_not_found")
    refused(platform.client().get(view.path("144p.m3u8")), 404, "rendition_not_found")


def test_another_sessions_credential_does_not_renew_or_count_for_me(platform: Platform, shown: Shown) -> None:
    course, video = shown
    first, second = platform.student(course), platform.student(course)
    view = platform.watch(first, video)
    refused(second.post(view.path("renew")), 403, "not_your_session")
    beat = {"seq": 1, "intervals": [{"from": 0, "to": 4}], "position": 4}
    # A beat counts for whom the session belongs to, whoever sends it.
    good(second.post(view.path("beat"), content=json.dumps(beat)))
    chapter = course.chapters[0]
    assert good(first.get(f"/api/progress/chapters/{chapter}"))["watchedSeconds"] == 4
    assert good(second.get(f"/api/progress/chapters/{chapter}"))["watchedSeconds"] == 0


# --- JWTs ---


def unsigned(claims: dict[str, Any]) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def test_a_jwt_that_is_wrong_in_any_way_is_refused(platform: Platform, shown: Shown) -> None:
    _, video = shown
    now = int(time.time())
    sound = {"sub": "mallory", "role": "admin", "iss": "lectern", "aud": "lectern", "iat": now, "exp": now + 600}
    right = platform.jwt("admin", "mallory")
    head, body, signature = right.split(".")
    wrong = {
        "expired": platform.jwt("admin", "mallory", exp=now - 60),
        "not yet": platform.jwt("admin", "mallory", nbf=now + 600),
        "other audience": platform.jwt("admin", "mallory", aud="other"),
        "no audience": platform.jwt("admin", "mallory", drop=["aud"]),
        "no expiry": platform.jwt("admin", "mallory", drop=["exp"]),
        "other issuer": platform.jwt("admin", "mallory", iss="other"),
        "no issuer": platform.jwt("admin", "mallory", drop=["iss"]),
        "no subject": platform.jwt("admin", "mallory", drop=["sub"]),
        "bad subject": platform.jwt("admin", "../mallory"),
        "unknown role": platform.jwt("owner", "mallory"),
        "no role": platform.jwt("admin", "mallory", drop=["role"]),
        "other secret": platform.jwt("admin", "mallory", secret="0" * 64),
        "alg none": unsigned(sound),
        "alg none, signed": unsigned(sound) + signature,
        "cut off": f"{head}.{body}.",
        "changed": f"{head}.{base64.urlsafe_b64encode(json.dumps(sound).encode()).decode().rstrip('=')}.{signature}",
        "garbage": "garbage",
        "too long": "a" * 20_000,
    }
    assert platform.client(right).get("/api/me").status_code == 200
    for what, token in wrong.items():
        for path in ("/api/me", "/api/courses", f"/api/videos/{video}/access-token"):
            answer = platform.client(token).get(path)
            assert answer.status_code == 401, f"{what} was let in to {path}"
            refused(answer, 401, "invalid_jwt")
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_without_a_jwt_every_call_of_the_api_asks_to_sign_in(platform: Platform, shown: Shown) -> None:
    course, video = shown
    chapter = course.chapters[0]
    calls = [
        ("GET", "/api/me"), ("GET", "/api/courses"), ("GET", f"/api/courses/{course.id}"),
        ("PUT", f"/api/admin/courses/{course.id}"), ("PUT", f"/api/admin/enrollments/{course.id}/u"),
        ("DELETE", f"/api/admin/enrollments/{course.id}/u"), ("POST", "/api/videos/upload"),
        ("GET", "/api/admin/enrollments"), ("POST", "/api/admin/enrollments"),
        ("POST", "/api/admin/enrollments/withdraw"), ("PUT", f"/api/admin/courses/{course.id}/instructors/u"),
        ("DELETE", f"/api/admin/courses/{course.id}/instructors/u"),
        ("GET", f"/api/videos/{video}/status"), ("GET", f"/api/videos/{video}/access-token"),
        ("GET", f"/api/videos/{video}/thumbnails"), ("PUT", f"/api/videos/{video}/replace"),
        ("DELETE", f"/api/videos/{video}"), ("POST", f"/api/videos/{video}/analytics"),
        ("PUT", f"/api/progress/chapters/{chapter}"), ("GET", f"/api/progress/chapters/{chapter}"),
        ("GET", f"/api/progress/courses/{course.id}"), ("POST", f"/api/progress/chapters/{chapter}/complete"),
        ("POST", f"/api/progress/chapters/{chapter}/reset"), ("GET", "/api/progress/stats"),
        ("POST", "/api/access-tokens"), ("POST", "/api/admin/api-keys"), ("GET", "/api/admin/api-keys"),
        ("DELETE", f"/api/admin/api-keys/{video}"), ("GET", "/api/admin/analytics/videos"),
        ("GET", "/api/admin/analytics/chapters"), ("GET", "/api/admin/analytics/users/u"),
        ("GET", f"/api/admin/analytics/matrix/{course.id}"), ("GET", f"/api/admin/courses/{course.id}/quota"),
        ("GET", "/api/admin/analytics/struggling"), ("GET", f"/api/admin/analytics/retention/{video}"),
        ("GET", "/api/admin/analytics/experience"), ("GET", "/api/admin/analytics/bandwidth"),
    ]  # fmt: skip
    for method, path in calls:
        refused(platform.client().request(method, path), 401, "sign_in_required")


# --- Roles and entitlement ---


def test_who_is_not_enrolled_is_not_entitled(platform: Platform, shown: Shown) -> None:
    course, video = shown
    user = platform.new_id("student")
    stranger = platform.student(user=user)
    problem = refused(stranger.get(f"/api/videos/{video}/access-token"), 403, "not_entitled")
    assert problem["reason"] == "not_enrolled"
    refused(stranger.get(f"/api/videos/{video}/status"), 403, "not_entitled")
    refused(stranger.get(f"/api/videos/{video}/thumbnails"), 403, "not_entitled")
    assert course.id not in [item["id"] for item in good(stranger.get("/api/courses"))["courses"]]

    enrolment = f"/api/admin/enrollments/{course.id}/{user}"
    good(platform.admin.put(enrolment, json={"startsAt": "2100-01-01T00:00:00Z"}))
    problem = refused(stranger.get(f"/api/videos/{video}/access-token"), 403, "not_entitled")
    assert problem["reason"] == "enrollment_not_started"
    good(platform.admin.put(enrolment, json={"endsAt": "2020-01-01T00:00:00Z"}))
    problem = refused(stranger.get(f"/api/videos/{video}/access-token"), 403, "not_entitled")
    assert problem["reason"] == "enrollment_ended"
    good(platform.admin.put(enrolment))
    token = platform.access_token(stranger, video)

    # Who is struck off between the token and its spending does not get in either.
    good(platform.admin.delete(enrolment), 204)
    refused(platform.spend(stranger, token), 403, "not_entitled")


def test_a_locked_chapter_stays_locked(platform: Platform, restricted: tuple[Course, list[str]]) -> None:
    course, (first, second) = restricted
    student = platform.student(course)
    good(student.get(f"/api/videos/{first}/access-token"))
    problem = refused(student.get(f"/api/videos/{second}/access-token"), 403, "chapter_locked")
    assert problem["requiresChapterId"] == course.chapters[0]
    body = {"currentPosition": 1, "totalDuration": 6, "watchPercentage": 10}
    refused(student.put(f"/api/progress/chapters/{course.chapters[1]}", json=body), 403, "chapter_locked")
    document = good(student.get(f"/api/courses/{course.id}"))
    assert [(item["isLocked"], item["lockedReason"]) for item in document["chapters"]] == [
        (False, None),
        (True, "previous_chapter"),
    ]
    # Who teaches the course may look at everything.
    assert platform.teacher(course).get(f"/api/videos/{second}/access-token").status_code == 200


def test_a_course_is_listed_with_a_picture_of_a_film_that_one_may_open(
    platform: Platform, restricted: tuple[Course, list[str]]
) -> None:
    course, _ = restricted
    student = platform.student(course)

    def listed(who: httpx.Client, which: Course) -> dict[str, Any]:
        (found,) = [one for one in good(who.get("/api/courses"))["courses"] if one["id"] == which.id]
        return dict(found)

    first = good(student.get(f"/api/courses/{course.id}"))["chapters"][0]
    assert listed(student, course)["posterUrl"] == first["posterUrl"] is not None
    picture = platform.client().get(first["posterUrl"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert listed(platform.admin, course)["posterUrl"] == first["posterUrl"]
    empty = platform.new_course()
    assert listed(platform.student(empty), empty)["posterUrl"] is None


def test_a_free_chapter_needs_no_enrolment(platform: Platform, other_film: Path) -> None:
    course = platform.new_course(free=True)
    video = platform.ready(course.chapters[0], other_film)
    view = platform.watch(platform.student(), video)
    played = player.play(view.master)
    assert (played.frames, played.complaints) == (150, "")


def test_a_student_does_not_do_what_staff_does(platform: Platform, shown: Shown, short_film: Path) -> None:
    course, video = shown
    student = platform.student(course)
    free = platform.new_course()
    refused(platform.send(free.chapters[0], short_film, by=student), 403, "role_required")
    refused(student.delete(f"/api/videos/{video}"), 403, "role_required")
    with short_film.open("rb") as file:
        answer = student.put(f"/api/videos/{video}/replace", files={"video": ("x.mp4", file, "video/mp4")})
    refused(answer, 403, "role_required")
    course_body = {"title": "Mine", "isSequential": False, "chapters": []}
    for person in (student, platform.teacher(course)):
        refused(person.put(f"/api/admin/courses/{course.id}", json=course_body), 403, "role_required")
        refused(person.put(f"/api/admin/enrollments/{course.id}/me"), 403, "role_required")
        refused(person.delete(f"/api/admin/enrollments/{course.id}/me"), 403, "role_required")
    refused(student.get("/api/admin/jobs"), 403, "role_required")
    refused(student.post(f"/api/progress/chapters/{course.chapters[0]}/complete"), 403, "completion_is_earned")
    other = f"/api/progress/chapters/{course.chapters[0]}/reset?userId=somebody"
    refused(student.post(other), 403, "role_required")
    good(platform.person("service").put(f"/api/admin/enrollments/{course.id}/from-the-platform"))
    assert platform.status(video)["status"] == "ready"


# --- The inner services ---


def inner_calls(service: str) -> list[tuple[str, str]]:
    """Every call of a service's committed description, with its parameters filled in."""
    paths = json.loads((ROOT / "services" / service / "openapi.json").read_text())["paths"]
    some_id = "0198c0de-0000-7000-8000-000000000000"
    found = []
    for path, methods in paths.items():
        # A name with an ending is no id: 180p.m3u8, en.vtt.
        filled = re.sub(r"\{\w+\}", some_id, re.sub(r"\{\w+\}(?=\.\w+$)", "180p", path))
        found += [(method.upper(), filled) for method in methods if not path.startswith("/health")]
    assert found
    return found


@pytest.mark.parametrize("service", INNER)
def test_an_inner_service_answers_the_gateway_only(suite: Suite, platform: Platform, service: str) -> None:
    secrets = suite.secrets()
    own = secrets[f"{service.upper()}_SERVICE_SECRET"]
    others = {name: secrets[f"{name.upper()}_SERVICE_SECRET"] for name in INNER if name != service}
    actor = Actor(user_id="mallory", role=Role.ADMIN)
    tokens = {
        "none": None,
        "garbage": "garbage",
        "the platform's": platform.jwt("admin", "mallory"),
        "wrong secret": ServiceTokens(service, "0" * 64).mint("gateway", actor),
        **{f"for {name}": ServiceTokens(name, secret).mint("gateway", actor) for name, secret in others.items()},
        **{f"for {name}, our secret": ServiceTokens(name, own).mint("gateway", actor) for name in others},
    }
    right = ServiceTokens(service, own).mint("gateway", actor)
    suite.spoken |= {token for token in (*tokens.values(), right) if token and token != "garbage"}
    probes = {"media": "/api/courses", "transcoder": "/api/admin/jobs", "progress": "/api/progress/stats"}
    with httpx.Client(base_url=f"http://127.0.0.1:{suite.facts()['ports'][service]}", timeout=30) as client:
        for method, path in inner_calls(service):
            for what, token in tokens.items():
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                answer = client.request(method, path, headers=headers)
                assert answer.status_code == 401, f"{method} {path} with {what}: {answer.status_code}"
                assert answer.headers["content-type"].startswith("application/problem+json")
        # It is the token that was missing, and nothing else.
        assert client.get(probes[service], headers={"Authorization": f"Bearer {right}"}).status_code == 200


def test_an_inner_service_does_not_describe_itself(suite: Suite, platform: Platform) -> None:
    assert good(platform.client().get("/openapi.json"))["info"]["title"] == "Lectern"
    for service in INNER:
        answer = httpx.get(f"http://127.0.0.1:{suite.facts()['ports'][service]}/openapi.json", timeout=30)
        refused(answer, 404, "not_found")


def test_a_film_has_the_keys_of_its_windows_and_no_other(platform: Platform, shown: Shown) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    assert len(platform.key(view)) == 16
    for name in ("key/1/1.key", "key/1/99.key", "key/2/0.key"):
        refused(platform.client().get(view.path(name)), 404, "key_not_found")


def test_everything_listens_on_loopback_only(suite: Suite) -> None:
    listening = {
        connection.laddr.ip: connection.laddr.port
        for one in suite.processes()
        for connection in one.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert set(listening) == {"127.0.0.1"}


def test_headers_make_nobody_somebody_else(platform: Platform, shown: Shown) -> None:
    _, video = shown
    forged = {"X-Request-Id": "abcdefgh12345678", "X-Actor": "admin", "X-User-Id": "admin", "X-Role": "admin"}
    refused(platform.person("student").get(f"/api/videos/{video}/status", headers=forged), 403, "not_entitled")


def test_the_same_film_twice_has_two_keys_and_two_addresses(platform: Platform, films: Path) -> None:
    film = make_film(films / "twin.mp4", seconds=2, size="160x90", sound=False)
    course = platform.new_course(2)
    views = [platform.watch(platform.admin, platform.ready(chapter, film)) for chapter in course.chapters]
    assert platform.key(views[0]) != platform.key(views[1])
    segments = [player.read_media(player.read_master(view.master)[0].url)[0] for view in views]
    assert player.fetch(segments[0].url) != player.fetch(segments[1].url)
