"""`lectern run`, `lectern migrate` and `lectern openapi`: this installation as a whole."""

import os
import sys
from typing import Annotated

import typer

from cli.output import fail

_PANEL = "This installation"


def register(app: typer.Typer) -> None:
    app.command("run", rich_help_panel=_PANEL)(run)
    app.command("migrate", rich_help_panel=_PANEL)(migrate)
    app.command("openapi", rich_help_panel=_PANEL)(openapi)


def run(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only what the supervisor itself says.")] = False,
) -> None:
    """Start everything on this machine and keep it running until Ctrl-C."""
    from deploy.embedded.problem import SetupProblemError
    from deploy.embedded.run import run as run_suite
    from deploy.embedded.settings import load_settings

    try:
        settings = load_settings(os.environ)
    except SetupProblemError as problem:
        fail(str(problem))
    raise typer.Exit(run_suite(settings, quiet=quiet))


def migrate() -> None:
    """Bring the database to the newest schema: DATABASE_URL, or the embedded one of this home."""
    from deploy.embedded.migrate import migrate as migrate_home
    from deploy.embedded.problem import SetupProblemError
    from deploy.embedded.settings import load_settings

    try:
        migrate_home(load_settings(os.environ))
    except SetupProblemError as problem:
        fail(str(problem))
    print("The database is at the newest schema.", file=sys.stderr)


def openapi() -> None:
    """Print the OpenAPI document of the whole public API, as GET /openapi.json answers it."""
    from services.gateway.site.api_document import PUBLIC_API

    print(PUBLIC_API.read_text(encoding="utf-8"), end="")
