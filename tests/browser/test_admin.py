"""The administration in a real browser: what a page says is what the API holds, before and after."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_watching import sign_in
from tests.support.axe import axe
from tests.support.clients import Course, Platform, good
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.receiver import Receiver, verified
from tests.support.suites import suite_fixtures

OpenPage = Callable[..., Page]
WEBHOOKS = "/api/admin/webhooks"

# A suite that may send to this machine.
suite, platform = suite_fixtures("module", WEBHOOK_ALLOW="127.0.0.0/8")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as server, server.serving():
        yield server


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small, so that it is soon ready; long enough to be met while it is being made."""
    return make_film(tmp_path_factory.mktemp("films") / "small.mp4", seconds=30, size="320x180")


@pytest.fixture(scope="module")
def course(platform: Platform, film: Path) -> Course:
    """Three chapters, the first of which has a film."""
    made = platform.new_course(3)
    platform.ready(made.chapters[0], film)
    return made


@pytest.fixture
def admin(open_page: OpenPage) -> Page:
    page = open_page()
    sign_in(page, "admin")
    return page


def chapter_ids(platform: Platform, course: Course) -> list[str]:
    return [chapter["id"] for chapter in good(platform.admin.get(f"/api/courses/{course.id}"))["chapters"]]


def row_of(page: Page, table: str, text: str) -> Locator:
    return page.get_by_test_id(table).locator("tbody tr").filter(has_text=text)


def test_chapters_are_put_in_order_by_keyboard_and_saved_whole(platform: Platform, admin: Page, course: Course) -> None:
    first, second, third = course.chapters
    assert chapter_ids(platform, course) == [first, second, third]
    admin.goto(f"/admin/courses/{course.id}?tab=structure")
    editor = admin.get_by_test_id("course-editor")
    edit = admin.locator(f'[data-testid="chapter-edit"][data-chapter="{third}"]')
    edit.get_by_test_id("chapter-handle").focus()
    admin.keyboard.press("ArrowUp")
    admin.keyboard.press("ArrowUp")
    expect(edit.get_by_test_id("chapter-handle")).to_be_focused()
    expect(admin.get_by_test_id("chapter-edit").first).to_have_attribute("data-chapter", third)
    edit.get_by_test_id("chapter-free").check()
    admin.get_by_test_id("new-chapter-title").fill("An afterword")
    admin.get_by_test_id("new-chapter-id").fill(f"{course.id}.after")
    admin.get_by_test_id("new-chapter-add").click()
    for change in ("New: An afterword", "Moved: Chapter 3", "Changed: Chapter 3"):
        expect(admin.get_by_test_id("save-bar")).to_contain_text(change)
    assert chapter_ids(platform, course) == [first, second, third], "nothing is sent before it is saved"

    # A link that leads away waits for an answer.
    admin.get_by_test_id("admin-nav-jobs").click()
    admin.get_by_test_id("confirm-no").click()
    expect(editor).to_have_attribute("data-dirty", "true")

    admin.get_by_test_id("save").click()
    expect(editor).to_have_attribute("data-dirty", "false")
    expect(admin.get_by_test_id("course-outcome")).to_contain_text("Saved")
    saved = good(platform.admin.get(f"/api/courses/{course.id}"))["chapters"]
    assert [(one["id"], one["isFree"]) for one in saved] == [
        (third, True), (first, False), (second, False), (f"{course.id}.after", False),
    ]  # fmt: skip
    assert saved[1]["videoId"], "the film stays with its chapter"


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(platform: Platform, admin: Page) -> None:
    course = platform.new_course(1)
    path = f"/api/admin/courses/{course.id}"
    admin.goto(f"/admin/courses/{course.id}?tab=structure")
    admin.get_by_test_id("course-title").fill("Mine")
    good(platform.admin.put(path, json={"title": "Theirs", "chapters": []}))
    admin.get_by_test_id("save").click()
    expect(admin.get_by_test_id("course-outcome")).to_contain_text("changed_meanwhile")
    assert good(platform.admin.get(f"/api/courses/{course.id}"))["title"] == "Theirs"


