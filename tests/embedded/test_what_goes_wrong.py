"""Each thing that keeps Lectern from starting says so in one sentence with the way out."""

import errno
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.embedded.home import Home, write_private
from deploy.embedded.problem import SetupProblemError, disk_problem
from deploy.embedded.secrets import load_secrets
from deploy.embedded.settings import load_settings
from tests.shared.storage.s3_server import running_s3_server, xattrs_work
from tests.support.running import ROOT

Start = Callable[..., Any]


def refused(start: Start, **options: Any) -> str:
    code, said = start(**options).ended()
    assert code == 1
    assert said.startswith("lectern: ")
    assert "\n" not in said, "one sentence, no traceback"
    return str(said)


def test_port_taken(start: Start) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refused(start, port=port)
    assert f"Port {port} is taken" in said
    assert "PORT=" in said
    assert "make run" in said


def test_port_that_is_none(start: Start) -> None:
    assert "PORT is '80a0'" in refused(start, PORT="80a0")


def test_address_of_another_machine(start: Start) -> None:
    assert "set HOST" in refused(start, HOST="192.0.2.7")


def test_home_that_may_not_be_written(start: Start, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        closed = Path("/sys")
        if not os.path.ismount(closed):
            pytest.skip("no directory here that refuses root")
    else:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o555)
    said = refused(start, at=closed / "lectern")
    assert "may not write" in said or "read-only" in said or "Not even root may write" in said
    # Root has nobody to give it to.
    assert ("chown" in said) == (os.geteuid() != 0 and "read-only" not in said)
    assert "LECTERN_HOME" in said


