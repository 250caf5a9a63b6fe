"""Who may take films home: what courses and films say, and what that comes to for a person."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.clients import Course, Platform, good, refused


def put_course(platform: Platform, course: Course, **changes: Any) -> Any:
    """The course as it stands, with some of it changed."""
    found = good(platform.admin.get(f"/api/courses/{course.id}"))
    chapters = [
        {name: one[name] for name in ("id", "title", "isFree", "firstWatchRestricted", "position")}
        for one in found["chapters"]
    ]
    body = {"title": found["title"], "isSequential": found["isSequential"], "chapters": chapters, **changes}
    return platform.admin.put(f"/api/admin/courses/{course.id}", json=body)


def set_policy(who: httpx.Client, video: str, policy: str) -> httpx.Response:
    return who.put(f"/api/videos/{video}/download-policy", json={"policy": policy})


def can_download(who: httpx.Client, course: Course, chapter: int = 0) -> bool:
    return bool(good(who.get(f"/api/courses/{course.id}"))["chapters"][chapter]["canDownload"])


@pytest.fixture(scope="module")
def kept(platform: Platform, other_film: Path) -> tuple[Course, str]:
    course = platform.new_course(1, restricted=True)
    return course, platform.ready(course.chapters[0], other_film)


def test_a_new_course_lets_nobody_take_anything_home(platform: Platform) -> None:
    course = platform.new_course()
    found = good(platform.admin.get(f"/api/courses/{course.id}"))
    assert (found["downloads"], found["chapters"][0]["downloadPolicy"]) == ("off", None)
    assert good(put_course(platform, course, downloads="enrolled"))["downloads"] == "enrolled"
    # Left out, it stays.
    assert good(put_course(platform, course))["downloads"] == "enrolled"
    assert good(put_course(platform, course, downloads="off"))["downloads"] == "off"
    for nonsense in ("inherit", "everybody", "", 1):
        assert put_course(platform, course, downloads=nonsense).status_code == 422


def test_a_film_says_for_itself_or_leaves_it_to_its_course(platform: Platform, kept: tuple[Course, str]) -> None:
    course, video = kept

    def effective(policy: str) -> str:
        answer = good(set_policy(platform.admin, video, policy))
        assert (answer["videoId"], answer["policy"]) == (video, policy)
        shown = good(platform.admin.get(f"/api/courses/{course.id}"))["chapters"][0]
        assert (shown["downloadPolicy"], shown["canDownload"]) == (policy, answer["effective"] == "enrolled")
        return str(answer["effective"])

    good(put_course(platform, course, downloads="off"))
    assert [effective(policy) for policy in ("off", "enrolled", "inherit")] == ["off", "enrolled", "off"]
    good(put_course(platform, course, downloads="enrolled"))
    assert [effective(policy) for policy in ("off", "enrolled", "inherit")] == ["off", "enrolled", "enrolled"]


def test_what_it_comes_to_for_a_person(platform: Platform, kept: tuple[Course, str], other_film: Path) -> None:
    course, video = kept
    good(put_course(platform, course, downloads="enrolled"))
    good(set_policy(platform.admin, video, "inherit"))
    user = platform.new_id("student")
    student = platform.student(course, user)
    assert good(student.get(f"/api/courses/{course.id}"))["chapters"][0]["downloadPolicy"] is None
    assert not can_download(student, course)
    # What has to be watched in order is taken home afterwards.
    good(platform.admin.post(f"/api/progress/chapters/{course.chapters[0]}/complete", params={"userId": user}))
    assert can_download(student, course)
    good(set_policy(platform.admin, video, "off"))
    assert not can_download(student, course)
    good(set_policy(platform.admin, video, "inherit"))
    good(student.post(f"/api/progress/chapters/{course.chapters[0]}/reset"))
    assert not can_download(student, course)
    assert can_download(platform.teacher(course), course)

    # A free chapter is for everybody to watch, and for the enrolled to keep.
    gift = platform.new_course(free=True)
    platform.ready(gift.chapters[0], other_film)
    good(put_course(platform, gift, downloads="enrolled"))
    assert not can_download(platform.student(), gift)
    assert can_download(platform.student(gift), gift)


def test_who_sets_it(platform: Platform, kept: tuple[Course, str]) -> None:
    course, video = kept
    good(set_policy(platform.teacher(course), video, "inherit"))
    good(set_policy(platform.person("service"), video, "inherit"))
    refused(set_policy(platform.teacher(platform.new_course()), video, "off"), 403, "not_your_course")
    refused(set_policy(platform.student(course), video, "off"), 403, "role_required")
    refused(set_policy(platform.client(), video, "off"), 401, "sign_in_required")
    refused(set_policy(platform.admin, "0198c0de-0000-7000-8000-000000000000", "off"), 404, "video_not_found")
    for nonsense in ("", "everybody", "OFF"):
        assert set_policy(platform.admin, video, nonsense).status_code == 422