def test_a_pasted_list_is_enrolled(platform: Platform, admin: Page) -> None:
    course = platform.new_course(1)
    admin.goto(f"/admin/courses/{course.id}?tab=enrolments")
    admin.get_by_test_id("enrol-ids").fill("nino-1, giorgi-2\n'ana-3'\nnino-1 not/an/id")
    admin.get_by_test_id("enrol").click()
    expect(admin.get_by_test_id("enrol-outcome")).to_contain_text("3 students enrolled")
    listed = good(platform.admin.get("/api/admin/enrollments", params={"courseId": course.id}))["enrollments"]
    assert {one["userId"] for one in listed} == {"nino-1", "giorgi-2", "ana-3"}
    row = row_of(admin, "enrolment-table", "giorgi-2")
    row.get_by_role("button").click()
    admin.get_by_test_id("confirm-yes").click()
    expect(row).to_have_count(0)
    listed = good(platform.admin.get("/api/admin/enrollments", params={"courseId": course.id}))["enrollments"]
    assert {one["userId"] for one in listed} == {"nino-1", "ana-3"}


def watched(platform: Platform, course: Course, user: str) -> dict[str, Any]:
    """Somebody watched half of the film of the first chapter; the progress document."""
    student = platform.student(course, user)
    chapters = good(platform.admin.get(f"/api/courses/{course.id}"))["chapters"]
    video = next(one["videoId"] for one in chapters if one["id"] == course.chapters[0])
    view = platform.watch(student, video)
    platform.grow_older(view, "1 minute")
    beat = {"seq": 1, "intervals": [{"from": 0, "to": 15, "rate": 1}], "position": 15, "state": "paused"}
    document: dict[str, Any] = good(student.post(str(view.document["beatUrl"]), json=beat))
    assert document["watchPercentage"] > 40
    return document


def test_a_student_who_watched_is_seen_and_begins_anew(platform: Platform, admin: Page, course: Course) -> None:
    user = platform.new_id("student")
    share = f"{int(watched(platform, course, user)['watchPercentage'])}%"
    admin.goto("/admin/students")
    admin.get_by_test_id("course-filter").select_option(course.id)
    cell = row_of(admin, "matrix", user).locator('[data-state="in_progress"]')
    expect(cell).to_have_text(share)
    row_of(admin, "matrix", user).get_by_role("link", name=user).click()
    expect(admin).to_have_url(re.compile(f"/admin/students/{re.escape(user)}$"))
    chapter = row_of(admin, "student-chapters", "Chapter 1")
    expect(chapter).to_contain_text(share)
    expect(admin.get_by_test_id("sessions").locator("tbody tr")).to_have_count(1)

    chapter.get_by_test_id("reset").click()
    admin.get_by_test_id("confirm-yes").click()
    expect(admin.get_by_test_id("reset-history")).to_contain_text(share)
    asked = {"userId": user}
    path = f"/api/progress/chapters/{course.chapters[0]}"
    assert good(platform.admin.get(path, params=asked))["watchPercentage"] == 0
    [was] = good(platform.admin.get(f"{path}/history", params=asked))["history"]
    assert was["resetBy"] == "demo-admin"

    admin.get_by_test_id("sessions").get_by_role("button", name="End all").click()
    admin.get_by_test_id("confirm-yes").click()
    expect(admin.get_by_test_id("sessions").locator("tbody tr")).to_have_count(0)
    assert good(platform.admin.get(f"/api/admin/users/{user}/sessions"))["sessions"] == []


