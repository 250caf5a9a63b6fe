"""`lectern user`: what is kept of one person, and erasing it, through the gateway."""

import json
import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.output import CommandError, print_json, told
from cli.videos import Json, Token, Url

_PATH = "/api/admin/users"
User = Annotated[str, typer.Argument(help="The platform's id of the person.", metavar="ID")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="One person's data: export it, erase it.", no_args_is_help=True)
    group.command("export")(export)
    group.command("erase")(erase)
    app.add_typer(group, name="user", rich_help_panel="Access")


def export(
    user: User,
    *,
    out: Annotated[
        Path | None, typer.Option(help="A new file that only you may read; standard output by default.")
    ] = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Write everything that names the person as one JSON document."""
    from cli.client import Client

    with told(), Client(url, token) as client:
        document = _whole(client, user)
        if out is None:
            print_json(document)
            return
        _write(out, document)
    rows = sum(len(rows) for tables in document["data"].values() for rows in tables.values())
    print(f"{out}: {rows} rows")


def erase(
    user: User,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Erase the person: what is theirs is deleted, what has to stay names nobody. It cannot be undone."""
    from cli.client import Client

    if not yes:
        typer.confirm(f"Erase everything of {user}, for good?", abort=True, err=True)
    with told(), Client(url, token) as client:
        document = client.request("DELETE", f"{_PATH}/{quote(user, safe='')}")
    if as_json:
        print_json(document)
        return
    counts = {table: rows for one in document["services"] for table, rows in one["tables"].items()}
    for table, rows in sorted(counts.items()):
        print(f"{table}: {rows}")
    print("Erased." if counts else "Nothing named this person.")


def _whole(client: Any, user: str) -> dict[str, Any]:
    """All pages as one document."""
    whole: dict[str, Any] = {}
    page: int | None = 1
    while page is not None:
        document = client.request("GET", f"{_PATH}/{quote(user, safe='')}/export", params={"page": page})
        page = document["nextPage"]
        if not whole:
            whole = document
            continue
        for schema, tables in document["data"].items():
            for table, rows in tables.items():
                whole["data"].setdefault(schema, {}).setdefault(table, []).extend(rows)
    del whole["page"], whole["nextPage"]
    return whole


def _write(out: Path, document: dict[str, Any]) -> None:
    try:
        file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{out} is there already: name another file.") from None
    except OSError as error:
        raise CommandError(f"{out} can not be written: {error.strerror}.") from None
    with os.fdopen(file, "w") as opened:
        json.dump(document, opened, indent=2, ensure_ascii=False)
        opened.write("\n")
