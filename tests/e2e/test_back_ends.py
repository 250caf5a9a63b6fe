"""A platform's back end with nothing but an API key, from its course to what a student watched of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.clients import ELSEWHERE, Platform, View, good, refused
from tests.support.patience import until
from tests.support.running import ROOT


@pytest.fixture
def lectern(platform: Platform) -> "Lectern":
    return Lectern(platform)


class Lectern:
    """The command line of the suite's own installation."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def __call__(self, *arguments: str) -> str:
        suite = self._platform.suite
        environment = {**os.environ, "LECTERN_HOME": str(suite.home), "PORT": str(suite.port)}
        command = [sys.executable, "-m", "cli.main", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_a_back_end_runs_a_course_by_its_key(platform: Platform, lectern: Lectern, short_film: Path) -> None:
    made = json.loads(lectern("apikeys", "create", "school", "--scope", "*", "--days", "7", "--json"))
    platform.suite.spoken.add(made["key"])
    back_end = platform.client(made["key"])
    course, student = platform.new_id("course"), platform.new_id("student")
    chapter = {
        "id": f"{course}.1",
        "title": "First",
        "isFree": False,
        "firstWatchRestricted": False,
        "position": 1,
    }
    body = {"title": "By a back end", "isSequential": False, "chapters": [chapter]}
    good(back_end.put(f"/api/admin/courses/{course}", json=body))
    video = str(good(platform.send(f"{course}.1", short_film, by=back_end), 202)["videoId"])
    platform.wait_for(video)
    assert good(back_end.get(f"/api/videos/{video}/status"))["status"] == "ready"
    assert course in [one["id"] for one in good(back_end.get("/api/courses"))["courses"]]

    asked = {"userId": student, "videoId": video}
    refused(back_end.post("/api/access-tokens", json=asked), 403, "not_entitled")
    good(back_end.put(f"/api/admin/enrollments/{course}/{student}"))
    token = str(good(back_end.post("/api/access-tokens", json=asked), 201)["token"])
    # A browser of the student, who never had a JWT, on a network that nobody named.
    browser = platform.client(address=ELSEWHERE)
    view = View(good(platform.spend(browser, token)), platform.suite.url)
    assert len(_key(browser, view)) == 16
    refused(platform.client().get(view.path("key/1/0.key")), 403, "ip_changed")
    beat = {"seq": 1, "intervals": [{"from": 0, "to": 1}], "position": 1}
    good(browser.post(view.path("beat"), content=json.dumps(beat)))

    # The device is the browser's, which asked for no token.
    [device] = good(platform.admin.get(f"/api/admin/users/{student}/devices"))["devices"]
    assert device["openSessions"] == 1

    # What the student watched is the back end's to read, and no other student's.
    seen = good(back_end.get(f"/api/progress/chapters/{course}.1", params={"userId": student}))
    assert seen["currentPosition"] == 1.0
    of_course = good(back_end.get(f"/api/progress/courses/{course}", params={"userId": student}))
    assert of_course["lastWatched"] == {"chapterId": f"{course}.1", "currentPosition": 1.0}
    assert good(back_end.get("/api/progress/stats", params={"userId": student}))["coursesStarted"] == 1
    curious = platform.new_id("student")
    other = platform.person("student", curious)
    for path in (f"/api/progress/chapters/{course}.1", f"/api/progress/courses/{course}", "/api/progress/stats"):
        refused(other.get(path, params={"userId": student}), 403, "role_required")
    # It was another service that refused it, and the gateway's log has its reason.
    asked_for = {"userId": curious, "code": "role_required"}
    told = until(lambda: good(platform.admin.get("/api/admin/audit", params=asked_for))["entries"], "it to be told")
    assert {(entry["action"], entry["decision"]) for entry in told} == {("call", "refused")}

    refused(back_end.get("/api/admin/jobs"), 403, "scope_required")
    refused(back_end.get(f"/api/videos/{video}/access-token"), 403, "scope_required")
    assert made["id"] in lectern("apikeys", "list", "--json")
    lectern("apikeys", "revoke", made["id"])
    refused(back_end.get("/api/courses"), 401, "api_key_revoked")
    refused(back_end.delete(f"/api/videos/{video}"), 401, "api_key_revoked")


def _key(browser: httpx.Client, view: View) -> bytes:
    answer = browser.get(view.path("key/1/0.key"))
    assert answer.status_code == 200, answer.text
    return answer.content
