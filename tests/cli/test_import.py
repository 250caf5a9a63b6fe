"""`lectern import` against a running Lectern: trees and tables, run again, cut off, and refused."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.imports.names import ID, chapter_id_of, natural, title_of
from tests.cli.conftest import ROOT, Lectern
from tests.support.clients import Platform, good
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite
from tests.support.served import Asked, Reply, StandIn
from tests.support.suites import suite_fixtures

suite, platform = suite_fixtures("module")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = make_film(tmp_path_factory.mktemp("films") / "film.mp4", seconds=2, size="128x96", sound=False)
    return path.read_bytes()


@pytest.fixture
def course(platform: Platform) -> str:
    return platform.new_id("course")


@pytest.fixture
def at(platform: Platform, suite: Suite) -> Iterator[dict[str, str]]:
    yield {"LECTERN_TOKEN": platform.jwt("admin", "importer"), "COLUMNS": "250"}


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def films_of(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {Path(one["file"]).name: one for one in json.loads(done.stdout)["films"]}


def actions(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {name: one["action"] for name, one in films_of(done).items()}


def chapters(platform: Platform, course: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good(platform.admin.get(f"/api/courses/{course}"))["chapters"]
    return found


def test_a_tree_becomes_courses_and_again_nothing(
    lectern: Lectern, platform: Platform, suite: Suite, at: dict[str, str], course: str, film: bytes, tmp_path: Path
) -> None:
    root = tmp_path / "videos"
    for name in ("10_End.mp4", "2 - Middle.mp4", "1. შესავალი ფიზიკაში.mp4", ".hidden.mp4", "notes.txt"):
        put(root / course / name, film)
    command = ("import", str(root), "--json", "--url", suite.url)

    dry = lectern(*command, "--dry-run", **at)
    assert (dry.returncode, set(actions(dry).values())) == (0, {"upload"})
    assert platform.admin.get(f"/api/courses/{course}").status_code == 404, "a dry run does nothing"

    done = lectern(*command, "--wait", **at)
    assert (done.returncode, set(actions(done).values())) == (0, {"uploaded"}), done.stderr
    made = chapters(platform, course)
    assert [one["title"] for one in made] == ["შესავალი ფიზიკაში", "Middle", "End"]
    assert made[0]["id"].startswith(f"{course}:1.-shesavali-pizikashi-")
    assert made[1]["id"].startswith(f"{course}:2-Middle-")
    assert made[2]["id"] == f"{course}:10_End"
    assert {one["videoStatus"] for one in made} == {"ready"}
    status = platform.status(made[0]["videoId"])
    assert (status["originalName"], status["sizeBytes"]) == ("1. შესავალი ფიზიკაში.mp4", len(film))

    again = lectern(*command, **at)
    assert (again.returncode, set(actions(again).values())) == (0, {"skip"})
    assert chapters(platform, course) == made
    shown = lectern("import", str(root), "--dry-run", "--url", suite.url, **at)
    assert "3 skip" in shown.stdout and "შესავალი ფიზიკაში" in shown.stdout


def test_what_a_course_has_stays_and_what_differs_is_reported(
    lectern: Lectern, platform: Platform, suite: Suite, at: dict[str, str], film: bytes, tmp_path: Path
) -> None:
    old = platform.new_course(2, sequential=True)
    before = chapters(platform, old.id)
    one = put(tmp_path / "videos" / old.id / "a.mp4", film)
    command = ("import", str(one.parent.parent), "--json", "--url", suite.url)
    assert lectern(*command, **at).returncode == 0
    after = chapters(platform, old.id)
    assert [chapter["id"] for chapter in after] == [*old.chapters, f"{old.id}:a"]
    assert after[:2] == before, "not a word of what was there is changed"
    assert good(platform.admin.get(f"/api/courses/{old.id}"))["isSequential"] is True

    platform.wait_for(after[2]["videoId"], "ready")
    one.write_bytes(film + b"\0" * 8)
    differs = lectern(*command, **at)
    assert (differs.returncode, actions(differs)) == (1, {"a.mp4": "differs"})
    assert f"{len(film):,} bytes is there" in films_of(differs)["a.mp4"]["message"]
    assert platform.status(after[2]["videoId"])["sizeBytes"] == len(film)

    replaced = lectern(*command, "--replace", "--wait", **at)
    assert (replaced.returncode, actions(replaced)) == (0, {"a.mp4": "replaced"}), replaced.stderr
    assert platform.status(after[2]["videoId"])["sizeBytes"] == len(film) + 8
    assert actions(lectern(*command, "--replace", **at)) == {"a.mp4": "skip"}


def test_a_table_names_everything_itself(
    lectern: Lectern, platform: Platform, suite: Suite, at: dict[str, str], course: str, film: bytes, tmp_path: Path
) -> None:
    put(tmp_path / "media" / "x.mp4", film)
    put(tmp_path / "media" / "y, z.mp4", film)
    table = tmp_path / "films.csv"
    table.write_text(
        "\ufeffcourse_id;course_title;chapter_id;title;file;position\n"
        f"{course};ფიზიკა;{course}-late;Second; media/x.mp4 ;20\n"
        f"{course};ფიზიკა;;;media/y, z.mp4;10\n",
        encoding="utf-8",
    )
    done = lectern("import", str(table), "--json", "--url", suite.url, **at)
    assert done.returncode == 0, done.stderr
    found = good(platform.admin.get(f"/api/courses/{course}"))
    assert found["title"] == "ფიზიკა"
    assert [(one["title"], one["position"]) for one in found["chapters"]] == [("y, z", 10), ("Second", 20)]
    assert found["chapters"][1]["id"] == f"{course}-late"


def test_what_a_table_has_wrong_is_told_by_its_lines_and_nothing_is_done(
    lectern: Lectern, suite: Suite, platform: Platform, at: dict[str, str], course: str, film: bytes, tmp_path: Path
) -> None:
    put(tmp_path / "x.mp4", film)
    table = tmp_path / "films.csv"
    rows = [
        f"{course},,,x.mp4,1", f"{course},ch 1,,x.mp4,", f"{course},,,none.mp4,", f"{course},,,x.mp4,first",
        f"{course},,,x.mp4,", ",,,x.mp4,", f"{course},,a,x.mp4,1,2",
    ]  # fmt: skip
    table.write_text("course_id,chapter_id,title,file,position\n" + "\n".join(rows))
    done = lectern("import", str(table), "--url", suite.url, **at)
    assert (done.returncode, done.stdout) == (1, "")
    for part in (
        "Line 3: chapter_id is 'ch 1'",
        "Line 4: there is no file none.mp4",
        "Line 5: position is 'first'",
        f"line 2 and line 6 are both chapter {course}:x",
        "Line 7: course_id is ''",
        "Line 8: it has more values than there are columns",
    ):
        assert part in done.stderr, part
    assert platform.admin.get(f"/api/courses/{course}").status_code == 404
    table.write_text("course,file\n")
    assert "has no column course_id" in lectern("import", str(table), "--url", suite.url, **at).stderr


@pytest.mark.parametrize(
    ("make", "part"),
    [
        ((), "No films were found"),
        (("film.mp4",), "film.mp4 lies in no course"),
        (("a/one.mp4", "a/one.mov"), "are both chapter a:one"),
    ],
)
def test_a_tree_that_is_none_is_refused(lectern: Lectern, tmp_path: Path, make: tuple[str, ...], part: str) -> None:
    (tmp_path / "videos").mkdir()
    for name in make:
        put(tmp_path / "videos" / name, b"film")
    done = lectern("import", str(tmp_path / "videos"), "--url", "http://127.0.0.1:1", "--token", "t")
    assert (done.returncode, done.stdout) == (1, "")
    assert part in done.stderr
    assert "There is no" in lectern("import", str(tmp_path / "nowhere"), "--token", "t").stderr


def test_a_film_that_is_none_stops_no_other(
    lectern: Lectern, platform: Platform, suite: Suite, at: dict[str, str], course: str, film: bytes, tmp_path: Path
) -> None:
    root = tmp_path / "videos"
    for name, content in (("1.mp4", film), ("2.mp4", b"no film at all" * 100), ("3.mp4", film)):
        put(root / course / name, content)
    taken = platform.new_course().chapters[0]
    table = tmp_path / "films.csv"
    done = lectern("import", str(root), "--json", "--url", suite.url, **at)
    assert (done.returncode, actions(done)) == (1, {"1.mp4": "uploaded", "2.mp4": "failed", "3.mp4": "uploaded"})
    assert "(not_media)" in films_of(done)["2.mp4"]["message"]
    assert done.stderr.splitlines()[-1] == "lectern: 1 of 3 films are not as they are in the source."
    # A course that cannot be made stops no other course.
    other = platform.new_id("course")
    lines = [f"{other},{taken},videos/{course}/1.mp4", f"{course},,videos/{course}/3.mp4"]
    table.write_text("course_id,chapter_id,file\n" + "\n".join(lines))
    mixed = lectern("import", str(table), "--json", "--url", suite.url, **at)
    assert (mixed.returncode, actions(mixed)) == (1, {"1.mp4": "failed", "3.mp4": "skip"})


def test_an_import_that_was_cut_off_goes_on(
    lectern: Lectern, platform: Platform, suite: Suite, at: dict[str, str], course: str, film: bytes, tmp_path: Path
) -> None:
    root = tmp_path / "videos"
    for number in range(1, 5):
        put(root / course / f"{number}.mp4", film)
    started = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "import", str(root), "--url", suite.url],
        cwd=ROOT, env={**os.environ, **at, "LECTERN_HOME": str(tmp_path / "home")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def begun() -> bool:
        answer = platform.admin.get(f"/api/courses/{course}")
        return answer.is_success and any(one["videoId"] for one in answer.json()["chapters"])

    until(begun, "the first film of an import")
    started.send_signal(signal.SIGKILL)
    started.wait(timeout=60)
    first = {one["id"]: one["videoId"] for one in chapters(platform, course) if one["videoId"]}
    done = lectern("import", str(root), "--json", "--url", suite.url, **at)
    assert done.returncode == 0, done.stderr
    assert set(actions(done).values()) <= {"uploaded", "skip"}
    assert actions(done)["1.mp4"] == "skip"
    now = {one["id"]: one["videoId"] for one in chapters(platform, course)}
    assert len(now) == 4 and all(now.values())
    assert first.items() <= now.items(), "what was there is not sent again"


def test_a_gateway_that_is_away_is_not_asked_for_every_film(lectern: Lectern, tmp_path: Path) -> None:
    put(tmp_path / "videos" / "a" / "1.mp4", b"film")
    done = lectern("import", str(tmp_path / "videos"), "--url", "http://127.0.0.1:1", "--token", "t")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nobody answers at http://127.0.0.1:1" in done.stderr


class Broken(StandIn):
    """A gateway that takes the course and loses every film."""

    def reply(self, asked: Asked) -> Reply:
        if asked.method == "PUT":
            return Reply(200, b"{}")
        if asked.method == "GET":
            return Reply(404, b'{"code": "course_not_found", "detail": "There is no such course."}')
        raise ConnectionAbortedError


def test_a_gateway_that_goes_away_is_not_asked_for_every_film(lectern: Lectern, tmp_path: Path) -> None:
    for number in range(5):
        put(tmp_path / "videos" / "a" / f"{number}.mp4", b"film")
    with Broken() as gateway, gateway.serving():
        done = lectern("import", str(tmp_path / "videos"), "--json", "--url", gateway.url, "--token", "t")
    assert done.returncode == 1
    assert list(actions(done).values()) == ["failed"] * 3 + ["not tried"] * 2
    assert sum(asked.path == "/api/uploads/tus" for asked in gateway.asked) == 3


def test_a_back_end_may_import_by_its_key(
    lectern: Lectern, platform: Platform, suite: Suite, course: str, film: bytes, tmp_path: Path
) -> None:
    body = {"name": "importer", "scopes": ["courses", "videos"]}
    key = good(platform.admin.post("/api/admin/api-keys", json=body), 201)["key"]
    suite.spoken.add(key)
    put(tmp_path / "videos" / course / "1.mp4", film)
    done = lectern("import", str(tmp_path / "videos"), "--json", "--url", suite.url, LECTERN_TOKEN=key)
    assert (done.returncode, actions(done)) == (0, {"1.mp4": "uploaded"}), done.stderr


def test_names_become_ids_that_never_change() -> None:
    assert chapter_id_of("physics-1", "intro") == "physics-1:intro"
    georgian = chapter_id_of("physics-1", "შესავალი")
    assert georgian.startswith("physics-1:shesavali-")
    assert georgian == chapter_id_of("physics-1", "შესავალი")
    names = ["a b", "a-b", "a+b", "ა", "ბ", "é", "e\u0301", "x" * 300, "x" * 301, "...", "中文", ""]
    ids = [chapter_id_of("c" * 128, name) for name in names]
    assert all(ID.fullmatch(one) for one in ids), ids
    # The two ways to write é are one name.
    assert len(set(ids)) == len(names) - 1
    assert sorted(["10", "9", "1b", "1a", "ა2", "ა10"], key=natural) == ["1a", "1b", "9", "10", "ა2", "ა10"]
    assert [title_of(name, numbered=True) for name in ("03_Motion", "3. Motion", "3D-films", "1984", "2001 a_b")] == [
        "Motion", "Motion", "3D-films", "1984", "2001 a b",
    ]  # fmt: skip
