"""The levers and the windows of the transcoder: jobs listed, held, cancelled, begun anew; events as they happen."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support import player
from tests.support.clients import Platform, good, is_forward, refused, statuses_of
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite


@pytest.fixture(scope="module")
def film(films: Path) -> Path:
    return make_film(films / "job.mp4", seconds=14, size="1280x720")


def job_of(platform: Platform, video: str, **query: str) -> Any:
    jobs = good(platform.admin.get("/api/admin/jobs", params=query))["jobs"]
    return next((one for one in jobs if one["videoId"] == video), None)


def detail(platform: Platform, job: str) -> Any:
    return good(platform.admin.get(f"/api/admin/jobs/{job}"))


def events(client: httpx.Client, video: str, last: str | None = None) -> Iterator[tuple[str, str, Any]]:
    """(id, event, data) of the stream, until the server ends it."""
    headers = {"Last-Event-ID": last} if last else {}
    with client.stream("GET", f"/api/videos/{video}/events", headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield fields["id"], fields["event"], json.loads(fields["data"])
                fields = {}


def test_events_tell_the_whole_story_and_nothing_twice(platform: Platform, film: Path) -> None:
    video = platform.upload(platform.new_course().chapters[0], film)
    heard = list(events(platform.admin, video))
    documents = [data for _, event, data in heard if event == "status"]
    assert documents[-1]["status"] == "ready"
    assert documents[-1] == platform.status(video)
    assert is_forward(statuses_of(documents))
    percents = [one["percent"] for one in documents]
    assert percents == sorted(percents) and len(set(percents)) > 3
    assert len({identifier for identifier, _, _ in heard}) == len(heard)
    encoding = [one for one in documents if one["stage"] == "encoding"]
    assert any(one["speed"] and one["eta"] is not None for one in encoding)
    assert documents[-1]["stage"] is None
    # A client that comes back with the last id hears that there is nothing more to come.
    last = heard[-1][0]
    again = platform.admin.get(f"/api/videos/{video}/events", headers={"Last-Event-ID": last})
    assert (again.status_code, again.content) == (204, b"")
    assert [identifier for identifier, _, _ in events(platform.admin, video, "something-older")] == [last]
    refused(platform.person("student").get(f"/api/videos/{video}/events"), 403, "not_entitled")


def test_a_job_can_be_held_and_let_go(suite: Suite, platform: Platform, film: Path) -> None:
    video = platform.upload(platform.new_course().chapters[0], film)
    job = until(lambda: job_of(platform, video), "the job to be listed")["id"]
    good(platform.admin.post(f"/api/admin/jobs/{job}/pause"), 204)
    good(platform.admin.post(f"/api/admin/jobs/{job}/pause"), 204)
    in_hand = "SELECT 1 FROM transcoding.chunks WHERE job_id = $1::text::uuid AND state = 'active'"
    until(lambda: not suite.query(in_hand, job), "nobody to work on it")
    status = platform.status(video)
    assert (status["stage"], status["status"] in ("processing", "playable")) == ("paused", True)
    assert job_of(platform, video, state="paused") is not None
    assert job_of(platform, video, state="active") is None
    good(platform.admin.post(f"/api/admin/jobs/{job}/resume"), 204)
    assert platform.wait_for(video)["percent"] == 100
    done = job_of(platform, video, state="completed")
    assert (done["percent"], done["errorCode"]) == (100, None)
    assert {chunk["attempts"] for chunk in detail(platform, job)["chunkList"]} == {1}, "a pause costs no attempt"
    told = [line["event"] for line in detail(platform, job)["timeline"]]
    assert told[:2] == ["entered", "planned"] or told[:2] == ["entered", "paused"]
    assert (told.count("paused"), told.count("resumed"), told[-1]) == (1, 1, "done")
    refused(platform.admin.post(f"/api/admin/jobs/{job}/pause"), 409, "job_ended")


def test_a_cancelled_job_leaves_nothing_and_can_be_begun_anew(suite: Suite, platform: Platform, film: Path) -> None:
    course = platform.new_course()
    video = platform.upload(course.chapters[0], film)
    platform.wait_for(video, "playable")
    job = job_of(platform, video)["id"]
    good(platform.admin.post(f"/api/admin/jobs/{job}/cancel"), 204)
    failed = platform.wait_for(video, "failed")
    assert failed["error"]["code"] == "cancelled"
    until(lambda: not [name for name in suite.files("public") if name.startswith(video)], "its segments to be gone")
    refused(platform.admin.post(f"/api/admin/jobs/{job}/cancel"), 409, "job_ended")

    good(platform.admin.post(f"/api/admin/jobs/{job}/retry"), 202)
    assert platform.status(video)["status"] != "failed", "said at once, before media knows of it"
    ready = platform.wait_for(video)
    assert (ready["percent"], ready["error"]) == (100, None)
    played = player.play(platform.watch(platform.admin, video).master, quality=2)
    assert (played.frames, played.complaints) == (350, "")
    told = [line["event"] for line in detail(platform, job)["timeline"]]
    assert "begun anew" in told and told[-1] == "done"


def test_one_chunk_and_one_rendition_can_be_made_again(suite: Suite, platform: Platform, film: Path) -> None:
    video = platform.ready(platform.new_course().chapters[0], film)
    job = job_of(platform, video)["id"]
    files = {name for name in suite.files("public") if video in name and name.endswith(".ts")}
    [damaged] = [name for name in files if name.endswith("/720p/0.ts")]
    path = suite.home / "storage" / "public" / damaged
    whole = path.stat().st_size
    path.write_bytes(b"damaged")
    chunk = next(
        one for one in detail(platform, job)["chunkList"]
        if "720p" in one["renditions"] and one["firstSegment"] == 0
    )  # fmt: skip
    good(platform.admin.post(f"/api/admin/jobs/{job}/retry", json={"chunkId": chunk["id"]}), 202)
    until(lambda: job_of(platform, video)["state"] == "completed", "the chunk to be made again")
    assert path.stat().st_size == pytest.approx(whole, rel=0.2)
    assert platform.status(video)["status"] == "ready", "viewers never lost it"
    good(platform.admin.post(f"/api/admin/jobs/{job}/retry", json={"rendition": "audio"}), 202)
    until(lambda: job_of(platform, video)["state"] == "completed", "the sound to be made again")
    # One rung, and not a segment of another.
    made = {name: (suite.home / "storage" / "public" / name).stat().st_ino for name in files}
    good(platform.admin.post(f"/api/admin/jobs/{job}/retry", json={"rendition": "480p"}), 202)
    until(lambda: job_of(platform, video)["state"] == "completed", "the rung to be made again")
    again = {name: (suite.home / "storage" / "public" / name).stat().st_ino for name in files}
    assert {name for name in files if again[name] != made[name]} == {name for name in files if "/480p/" in name}
    assert {name for name in suite.files("public") if video in name and name.endswith(".ts")} == files
    played = player.play(platform.watch(platform.admin, video).master, quality=2)
    assert (played.frames, played.complaints) == (350, "")
    nonsense = platform.admin.post(f"/api/admin/jobs/{job}/retry", json={"rendition": "4320p"})
    refused(nonsense, 404, "rendition_not_found")


def test_priority_decides_who_is_next_and_only_admins_have_the_levers(
    suite: Suite, platform: Platform, film: Path
) -> None:
    first = platform.upload(platform.new_course().chapters[0], film)
    second = platform.upload(platform.new_course().chapters[0], film)
    job = until(lambda: job_of(platform, second), "the second job to be listed")["id"]
    good(platform.admin.put(f"/api/admin/jobs/{job}/priority", json={"priority": -10}), 204)
    platform.wait_for(second, patience=180)
    assert platform.status(first)["status"] != "ready"
    platform.wait_for(first, patience=180)
    teacher = platform.person("instructor")
    for method, path in (
        ("GET", ""), ("GET", f"/{job}"), ("POST", f"/{job}/cancel"), ("POST", f"/{job}/pause"),
        ("POST", f"/{job}/resume"), ("POST", f"/{job}/retry"), ("PUT", f"/{job}/priority"),
    ):  # fmt: skip
        body = {"priority": 1} if method == "PUT" else None
        refused(teacher.request(method, f"/api/admin/jobs{path}", json=body), 403, "role_required")
    refused(platform.admin.get("/api/admin/jobs/01a200b4-744e-7101-99ce-afedab519fd0"), 404, "job_not_found")
    [worker] = good(platform.admin.get("/api/admin/workers"))["workers"]
    assert worker["slots"] == 1
    assert worker["busy"] in (0, 1)


@pytest.mark.acceptance
def test_an_ffmpeg_that_dies_over_the_stills_costs_none(platform: Platform, suite: Suite, films: Path) -> None:
    # Few keyframes, so that all of it is decoded, and the process lives long enough to be met.
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "500", "-pix_fmt", "yuv420p")
    film = make_film(films / "stills.mp4", seconds=20, size="1920x1080", sound=False, output=coding)
    video = platform.upload(platform.new_course().chapters[0], film)

    def kill() -> bool:
        for one in suite.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                if any("tile=layout" in word for word in one.cmdline()):
                    one.kill()
                    return True
        return False

    until(kill, "FFmpeg to make the storyboard", every=0.005)
    platform.wait_for(video)
    assert len(good(platform.admin.get(f"/api/videos/{video}/thumbnails"))["thumbnails"]) == 2
    assert len(good(platform.admin.get(f"/api/videos/{video}/storyboard.json"))["tiles"]) == 20
    timeline = detail(platform, job_of(platform, video)["id"])["timeline"]
    assert [one["code"] for one in timeline if one["chunk"] == "thumbnails 0" and one["code"]] == ["encoder_failed"]