def test_a_person_is_exported_and_erased_after_their_id_was_typed(
    platform: Platform, admin: Page, course: Course, tmp_path: Path
) -> None:
    user = platform.new_id("student")
    watched(platform, course, user)
    admin.goto(f"/admin/students/{user}")
    with admin.expect_download() as saving:
        admin.get_by_test_id("export").click()
    saving.value.save_as(tmp_path / "export.json")
    assert user in (tmp_path / "export.json").read_text()
    admin.get_by_test_id("erase").click()
    admin.get_by_test_id("typed-word").fill(user[:-1])
    expect(admin.get_by_test_id("typed-yes")).to_be_disabled()
    admin.get_by_test_id("typed-word").fill(user)
    admin.get_by_test_id("typed-yes").click()
    expect(admin.get_by_test_id("erased")).to_be_visible()
    assert good(platform.admin.get(f"/api/admin/analytics/users/{user}"))["items"] == []


def test_a_webhook_made_here_is_tried_seen_and_sent_again(platform: Platform, admin: Page, receiver: Receiver) -> None:
    path = f"/{platform.new_id('hook')}"
    admin.goto("/admin/webhooks")
    admin.get_by_test_id("new-webhook").click()
    admin.get_by_test_id("webhook-url").fill(receiver.url + path)
    admin.get_by_test_id("webhook-all").uncheck()
    admin.get_by_test_id("webhook-type-video.ready").check()
    admin.get_by_test_id("webhook-save").click()
    secret = admin.get_by_test_id("webhook-secret")
    expect(secret).not_to_contain_text("whsec_")
    admin.get_by_test_id("webhook-secret-reveal").click()
    expect(secret).to_contain_text("whsec_")
    value = secret.inner_text()
    platform.suite.spoken.add(value)
    [made] = [one for one in good(platform.admin.get(WEBHOOKS))["webhooks"] if one["url"].endswith(path)]
    assert made["types"] == ["video.ready"]

    card = admin.locator(f'[data-testid="webhook"][data-webhook="{made["id"]}"]')
    card.get_by_test_id("webhook-test").click()
    until(lambda: receiver.got(path), "the test delivery")
    assert verified(receiver.got(path)[0], value)["type"] == "webhook.test"
    log = admin.get_by_test_id("delivery-log").locator("tbody tr")
    expect(log).to_have_count(1)
    expect(log.get_by_test_id("delivery-state")).to_have_attribute("data-state", "delivered")
    log.locator("summary").click()
    expect(log.get_by_test_id("delivery-answer")).to_have_text("thank you")
    log.get_by_test_id("delivery-replay").click()
    until(lambda: len(receiver.got(path)) == 2, "the replay")
    expect(admin.locator('[data-testid="delivery-state"][data-state="delivered"]')).to_have_count(2)

    admin.get_by_test_id("replay-since").fill("2020-01-01T00:00")
    admin.get_by_test_id("replay-all").click()
    expect(admin.get_by_test_id("delivery-outcome")).to_contain_text("sent again")
    card.get_by_test_id("webhook-toggle").click()
    expect(card.get_by_test_id("webhook-state")).to_have_text("Off")
    assert good(platform.admin.get(f"{WEBHOOKS}/{made['id']}"))["enabled"] is False


def test_a_job_is_cancelled_and_tried_again(platform: Platform, admin: Page, film: Path) -> None:
    video = platform.upload(platform.new_course().chapters[0], film, "to cancel.mp4")

    def begun() -> str | None:
        jobs = good(platform.admin.get("/api/admin/jobs"))["jobs"]
        return next((str(one["id"]) for one in jobs if one["videoId"] == video), None)

    job = until(begun, "the job")
    good(platform.admin.post(f"/api/admin/jobs/{job}/pause"), 204)
    admin.goto("/admin/jobs")
    row = row_of(admin, "jobs", "to cancel.mp4")
    state = row.get_by_test_id("job-state")
    expect(state).to_have_attribute("data-state", "paused")
    row.get_by_test_id("sooner").click()
    expect(row.get_by_test_id("priority")).to_have_text("-1")
    row.get_by_test_id("job-cancel").click()
    admin.get_by_test_id("confirm-yes").click()
    expect(state).to_have_attribute("data-state", "failed")
    assert platform.status(video)["error"]["code"] == "cancelled"

    admin.get_by_test_id("state-failed").click()
    row.get_by_test_id("job-retry").click()
    admin.get_by_test_id("state-all").click()
    expect(state).to_have_attribute("data-state", "completed")
    assert platform.wait_for(video, "ready")["error"] is None


