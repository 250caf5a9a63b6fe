"""One person over all services: everything that names them is exported, and after the erasure nothing does."""

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.privacy.repository import PEOPLE as GATEWAY
from services.media.privacy.repository import PEOPLE as MEDIA
from services.progress.privacy.repository import PEOPLE as PROGRESS
from services.transcoder.privacy.repository import PEOPLE as TRANSCODER
from shared.db.ids import new_id
from shared.db.people import Fate
from shared.db.roles import SCHEMAS
from tests.support.clients import Course, Platform, View, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import ROOT, Suite
from tests.support.suites import suite_fixtures
from tests.support.tus import Tus

MAPS = (GATEWAY, MEDIA, PROGRESS, TRANSCODER)
MENTIONS = {(one.table, one.column): one for people in MAPS for one in people.mentions}
DOCUMENTS = {one for people in MAPS for one in people.documents}
Place = tuple[str, str]

# Of its own: it looks through the whole database, again and again.
suite, platform = suite_fixtures("module")


def places(suite: Suite, user: str) -> dict[Place, int]:
    """Every column of every table of ours that holds the id anywhere, plain or in base64, with the number of rows."""
    columns: dict[str, list[str]] = {}
    for row in suite.query(
        "SELECT table_schema || '.' || quote_ident(table_name) AS name, quote_ident(column_name) AS column_name"
        " FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = ANY($1) AND table_type = 'BASE TABLE'", list(SCHEMAS),
    ):  # fmt: skip
        columns.setdefault(row["name"], []).append(row["column_name"])
    assert len(columns) > 35
    found: dict[Place, int] = {}
    encoded = base64.b64encode(user.encode()).decode()[: len(user) // 3 * 4]
    for table, names in columns.items():
        holds = "strpos({0}::text, $1) > 0 OR strpos({0}::text, $2) > 0"
        counts = ", ".join(f"count(*) FILTER (WHERE {holds.format(name)}) AS {name}" for name in names)
        [row] = suite.query(f"SELECT {counts} FROM {table}", user, encoded)
        found |= {(table, name): row[name.strip('"')] for name in names if row[name.strip('"')]}
    return found


def mentions_of(found: dict[Place, int]) -> set[Place]:
    """Without the partitions of a table, whose rows are those of the table."""
    return {(re.sub(r"_(default|\d{8})$", "", table), column) for table, column in found}


def rows_of(suite: Suite, user: str, but: str) -> set[str]:
    """All rows that name ``user`` and not ``but``, as text."""
    return {
        f"{table} {row['row']}"
        for table in sorted({table for table, _ in places(suite, user)})
        for row in suite.query(f"SELECT t::text AS row FROM {table} t WHERE strpos(t::text, $1) > 0", user)
        if but not in row["row"]
    }


@dataclass
class Life:
    user: str
    student: httpx.Client
    view: View
    course: Course
    video: str


def study(platform: Platform, course: Course, video: str, user: str) -> Life:
    """What a student does: token, session, beats, a position, what a player tells, a film to take home, a token unspent."""
    student = platform.student(course, user)
    view = platform.watch(student, video)
    platform.key(view)
    played = {"seq": 1, "sentAt": "2026-01-01T00:00:00Z", "intervals": [{"from": 0, "to": 3, "rate": 1}], "position": 3}
    good(platform.client().post(view.path("beat"), json=played))
    good(student.put(f"/api/progress/chapters/{course.chapters[0]}", json={"currentPosition": 4, "totalDuration": 8}))
    events = [{"type": "bandwidth", "bytes": 1000, "watchDuration": 3}]
    told = {"sessionId": view.document["sessionId"], "events": events}
    good(student.post(f"/api/videos/{video}/analytics", json=told), 202)
    home = f"/api/videos/{video}/download"

    def link() -> Any:
        return student.get(home, headers={"Accept": "application/json"}).json().get("url")

    assert platform.client().get(until(link, "a film to take home")).status_code == 200
    count = "SELECT 1 FROM analytics.downloads WHERE user_id = $1"
    until(lambda: platform.suite.query(count, user), "the film taken home to be counted")
    platform.access_token(student, video)
    return Life(user, student, view, course, video)


def teach(platform: Platform, life: Life, other: Life, film: bytes) -> dict[str, Any]:
    """What the same person does as an instructor and as an admin. The link that they made, unspent."""
    user, course = life.user, life.course
    teacher = platform.teacher(course, user)
    sent = good(platform.send(course.chapters[1], film, by=teacher), 202)["videoId"]
    admin = platform.person("admin", user)
    platform.wait_for(sent)
    job = next(one["id"] for one in good(admin.get("/api/admin/jobs"))["jobs"] if one["videoId"] == sent)
    [rendition] = platform.suite.query(
        "SELECT name FROM media.renditions r JOIN media.videos v ON v.current_version_id = r.version_id"
        " WHERE v.id = $1::text::uuid", sent,
    )  # fmt: skip
    good(admin.post(f"/api/admin/jobs/{job}/retry", json={"rendition": rendition["name"]}), 202)
    spent = good(teacher.post("/api/upload-links", json={"chapterId": course.chapters[2]}), 201)["token"]
    form = {"video": ("film.mp4", film, "video/mp4")}
    good(platform.client().post(f"/api/upload-links/{spent}/upload", files=form), 202)
    assert (
        Tus(teacher, "/api/uploads/tus").create(100, chapterId=course.chapters[3], filename="a.mp4", by=user).is_success
    )
    good(teacher.post(f"/api/progress/chapters/{course.chapters[0]}/complete", params={"userId": other.user}))
    good(admin.post("/api/admin/api-keys", json={"name": "school", "scopes": ["*"]}), 201)
    good(admin.post("/api/admin/storage/reconcile", json={"dryRun": True}), 202)
    link: dict[str, Any] = good(teacher.post("/api/upload-links", json={"chapterId": course.chapters[4]}), 201)
    return link


def write_rest(suite: Suite, life: Life, other: Life) -> None:
    """Rows of tables that nobody fills in this suite, as the services would write them."""
    user, chapter, course, video = life.user, life.course.chapters[0], life.course.id, life.video

    def insert(table: str, **values: Any) -> None:
        names, places = ", ".join(values), ", ".join(f"${number}" for number in range(1, len(values) + 1))
        suite.query(f"INSERT INTO {table} ({names}) VALUES ({places})", *values.values())

    [version] = suite.query("SELECT current_version_id AS id FROM media.videos WHERE id = $1::text::uuid", video)
    moment = suite.query("SELECT now() AS now")[0]["now"]
    insert("access.platform_answers", user_id=user, chapter_id=chapter, allowed=True, answered_at=moment)
    insert("learning.course_completions", user_id=user, course_id=course)
    for whose in (user, other.user):
        suite.query(
            "INSERT INTO learning.progress_history (id, user_id, chapter_id, course_id, watched, position_ms,"
            " watch_time_ms, is_completed, completed_by, reset_by) VALUES ($1, $2, $3, $4, '{}', 0, 0, true, $5, $5)",
            new_id(), whose, chapter, course, user,
        )  # fmt: skip
        data = json.dumps({"completedBy": user, "watchPercentage": 1, "nested": [{"by": user}]})
        insert("analytics.platform_events", id=new_id(), type="chapter.completed", user_id=whose, data=data)
        statement = json.dumps({"actor": {"account": {"name": whose}}, "context": {"instructor": {"name": user}}})
        insert(
            "analytics.statements", id=new_id(), user_id=whose, session_id=new_id(), verb="played", statement=statement
        )
    insert("analytics.webhook_endpoints", id=new_id(), url="https://school.example/", enabled=False, created_by=user)
    insert(
        "media.caption_drafts", id=new_id(), video_id=video, version_id=version["id"], language="en", state="failed",
        requested_by=user,
    )  # fmt: skip


@pytest.fixture(scope="module")
def lives(platform: Platform, films: Path) -> tuple[Life, Life, dict[str, Any]]:
    """Somebody who did everything that there is to do, another student of the course, and an open link of the first."""
    film = make_film(films / "privacy.mp4", seconds=8, size="128x72", sound=False)
    course = platform.new_course(5)
    video = platform.ready(course.chapters[0], film)
    good(platform.admin.put(f"/api/videos/{video}/download-policy", json={"policy": "enrolled"}))
    life, other = (study(platform, course, video, platform.new_id(kind)) for kind in ("person", "other"))
    small = make_film(films / "small.mp4", seconds=1, size="96x54", sound=False)
    link = teach(platform, life, other, small.read_bytes())
    write_rest(platform.suite, life, other)
    audited = "SELECT 1 FROM access.audit_log WHERE user_id = $1 AND action = 'token_issue'"
    until(lambda: platform.suite.query(audited, life.user), "the audit log to be written")
    settled = "SELECT 1 FROM analytics.video_analytics WHERE user_id = $1 AND watch_duration > 0"
    for one in (life, other):
        # The worker takes over what was played: from then on the rows rest.
        until(lambda user=one.user: platform.suite.query(settled, user), "what was played to be taken over")
    return life, other, link


def lectern(platform: Platform, *arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cli.main", "user", *arguments, "--url", platform.suite.url]
    command += ["--token", platform.jwt("admin", "e2e-admin")]
    return subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), input=answer, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_column_that_names_somebody_is_in_a_map(suite: Suite) -> None:
    """A table that names people gets a line in its service's map, or this fails; and so does one that may."""
    rows = suite.query(
        "SELECT n.nspname || '.' || c.relname AS table_name, a.attname AS column_name, t.typname AS type"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0"
        " AND NOT a.attisdropped", list(SCHEMAS),
    )  # fmt: skip
    all_columns = {(row["table_name"], row["column_name"]): row["type"] for row in rows}
    names = re.compile(r"(^|_)(user|actor|person|student|owner|author)(_id)?s?$|_by$")
    people = {
        place for place, kind in all_columns.items()
        if names.search(place[1]) and kind not in ("bytea", "uuid") and place[1] != "lease_owner"
    }  # fmt: skip
    assert people <= MENTIONS.keys(), f"nobody erases {people - MENTIONS.keys()}"
    assert MENTIONS.keys() <= all_columns.keys()
    documents = {place for place, kind in all_columns.items() if kind in ("json", "jsonb", "_text", "_varchar")}
    assert documents == DOCUMENTS | WITHOUT_PEOPLE, "does it name people? Say so in a map, or here"
    assert all(place in all_columns for place in DOCUMENTS)


WITHOUT_PEOPLE = {
    ("access.api_keys", "scopes"),
    *(("analytics.video_analytics", what) for what in ("event_counts", "bytes_by_rendition", "errors")),
    # Whose session it was stands in video_analytics, and what a player says of an error is about the player.
    ("analytics.video_events", "data"),
    *(
        (f"analytics.{days}", what)
        for days in ("video_days", "course_days")
        for what in ("bytes_by_rendition", "errors")
    ),
    *((f"analytics.{days}", "devices") for days in ("video_days", "course_days")),
    ("analytics.webhook_deliveries", "attempt_log"),
    ("analytics.webhook_endpoints", "types"),
    ("media.outbox", "data"),
    ("media.storage_reports", "found"),
    ("transcoding.chunks", "captions"),
    ("transcoding.chunks", "images"),
    ("transcoding.chunks", "renditions"),
    ("transcoding.video_processing_jobs", "outline"),
    ("transcoding.video_processing_jobs", "plan"),
    ("transcoding.workers", "facts"),
}
"""Documents and lists that hold films, figures and machines."""


def test_everything_that_names_somebody_is_exported(
    platform: Platform, lives: tuple[Life, Life, dict[str, Any]], tmp_path: Path
) -> None:
    life, other, _ = lives
    document = good(platform.admin.get(f"/api/admin/users/{life.user}/export"))
    assert (document["userId"], document["page"], document["nextPage"]) == (life.user, 1, None)
    data = document["data"]
    assert set(data) == {"access", "analytics", "catalog", "learning", "media", "transcoding"}
    empty = [f"{schema}.{table}" for schema, tables in data.items() for table, rows in tables.items() if not rows]
    assert not empty
    assert sum(len(tables) for tables in data.values()) == len(MENTIONS)
    [mine] = data["learning"]["progress"]
    assert (mine["userId"], mine["chapterId"]) == (life.user, life.course.chapters[0])
    assert mine["watched"].startswith("{[0,")
    text = json.dumps(document)
    # Of others only what this person did; and nothing that opens anything.
    assert other.user not in text
    assert not re.search(r'"(tokenHash|credentialHash|keyHash|secretHash|ticketHash|fingerprint)"', text)
    assert data["learning"]["progressCompletedBy"][0].keys() == {"chapterId", "courseId", "completedAt"}

    out = tmp_path / "person.json"
    done = lectern(platform, "export", life.user, "--out", str(out))
    assert done.returncode == 0, done.stderr
    written = json.loads(out.read_text())
    assert written["data"]["learning"] == data["learning"]
    assert out.stat().st_mode & 0o077 == 0
    assert lectern(platform, "export", life.user, "--out", str(out)).returncode == 1
    nobody = json.loads(lectern(platform, "export", "nobody-at-all").stdout)
    assert not any(rows for tables in nobody["data"].values() for rows in tables.values())


def test_only_admins_export_and_erase(platform: Platform, lives: tuple[Life, Life, dict[str, Any]]) -> None:
    life, other, _ = lives
    for who in (life.student, platform.teacher(life.course, other.user), platform.person("service")):
        refused(who.get(f"/api/admin/users/{life.user}/export"), 403, "role_required")
        refused(who.delete(f"/api/admin/users/{life.user}"), 403, "role_required")
    refused(platform.client().delete(f"/api/admin/users/{life.user}"), 401, "sign_in_required")
    refused(platform.admin.delete("/api/admin/users/a b"), 422, "invalid_request")
    assert places(platform.suite, life.user)


def test_after_the_erasure_nothing_names_them(
    platform: Platform, suite: Suite, lives: tuple[Life, Life, dict[str, Any]]
) -> None:
    life, other, link = lives
    before = places(suite, life.user)
    wanted = MENTIONS.keys() | DOCUMENTS
    assert wanted <= mentions_of(before), f"the person never came by {wanted - mentions_of(before)}"
    kept = rows_of(suite, other.user, life.user)
    assert len({row.split()[0] for row in kept}) >= 10
    figures = (
        "SELECT count(*), sum(watch_duration), sum(bandwidth_used) FROM analytics.video_analytics WHERE video_id ="
    )
    counted = suite.query(f"{figures} $1::text::uuid", life.video)

    refusing = lectern(platform, "erase", life.user, answer="n\n")
    assert (refusing.returncode, "for good?" in refusing.stderr) == (1, True)
    assert places(suite, life.user) == before
    done = lectern(platform, "erase", life.user, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [(one["service"], one["state"]) for one in document["services"]] == [
        (name, "done") for name in ("gateway", "media", "progress", "transcoder")
    ]
    changed = {table for one in document["services"] for table in one["tables"]}
    assert changed == {table for table, _ in wanted}

    assert places(suite, life.user) == {}
    # What was open is closed.
    refused(platform.client().get(life.view.path("key/1/0.key")), 401, "session_invalid")
    assert platform.client().get(f"/api/upload-links/{link['token']}").status_code in (404, 410)
    # Others are as they were, and so are the figures of the film.
    assert kept <= rows_of(suite, other.user, life.user)
    assert suite.query(f"{figures} $1::text::uuid", life.video) == counted
    platform.key(other.view)
    for place, mention in MENTIONS.items():
        query = f"SELECT 1 FROM {place[0]} WHERE {place[1]} = $1"
        stays = {Fate.PSEUDONYM: document["pseudonym"], Fate.AUTHOR: "erased"}.get(mention.fate)
        assert stays is None or suite.query(query, stays), place
    # What their own watching told is beside the one that names the person.
    [event] = suite.query(
        "SELECT data FROM analytics.platform_events WHERE user_id = $1 AND data ? 'nested'", other.user
    )
    expected = {"completedBy": "erased", "watchPercentage": 1, "nested": [{"by": "erased"}]}
    assert json.loads(event["data"]) == expected

    again = good(platform.admin.delete(f"/api/admin/users/{life.user}"))
    assert [one["tables"] for one in again["services"]] == [{}, {}, {}, {}]
    assert again["pseudonym"] != document["pseudonym"]
    assert lectern(platform, "erase", life.user, answer="y\n").stdout.strip() == "Nothing named this person."


def test_the_log_says_that_somebody_was_erased_and_not_who(platform: Platform, suite: Suite) -> None:
    user = platform.new_id("leaver")
    path = f"/api/admin/users/{user}"
    good(platform.admin.get(f"{path}/export"))
    # At once, so that what was noted is still on its way into the table.
    pseudonym = good(platform.admin.delete(path))["pseudonym"]

    def told() -> Any:
        entries = good(platform.admin.get("/api/admin/audit", params={"userId": pseudonym}))["entries"]
        return entries if len(entries) == 2 else None

    entries = until(told, "both to be in the log")
    assert [(one["action"], one["decision"], one["actorId"]) for one in entries] == [
        ("user_erase", "granted", "e2e-admin"), ("user_export", "granted", "e2e-admin"),
    ]  # fmt: skip
    assert entries[1]["clientIp"] is None
    assert places(suite, user) == {}
    assert user not in suite.log_text()
    # An admin who erases themselves is not named either.
    self_made = platform.new_id("admin")
    pseudonym = good(platform.person("admin", self_made).delete(f"/api/admin/users/{self_made}"))["pseudonym"]
    until(lambda: suite.query("SELECT 1 FROM access.audit_log WHERE actor_id = $1", pseudonym), "the entry")
    assert places(suite, self_made) == {}


def test_much_is_exported_in_pages(platform: Platform, suite: Suite) -> None:
    user = platform.new_id("diligent")
    suite.query(
        "INSERT INTO learning.watch_quarters (user_id, starts_at, watched_ms)"
        " SELECT $1, TIMESTAMPTZ '2026-01-01' + n * interval '15 minutes', n FROM generate_series(1, 2500) n", user,
    )  # fmt: skip
    path = f"/api/admin/users/{user}/export"
    pages = [good(platform.admin.get(path, params={"page": page})) for page in (1, 2, 3)]
    assert [page["nextPage"] for page in pages] == [2, 3, None]
    rows = [row["watchedMs"] for page in pages for row in page["data"]["learning"]["watchQuarters"]]
    assert rows == list(range(1, 2501))
    whole = json.loads(lectern(platform, "export", user).stdout)
    assert len(whole["data"]["learning"]["watchQuarters"]) == 2500
    assert "nextPage" not in whole
    good(platform.admin.delete(f"/api/admin/users/{user}"))
    assert places(suite, user) == {}
