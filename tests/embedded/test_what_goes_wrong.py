"""Each thing that keeps Lectern from starting says so in one sentence with the way out."""

import errno
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.home import Home, write_private
from deploy.embedded.problem import SetupProblemError, disk_problem
from deploy.embedded.secrets import load_secrets
from deploy.embedded.settings import load_settings

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
    assert "may not write" in said or "read-only" in said
    assert "LECTERN_HOME" in said


def test_home_below_a_file(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "LECTERN_HOME" in refused(start, at=tmp_path / "file" / "home")


@pytest.mark.parametrize(
    ("code", "part"),
    [
        (errno.ENOSPC, "is full: free some space"),
        (errno.EDQUOT, "is full: free some space"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "may not write"),
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


def test_the_environment_file_names_every_setting_that_is_passed_on() -> None:
    from deploy.embedded.environment import OPTIONAL
    from deploy.embedded.settings import CHECKOUT

    described = (CHECKOUT / ".env.example").read_text()
    system = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "AWS_CA_BUNDLE")
    names = {name for options in OPTIONAL.values() for name in options if name.upper() not in system}
    names |= {"PORT", "HOST", "LECTERN_HOME", "DATABASE_URL", "REDIS_URL", "STORAGE_URL", "FFMPEG_PATH", "DEMO_COURSE"}
    assert [name for name in sorted(names) if f"\n# {name}=" not in described] == []
