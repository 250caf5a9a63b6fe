"""A suite that asks the platform who may watch (ENTITLEMENT_URL), through the platform's bad days and its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.clients import Course, Platform, View, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.school import SECRET, School
from tests.support.secrecy import secrets_in_logs
from tests.support.served import Served

GATEWAY = "services.gateway"


@pytest.fixture(scope="module")
def school_server() -> Iterator[tuple[School, str]]:
    school = School()
    with Served(school) as url:
        yield school, f"{url}/entitlement"


@pytest.fixture(scope="module")
def platform(school_server: tuple[School, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("lectern") / "home"
    running = Suite(home, ENTITLEMENT_URL=school_server[1], ENTITLEMENT_SECRET=SECRET).start()
    running.spoken.add(SECRET)
    made = Platform(running)
    try:
        yield made
    finally:
        made.close()
        running.stop()
    assert secrets_in_logs(running) == []


@pytest.fixture(scope="module")
def shown(platform: Platform, films: Path) -> tuple[Course, list[str]]:
    """A sequential course of two chapters with films, in which nobody is enrolled."""
    film = make_film(films / "decided.mp4", seconds=2, size="160x90", sound=False)
    course = platform.new_course(2, sequential=True)
    return course, [platform.ready(chapter, film) for chapter in course.chapters]


@pytest.fixture
def school(school_server: tuple[School, str], platform: Platform, shown: "Shown") -> Iterator[School]:
    """In a good mood, and the gateway over the outage of the test before."""
    one = school_server[0]
    until(lambda: ask(platform.person("student"), shown[1][0]).status_code == 200, "the platform to be asked")
    yield one
    one.mood, one.until = "well", None
    assert one.forged == 0


Shown = tuple[Course, list[str]]


class Viewer:
    """A student whom no enrolment knows, with a session."""

    def __init__(self, platform: Platform, video: str) -> None:
        self.id = platform.new_id("student")
        self.client = platform.person("student", self.id)
        self._platform = platform
        self.view: View = platform.watch(self.client, video)

    def key(self) -> httpx.Response:
        return self._platform.client().get(self.view.path("key/1/0.key"))


def ask(who: httpx.Client, video: str) -> httpx.Response:
    return who.get(f"/api/videos/{video}/access-token")


def test_the_platform_stands_in_place_of_enrolments(platform: Platform, shown: Shown, school: School) -> None:
    course, (video, second) = shown
    viewer = Viewer(platform, video)
    assert viewer.key().status_code == 200
    asked = [one for one in school.questions if one["userId"] == viewer.id]
    expected = {"userId": viewer.id, "courseId": course.id, "chapterId": course.chapters[0], "videoId": video}
    assert asked[0] == expected
    # The order of the course is still ours.
    refused(ask(viewer.client, second), 403, "chapter_locked")

    # An enrolment is no answer any more.
    unlucky = platform.new_id("student")
    school.refused[unlucky] = "payment_overdue"
    told = refused(ask(platform.student(course, unlucky), video), 403, "not_entitled")
    assert (told["reason"], told["platformReason"]) == ("refused_by_platform", "payment_overdue")


def test_the_page_of_a_course_tells_what_the_platform_says(platform: Platform, shown: Shown, school: School) -> None:
    course, (video, _) = shown
    user, unlucky = platform.new_id("student"), platform.new_id("student")
    student = platform.person("student", user)
    document = good(student.get(f"/api/courses/{course.id}"))
    assert (document["isEnrolled"], [one["lockedReason"] for one in document["chapters"]]) == (
        True,
        [None, "previous_chapter"],
    )
    asked = {"userId": user, "courseId": course.id, "chapterId": None, "videoId": None}
    assert [one for one in school.questions if one["userId"] == user] == [asked]
    way = good(student.get(f"/api/progress/courses/{course.id}"))
    assert [one["lockedReason"] for one in way["chapters"]] == [None, "previous_chapter"]
    assert school.asked(user) == 1
    # What a page was told of the course is no right to a film of it.
    school.refused[user] = None
    refused(ask(student, video), 403, "not_entitled")

    # Enrolled or not: the platform's no is a no.
    school.refused[unlucky] = "refunded"
    out = platform.student(course, unlucky)
    refused(out.get(f"/api/courses/{course.id}"), 404, "course_not_found")
    refused(out.get(f"/api/progress/courses/{course.id}"), 404, "course_not_found")
    free = platform.new_course(2, free=True)
    assert [one["isLocked"] for one in good(out.get(f"/api/courses/{free.id}"))["chapters"]] == [False, False]
    # Staff, and what is no id, are no question.
    before = len(school.questions)
    good(platform.admin.get(f"/api/courses/{course.id}"))
    good(platform.teacher(course).get(f"/api/progress/courses/{course.id}"))
    good(platform.admin.get(f"/api/progress/courses/{course.id}", params={"userId": user}))
    for nowhere in ("%20", "a%20b"):
        assert student.get(f"/api/courses/{nowhere}").status_code in (404, 422)
    assert len(school.questions) == before
    refused(student.get("/api/courses/nowhere"), 404, "course_not_found")
    school.mood = "broken"
    refused(platform.person("student").get(f"/api/courses/{course.id}"), 503, "entitlement_unavailable")


def test_a_key_is_given_without_asking_again(platform: Platform, shown: Shown, school: School) -> None:
    viewer = Viewer(platform, shown[1][0])
    before = school.asked(viewer.id)
    answers = [viewer.key().status_code for _ in range(50)]
    assert answers == [200] * 50
    # Fifty keys in well under ten seconds; on a machine so slow that it takes longer, once more each.
    assert before == 1
    assert school.asked(viewer.id) <= before + 3


def test_nobody_is_asked_of_free_chapters_and_of_who_teaches(
    platform: Platform, shown: Shown, school: School, films: Path
) -> None:
    course, (video, _) = shown
    free = platform.new_course(free=True)
    film = make_film(films / "free.mp4", seconds=2, size="160x90", sound=False)
    gift = platform.ready(free.chapters[0], film)
    school.mood = "broken"
    teacher = platform.new_id("teacher")
    good(platform.admin.put(f"/api/admin/courses/{course.id}/instructors/{teacher}"), 204)
    before = len(school.questions)
    for who, what in (
        (platform.person("student"), gift),
        (platform.person("instructor", teacher), video),
        (platform.admin, video),
    ):
        view = platform.watch(who, what)
        assert platform.client().get(view.path("key/1/0.key")).status_code == 200
    assert len(school.questions) == before


@pytest.mark.parametrize("mood", ["broken", "silent"])
def test_while_the_platform_is_away_nothing_begins_and_what_runs_goes_on(
    platform: Platform, shown: Shown, school: School, mood: Any
) -> None:
    _, (video, _) = shown
    viewer = Viewer(platform, video)
    token = platform.access_token(viewer.client, video)
    late = platform.access_token(other := platform.person("student", platform.new_id("student")), video)
    school.mood = mood
    answer = ask(platform.person("student"), video)
    refused(answer, 503, "entitlement_unavailable")
    assert answer.headers["retry-after"] == "5"

    # Once its own ten seconds are over, the same person is refused too, and what they watch goes on.
    for who in (viewer.client, other):
        until(lambda: ask(who, video).status_code == 503, "the answer of before to be forgotten", every=0.5)  # noqa: B023
    assert viewer.key().status_code == 200
    good(platform.client().post(viewer.view.path("beat"), content='{"seq": 1, "intervals": [{"from": 0, "to": 1}]}'))
    good(viewer.client.post(viewer.view.path("renew")))
    good(viewer.client.get(f"/api/videos/{video}/status"))
    # A token of before opens nothing now, and is not lost by the try.
    for who, one in ((viewer.client, token), (other, late)):
        refused(platform.spend(who, one), 503, "entitlement_unavailable")
    school.mood = "well"
    until(lambda: ask(viewer.client, video).status_code == 200, "the platform to be asked again", every=0.5)
    good(platform.spend(viewer.client, token))


def test_the_last_yes_outlives_the_gateway_and_ends_after_an_hour(
    platform: Platform, shown: Shown, school: School
) -> None:
    viewer = Viewer(platform, shown[1][0])
    school.mood = "broken"
    gateway = platform.suite.process(GATEWAY)
    gateway.kill()

    def back() -> bool:
        try:
            return platform.client().get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    until(back, "the gateway to be back")
    assert viewer.key().status_code == 200
    aged = "UPDATE access.platform_answers SET answered_at = now() - interval '59 minutes' WHERE user_id = $1"
    platform.suite.query(aged, viewer.id)
    assert viewer.key().status_code == 200
    platform.suite.query(aged.replace("59", "61"), viewer.id)
    answer = viewer.key()
    refused(answer, 503, "entitlement_unavailable")
    assert answer.headers["retry-after"] == "5"
    school.mood = "well"
    until(lambda: viewer.key().status_code == 200, "the platform to be asked again", every=0.5)


def test_a_no_ends_what_runs_within_ten_seconds(platform: Platform, shown: Shown, school: School) -> None:
    viewer = Viewer(platform, shown[1][0])
    assert viewer.key().status_code == 200
    school.refused[viewer.id] = "refunded"
    until(lambda: viewer.key().status_code != 200, "the key to be refused", every=0.5)
    told = refused(viewer.key(), 403, "not_entitled")
    assert (told["reason"], told["platformReason"]) == ("refused_by_platform", "refunded")
    refused(platform.client().get(viewer.view.path("master.m3u8")), 403, "not_entitled")
    # The outage that follows does not bring the yes of before back.
    school.mood = "broken"
    until(lambda: viewer.key().status_code == 503, "the answer to be forgotten", every=0.5)


def test_a_back_end_gets_a_token_for_whom_the_platform_lets_in(
    platform: Platform, shown: Shown, school: School
) -> None:
    _, (video, _) = shown
    lucky, unlucky = platform.new_id("student"), platform.new_id("student")
    school.refused[unlucky] = None
    back_end = platform.person("service")
    token = good(back_end.post("/api/access-tokens", json={"userId": lucky, "videoId": video}), 201)["token"]
    platform.suite.spoken.add(token)
    good(platform.spend(platform.client(), token))
    refused(back_end.post("/api/access-tokens", json={"userId": unlucky, "videoId": video}), 403, "not_entitled")


def test_taking_a_film_home_is_the_platforms_to_allow(platform: Platform, films: Path, school: School) -> None:
    course = platform.new_course(free=True)
    film = make_film(films / "gift.mp4", seconds=2, size="160x90", sound=False)
    video = platform.ready(course.chapters[0], film)
    good(platform.admin.put(f"/api/videos/{video}/download-policy", json={"policy": "enrolled"}))
    user, unlucky = platform.new_id("student"), platform.new_id("student")
    school.refused[unlucky] = "trial"
    # Anybody's to watch; to keep, the platform's word is asked for.
    out = platform.person("student", unlucky)
    platform.watch(out, video)
    told = refused(out.get(f"/api/videos/{video}/download"), 403, "not_entitled")
    assert told["platformReason"] == "trial"
    student = platform.person("student", user)
    assert good(student.get(f"/api/courses/{course.id}"))["chapters"][0]["canDownload"] is True

    def ready() -> Any:
        answer = student.get(f"/api/videos/{video}/download", headers={"Accept": "application/json"})
        return answer.json() if answer.status_code == 200 else None

    document = until(ready, "the file to be made", every=0.2)
    platform.suite.spoken.add(document["url"].split("token=")[1])
    school.refused[user] = None
    # A link is no right: within ten seconds it opens nothing any more.
    link = platform.client()
    until(lambda: link.get(document["url"]).status_code == 403, "the link to be refused", every=0.5)
    school.mood = "broken"
    refused(platform.person("student").get(f"/api/videos/{video}/download"), 503, "entitlement_unavailable")
