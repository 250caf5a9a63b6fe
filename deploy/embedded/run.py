"""`make run`: everything on this machine, from the lock on the home to the line that says where it is."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator

from deploy.embedded import suite
from deploy.embedded.environment import (
    Parts,
    base_environment,
    chosen_secrets,
    ffmpeg_path,
    storage_urls,
)
from deploy.embedded.home import Home, check_port_free
from deploy.embedded.logs import LogBook
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.probes import free_ports, http_get
from deploy.embedded.problem import SetupProblemError
from deploy.embedded.secrets import load_secrets
from deploy.embedded.settings import LOOPBACK_HOSTS, SERVICES, RunSettings
from deploy.embedded.supervisor import Supervisor, until_stopped
from deploy.embedded.valkey import EmbeddedValkey

_REMIND_EVERY = 15.0
# Where even a film of 24 seconds takes longer than this, the rest of Lectern is worth a look meanwhile.
_DEMO_PATIENCE = 60.0


def run(settings: RunSettings, *, quiet: bool = False) -> int:
    """Runs until it is asked to stop; the exit status. Says what is wrong in one sentence on standard error."""
    home = Home(settings.home)
    try:
        home.prepare()
        home.lock()
        home.check_free_space()
        check_port_free(settings.host, settings.port)
        log = LogBook(home.logs, quiet=quiet)
        try:
            asyncio.run(_supervise(settings, home, log))
        finally:
            home.forget_instance()
            log.close()
            home.unlock()
    except SetupProblemError as problem:
        print(f"lectern: {problem}", file=sys.stderr)
        return 1
    return 0


async def _supervise(settings: RunSettings, home: Home, log: LogBook) -> None:
    supervisor = Supervisor(home, log)

    async def work() -> None:
        parts = await start_parts(settings, home, supervisor)
        await supervisor.run_once(suite.migration(settings, home, parts))
        home.write_instance(_instance(settings, parts))
        # All at once, as most of a start is their imports; two stages, as the gateway is the first to stop.
        await supervisor.start(suite.inner(settings, home, parts), wait=False)
        await supervisor.start([suite.gateway(settings, home, parts)], wait=False)
        demo = asyncio.create_task(_run_demo(settings, home, parts, supervisor, log), name="demo")
        try:
            await supervisor.wait_ready()
            await _until_ready(settings, supervisor, log)
            await _something_to_watch(home, demo, log)
            log.announce(f"Lectern is ready at {settings.url}")
            _say_about_demo(settings, log)
            await asyncio.Event().wait()
        finally:
            demo.cancel()
            await asyncio.wait({demo})

    task = asyncio.create_task(work(), name="work")
    try:
        await until_stopped(task, log)
    finally:
        await supervisor.stop()


async def start_parts(settings: RunSettings, home: Home, supervisor: Supervisor) -> Parts:
    """Starts the embedded servers nobody replaced, and says where everything is."""
    secrets = await asyncio.to_thread(load_secrets, home.secrets_file)
    private, public, public_base = storage_urls(settings.given, home)
    ffmpeg = ffmpeg_path(settings.given)
    if settings.names_own_servers:
        await supervisor.run_once(suite.reach(settings, home, private, public))
    environment = base_environment(settings.given, home)
    ports = dict(zip((*suite.INNER_SERVICES, "postgres", "valkey"), free_ports(5), strict=True))
    stage = []
    postgres = None
    if not settings.own_database:
        postgres = EmbeddedPostgres(
            home.postgres, ports["postgres"], secrets["POSTGRES_SUPERUSER_PASSWORD"], secrets["POSTGRES_OWNER_PASSWORD"]
        )
        await postgres.prepare(environment)
        stage.append(postgres.spec(environment))
    valkey = None
    if not settings.own_queue:
        valkey = EmbeddedValkey(home.valkey, home.run / "valkey.conf", ports["valkey"], secrets["VALKEY_PASSWORD"])
        stage.append(valkey.spec(environment))
    if stage:
        await supervisor.start(stage)
    if postgres is not None:
        await postgres.ensure_database()
    return Parts(
        owner_database_url=postgres.owner_url if postgres else settings.given["DATABASE_URL"],
        database_urls=_database_urls(settings, postgres, secrets),
        redis_url=valkey.url if valkey else settings.given["REDIS_URL"],
        private_storage_url=private,
        public_storage_url=public,
        public_base_url=public_base,
        ffmpeg=ffmpeg,
        secrets=chosen_secrets(settings.given, secrets),
        ports=ports | {"gateway": settings.port},
    )


def _database_urls(settings: RunSettings, postgres: EmbeddedPostgres | None, secrets: dict[str, str]) -> dict[str, str]:
    """Each service's own login; with a user's database, what the user gives, else theirs for all."""
    if postgres is not None:
        return {
            service: postgres.url(f"lectern_{service}", secrets[f"POSTGRES_{service.upper()}_PASSWORD"])
            for service in SERVICES
        }
    given = settings.given
    return {service: given.get(f"{service.upper()}_DATABASE_URL", given["DATABASE_URL"]) for service in SERVICES}


async def _until_ready(settings: RunSettings, supervisor: Supervisor, log: LogBook) -> None:
    """Waits for the gateway's word on the whole suite; meanwhile says now and then what is missing."""
    host = settings.url.removeprefix("http://").rpartition(":")[0].strip("[]")
    loop = asyncio.get_running_loop()
    remind_at = loop.time() + _REMIND_EVERY
    while True:
        status, body = await http_get(host, settings.port, "/health/ready")
        if status == 200:
            return
        for process in supervisor.processes:
            process.check_start()
        if loop.time() > remind_at:
            log.line("lectern", f"not ready yet: {_missing(body) or 'the gateway does not say why'}")
            remind_at = loop.time() + _REMIND_EVERY
        await asyncio.sleep(0.1)