def test_an_api_key_made_here_opens_what_it_says_until_it_is_revoked(platform: Platform, admin: Page) -> None:
    admin.goto("/admin/access")
    admin.get_by_test_id("key-name").fill("The platform")
    admin.get_by_test_id("scope-courses").check()
    admin.get_by_test_id("key-make").click()
    admin.get_by_test_id("api-key-reveal").click()
    key = admin.get_by_test_id("api-key").inner_text()
    platform.suite.spoken.add(key)
    caller = platform.client(key)
    assert caller.get("/api/courses").status_code == 200
    assert caller.get("/api/admin/enrollments").status_code == 403
    row_of(admin, "api-keys", "The platform").get_by_test_id("key-revoke").click()
    admin.get_by_test_id("confirm-yes").click()
    expect(row_of(admin, "api-keys", "The platform").get_by_test_id("key-state")).to_have_text("revoked")
    assert caller.get("/api/courses").status_code == 401


def test_storage_is_looked_at_before_anything_is_removed(platform: Platform, admin: Page, course: Course) -> None:
    admin.goto("/admin/storage")
    admin.get_by_test_id("dry-run").click()
    expect(admin.get_by_test_id("reconcile-state")).to_contain_text("found 0 objects")
    expect(admin.get_by_test_id("remove-orphans")).to_be_disabled()
    expect(row_of(admin, "storage-courses", course.id)).to_be_visible()
    assert good(platform.admin.get("/api/admin/storage"))["dryRun"] is True


def places(course: Course) -> list[str]:
    one = f"/admin/courses/{course.id}"
    return [
        "/admin", one, f"{one}?tab=structure", f"{one}?tab=enrolments", f"{one}?tab=access",
        f"/admin/students?course={course.id}", "/admin/students?tab=struggling", "/admin/students/sam",
        *(f"/admin/analytics?tab={tab}" for tab in ("videos", "chapters", "experience", "bandwidth", "costs")),
        "/admin/jobs", "/admin/storage", "/admin/webhooks", "/admin/health", "/admin/access", "/admin/access?tab=audit",
    ]  # fmt: skip


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ka", "dark")])
def test_no_page_shuts_anybody_out(open_page: OpenPage, course: Course, language: str, theme: str) -> None:
    """Judged by axe, on a phone, where nothing may be wider than the screen either."""
    page = open_page(PHONE, language, theme)
    sign_in(page, "admin")
    found = []
    for place in places(course):
        answer = page.goto(place)
        assert answer is not None
        assert answer.status == 200, place
        expect(page.locator("h1")).to_be_visible()
        expect(page.get_by_test_id("loading")).to_have_count(0)
        found += [(place, *one) for one in axe(page)]
        if page.evaluate("document.documentElement.scrollWidth") > PHONE[0]:
            found.append((place, "wider than the screen"))
    assert found == []


def test_an_instructor_sees_their_own_courses_alone(platform: Platform, open_page: OpenPage, course: Course) -> None:
    other = platform.new_course(1)
    teacher = platform.new_id("teacher")
    me = good(platform.teacher(course, teacher).get("/api/me"))
    page = open_page()
    page.goto("/")
    # The demo signs in as two people, none of them an instructor.
    signed_in = {"token": platform.jwt("instructor", teacher), "me": me}
    page.evaluate("auth => sessionStorage.setItem('lectern.auth', JSON.stringify(auth))", signed_in)
    page.goto("/admin")
    expect(page.get_by_test_id("admin-course")).to_have_count(1)
    expect(page.get_by_test_id("new-course")).to_have_count(0)
    page.goto(f"/admin/students?course={course.id}")
    expect(page.get_by_test_id("matrix")).to_be_visible()
    page.goto(f"/admin/students?course={other.id}")
    expect(page.get_by_test_id("page-problem")).to_be_visible()
