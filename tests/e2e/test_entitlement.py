"""Who has a right to a course: its instructors, and whom the platform enrols, one by one or all at once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.clients import Course, Platform, View, good, refused
from tests.support.patience import until
from tests.support.running import Suite

Shown = tuple[Course, str]


def bind(platform: Platform, course: Course, user: str) -> None:
    good(platform.admin.put(f"/api/admin/courses/{course.id}/instructors/{user}"), 204)


def ask_key(platform: Platform, view: View) -> httpx.Response:
    return platform.client().get(view.path("key/1/0.key"))


# --- Instructors ---


def test_an_instructor_acts_on_own_courses_only(platform: Platform, shown: Shown, short_film: Path) -> None:
    course, video = shown
    chapter, user = course.chapters[0], platform.new_id("student")
    platform.student(course, user)
    elsewhere = platform.new_course()
    teacher = platform.person("instructor", name := platform.new_id("teacher"))
    bind(platform, elsewhere, name)

    refused(teacher.get(f"/api/videos/{video}/access-token"), 403, "not_entitled")
    for path in ("status", "thumbnails", "events", "storyboard.json"):
        refused(teacher.get(f"/api/videos/{video}/{path}"), 403, "not_entitled")
    refused(teacher.get(f"/api/courses/{course.id}"), 404, "course_not_found")
    assert [one["id"] for one in good(teacher.get("/api/courses"))["courses"] if one["isStaff"]] == [elsewhere.id]
    told = refused(teacher.delete(f"/api/videos/{video}"), 403, "not_your_course")
    assert told["courseId"] == course.id
    with short_film.open("rb") as file:
        answer = teacher.put(f"/api/videos/{video}/replace", files={"video": ("x.mp4", file, "video/mp4")})
    refused(answer, 403, "not_your_course")
    refused(platform.send(chapter, short_film, by=teacher), 403, "not_your_course")
    refused(teacher.get(f"/api/progress/chapters/{chapter}", params={"userId": user}), 404, "unknown_chapter")
    for path in (f"courses/{course.id}", "stats"):
        refused(teacher.get(f"/api/progress/{path}", params={"userId": user}), 403, "role_required")
    for what in ("complete", "reset"):
        theirs = teacher.post(f"/api/progress/chapters/{chapter}/{what}", params={"userId": user})
        refused(theirs, 404, "unknown_chapter")

    # Bound to the course, the same person may do all of it.
    bind(platform, course, name)
    assert platform.status(video)["status"] == "ready"
    good(teacher.get(f"/api/videos/{video}/status"))
    assert ask_key(platform, platform.watch(teacher, video)).status_code == 200
    document = good(teacher.get(f"/api/courses/{course.id}"))
    assert (document["isStaff"], name in document["instructors"]) == (True, True)
    good(teacher.get(f"/api/progress/chapters/{chapter}", params={"userId": user}))
    good(teacher.get(f"/api/progress/courses/{course.id}", params={"userId": user}))
    # Figures over all courses are no business of who teaches one.
    refused(teacher.get("/api/progress/stats", params={"userId": user}), 403, "role_required")
    good(platform.admin.delete(f"/api/admin/courses/{course.id}/instructors/{name}"), 204)
    refused(teacher.get(f"/api/videos/{video}/status"), 403, "not_entitled")


def test_an_instructor_uploads_replaces_and_deletes_where_they_teach(platform: Platform, other_film: Path) -> None:
    course = platform.new_course()
    teacher = platform.person("instructor", name := platform.new_id("teacher"))
    refused(platform.send(course.chapters[0], other_film, by=teacher), 403, "not_your_course")
    bind(platform, course, name)
    video = good(platform.send(course.chapters[0], other_film, by=teacher), 202)["videoId"]
    platform.wait_for(video)
    with other_film.open("rb") as file:
        good(teacher.put(f"/api/videos/{video}/replace", files={"video": ("x.mp4", file, "video/mp4")}), 202)
    good(teacher.delete(f"/api/videos/{video}"), 204)
    refused(platform.admin.get(f"/api/videos/{video}/status"), 404, "video_not_found")


def test_what_an_instructor_watches_ends_with_the_teaching(platform: Platform, shown: Shown) -> None:
    course, video = shown
    teacher = platform.person("instructor", name := platform.new_id("teacher"))
    bind(platform, course, name)
    view = platform.watch(teacher, video)
    assert ask_key(platform, view).status_code == 200
    good(platform.admin.delete(f"/api/admin/courses/{course.id}/instructors/{name}"), 204)
    assert refused(ask_key(platform, view), 403, "not_entitled")["reason"] == "not_instructor"
    # As a student they may be enrolled like anybody else, and are held like one.
    good(platform.admin.put(f"/api/admin/enrollments/{course.id}/{name}"))
    assert ask_key(platform, platform.watch(teacher, video)).status_code == 200
    refused(teacher.delete(f"/api/videos/{video}"), 403, "not_your_course")


def test_a_name_in_the_list_makes_no_instructor_of_a_student(platform: Platform, shown: Shown) -> None:
    course, video = shown
    student = platform.student(user=(name := platform.new_id("student")))
    bind(platform, course, name)
    refused(student.get(f"/api/videos/{video}/access-token"), 403, "not_entitled")
    refused(student.delete(f"/api/videos/{video}"), 403, "role_required")


def test_instructors_stand_in_the_course(platform: Platform) -> None:
    course = platform.new_course()
    first, second = platform.new_id("teacher"), platform.new_id("teacher")
    address = f"/api/admin/courses/{course.id}"
    document = good(platform.admin.get(f"/api/courses/{course.id}"))
    assert document["instructors"] == []
    body = {
        "title": document["title"],
        "chapters": [{"id": one["id"], "title": one["title"]} for one in document["chapters"]],
    }
    good(platform.admin.put(address, json={**body, "instructors": [second, first, first]}))
    assert good(platform.admin.get(f"/api/courses/{course.id}"))["instructors"] == sorted([first, second])
    # Left out, they stay; an empty list takes them away.
    assert good(platform.admin.put(address, json=body))["instructors"] == sorted([first, second])
    bind(platform, course, first)
    good(platform.admin.delete(f"{address}/instructors/{second}"), 204)
    good(platform.admin.delete(f"{address}/instructors/{second}"), 204)
    assert good(platform.admin.get(f"/api/courses/{course.id}"))["instructors"] == [first]
    student = good(platform.student(course).get(f"/api/courses/{course.id}"))
    assert (student["instructors"], student["isStaff"]) == (None, False)
    assert good(platform.admin.put(address, json={**body, "instructors": []}))["instructors"] == []
    refused(platform.admin.put("/api/admin/courses/nowhere/instructors/somebody"), 404, "unknown_course")
    for person in (platform.person("student"), platform.person("instructor", first)):
        refused(person.put(f"{address}/instructors/{first}"), 403, "role_required")
        refused(person.delete(f"{address}/instructors/{first}"), 403, "role_required")
    assert platform.admin.put(f"{address}/instructors/a%20b").status_code == 422


# --- Many enrolments ---


def send(platform: Platform, rows: Any, *, withdraw: bool = False) -> httpx.Response:
    address = "/api/admin/enrollments/withdraw" if withdraw else "/api/admin/enrollments"
    return platform.admin.post(address, json=rows)


def listed(platform: Platform, **wanted: Any) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = good(platform.admin.get("/api/admin/enrollments", params=wanted))
        found += page["enrollments"]
        if page["next"] is None:
            return found
        wanted["after"] = page["next"]


def test_ten_thousand_are_enrolled_at_once_and_again(platform: Platform, suite: Suite) -> None:
    course = platform.new_course()
    rows = [{"courseId": course.id, "userId": f"{course.id}.student-{number:05}"} for number in range(10_000)]
    assert good(send(platform, rows)) == {"enrolled": 10_000, "failed": 0, "errors": []}
    (count,) = suite.query("SELECT count(*) AS n FROM catalog.enrollments WHERE course_id = $1", course.id)
    assert count["n"] == 10_000
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    assert good(send(platform, [{**row, "endsAt": ends} for row in rows]))["enrolled"] == 10_000
    pages = listed(platform, courseId=course.id, limit=1000)
    assert [row["userId"] for row in pages] == [row["userId"] for row in rows]
    assert all(row["endsAt"] and row["isRunning"] for row in pages)
    told = refused(send(platform, [*rows, rows[0]]), 422, "too_many_rows")
    assert told["most"] == 10_000
    assert good(send(platform, rows, withdraw=True)) == {"withdrawn": 10_000, "failed": 0, "errors": []}
    assert good(send(platform, rows, withdraw=True)) == {"withdrawn": 0, "failed": 0, "errors": []}
    assert listed(platform, courseId=course.id) == []


def test_one_bad_row_costs_no_good_one(platform: Platform) -> None:
    course = platform.new_course()
    one, other = platform.new_id("student"), platform.new_id("student")
    rows = [
        {"courseId": course.id, "userId": one},
        {"courseId": "no-such-course", "userId": one},
        {"courseId": course.id},
        {"courseId": course.id, "userId": "not an id"},
        {"courseId": course.id, "userId": other, "startsAt": "2030-01-02T00:00:00Z", "endsAt": "2030-01-01T00:00:00Z"},
        {"courseId": course.id, "userId": other, "startsAt": "2030-01-01T00:00:00"},
        {"courseId": course.id, "userId": other, "endsAt": "soon"},
        "nonsense", None, 5, [], {},
        {"courseId": course.id, "userId": other, "endsAt": "2020-01-01T00:00:00Z"},
        {"courseId": course.id, "userId": other, "unknown": "ignored"},
    ]  # fmt: skip
    answer = good(send(platform, rows))
    assert (answer["enrolled"], answer["failed"]) == (3, 11)
    assert [error["index"] for error in answer["errors"]] == list(range(1, 12))
    codes = [error["code"] for error in answer["errors"]]
    assert codes[:6] == [
        "unknown_course", "missing_field", "invalid_request", "invalid_request", "invalid_request", "invalid_request",
    ]  # fmt: skip
    assert (answer["errors"][0]["courseId"], answer["errors"][0]["userId"]) == ("no-such-course", one)
    assert all(error["detail"] for error in answer["errors"])
    # Of two rows for the same person the later one stands.
    found = {row["userId"]: row for row in listed(platform, courseId=course.id)}
    assert set(found) == {one, other}
    assert (found[other]["endsAt"], found[other]["isRunning"]) == (None, True)


def test_what_is_no_list_is_refused_whole(platform: Platform) -> None:
    for body in ({}, {"courseId": "a", "userId": "b"}, "rows", None, 5):
        assert send(platform, body).status_code == 422
    assert good(send(platform, [])) == {"enrolled": 0, "failed": 0, "errors": []}
    assert platform.admin.post("/api/admin/enrollments", content=b"[{]").status_code == 422
    assert platform.admin.post("/api/admin/enrollments", content=b" " * (9 * 2**20)).status_code == 413


def test_a_bulk_withdrawal_ends_what_is_being_watched(platform: Platform, shown: Shown) -> None:
    course, video = shown
    user = platform.new_id("student")
    row = {"courseId": course.id, "userId": user}
    assert good(send(platform, [row]))["enrolled"] == 1
    view = platform.watch(platform.student(user=user), video)
    assert ask_key(platform, view).status_code == 200
    assert good(send(platform, [row, {"courseId": course.id}, row], withdraw=True))["withdrawn"] == 1
    refused(ask_key(platform, view), 403, "not_entitled")


def test_enrolments_are_listed_in_pages(platform: Platform) -> None:
    courses = sorted((platform.new_course(), platform.new_course()), key=lambda course: course.id)
    user = platform.new_id("student")
    rows = [{"courseId": course.id, "userId": user} for course in courses]
    rows.append({"courseId": courses[0].id, "userId": f"{user}.other", "startsAt": "2100-01-01T00:00:00Z"})
    good(send(platform, rows))
    assert [row["courseId"] for row in listed(platform, userId=user)] == [course.id for course in courses]
    both = listed(platform, courseId=courses[0].id, limit=1)
    assert [(row["userId"], row["isRunning"]) for row in both] == [(user, True), (f"{user}.other", False)]
    assert both[1]["startsAt"] == "2100-01-01T00:00:00.000Z"
    assert listed(platform, courseId=courses[1].id, userId=f"{user}.other") == []
    for after in ("x", "%", "bm9uc2Vuc2U", "W10", "WyJhIiwiYiIsImMiXQ", "WyJcdWQ4MDAiLCJiIl0", "WzEsMl0", "\u10d0"):
        refused(platform.admin.get("/api/admin/enrollments", params={"after": after}), 422, "invalid_request")
    for limit in (0, 1001, "many"):
        assert platform.admin.get("/api/admin/enrollments", params={"limit": limit}).status_code == 422


def test_only_admins_and_back_ends_enrol(platform: Platform) -> None:
    course = platform.new_course()
    rows = [{"courseId": course.id, "userId": "mallory"}]
    teacher = platform.person("instructor", name := platform.new_id("teacher"))
    bind(platform, course, name)
    for person in (platform.person("student"), teacher):
        refused(person.post("/api/admin/enrollments", json=rows), 403, "role_required")
        refused(person.post("/api/admin/enrollments/withdraw", json=rows), 403, "role_required")
        refused(person.get("/api/admin/enrollments"), 403, "role_required")
    for method, path in (("POST", ""), ("POST", "/withdraw"), ("GET", "")):
        refused(platform.client().request(method, f"/api/admin/enrollments{path}"), 401, "sign_in_required")
    back_end = platform.person("service")
    assert good(back_end.post("/api/admin/enrollments", json=rows))["enrolled"] == 1
    assert good(back_end.post("/api/admin/enrollments/withdraw", json=rows))["withdrawn"] == 1


def test_an_api_key_for_enrolments_sends_them_all(platform: Platform) -> None:
    course = platform.new_course()
    rows = [{"courseId": course.id, "userId": "from-a-back-end"}]
    for scope, may in (("enrollments", True), ("courses", False)):
        made = good(platform.admin.post("/api/admin/api-keys", json={"name": scope, "scopes": [scope]}), 201)
        platform.suite.spoken.add(made["key"])
        key = platform.client(made["key"])
        answer = key.post("/api/admin/enrollments", json=rows)
        if may:
            assert good(answer)["enrolled"] == 1
            assert len(good(key.get("/api/admin/enrollments", params={"courseId": course.id}))["enrollments"]) == 1
        else:
            refused(answer, 403, "scope_required")
            good(key.put(f"/api/admin/courses/{course.id}/instructors/somebody"), 204)


def test_two_imports_at_once_take_turns(platform: Platform) -> None:
    """The same rows in opposite order: none of the two waits for ever, none is refused."""
    from concurrent.futures import ThreadPoolExecutor

    course = platform.new_course()
    rows = [{"courseId": course.id, "userId": f"student-{number:04}"} for number in range(3000)]
    clients = [platform.person("service") for _ in range(4)]

    def enrol(number: int) -> httpx.Response:
        mine = rows if number % 2 else rows[::-1]
        path = "" if number < 2 else "/withdraw"
        return clients[number].post(f"/api/admin/enrollments{path}", json=mine)

    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(enrol, range(4)):
            good(answer)


@pytest.mark.parametrize("given", [{"startsAt": "2030-01-01T00:00:00"}, {"startsAt": "x"}, {"endsAt": 1e30}])
def test_a_moment_without_its_zone_is_refused(platform: Platform, given: dict[str, Any]) -> None:
    course = platform.new_course()
    answer = platform.admin.put(f"/api/admin/enrollments/{course.id}/somebody", content=json.dumps(given))
    assert answer.status_code == 422


def test_an_enrolment_begins_by_itself(platform: Platform, shown: Shown) -> None:
    course, video = shown
    user = platform.new_id("student")
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    good(send(platform, [{"courseId": course.id, "userId": user, "startsAt": soon}]))
    student = platform.student(user=user)
    until(lambda: student.get(f"/api/videos/{video}/access-token").status_code == 200, "the enrolment to begin")
