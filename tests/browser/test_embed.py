"""A film in a frame of another site's page: what it plays, what it says and hears, and whom it obeys.

The pages of ``open_page`` are those of a private window: there a frame of another site has neither cookies nor storage.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.support.clients import Course, Platform, good, refused
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.school_page import SchoolPages
from tests.support.secrecy import secrets_in_logs

OpenPage = Callable[..., Page]

# What a platform writes: it hears the frame, and gives it the token that its back end asked for.
LISTENING = """
<script>
  window.heard = [];
  window.tokens = [];
  const lectern = %r;
  addEventListener('message', ({ source, origin, data }) => {
    const frame = document.querySelector('iframe');
    if (source !== frame.contentWindow || origin !== lectern) return;
    heard.push(data);
    if (data.type === 'tokenNeeded' && tokens.length) tell({ type: 'setToken', token: tokens.shift() });
  });
  window.tell = (message) => document.querySelector('iframe').contentWindow.postMessage({ lectern: 1, ...message }, lectern);
</script>
"""


Stage = tuple[Suite, SchoolPages, SchoolPages]


def near(address: str) -> str:
    """The same page as one of the suite's own site, though not of its origin."""
    return address.replace("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A suite that lets one school frame its films, that school, and another one."""
    school, other = SchoolPages(), SchoolPages()
    running = Suite(tmp_path_factory.mktemp("embed") / "home", EMBED_ANCESTORS=f"{school.origin},{near(school.origin)}")
    with ExitStack() as servers:
        running.start()
        servers.callback(running.stop)
        servers.enter_context(school.server)
        servers.enter_context(other.server)
        yield running, school, other
    assert secrets_in_logs(running) == []


@pytest.fixture(scope="module")
def suite(stage: Stage) -> Suite:
    return stage[0]


@pytest.fixture(scope="module")
def school(stage: Stage) -> SchoolPages:
    return stage[1]


@pytest.fixture(scope="module")
def film(platform: Platform, lecture: Path) -> tuple[Course, str]:
    course = platform.new_course(2)
    return course, platform.ready(course.chapters[0], lecture)


class Student:
    """Somebody whom only the platform knows: no JWT of theirs is ever made."""

    def __init__(self, platform: Platform, film: tuple[Course, str]) -> None:
        self.platform = platform
        self.course, self.video = film
        self.id = platform.new_id("student")
        good(platform.admin.put(f"/api/admin/enrollments/{self.course.id}/{self.id}"))

    def token(self) -> str:
        back_end = self.platform.person("service", "school")
        asked = {"userId": self.id, "videoId": self.video}
        return str(good(back_end.post("/api/access-tokens", json=asked), 201)["token"])

    def progress(self) -> dict[str, Any]:
        back_end = self.platform.person("service", "school")
        path = f"/api/progress/chapters/{self.course.chapters[0]}"
        document: dict[str, Any] = good(back_end.get(path, params={"userId": self.id}))
        return document


@pytest.fixture
def student(platform: Platform, film: tuple[Course, str]) -> Student:
    return Student(platform, film)


def page_with(school: SchoolPages, student: Student, query: str, size: str = "width=960 height=540") -> str:
    url = student.platform.suite.url
    frame = f'<iframe src="{url}/embed/{student.video}?{query}" {size} allow="autoplay; fullscreen"></iframe>'
    return school.put("lesson", LISTENING % url + frame)


def framed(page: Page) -> Frame:
    found = until(lambda: next((one for one in page.frames if "/embed/" in one.url), None), "the frame")
    assert found is not None
    return found


def heard(page: Page, kind: str) -> list[dict[str, Any]]:
    return [one for one in page.evaluate("() => heard") if one.get("type") == kind]


def wait_to_hear(page: Page, kind: str, count: int = 1) -> dict[str, Any]:
    until(lambda: len(heard(page, kind)) >= count, f"the frame to say {kind}")
    return heard(page, kind)[-1]


def state(page: Page) -> dict[str, Any]:
    before = len(heard(page, "state"))
    page.evaluate("() => tell({ type: 'getState' })")
    return wait_to_hear(page, "state", before + 1)


def test_a_frame_plays_obeys_and_reports(
    platform: Platform, open_page: OpenPage, school: SchoolPages, student: Student
) -> None:
    token = student.token()
    page = open_page()
    page.goto(page_with(school, student, f"token={token}&lang=ka&captions=off"))
    wait_to_hear(page, "ready")
    # The token stands in no address any more, and is good for nobody.
    until(
        lambda: framed(page).url.endswith(f"/embed/{student.video}?lang=ka&captions=off"), "the token to be taken away"
    )
    refused(platform.spend(platform.client(), token), 401, "token_spent")
    # This browser gives the frame no cookies, and it needs none.
    assert (
        framed(page).evaluate("() => { document.cookie = 'a=1; SameSite=None; Secure'; return document.cookie; }") == ""
    )
    assert framed(page).evaluate("() => document.documentElement.lang") == "ka"

    page.evaluate("() => tell({ type: 'play', id: 'first' })")
    until(lambda: any(one["currentTime"] > 1 for one in heard(page, "timeupdate")), "the film to run")
    assert [one["id"] for one in heard(page, "state")] == ["first"]
    wait_to_hear(page, "play")
    wait_to_hear(page, "qualitychange")
    page.evaluate("() => tell({ type: 'pause' })")
    wait_to_hear(page, "pause")
    told = wait_to_hear(page, "progress", 2)["progress"]
    assert told["chapterId"] == student.course.chapters[0] and told["watchPercentage"] > 0
    page.evaluate("() => tell({ type: 'seek', seconds: 11 })")
    page.evaluate("() => tell({ type: 'setRate', rate: 2 })")
    page.evaluate("() => tell({ type: 'setVolume', volume: 0.5, muted: true })")
    now = state(page)
    assert (now["paused"], now["rate"], now["volume"], now["muted"]) == (True, 2, 0.5, True)
    until(lambda: abs(state(page)["currentTime"] - 11) < 0.5, "the film to be at its eleventh second")
    # A person at the frame itself.
    framed(page).get_by_test_id("play-button").click()
    wait_to_hear(page, "ended")
    assert student.progress()["watchPercentage"] > 10
    page.evaluate("() => tell({ type: 'seek', seconds: 'x', id: 9 })")
    assert wait_to_hear(page, "error")["id"] == 9
    assert {one["videoId"] for one in page.evaluate("() => heard")} == {student.video}


def test_a_chapter_is_completed_in_a_frame(open_page: OpenPage, school: SchoolPages, student: Student) -> None:
    page = open_page()
    page.goto(page_with(school, student, f"token={student.token()}&autoplay=1&muted=1"))
    wait_to_hear(page, "ended")
    assert wait_to_hear(page, "complete")["progress"]["isCompleted"] is True
    assert student.progress()["isCompleted"] is True


def test_a_frame_goes_on_after_it_was_loaded_again(open_page: OpenPage, school: SchoolPages, student: Student) -> None:
    """By what it kept, where the browser lets it, as below a page of the same site; its beats count on."""
    page = open_page()
    page.goto(near(page_with(school, student, f"token={student.token()}&autoplay=1&muted=1")))
    until(lambda: any(one["currentTime"] > 3 for one in heard(page, "timeupdate")), "the film to run")
    page.evaluate("() => tell({ type: 'pause' })")
    wait_to_hear(page, "pause")
    until(lambda: student.progress()["currentPosition"] > 3, "the beat to arrive")
    before = student.progress()["watchPercentage"]
    page.evaluate("() => { heard.length = 0; }")
    framed(page).evaluate("() => location.reload()")
    wait_to_hear(page, "ready")
    framed(page).get_by_test_id("resume-continue").click()
    wait_to_hear(page, "ended")
    until(lambda: student.progress()["watchPercentage"] > before + 40, "what was watched after it to count")
    assert heard(page, "tokenNeeded") == []
    # Another token may be another person's: it is spent, and what was kept is left alone.
    other = student.token()
    page.goto(near(page_with(school, student, f"token={other}")))
    wait_to_hear(page, "ready")
    refused(student.platform.spend(student.platform.client(), other), 401, "token_spent")


def test_a_frame_that_may_keep_nothing_asks_for_a_token(
    open_page: OpenPage, school: SchoolPages, student: Student
) -> None:
    page = open_page()
    page.goto(page_with(school, student, f"token={student.token()}"))
    wait_to_hear(page, "ready")
    framed(page).evaluate("() => location.reload()")
    wait_to_hear(page, "tokenNeeded")
    expect(framed(page).get_by_test_id("face-tokenNeeded")).to_be_visible()
    # The button asks again.
    asked = len(heard(page, "tokenNeeded"))
    page.evaluate("token => { tokens.push(token); }", student.token())
    framed(page).get_by_test_id("face-retry").click()
    wait_to_hear(page, "tokenNeeded", asked + 1)
    wait_to_hear(page, "ready", 2)
    expect(framed(page).get_by_test_id("big-play")).to_be_visible()


def test_a_view_that_ended_goes_on_from_its_second(
    platform: Platform, open_page: OpenPage, school: SchoolPages, student: Student
) -> None:
    page = open_page()
    page.goto(page_with(school, student, f"token={student.token()}&autoplay=1&muted=1"))
    until(lambda: any(one["currentTime"] > 4 for one in heard(page, "timeupdate")), "the film to run")
    page.evaluate("token => { tokens.push(token); }", student.token())
    ended = "UPDATE access.playback_sessions SET expires_at = now() - interval '1 s' WHERE user_id = $1"
    platform.suite.query(ended, student.id)
    page.evaluate("() => { heard.length = 0; tell({ type: 'pause' }); }")
    # The beat of the pause is refused; the page gives the next token by itself, and the film runs on.
    wait_to_hear(page, "tokenNeeded")
    until(lambda: any(one["currentTime"] > 5 for one in heard(page, "timeupdate")), "the film to go on")
    assert all(one["currentTime"] > 3 for one in heard(page, "timeupdate"))
    assert not framed(page).get_by_test_id("face-tokenNeeded").is_visible()


def test_a_frame_obeys_nobody_but_the_page_around_it(
    open_page: OpenPage, school: SchoolPages, stage: Stage, student: Student
) -> None:
    """Neither a neighbour in the same page nor whoever opened it may speak to the frame, and it speaks to neither."""
    other = stage[2]
    neighbour = other.put(
        "neighbour",
        "<script>window.heard = []; addEventListener('message', (event) => heard.push(event.data));"
        "window.tell = (type) => parent.frames[0].postMessage({ lectern: 1, type, id: 'evil' }, '*');</script>",
    )
    page = open_page()
    lesson = page_with(school, student, f"token={student.token()}&autoplay=1&muted=1")
    school.pages["lesson"] += f'<iframe src="{neighbour}" name="neighbour"></iframe>'
    page.goto(lesson)
    until(lambda: any(one["currentTime"] > 1 for one in heard(page, "timeupdate")), "the film to run")
    evil = page.frame(name="neighbour")
    assert evil is not None
    evil.evaluate("() => { tell('pause'); tell('getState'); }")
    # What the page around asks after it is answered: the others were heard by then, and passed over.
    answered = state(page)
    assert answered["paused"] is False
    assert evil.evaluate("() => heard") == []
    assert [one for one in page.evaluate("() => heard") if one.get("id") == "evil"] == []


def test_nobody_else_may_frame_it(
    open_page: OpenPage, browser: Browser, school: SchoolPages, stage: Stage, student: Student
) -> None:
    suite, _, other = stage
    token = student.token()
    frame = f'<iframe src="{suite.url}/embed/{student.video}?token={token}"></iframe>'
    heard_of: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: heard_of.append(message.text))
    page.goto(other.put("stolen", frame))
    until(lambda: any("frame-ancestors" in text for text in heard_of), "the browser to refuse the frame")
    assert page.frames[1].locator("[data-testid=player]").count() == 0
    # No other page of ours is to be framed, not even by the school.
    heard_of.clear()
    page.goto(school.put("app", f'<iframe src="{suite.url}/"></iframe>'))
    until(lambda: any("frame-ancestors" in text for text in heard_of), "the browser to refuse the frame")
    page.close()
    # Nobody spent the token meanwhile.
    mine = open_page()
    mine.goto(page_with(school, student, f"token={token}"))
    wait_to_hear(mine, "ready")


