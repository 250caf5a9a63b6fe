"""The parts other tests and checks build on: a throw-away Postgres, the browser's finder, who Postgres runs as."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from deploy.embedded.account import open_for_reading, unprivileged_account
from deploy.embedded.chromium import chromium_path
from deploy.embedded.problem import SetupProblemError
from deploy.embedded.throwaway import throwaway_postgres

ROOT = Path(__file__).resolve().parents[2]


async def test_a_throwaway_postgres_is_empty_owned_and_gone_afterwards(wait_until: Callable[..., Any]) -> None:
    # Other tests of this process may hold a server of their own.
    before = set(psutil.Process().children(recursive=True))
    async with throwaway_postgres() as url:
        connection = await asyncpg.connect(url)
        roles = await connection.fetchrow("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        # Like the owner on a managed server: migrations that need a superuser would fail here too.
        assert tuple(roles) == (False, True)
        await connection.execute("CREATE SCHEMA media CREATE TABLE films (id int)")
        await connection.close()
        started = set(psutil.Process().children(recursive=True)) - before
        postgres = [one for one in started if "postgres" in _name(one)]
        assert postgres
    assert not any(_is_running(one) for one in postgres)


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _name(process: psutil.Process) -> str:
    # What ends while one looks is not the one.
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def test_the_browser_is_the_one_that_was_named(tmp_path: Path) -> None:
    browser = tmp_path / "chromium"
    with pytest.raises(SetupProblemError, match="CHROMIUM_PATH"):
        chromium_path({"CHROMIUM_PATH": str(browser)})
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    assert chromium_path({"CHROMIUM_PATH": str(browser)}) == browser
    assert chromium_path({"PATH": str(tmp_path)}) == browser


def test_without_a_browser_the_tests_fail_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.embedded.chromium._PLACES", ())
    with pytest.raises(SetupProblemError, match=r"need a Chromium with H.264"):
        chromium_path({"PATH": str(tmp_path)}, install=False)


def test_the_finder_prints_the_path_alone(tmp_path: Path) -> None:
    environment = {**os.environ, "CHROMIUM_PATH": sys.executable}
    command = [sys.executable, "-m", "deploy.embedded.chromium"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{sys.executable}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_root_becomes_nobody_and_keeps_the_owner_that_data_has(tmp_path: Path) -> None:
    for directory in (tmp_path, *tmp_path.parents):
        if str(directory).startswith("/tmp/pytest"):
            directory.chmod(0o755)
    data = tmp_path / "data"
    account = unprivileged_account(data)
    assert account is not None
    assert not account.traverse
    data.mkdir()
    os.chown(data, 1, 1)
    assert unprivileged_account(data).uid == 1
    tmp_path.chmod(0o700)
    assert unprivileged_account(data).traverse


def test_a_strict_umask_is_undone_for_reading_only(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir(mode=0o700)
    (tmp_path / "bin/tool").touch(mode=0o700)
    (tmp_path / "bin/text").touch(mode=0o600)
    (tmp_path / "bin/link").symlink_to("/etc/shadow")
    before = Path("/etc/shadow").lstat().st_mode
    open_for_reading(tmp_path)
    modes = {name: (tmp_path / "bin" / name).lstat().st_mode & 0o777 for name in ("tool", "text")}
    assert modes == {"tool": 0o755, "text": 0o644}
    assert Path("/etc/shadow").lstat().st_mode == before


def test_migrate_works_on_a_home_at_rest_and_on_a_running_one(
    start: Callable[..., Any], home: Path, tree: Path
) -> None:
    environment = {**os.environ, "LECTERN_HOME": str(home)}
    command = [sys.executable, "-m", "cli.main", "migrate"]
    subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True)
    assert not (home / "run/instance.json").exists()
    instance = start().ready()
    subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True)
    assert instance.process.poll() is None
