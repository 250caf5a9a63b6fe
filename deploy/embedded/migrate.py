"""`lectern migrate`: the newest schema on the user's database, on a running instance's, or on a home at rest."""

import asyncio
import subprocess
import sys

from deploy.embedded.environment import base_environment, migration_environment
from deploy.embedded.home import Home
from deploy.embedded.logs import LogBook
from deploy.embedded.problem import SetupProblemError
from deploy.embedded.run import embedded_parts
from deploy.embedded.settings import CHECKOUT, SERVICES, RunSettings


def migrate(settings: RunSettings) -> None:
    """Raises SetupProblemError when the database is not there or refuses."""
    home = Home(settings.home)
    running = home.read_instance()
    if settings.own_database:
        names = ["DATABASE_URL", *(f"{service.upper()}_DATABASE_URL" for service in SERVICES)]
        urls = {name: settings.given[name] for name in names if name in settings.given}
        _reach(base_environment(settings.given, home) | {"DATABASE_URL": urls["DATABASE_URL"]})
        _run(base_environment(settings.given, home) | urls)
    elif running is not None:
        # Its roles are there already: the running instance made them when it started.
        _run(base_environment(settings.given, home) | {"DATABASE_URL": running["databaseUrl"]})
    else:
        home.prepare()
        asyncio.run(_at_rest(settings, home))


async def _at_rest(settings: RunSettings, home: Home) -> None:
    log = LogBook(home.logs, quiet=True)
    try:
        async with embedded_parts(settings, log) as parts:
            await asyncio.to_thread(_run, migration_environment(settings, home, parts))
    finally:
        log.close()


def _reach(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "deploy.embedded.reach"]
    asked = subprocess.run(command, env=environment, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    if asked.returncode != 0:
        raise SetupProblemError(asked.stdout.strip() or "The server that DATABASE_URL names can not be asked: mend it.")


def _run(environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-m", "shared.db.migrate"], env=environment, cwd=CHECKOUT, check=False)
    if done.returncode != 0:
        raise SetupProblemError("The migration failed, for the reason above: mend it and run lectern migrate again.")