def _missing(body: bytes) -> str:
    try:
        said = json.loads(body)
        checks = said.get("checks", said)
        return ", ".join(f"{name}: {state}" for name, state in checks.items() if state not in ("ok", True))
    except (ValueError, AttributeError):
        return ""


def _say_about_demo(settings: RunSettings, log: LogBook) -> None:
    if not settings.demo_sign_in and "DEMO_SIGN_IN" not in settings.given and settings.host not in LOOPBACK_HOSTS:
        log.line(
            "lectern",
            "the page offers no demo sign-in, because others can reach it: set DEMO_SIGN_IN=1 if they may be admin",
        )


async def _run_demo(settings: RunSettings, home: Home, parts: Parts, supervisor: Supervisor, log: LogBook) -> None:
    """Makes the demo course, where it is wanted. What goes wrong with it is said, and is no reason to stop."""
    if not settings.demo_course or home.demo_done.exists():
        return
    try:
        await supervisor.run_once(suite.demo(settings, home, parts))
    except SetupProblemError as problem:
        log.line("lectern", f"the demo course is not complete and will be tried again at the next start: {problem}")


async def _something_to_watch(home: Home, demo: asyncio.Task[None], log: LogBook) -> None:
    """Returns when the demo's first film can be watched, or when it is no use to wait for it any longer."""
    give_up_at = asyncio.get_running_loop().time() + _DEMO_PATIENCE
    while not demo.done() and not home.demo_watchable.exists():
        if asyncio.get_running_loop().time() > give_up_at:
            log.line("lectern", "the first film of the demo course is not there yet; it will come")
            return
        await asyncio.sleep(0.1)


def _instance(settings: RunSettings, parts: Parts) -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "url": settings.url,
        "databaseUrl": parts.owner_database_url,
        "redisUrl": parts.redis_url,
        "ports": dict(parts.ports),
    }


@contextlib.asynccontextmanager
async def embedded_parts(settings: RunSettings, log: LogBook) -> AsyncIterator[Parts]:
    """The servers of a home without the services, for `lectern migrate`. Raises SetupProblemError."""
    home = Home(settings.home)
    home.prepare()
    home.lock()
    supervisor = Supervisor(home, log)
    try:
        yield await start_parts(settings, home, supervisor)
    finally:
        await supervisor.stop()
        home.unlock()
