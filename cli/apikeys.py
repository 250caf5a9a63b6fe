"""`lectern apikeys`: keys for the platform's back ends, through the gateway."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.output import print_json, told
from cli.videos import Json, Token, Url

_PATH = "/api/admin/api-keys"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Keys for the platform's back ends: make, list and revoke them.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_all)
    group.command("revoke")(revoke)
    app.add_typer(group, name="apikeys", rich_help_panel="Access")


def create(
    name: Annotated[str, typer.Argument(help="What it is for, such as the name of the back end.")],
    *,
    scope: Annotated[
        list[str], typer.Option(help="tokens, courses, enrollments, videos, progress or *; may be repeated.")
    ],
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days until it expires; never by default.")] = None,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make a key and print it: this once, as only its hash is kept."""
    from cli.client import Client

    body: dict[str, Any] = {"name": name, "scopes": scope}
    if days is not None:
        body["expiresAt"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    with told(), Client(url, token) as client:
        document = client.request("POST", _PATH, json=body)
    if as_json:
        print_json(document)
    else:
        # Nothing else on standard output, so that it can be put straight into a file or a variable.
        print(document["key"])


def list_all(as_json: Json = False, url: Url = None, token: Token = None) -> None:
    """Show all keys, without what opens anything."""
    from cli.client import Client

    with told(), Client(url, token) as client:
        document = client.request("GET", _PATH)
    if as_json:
        print_json(document)
    else:
        _show(document["apiKeys"])


def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the key, as the list has it.")],
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """End a key: the next call with it is refused."""
    from cli.client import Client

    with told(), Client(url, token) as client:
        client.request("DELETE", f"{_PATH}/{quote(key_id, safe='')}")
    if as_json:
        print_json({"id": key_id, "revoked": True})
    else:
        print(f"{key_id}  revoked")


def _show(keys: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    # An id is there to be copied: it is never cut.
    table.add_column("id", no_wrap=True, min_width=36)
    for title in ("name", "scopes", "last used", "state"):
        table.add_column(title)
    for key in keys:
        used = (key["lastUsedAt"] or "never")[:10]
        table.add_row(key["id"], escape(key["name"]), " ".join(key["scopes"]), used, _state(key))
    Console().print(table)


def _state(key: dict[str, Any]) -> str:
    if key["revokedAt"]:
        return "revoked"
    if not key["expiresAt"]:
        return "good"
    until = datetime.fromisoformat(key["expiresAt"])
    return f"until {until:%Y-%m-%d}" if until > datetime.now(UTC) else "expired"
