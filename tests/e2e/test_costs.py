"""What storage costs, told from what is really stored, was sent and was encrypted anew; and from other numbers."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import Course, Platform, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import ROOT
from tests.support.suites import suite_fixtures

PATH = "/api/admin/costs"

# Of its own: what is measured is counted over the whole installation.
suite, platform = suite_fixtures("module")


@pytest.fixture(scope="module")
def watched(platform: Platform, films: Path) -> tuple[Course, str]:
    """A course with one film that a student watched, of which a player told what it loaded; and the film's id."""
    film = make_film(films / "costs.mp4", seconds=14, size="256x144")
    course = platform.new_course()
    video = platform.ready(course.chapters[0], film)
    student = platform.student(course)
    view = platform.watch(student, video)
    played = {"seq": 1, "sentAt": "2026-01-01T00:00:00Z", "intervals": [{"from": 0, "to": 8, "rate": 1}], "position": 8}
    good(platform.client().post(view.path("beat"), json=played))
    event = {"type": "bandwidth", "bytes": 50_000_000, "watchDuration": 8}
    told = {"sessionId": view.document["sessionId"], "events": [event]}
    good(student.post(f"/api/videos/{video}/analytics", json=told), 202)
    return course, video


def inputs(document: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: (one["value"], one["origin"]) for one in document["inputs"]}


def bills(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["provider"]: one for one in document["providers"]}


def test_what_is_there_is_what_is_reckoned_with(platform: Platform, watched: tuple[Course, str]) -> None:
    course, video = watched
    on_disk = {
        name: (platform.suite.home / "storage" / store / name).stat().st_size
        for store in ("private", "public") for name in platform.suite.files(store) if video in name
    }  # fmt: skip
    segments = [size for name, size in on_disk.items() if name.endswith(".ts")]
    document = good(platform.admin.get(PATH))
    usage = document["usage"]
    assert usage["segmentBytes"] == sum(segments)
    assert usage["sourceBytes"] == sum(size for name, size in on_disk.items() if name.endswith("/source"))
    assert usage["egressBytes"] == pytest.approx(5e7 * 730 / 720, rel=1e-6)
    assert usage["writes"] == pytest.approx(len(segments) * 730 / 720, abs=1)
    known = inputs(document)
    assert known["hours"] == (pytest.approx(14 / 3600, rel=0.02), "measured")
    assert known["students"] == (1, "measured")
    assert known["hoursPerStudentMonthly"] == (pytest.approx(8 / 3600 * 730 / 720), "measured")
    assert known["egressGB"][1] == known["storedGB"][1] == "measured"
    assert known["rotationDays"] == (7, "setting")
    [mine] = document["courses"]
    assert (mine["courseId"], mine["egressBytes"]) == (course.id, 50_000_000)
    assert mine["storedBytes"] == usage["segmentBytes"] + usage["sourceBytes"]
    assert mine["providers"] == document["providers"]
    # Nothing of so little is above what is free, but on S3, which gives nothing of storage.
    assert bills(document)["r2"]["total"] == 0
    assert bills(document)["s3"]["storage"] >= 0
    assert {price["provider"] for price in document["prices"]} == {"r2", "s3", "s3_cloudfront", "local"}


def test_a_film_that_is_encrypted_anew_costs_operations(platform: Platform, watched: tuple[Course, str]) -> None:
    _, video = watched
    before = good(platform.admin.get(PATH, params={"freeTier": False}))
    good(platform.admin.post("/api/admin/keys/rotate", json={"videoId": video}), 202)

    def turned() -> bool:
        newest = good(platform.admin.get("/api/admin/keys"))["rotations"][0]
        return bool(newest["state"] == "done")

    until(turned, "the keys to be rotated")
    after = good(platform.admin.get(PATH, params={"freeTier": False}))
    segments = round(before["usage"]["writes"] / 730 * 720)
    assert before["usage"]["reads"] == 0
    assert after["usage"]["reads"] == pytest.approx(segments * 730 / 720, abs=1)
    assert after["usage"]["writes"] - before["usage"]["writes"] == pytest.approx(after["usage"]["reads"], abs=1)
    assert 0 < after["usage"]["retiredBytes"] < after["usage"]["segmentBytes"]
    for provider in ("r2", "s3", "s3_cloudfront"):
        assert bills(after)[provider]["operations"] >= bills(before)[provider]["operations"]
    assert after["usage"]["segmentBytes"] == before["usage"]["segmentBytes"]


def test_other_numbers_take_the_place_of_what_is_there(platform: Platform, watched: tuple[Course, str]) -> None:
    what = {"students": 1000, "hours": 200, "hoursPerStudentMonthly": 4, "bitrateMbps": 3, "ladderMbps": 7.7}
    document = good(platform.admin.get(PATH, params={**what, "sourceMbps": 8, "rotationDays": 7, "watchedShare": 1}))
    known = inputs(document)
    assert all(known[name] == (value, "given") for name, value in what.items())
    assert known["egressGB"] == (pytest.approx(5400), "derived")
    assert known["storedGB"] == (pytest.approx(1413), "derived")
    found = bills(document)
    retired = document["usage"]["retiredBytes"] / 1e9
    assert found["r2"]["storage"] == pytest.approx((1413 + retired - 10) * 0.015, abs=0.01)
    assert found["r2"]["egress"] == 0
    assert found["s3_cloudfront"]["egress"] == pytest.approx(4400 * 0.085, abs=0.01)
    assert found["s3"]["egress"] == pytest.approx(5300 * 0.09, abs=0.01)
    assert found["local"]["total"] == 0
    turned_daily = good(platform.admin.get(PATH, params={**what, "sourceMbps": 8, "rotationDays": 1}))
    assert bills(turned_daily)["r2"]["operations"] > found["r2"]["operations"]
    own = good(platform.admin.get(PATH, params={"storedGB": 1000, "localPerGB": 0.01, "rotationDays": 0}))
    assert bills(own)["local"]["storage"] == pytest.approx(10, abs=0.01)


def test_the_command_shows_it_as_a_table(platform: Platform, watched: tuple[Course, str]) -> None:
    course, _ = watched
    token = platform.jwt("admin", "e2e-admin")

    def lectern(*arguments: str) -> str:
        command = [sys.executable, "-m", "cli.main", "costs", *arguments, "--url", platform.suite.url, "--token", token]
        environment = {**os.environ, "COLUMNS": "160"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    shown = lectern(
        "--students", "1000", "--hours", "200", "--bitrate", "3", "--hours-per-student", "4", "--no-free-tier"
    )
    assert "Cloudflare R2" in shown
    assert "459.00" in next(line for line in shown.splitlines() if line.startswith("S3 + CloudFront"))
    assert course.id in shown
    assert any(line.split()[:1] == ["egressGB"] and "derived" in line for line in shown.splitlines())
    assert '"currency": "USD"' in lectern("--json", "--local-gb", "0.02")


def test_only_admins_are_told(platform: Platform, watched: tuple[Course, str]) -> None:
    course, _ = watched
    for who in (platform.student(course), platform.teacher(course), platform.person("service")):
        refused(who.get(PATH), 403, "role_required")
    refused(platform.client().get(PATH), 401, "sign_in_required")
    for wrong in ({"students": -1}, {"cacheHitRatio": 2}, {"storedGB": "nan"}, {"hours": "many"}):
        refused(platform.admin.get(PATH, params=wrong), 422, "invalid_request")
