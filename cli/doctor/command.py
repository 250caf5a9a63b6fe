"""`lectern doctor`: proves a configuration before films depend on it."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import fail, print_json
from cli.videos import Json

if TYPE_CHECKING:
    from cli.doctor.report import Finding

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Try out what the settings name, and say what is wrong with it.", no_args_is_help=True)
    # A group of one command would be the command itself.
    group.callback()(_doctor)
    group.command("storage")(storage)
    app.add_typer(group, name="doctor", rich_help_panel="This installation")


def _doctor() -> None:
    """Try out what the settings name, and say what is wrong with it."""


def storage(
    origin: Annotated[
        str | None, typer.Option(help="Where browsers that upload come from; by default PUBLIC_URL, or this machine's.")
    ] = None,
    browser_uploads: Annotated[
        bool,
        typer.Option(
            "--browser-uploads/--no-browser-uploads", help="Whether browsers shall upload straight into the bucket."
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    """Write, read, list, sign and delete in each store; ends with 1 where something fails. Nothing is left behind."""
    import asyncio

    from cli.doctor.storage import Stores, examine
    from deploy.embedded.problem import SetupProblemError
    from deploy.embedded.settings import load_settings

    try:
        stores = Stores.of(load_settings(os.environ), origin)
    except SetupProblemError as problem:
        fail(str(problem))
    findings = asyncio.run(examine(stores, uploads=browser_uploads))
    if as_json:
        print_json({"findings": [finding.dump() for finding in findings]})
    else:
        _show(findings)
    if failed := sum(finding.state == "failed" for finding in findings):
        fail(f"{failed} of {len(findings)} checks failed.")


def _show(findings: "list[Finding]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("store", "check", "state"):
        table.add_column(title, no_wrap=True)
    table.add_column("what was found")
    for finding in findings:
        style = _STYLES[finding.state]
        table.add_row(finding.store, finding.check, f"[{style}]{finding.state}[/{style}]", escape(finding.said))
    Console().print(table)
