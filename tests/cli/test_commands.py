"""The `lectern` command, as a user types it, against a gateway that listens here."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jose import jwt

from services.gateway.identity.jwt import OWN_KID
from tests.cli.conftest import ROOT, Lectern
from tests.support.served import Asked, Reply, StandIn

SECRET = "x" * 64
VIDEO = "0198c0de-0000-7000-8000-000000000001"
Answer = tuple[int, dict[str, Any]]


class Gateway(StandIn):
    """Answers what a test told it to; of several answers for a path, each once, and the last for ever. It takes films by
    tus; ``breaks`` are the statuses of the requests of which it keeps the first half alone, ``refuses_next`` is what it
    says of all of an upload that is begun next."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, list[Answer]] = {}
        self.film = b""
        self.breaks: list[int] = []
        self.refuses = self.refuses_next = 0

    def reply(self, asked: Asked) -> Reply:
        if asked.path.startswith("/api/uploads/tus") and asked.path not in self.answers:
            return self._tus(asked)
        return self._told(asked)

    def _tus(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            self.refuses = self.refuses_next
            return Reply(201, headers={"Location": "https://elsewhere.example/api/uploads/tus/1"})
        if self.refuses:
            return Reply(self.refuses)
        if asked.method == "PATCH":
            assert int(asked.headers["Upload-Offset"]) == len(self.film)
            self.film += asked.body[: len(asked.body) // 2] if self.breaks else asked.body
            if self.breaks:
                return Reply(self.breaks.pop(0), b"{}")
        there = {"Upload-Offset": str(len(self.film)), "Lectern-Video-Id": VIDEO}
        return Reply(200 if asked.method == "HEAD" else 204, headers=there)

    def _told(self, asked: Asked) -> Reply:
        queued = self.answers.get(asked.path, [])
        status, document = queued.pop(0) if len(queued) > 1 else (queued or [(404, {})])[0]
        return Reply(status, b"" if status == 204 else json.dumps(document).encode())


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server, server.serving():
        yield server


def status(state: str, percent: float, **more: Any) -> dict[str, Any]:
    document = {"videoId": VIDEO, "chapterId": "intro", "status": state, "percent": percent, "duration": 24.0}
    return {**document, "width": 1280, "height": 720, "fps": 25.0, "renditions": [], "error": None, **more}


def test_token_prints_only_the_token(lectern: Lectern) -> None:
    done = lectern(
        "token", "--role", "student", "--user", "u1", "--name", "Nino", "--ttl", "60", PLATFORM_JWT_SECRET=SECRET
    )
    assert done.returncode == 0
    claims = jwt.decode(done.stdout.strip(), SECRET, algorithms=["HS256"], audience="lectern", issuer="lectern")
    assert (claims["sub"], claims["role"], claims["name"]) == ("u1", "student", "Nino")
    assert claims["exp"] - claims["iat"] == 60
    # By this the gateway knows that the claims have Lectern's own names, whatever the platform's are.
    assert jwt.get_unverified_header(done.stdout.strip())["kid"] == OWN_KID
    assert done.stdout.count("\n") == 1


def test_token_is_signed_with_the_secret_of_the_home(lectern: Lectern, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secrets.env").write_text(f"PLATFORM_JWT_SECRET={SECRET}\n")
    done = lectern(
        "token", "--role", "admin", "--user", "a", PLATFORM_JWT_ISSUER="school", PLATFORM_JWT_AUDIENCE="films"
    )
    assert jwt.decode(done.stdout.strip(), SECRET, algorithms=["HS256"], audience="films", issuer="school")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("token", "--role", "admin", "--user", "a"), "start it once with make run"),
        (("token", "--role", "king", "--user", "a"), "There is no role king"),
        (("token", "--role", "admin", "--user", "a b"), "is no user id"),
        (("upload", "nothing.mp4", "--chapter", "intro"), "There is no file nothing.mp4"),
        (("status", VIDEO, "--url", "http://127.0.0.1:1", "--token", "t"), "Nobody answers at http://127.0.0.1:1"),
    ],
)
def test_what_goes_wrong_is_one_sentence(lectern: Lectern, arguments: tuple[str, ...], part: str) -> None:
    done = lectern(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert part in done.stderr
    assert done.stderr.count("\n") == 1


def test_upload_sends_the_film_and_what_it_is_for(lectern: Lectern, gateway: Gateway, tmp_path: Path) -> None:
    film = tmp_path / 'le"cture.mp4'
    film.write_bytes(os.urandom(3 * 1024 * 1024 + 17))
    done = lectern("upload", str(film), "--chapter", "intro", "--url", gateway.url, PLATFORM_JWT_SECRET=SECRET)
    assert (done.returncode, done.stdout) == (0, f"{VIDEO}  processing\n")
    # The bar of a film that was sent before there was a speed to show.
    assert "3.1/3.1 MB" in done.stderr
    assert "?" not in done.stderr
    assert "0:00:00" not in done.stderr
    headers = gateway.asked[0].headers
    said = dict(pair.split(" ") for pair in headers["Upload-Metadata"].split(","))
    about = {key: base64.b64decode(value).decode() for key, value in said.items()}
    assert about == {"chapterId": "intro", "filename": 'le"cture.mp4'}
    assert headers["Upload-Length"] == str(film.stat().st_size)
    assert gateway.film == film.read_bytes()
    token = headers["Authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, SECRET, algorithms=["HS256"], audience="lectern")["role"] == "admin"


def test_an_upload_goes_on_where_it_was_cut_off(lectern: Lectern, gateway: Gateway, tmp_path: Path) -> None:
    """In the same run after a fault that passes, in the next after one that does not."""
    film = tmp_path / "film.mp4"
    film.write_bytes(os.urandom(2 * 1024 * 1024))
    command = ("upload", str(film), "--chapter", "intro", "--url", gateway.url, "--token", "t")
    gateway.breaks = [503, 401]
    assert lectern(*command).returncode == 1
    assert 0 < len(gateway.film) < film.stat().st_size
    done = lectern(*command)
    assert (done.returncode, done.stdout) == (0, f"{VIDEO}  processing\n"), done.stderr
    assert gateway.film == film.read_bytes()
    assert [asked.method for asked in gateway.asked].count("POST") == 1
    # Another upload of the same file is another upload.
    gateway.film = b""
    assert lectern(*command).returncode == 0
    assert [asked.method for asked in gateway.asked].count("POST") == 2


def test_what_was_refused_is_begun_anew(lectern: Lectern, gateway: Gateway, tmp_path: Path) -> None:
    """Its reason may have been mended since; if not, the gateway says it again in a sentence."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    command = ("upload", str(film), "--chapter", "intro", "--url", gateway.url, "--token", "t")
    gateway.refuses_next = 415
    assert lectern(*command).returncode == 1
    gateway.refuses_next = 0
    assert lectern(*command).returncode == 0
    assert [asked.method for asked in gateway.asked].count("POST") == 2


def test_upload_follows_the_processing(lectern: Lectern, gateway: Gateway, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    gateway.answers[f"/api/videos/{VIDEO}/status"] = [(200, status("processing", 40)), (200, status("ready", 100))]
    done = lectern("upload", str(film), "--chapter", "intro", "--wait", "--json", "--url", gateway.url, "--token", "t")
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "ready"


def test_a_refusal_is_shown_with_its_code(lectern: Lectern, gateway: Gateway, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    problem = {"title": "Conflict", "code": "chapter_has_video", "detail": "Chapter intro already has a video."}
    gateway.answers["/api/uploads/tus"] = [(409, problem)]
    done = lectern("upload", str(film), "--chapter", "intro", "--url", gateway.url, "--token", "t")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "lectern: Chapter intro already has a video. (chapter_has_video)"


def test_status_shows_the_film_and_a_failed_one_fails(lectern: Lectern, gateway: Gateway) -> None:
    path = f"/api/videos/{VIDEO}/status"
    gateway.answers[path] = [(200, status("playable", 41.5, renditions=[{"name": "720p", "percent": 40.0}]))]
    done = lectern("status", VIDEO, "--url", gateway.url, "--token", "t")
    assert done.returncode == 0
    assert all(part in done.stdout for part in ("playable  42 %", "1280x720", "720p", "intro"))
    error = {"code": "truncated", "message": "The film ends early."}
    gateway.answers[path] = [(200, status("failed", 12, error=error))]
    done = lectern("status", VIDEO, "--json", "--url", gateway.url, "--token", "t")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == error
    assert "The film ends early. (truncated)" in done.stderr


KEYS = "/api/admin/api-keys"
KEY = {
    "id": VIDEO, "name": "the [red]school[/red]", "scopes": ["enrollments", "tokens"], "createdBy": "nino",
    "createdAt": "2026-01-01T00:00:00.000Z", "lastUsedAt": None, "expiresAt": None, "revokedAt": None,
}  # fmt: skip


def test_an_api_key_is_made_and_printed_alone(lectern: Lectern, gateway: Gateway) -> None:
    gateway.answers[KEYS] = [(201, {**KEY, "key": "lk_example"})]
    command = ("apikeys", "create", "school", "--scope", "tokens", "--scope", "enrollments")
    done = lectern(*command, "--days", "30", "--url", gateway.url, PLATFORM_JWT_SECRET=SECRET)
    assert (done.returncode, done.stdout) == (0, "lk_example\n")
    method, path, headers, body = gateway.asked[0]
    assert (method, path) == ("POST", KEYS)
    wanted = json.loads(body)
    assert (wanted["name"], wanted["scopes"]) == ("school", ["tokens", "enrollments"])
    left = datetime.fromisoformat(wanted["expiresAt"]) - datetime.now(UTC)
    assert timedelta(days=29) < left < timedelta(days=31)
    token = headers["Authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, SECRET, algorithms=["HS256"], audience="lectern")["role"] == "admin"
    done = lectern(*command, "--json", "--url", gateway.url, "--token", "t")
    assert json.loads(done.stdout) == {**KEY, "key": "lk_example"}
    assert "expiresAt" not in json.loads(gateway.asked[1][3])


def test_api_keys_are_listed_with_their_state(lectern: Lectern, gateway: Gateway) -> None:
    past, future = "2020-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"
    states = [{}, {"expiresAt": future, "lastUsedAt": past}, {"expiresAt": past}, {"revokedAt": past}]
    document = {"apiKeys": [{**KEY, **state} for state in states]}
    gateway.answers[KEYS] = [(200, document)]
    done = lectern("apikeys", "list", "--url", gateway.url, "--token", "t", COLUMNS="160")
    assert done.returncode == 0
    assert done.stdout.count(VIDEO) == 4
    assert done.stdout.count("the [red]school[/red]") == 4
    assert all(state in done.stdout for state in ("good", "until 2099-01-01", "expired", "revoked", "2020-01-01"))
    done = lectern("apikeys", "list", "--json", "--url", gateway.url, "--token", "t")
    assert json.loads(done.stdout) == document


def test_an_api_key_is_revoked(lectern: Lectern, gateway: Gateway) -> None:
    gateway.answers[f"{KEYS}/{VIDEO}"] = [(204, {})]
    done = lectern("apikeys", "revoke", VIDEO, "--url", gateway.url, "--token", "t")
    assert (done.returncode, done.stdout) == (0, f"{VIDEO}  revoked\n")
    assert gateway.asked[0][:2] == ("DELETE", f"{KEYS}/{VIDEO}")
    gateway.answers[f"{KEYS}/..%2Fx"] = [(404, {"code": "api_key_not_found", "detail": "There is no such API key."})]
    done = lectern("apikeys", "revoke", "../x", "--url", gateway.url, "--token", "t")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "lectern: There is no such API key. (api_key_not_found)\n"


STORAGE = "/api/admin/storage"


def storage_report(report_id: str | None, **more: Any) -> dict[str, Any]:
    found = {"objects": 1, "bytes": 512, "removed": 0, "examples": ["private/a/b/source"]}
    missing = {"videoId": VIDEO, "versionId": VIDEO, "courseId": "c", "what": "segments", "rendition": "720p"}
    return {
        "reportId": report_id, "asOf": "2026-01-02T03:04:05.000Z", "dryRun": True, "running": False,
        "usedBytes": 8_600_000_000, "quotaBytes": 10_000_000_000, "warning": "80", "byKind": {"sources": 7_500_000_000},
        "byCourse": [{"courseId": "physics", "bytes": 8_600_000_000}], "orphans": found, "missingObjects": 3,
        "missing": [{**missing, "objects": 3}], "growth": [], **more,
    }  # fmt: skip


def test_what_storage_holds_is_told(lectern: Lectern, gateway: Gateway) -> None:
    gateway.answers[STORAGE] = [(200, storage_report(VIDEO)), (200, storage_report(None, asOf=None, running=True))]
    done = lectern("storage", "report", "--url", gateway.url, "--token", "t", COLUMNS="120")
    assert done.returncode == 0, done.stderr
    for told in (
        "used 8.6 GB of 10.0 GB; more than 80 % of it (as of 2026-01-02 03:04)", "sources", "7.5 GB", "physics",
        "orphans: 1 objects, 512 B\n", "  private/a/b/source", "3 segments 720p of video " + VIDEO,
    ):  # fmt: skip
        assert told in done.stdout
    done = lectern("storage", "report", "--url", gateway.url, "--token", "t")
    assert (done.returncode, done.stdout.startswith("No report is made yet")) == (0, True)


def test_storage_is_compared_when_one_says_so(lectern: Lectern, gateway: Gateway) -> None:
    gateway.answers[f"{STORAGE}/reconcile"] = [(202, {"reportId": "new"})]
    answers = [storage_report("old", running=True), storage_report("new", dryRun=False)]
    gateway.answers[STORAGE] = [(200, one) for one in answers]
    done = lectern("storage", "reconcile", "--for-real", "--json", "--url", gateway.url, "--token", "t")
    assert (done.returncode, json.loads(done.stdout)["reportId"]) == (0, "new"), done.stderr
    assert json.loads(gateway.asked[0][3]) == {"dryRun": False}
    gateway.answers[STORAGE] = [(200, storage_report("old"))]
    done = lectern("storage", "reconcile", "--url", gateway.url, "--token", "t")
    assert (done.returncode, "could not be made" in done.stderr) == (1, True)
    assert json.loads(gateway.asked[-2][3]) == {"dryRun": True}


def test_an_id_cannot_leave_its_place_in_the_path(lectern: Lectern, gateway: Gateway) -> None:
    lectern("status", "../admin?x", "--url", gateway.url, "--token", "t")
    assert gateway.asked[0][1] == "/api/videos/..%2Fadmin%3Fx/status"


def test_the_api_is_described_without_a_gateway(lectern: Lectern) -> None:
    done = lectern("openapi")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    upload = document["paths"]["/api/videos/upload"]["post"]
    assert upload["security"] == [{"bearer": []}]
    told = document["components"]["responses"][upload["responses"]["409"]["$ref"].rsplit("/", 1)[1]]
    assert told["description"] == "chapter_has_video"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; import cli.main; from typer.testing import CliRunner; "
        "assert CliRunner().invoke(cli.main.app, ['--help']).exit_code == 0; "
        "print([name for name in ('httpx', 'fastapi', 'sqlalchemy', 'jose', 'asyncpg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
