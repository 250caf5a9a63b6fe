"""`lectern keys`: which keys lock the films, and turning them, through the gateway."""

from typing import Annotated, Any

import typer

from cli.output import fail, print_json, told
from cli.videos import Json, Token, Url

_PATH = "/api/admin/keys"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Keys of the films: look at them, rotate them, wrap them anew.", no_args_is_help=True)
    group.command("list")(list_all)
    group.command("rotate")(rotate)
    group.command("rewrap")(rewrap)
    app.add_typer(group, name="keys", rich_help_panel="Access")


def list_all(as_json: Json = False, url: Url = None, token: Token = None) -> None:
    """Show which master keys are in use, what is due, and the latest rotations."""
    from cli.client import Client

    with told(), Client(url, token) as client:
        document = client.request("GET", _PATH)
    if as_json:
        print_json(document)
    else:
        _show(document)


def rotate(
    video: Annotated[
        str | None, typer.Argument(metavar="VIDEO", help="One film; without it, those that are due.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All films, due or not.")] = False,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Encrypt films with new keys, without transcoding. Viewers notice nothing."""
    from cli.client import Client

    if video is not None and everything:
        fail("Name a film, or say --all; not both.")
    body: dict[str, Any] = {"everything": everything}
    if video is not None:
        body["videoId"] = video
    with told(), Client(url, token) as client:
        document = client.request("POST", f"{_PATH}/rotate", json=body)
    if as_json:
        print_json(document)
    else:
        print(f"begun {document['begun']}, moved on without it {document['movedOn']}")


def rewrap(as_json: Json = False, url: Url = None, token: Token = None) -> None:
    """Wrap all content secrets by the first key of MASTER_KEYS, so that the others can leave it."""
    from cli.client import Client

    with told(), Client(url, token) as client:
        document = client.request("POST", f"{_PATH}/rewrap")
    if as_json:
        print_json(document)
    else:
        print(f"wrapped anew {document['rewrapped']}, all by {document['masterKey']}")


def _show(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    wrapped = ", ".join(f"{kid}: {count}" for kid, count in document["wrappedBy"].items()) or "none yet"
    days = document["rotationDays"]
    often = f"every {days:g} days" if days else "by command only"
    console.print(f"master key {document['masterKey']}; content secrets by master key: {wrapped}", highlight=False)
    console.print(f"rotation {often}; due {document['due']}, running {document['running']}", highlight=False)
    if not document["rotations"]:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("video", no_wrap=True, min_width=36)
    for title in ("epoch", "begun", "state", "segments", "MB", "why not"):
        table.add_column(title)
    for one in document["rotations"]:
        size = f"{one['bytes'] / 1e6:.1f}"
        begun, why = one["createdAt"][:16].replace("T", " "), one["error"] or ""
        table.add_row(one["videoId"], str(one["epoch"]), begun, one["state"], str(one["objects"]), size, why)
    console.print(table)