@pytest.mark.parametrize(("width", "height"), [(640, 360), (960, 540), (320, 480)])
def test_it_fills_its_box(open_page: OpenPage, school: SchoolPages, student: Student, width: int, height: int) -> None:
    page = open_page()
    page.goto(page_with(school, student, f"token={student.token()}", f"width={width} height={height} style=border:0"))
    wait_to_hear(page, "ready")
    box = (
        framed(page)
        .get_by_test_id("player")
        .evaluate("e => [e.clientWidth, e.clientHeight, document.body.scrollHeight]")
    )
    assert box == [width, height, height]


def test_a_learning_platform_is_told_its_height(open_page: OpenPage, school: SchoolPages, student: Student) -> None:
    page = open_page()
    page.goto(page_with(school, student, f"token={student.token()}&resize=lti", "width=800 height=100 style=border:0"))
    until(lambda: {"subject": "lti.frameResize", "height": 450} in page.evaluate("() => heard"), "the height")


def test_where_to_begin_stands_in_the_address(open_page: OpenPage, school: SchoolPages, student: Student) -> None:
    page = open_page()
    page.goto(page_with(school, student, f"token={student.token()}&t=9&autoplay=true&muted"))
    until(lambda: heard(page, "timeupdate"), "the film to run")
    assert min(one["currentTime"] for one in heard(page, "timeupdate")) >= 8.5
    assert state(page)["muted"] is True
    assert re.search(r"\?t=9&autoplay=true&muted=?$", framed(page).url)
