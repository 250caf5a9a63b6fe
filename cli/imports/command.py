"""`lectern import`: whole courses, from a tree of folders or a table."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.imports.plan import CoursePlan, Step, plan_course
from cli.imports.sources import MOST_COMPLAINTS, BadSource, Item, read_source
from cli.output import CommandError, fail, print_json, told
from cli.videos import Json, Token, Url, follow, send

if TYPE_CHECKING:
    from cli.client import Client

_LOST_IN_A_ROW = 3
_STYLES = {"failed": "bold red", "differs": "yellow", "not tried": "yellow", "skip": "dim"}
Connect = Callable[[], "Client"]


def register(app: typer.Typer) -> None:
    app.command("import", rich_help_panel="Films")(bring_in)


def bring_in(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|CSV", help="A directory with a folder for each course, or a table with course_id and file."
        ),
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    replacing: Annotated[bool, typer.Option("--replace", help="Replace films that are there and differ.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the processing until all films are ready.")] = False,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Bring in films as chapters of courses. What is there already is left alone, so it may be run again and again."""
    from cli.client import Client

    def connect() -> "Client":
        # One for each film, as a token lives for hours and an import may take days.
        return Client(url, token)

    with told():
        plans = _plans(connect, _items(source), replacing=replacing)
        steps = [step for plan in plans for step in plan.steps] if dry_run else _carried_out(connect, plans)
        if wait and not dry_run:
            steps = _waited(connect, steps)
    if as_json:
        print_json({"films": [step.dump() for step in steps]})
    else:
        _show(steps)
    _end_with(steps)


def _items(source: Path) -> list[Item]:
    try:
        return read_source(source)
    except BadSource as bad:
        more = len(bad.sentences) - MOST_COMPLAINTS
        shown = [*bad.sentences[:MOST_COMPLAINTS], *([f"And {more} more."] if more > 0 else [])]
        raise CommandError("\n         ".join(shown)) from None


def _plans(connect: Connect, items: Sequence[Item], *, replacing: bool) -> list[CoursePlan]:
    grouped = groupby(sorted(items, key=lambda item: item.course), key=lambda item: item.course)
    plans = []
    with connect() as client:
        for course, group in grouped:
            plans.append(plan_course(client, course, list(group), replacing=replacing))
    return plans


def _carried_out(connect: Connect, plans: Sequence[CoursePlan]) -> list[Step]:
    steps: list[Step] = []
    lost = 0
    for plan in plans:
        refused = _told_of(connect, plan)
        for step in plan.steps:
            if lost >= _LOST_IN_A_ROW:
                steps.append(step.came_to("not tried", "the connection was lost; run the import again"))
                continue
            steps.append(step.failed(refused) if refused else _sent(connect, step))
            lost = lost + 1 if steps[-1].lost else 0
    return steps


def _told_of(connect: Connect, plan: CoursePlan) -> CommandError | None:
    """Has the chapters made; why not, where that is refused."""
    if plan.body is None:
        return None
    try:
        with connect() as client:
            client.request("PUT", plan.path, json=plan.body)
    except CommandError as error:
        return error
    return None


def _sent(connect: Connect, step: Step) -> Step:
    if step.action not in ("upload", "replace"):
        return step
    try:
        with connect() as client:
            chapter = step.item.chapter if step.action == "upload" else None
            answer = send(client, step.item.file, chapter=chapter, video=None if chapter else step.video)
    except CommandError as error:
        return step.failed(error)
    except OSError as error:
        return step.came_to("failed", f"{step.item.file} cannot be read ({error.strerror}).")
    return step.came_to("uploaded" if step.action == "upload" else "replaced", video=answer["videoId"])


def _waited(connect: Connect, steps: Sequence[Step]) -> list[Step]:
    waited = []
    for step in steps:
        if step.video is None or step.action not in ("uploaded", "replaced", "skip"):
            waited.append(step)
            continue
        try:
            with connect() as client:
                document = follow(client, step.video)
        except CommandError as error:
            waited.append(step.failed(error))
            continue
        fault = document.get("error") or (document.get("replacing") or {}).get("error")
        waited.append(step.came_to("failed", f"{fault['message']} ({fault['code']})") if fault else step)
    return waited


def _show(steps: Sequence[Step]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("course", "chapter", "title", "MB", "", "why"):
        table.add_column(title, justify="right" if title == "MB" else "left", overflow="fold")
    for step in steps:
        item, style = step.item, _STYLES.get(step.action, "green")
        state = f"[{style}]{step.action}[/{style}]"
        named = (escape(item.course), escape(item.chapter), escape(item.title), f"{_size(item) / 1e6:,.1f}")
        table.add_row(*named, state, escape(step.why))
    Console().print(table)
    counted = {action: sum(step.action == action for step in steps) for action in {step.action for step in steps}}
    print(", ".join(f"{count} {action}" for action, count in sorted(counted.items())))


def _size(item: Item) -> int:
    try:
        return item.size
    except OSError:
        return 0


def _end_with(steps: Sequence[Step]) -> None:
    """Anything that did not come to be as the source has it is a failed import."""
    if wrong := sum(step.action in ("failed", "differs", "not tried") for step in steps):
        fail(f"{wrong} of {len(steps)} films are not as they are in the source.")