@pytest.mark.parametrize("below", [".", "home", "deep/home"])
def test_home_at_or_below_a_file(start: Start, tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    said = refused(start, at=file / below)
    assert f"{file} is a file" in said
    assert "LECTERN_HOME" in said


def test_home_where_no_directory_can_be_made(start: Start) -> None:
    said = refused(start, at=Path("/proc/lectern"))
    assert "/proc/lectern cannot be made" in said or "may not write" in said
    assert "LECTERN_HOME" in said


@pytest.mark.parametrize(
    ("name", "url"),
    [("DATABASE_URL", "postgresql://ann:hidden@127.0.0.1:{}/x"), ("REDIS_URL", "redis://:hidden@127.0.0.1:{}/0")],
)
def test_a_server_of_ones_own_that_is_away(start: Start, unused_port: int, name: str, url: str) -> None:
    said = refused(start, **{name: url.format(unused_port)})
    assert f"The server that {name} names does not answer (127.0.0.1:{unused_port}: " in said
    assert f"mend {name}, or leave it out" in said
    assert "hidden" not in said


@pytest.mark.parametrize(("name", "url"), [("DATABASE_URL", "http://127.0.0.1/x"), ("REDIS_URL", "127.0.0.1:6379")])
def test_an_address_that_is_none(start: Start, name: str, url: str) -> None:
    assert f"{name} cannot be used" in refused(start, **{name: url})


def test_a_server_of_ones_own_that_refuses_the_login(start: Start, tmp_path: Path) -> None:
    first = start(at=tmp_path / "first").ready()
    facts = first.facts()
    at = {"at": tmp_path / "second"}
    database, redis = urlsplit(facts["databaseUrl"]), urlsplit(facts["redisUrl"])
    place = f"{database.hostname}:{database.port}"
    said = refused(start, **at, DATABASE_URL=f"postgresql://{database.username}:wrong@{place}{database.path}")
    assert f"The Postgres at {place} refuses the login" in said
    assert "mend user and password in DATABASE_URL" in said
    said = refused(start, **at, DATABASE_URL=facts["databaseUrl"].removesuffix(database.path) + "/elsewhere")
    assert "has no such database" in said
    assert "DATABASE_URL" in said
    said = refused(start, **at, REDIS_URL=f"redis://:wrong@{redis.hostname}:{redis.port}/0")
    assert f"The Redis at {redis.hostname}:{redis.port} refuses the login" in said
    assert "mend user and password in REDIS_URL" in said


BUCKETS = {
    "STORAGE_URL": "s3://lectern-private?public=lectern-public",
    "PUBLIC_BASE_URL": "https://media.example",
}


def test_a_store_of_ones_own_that_is_away(start: Start, unused_port: int, tmp_path: Path) -> None:
    """With the services' own storage, which the stand-ins have not."""
    keys = {"S3_ACCESS_KEY_ID": "ann", "S3_SECRET_ACCESS_KEY": "hidden"}
    endpoint = f"http://127.0.0.1:{unused_port}"
    said = refused(start, checkout=ROOT, **BUCKETS, **keys, S3_ENDPOINT_URL=endpoint)
    assert f"The storage that STORAGE_URL names does not answer (s3://lectern-private at {endpoint}: " in said
    assert "mend STORAGE_URL and S3_ENDPOINT_URL" in said
    assert "hidden" not in said
    assert "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY have to be set" in refused(start, checkout=ROOT, **BUCKETS)
    (tmp_path / "file").touch()
    said = refused(start, checkout=ROOT, STORAGE_URL=(tmp_path / "file").as_uri())
    assert "The directory that STORAGE_URL names cannot be used" in said


def test_a_store_of_ones_own_that_refuses_us(start: Start, tmp_path: Path) -> None:
    if not xattrs_work(tmp_path):
        pytest.skip("this file system keeps no extended attributes, which the S3 server of the tests needs")
    with running_s3_server(tmp_path) as server:
        keys = {"S3_ACCESS_KEY_ID": server.settings.access_key_id, "S3_SECRET_ACCESS_KEY": "wrong"}
        place = {"S3_ENDPOINT_URL": str(server.settings.endpoint_url), "S3_REGION": server.settings.region}
        said = refused(start, checkout=ROOT, **BUCKETS, **keys, **place)
    assert "The storage that STORAGE_URL names refuses us (s3://lectern-private: " in said
    assert "mend S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY" in said


@pytest.mark.parametrize(
    ("code", "part"),
    [
        (errno.ENOSPC, "is full: free some space"),
        (errno.EDQUOT, "is full: free some space"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "set LECTERN_HOME to a directory"),
    ],
)
def test_what_the_disk_refuses(code: int, part: str) -> None:
    assert part in str(disk_problem(OSError(code, os.strerror(code)), Path("/data")))


def test_too_little_space(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.check_free_space(minimum=1)
    with pytest.raises(SetupProblemError, match=r"MB are free where .* LECTERN_HOME"):
        home.check_free_space(minimum=2**62)


def test_a_bucket_needs_the_address_browsers_use(start: Start) -> None:
    assert "PUBLIC_BASE_URL" in refused(start, PRIVATE_STORAGE_URL="s3://a", PUBLIC_STORAGE_URL="s3://b")


def test_ffmpeg_that_is_none(start: Start, tmp_path: Path) -> None:
    assert "FFMPEG_PATH" in refused(start, FFMPEG_PATH=str(tmp_path / "no-ffmpeg"))


def test_data_of_another_postgres(start: Start, home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("15\n")
    assert "PostgreSQL 15" in refused(start)


def test_an_interrupted_initdb_is_made_again(start: Start, home: Path) -> None:
    (home / "postgres.new").mkdir(parents=True)
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    assert start().ready()
    assert not (home / "postgres.new").exists()


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    first = load_secrets(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert load_secrets(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_of_a_newer_version_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    write_private(path, "MASTER_KEYS=1:known\n")
    assert load_secrets(path)["MASTER_KEYS"] == "1:known"
    assert load_secrets(path) == load_secrets(path)


def test_the_environment_wins_over_the_file_and_both_over_the_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nPORT=8100\nHOST=127.0.0.2\nS3_SECRET_ACCESS_KEY='a$b # c'\nEMPTY=\n")
    settings = load_settings({"PORT": "8200", "IP_POLICY": ""}, tmp_path)
    assert (settings.port, settings.host, settings.home) == (8200, "127.0.0.2", tmp_path / ".lectern")
    assert settings.given["S3_SECRET_ACCESS_KEY"] == "a$b # c"
    assert not {"EMPTY", "IP_POLICY"} & settings.given.keys()


def test_demo_sign_in_is_offered_only_where_nobody_else_comes(tmp_path: Path) -> None:
    assert load_settings({}, tmp_path).demo_sign_in
    assert not load_settings({"HOST": "0.0.0.0"}, tmp_path).demo_sign_in
    assert not load_settings({"DATABASE_URL": "postgresql://x"}, tmp_path).demo_sign_in
    assert load_settings({"HOST": "0.0.0.0", "DEMO_SIGN_IN": "1"}, tmp_path).demo_sign_in


def test_the_environment_file_names_every_setting_there_is() -> None:
    from deploy.embedded.environment import OPTIONAL

    described = (ROOT / ".env.example").read_text()
    # Of these every program knows what they are.
    system = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "AWS_CA_BUNDLE", "PATH")
    names = {name for options in OPTIONAL.values() for name in options}
    code = "".join(path.read_text() for tree in ("deploy", "cli") for path in (ROOT / tree).rglob("*.py"))
    names |= set(re.findall(r'\b(?:given|settings\.given)(?:\.get\(|\[)"([A-Z0-9_]+)"', code))
    names |= set(re.findall(r'"([A-Z0-9_]+)" (?:not )?in (?:settings\.)?given', code))
    names |= set(re.findall(r'envvar="([A-Z0-9_]+)"', code))
    compose = [line for line in (ROOT / "docker-compose.yml").read_text().splitlines() if not line.startswith("#")]
    names |= set(re.findall(r"\$\{([A-Z0-9_]+):-", "\n".join(compose)))
    names |= {"DEMO_COURSE", "DEMO_SIGN_IN", "UV_DEFAULT_INDEX", "CHROMIUM_PATH"}
    assert {"STORAGE_URL", "WEB_ROOT", "LECTERN_TOKEN", "STACK_PUBLISH", "FFMPEG_PATH"} <= names
    assert [name for name in sorted(names) if f"\n# {name}=" not in described and name.upper() not in system] == []


def test_a_migration_of_a_database_that_is_away(tree: Path, home: Path, unused_port: int) -> None:
    environment = {
        **os.environ,
        "LECTERN_HOME": str(home),
        "DATABASE_URL": f"postgresql://a:b@127.0.0.1:{unused_port}/x",
    }
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "migrate"],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "The server that DATABASE_URL names does not answer" in done.stderr
    assert "Traceback" not in done.stderr
