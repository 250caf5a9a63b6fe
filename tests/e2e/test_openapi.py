"""The API is as its document says: Schemathesis asks for everything in it, right and wrong, as everybody there is."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.gateway.site.api_document import PUBLIC_API
from tests.support.clients import Platform, good, refused
from tests.support.films import make_film

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
DOCUMENT = schemathesis.openapi.from_path(PUBLIC_API)
OPERATIONS = {found.ok().label: found.ok() for found in DOCUMENT.get_all_operations()}
EXAMPLES = 6
MANY_EXAMPLES = int(os.environ.get("LECTERN_API_EXAMPLES", "600"))
DESTROYS = {
    "DELETE /api/videos/{video_id}", "PUT /api/videos/{video_id}/replace", "PUT /api/admin/courses/{course_id}",
    "DELETE /api/devices/{device_id}", "DELETE /api/sessions/{session_id}", "POST /api/admin/sessions/revoke",
    "POST /api/videos/upload", "DELETE /api/admin/api-keys/{key_id}",
    "DELETE /api/admin/enrollments/{course_id}/{user_id}", "POST /api/admin/jobs/{job_id}/cancel",
    "POST /api/admin/jobs/{job_id}/retry", "POST /api/admin/jobs/{job_id}/pause",
    "POST /api/videos/{video_id}/rollback", "PUT /api/videos/{video_id}/captions/{language}",
    "PUT /api/admin/courses/{course_id}/quota", "POST /api/upload-links", "POST /api/upload-links/{token}/upload",
    "POST /api/videos/from-existing", "POST /api/videos/ingest", "DELETE /api/admin/users/{user_id}",
    "DELETE /api/admin/webhooks/{webhook_id}",
    "PATCH /api/admin/webhooks/{webhook_id}",
}  # fmt: skip
"""What may end what others need: it gets ids that nothing else is asked with."""


@dataclass
class World:
    """A small school, with what of it has an id; ``doomed`` is what may be destroyed."""

    platform: Platform
    signed_in: dict[str, dict[str, str]]
    there: dict[str, Any] = field(default_factory=dict)
    doomed: dict[str, Any] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)

    def fill(self, case: schemathesis.Case) -> None:
        """Puts what there is in the place of what was made up."""
        real = self.doomed if case.operation.label in DESTROYS else self.there
        case.path_parameters = _replaced(case.path_parameters, real)
        case.query = _replaced(case.query, real)
        if isinstance(case.body, dict):
            case.body = _replaced(case.body, real)
        if "token" in (case.query or {}):
            case.query["token"] = self.platform.access_token(self.platform.admin, self.there["video_id"])


def _replaced(given: Any, real: dict[str, Any]) -> dict[str, Any]:
    return {name: real.get(name, value) for name, value in (given or {}).items()}


@pytest.fixture(scope="module")
def world(platform: Platform, films: Path, other_film: Path) -> Iterator[World]:
    user, doomed_user = platform.new_id("student"), platform.new_id("student")
    course, doomed = platform.new_course(2, restricted=True), platform.new_course(3)
    video = platform.ready(course.chapters[0], other_film)
    short = make_film(films / "doomed.mp4", seconds=1, size="96x54", sound=False)
    doomed_video = platform.ready(doomed.chapters[0], short)
    platform.student(course, user)
    doomed_student = platform.student(doomed, doomed_user)
    view, doomed_view = platform.watch(platform.admin, video), platform.watch(doomed_student, doomed_video)
    key = good(platform.admin.post("/api/admin/api-keys", json={"name": "world", "scopes": ["*"]}), 201)
    jobs = {job["videoId"]: job["id"] for job in good(platform.admin.get("/api/admin/jobs?limit=500"))["jobs"]}
    [device] = good(doomed_student.get("/api/devices"))["devices"]
    # Nobody listens there; what matters is that they have ids.
    hooks = [
        good(platform.admin.post("/api/admin/webhooks", json={"url": "https://192.88.100.1/"}), 201) for _ in range(2)
    ]
    good(platform.admin.post(f"/api/admin/webhooks/{hooks[0]['id']}/test"), 202)
    listed = good(platform.admin.get(f"/api/admin/webhooks/{hooks[0]['id']}/deliveries"))["deliveries"]
    people = {
        role: platform.jwt(role, user if role == "student" else f"world-{role}")
        for role in ("student", "instructor", "service")
    }
    people |= {"the doomed": doomed_student.headers["Authorization"][7:], "back end": key["key"]}
    people |= {"admin": platform.admin.headers["Authorization"][7:]}
    signed_in = {name: {"Authorization": f"Bearer {token}"} for name, token in people.items()}
    made = World(platform, {"nobody": {}, "somebody wrong": {"Authorization": "Bearer a.b.c"}, **signed_in})
    made.there = {
        "course_id": course.id, "chapter_id": course.chapters[0], "chapterId": course.chapters[0], "video_id": video,
        "videoId": video, "user_id": user, "userId": user, "credential": view.base.rsplit("/", 1)[1],
        "sessionId": view.document["sessionId"], "rendition": "144p", "quality": "144p", "epoch": 1, "window": 0,
        "index": 0, "job_id": jobs[video], "tz": "Asia/Tbilisi", "clientIp": "127.0.0.1", "webhook_id": hooks[0]["id"],
        "delivery_id": listed[0]["id"],
    }  # fmt: skip
    made.doomed = {
        "course_id": doomed.id, "chapter_id": doomed.chapters[0], "chapterId": doomed.chapters[1],
        "video_id": doomed_video, "videoId": doomed_video, "user_id": doomed_user, "userId": doomed_user,
        "sessionId": doomed_view.document["sessionId"], "session_id": doomed_view.document["sessionId"],
        "device_id": device["id"], "deviceId": device["id"], "job_id": jobs[doomed_video], "webhook_id": hooks[1]["id"],
    }  # fmt: skip
    yield made
    made.session.close()
    for hook in good(platform.admin.get("/api/admin/webhooks"))["webhooks"]:
        good(platform.admin.delete(f"/api/admin/webhooks/{hook['id']}"), 204)


def ask(world: World, label: str, examples: int, *, derandomize: bool) -> None:
    operation = OPERATIONS[label]
    # What is right must come right, and what is wrong must be refused in words; most of it by those who may ask.
    cases = st.one_of([operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)])

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=derandomize,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases, who=st.sampled_from(["admin", *world.signed_in]), is_real=st.booleans())
    def check(case: schemathesis.Case, who: str, is_real: bool) -> None:
        if is_real:
            world.fill(case)
        headers = world.signed_in[who]
        answer = case.call(base_url=world.platform.suite.url, session=world.session, headers=headers, timeout=60)
        _keep_secret(world.platform, answer)
        case.validate_response(answer, checks=CHECKS, headers=headers)

    check()


def _keep_secret(platform: Platform, answer: Response) -> None:
    if answer.status_code >= 400:
        platform.suite.refusals.append(answer.text)


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_call_is_answered_as_described(world: World, label: str) -> None:
    ask(world, label, EXAMPLES, derandomize=True)


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_call_is_answered_as_described_however_long_one_asks(world: World, label: str) -> None:
    ask(world, label, MANY_EXAMPLES, derandomize=False)


def test_the_gateway_serves_the_document(platform: Platform) -> None:
    served = platform.client().get("/openapi.json")
    assert served.json() == json.loads(PUBLIC_API.read_text())
    assert served.headers["content-type"] == "application/json"


def test_every_call_of_the_document_exists_and_asks_who_calls(platform: Platform) -> None:
    """A call that the document says is for those who signed in is refused to anybody else, with a code of its list."""
    paths = json.loads(PUBLIC_API.read_text())["paths"]
    client = platform.client()
    for path, operations in paths.items():
        filled = re.sub(r"{\w+}", "0198c0de-0000-7000-8000-000000000000", path)
        for method, operation in operations.items():
            answer = client.request(method.upper(), filled)
            if method == "head":
                # Its answer has no body to read a code from.
                assert answer.status_code == (401 if "security" in operation else 404), path
            elif "security" in operation:
                refused(answer, 401, "sign_in_required")
            else:
                # It is there, whatever it says to an id that is none.
                assert answer.status_code != 405, f"{method} {path}"
                assert not answer.is_error or answer.json()["code"] != "not_found", f"{method} {path}"
