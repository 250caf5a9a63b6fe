"""`lectern storage`: what the stores hold, and whether that is what the database says, through the gateway."""

import time
from typing import Annotated, Any

import typer

from cli.output import CommandError, print_json, told
from cli.videos import Json, Token, Url

_PATH = "/api/admin/storage"
_LOOK_EVERY = 1.0


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="What storage holds: look at it, compare it with the database.", no_args_is_help=True)
    group.command("report")(report)
    group.command("reconcile")(reconcile)
    app.add_typer(group, name="storage", rich_help_panel="Run")


def report(as_json: Json = False, url: Url = None, token: Token = None) -> None:
    """Show the newest report: bytes by course and kind, orphans, what is missing, how it grew."""
    from cli.client import Client

    with told(), Client(url, token) as client:
        document = client.request("GET", _PATH)
    _tell(document, as_json)


def reconcile(
    *,
    for_real: Annotated[
        bool, typer.Option("--for-real", help="Remove what nobody needs; without it nothing is changed.")
    ] = False,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Compare storage with the database now, and show what was found."""
    from cli.client import Client

    with told(), Client(url, token) as client:
        asked = client.request("POST", f"{_PATH}/reconcile", json={"dryRun": not for_real})
        while (document := client.request("GET", _PATH))["reportId"] != asked["reportId"]:
            if not document["running"]:
                raise CommandError("The report could not be made: the log of the media worker says why.")
            time.sleep(_LOOK_EVERY)
    _tell(document, as_json)


def _tell(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(document)
    elif document["asOf"] is None:
        print("No report is made yet; the first one is on its way. Ask again in a moment.")
    else:
        _show(document)


def _show(document: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    quota = f" of {_size(document['quotaBytes'])}" if document["quotaBytes"] else ""
    full = f"; more than {document['warning']} % of it" if document["warning"] else ""
    console.print(f"used {_size(document['usedBytes'])}{quota}{full} (as of {document['asOf'][:16].replace('T', ' ')})")
    _table(console, "kind", [(kind, size) for kind, size in document["byKind"].items() if size])
    _table(console, "course", [(one["courseId"] or "none", one["bytes"]) for one in document["byCourse"]])
    orphans = document["orphans"]
    removed = f", {orphans['removed']} removed" if not document["dryRun"] else ""
    console.print(f"orphans: {orphans['objects']} objects, {_size(orphans['bytes'])}{removed}")
    for key in orphans["examples"]:
        console.print(f"  {key}", soft_wrap=True)
    console.print(f"missing: {document['missingObjects']} objects")
    for one in document["missing"]:
        which = f" {one['rendition']}" if one["rendition"] else ""
        console.print(f"  {one['objects']} {one['what']}{which} of video {one['videoId']}", soft_wrap=True)


def _table(console: Any, title: str, rows: list[tuple[str, int]]) -> None:
    from rich.table import Table

    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(title)
    table.add_column("size", justify="right")
    for name, size in rows:
        table.add_row(name, _size(size))
    console.print(table)


def _size(count: int) -> str:
    """Bytes for people."""
    value, units = float(count), ["B", "kB", "MB", "GB"]
    while value >= 1000 and len(units) > 1:
        value, _ = value / 1000, units.pop(0)
    return f"{value:.0f} B" if units[0] == "B" else f"{value:.1f} {units[0]}"
