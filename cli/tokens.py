"""`lectern token`: a JWT as the platform would sign it, for this installation."""

import os
import re
from typing import Annotated

import typer

from cli.output import fail
from deploy.embedded.tokens import ROLES

DEFAULT_SECONDS = 3600
USER_ID = r"[A-Za-z0-9._:-]{1,128}"


def register(app: typer.Typer) -> None:
    app.command("token", rich_help_panel="Access")(token)


def token(
    role: Annotated[str, typer.Option(help="admin, instructor, student or service.")],
    user: Annotated[str, typer.Option(help="The user's id on the platform.")],
    name: Annotated[str | None, typer.Option(help="The user's name, shown on pages.")] = None,
    ttl: Annotated[int, typer.Option(min=1, help="Seconds until it expires.")] = DEFAULT_SECONDS,
) -> None:
    """Print a JWT of this installation, and nothing else."""
    if role not in ROLES:
        fail(f"There is no role {role}: choose one of {', '.join(ROLES)}.")
    if not re.fullmatch(USER_ID, user):
        fail(f"{user!r} is no user id: those have 1 to 128 of the characters A-Z a-z 0-9 . _ : -")
    print(sign(role, user, ttl, name))


def sign(role: str, user: str, seconds: int, name: str | None = None) -> str:
    """A token by PLATFORM_JWT_SECRET, else by the secret of this home."""
    from deploy.embedded.home import Home
    from deploy.embedded.problem import SetupProblemError
    from deploy.embedded.secrets import read_secrets
    from deploy.embedded.settings import load_settings
    from deploy.embedded.tokens import platform_token

    try:
        settings = load_settings(os.environ)
        given = settings.given
        home = Home(settings.home)
        secret = given.get("PLATFORM_JWT_SECRET") or read_secrets(home.secrets_file).get("PLATFORM_JWT_SECRET")
    except SetupProblemError as problem:
        fail(str(problem))
    if not secret:
        fail(
            f"There is no installation in {home.path} yet: start it once with make run, point LECTERN_HOME to the one "
            f"you mean, or set PLATFORM_JWT_SECRET."
        )
    return platform_token(
        secret,
        role,
        user,
        seconds=seconds,
        issuer=given.get("PLATFORM_JWT_ISSUER", "lectern"),
        audience=given.get("PLATFORM_JWT_AUDIENCE", "lectern"),
        name=name,
    )
