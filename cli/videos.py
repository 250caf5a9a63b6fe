"""`lectern upload` and `lectern status`: films, through the gateway."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from cli.output import CommandError, fail, print_json, told

if TYPE_CHECKING:
    from cli.client import Client

_PANEL = "Films"
_FOLLOW_EVERY = 1.0

Url = Annotated[str | None, typer.Option("--url", help="The gateway; by default this machine's, by HOST and PORT.")]
Token = Annotated[
    str | None, typer.Option("--token", envvar="LECTERN_TOKEN", help="A JWT; by default an admin token of this home.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def register(app: typer.Typer) -> None:
    app.command("upload", rich_help_panel=_PANEL)(upload)
    app.command("status", rich_help_panel=_PANEL)(status)


def upload(
    file: Annotated[Path, typer.Argument(help="The film.")],
    *,
    chapter: Annotated[str, typer.Option(help="The id of its chapter.")],
    wait: Annotated[bool, typer.Option("--wait", help="Follow the processing until the film is ready.")] = False,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Upload a film to a chapter, with a progress bar."""
    if not file.is_file():
        fail(f"There is no file {file}.")
    from cli.client import Client

    with told(), Client(url, token) as client:
        try:
            answer = send(client, file, chapter=chapter)
        except OSError as error:
            raise CommandError(f"{file} cannot be read ({error.strerror}).") from None
        document = follow(client, answer["videoId"]) if wait else answer
    if as_json:
        print_json(document)
    else:
        print(f"{document['videoId']}  {document['status']}")
    _end_with(document)


def status(
    video: Annotated[str, typer.Argument(help="The id of the video.")],
    wait: Annotated[bool, typer.Option("--wait", help="Follow the processing until the film is ready.")] = False,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show how far a film is."""
    from cli.client import Client

    with told(), Client(url, token) as client:
        document = follow(client, video) if wait else client.request("GET", status_path(video))
    if as_json:
        print_json(document)
    else:
        _show(document)
    _end_with(document)


def send(client: "Client", file: Path, *, chapter: str | None = None, video: str | None = None) -> Any:
    """A film to its chapter, or in the place of a video; ``videoId`` and ``status``. Raises CommandError, OSError."""
    from cli import resumable

    target = {"chapterId": chapter} if chapter is not None else {"videoId": str(video)}
    with _progress("Uploading", total=file.stat().st_size, as_bytes=True) as (progress, task):
        sent = resumable.send(client, file, target, lambda there: progress.update(task, completed=there))
    return {"videoId": sent, "status": "processing"}


def follow(client: "Client", video: str) -> Any:
    with _progress("Processing", total=100, as_bytes=False) as (progress, task):
        while True:
            document = client.request("GET", status_path(video))
            progress.update(task, completed=document["percent"], description=str(document["status"]).capitalize())
            replacing = (document.get("replacing") or {}).get("status", "failed")
            if document["status"] in ("ready", "failed") and replacing == "failed":
                return document
            time.sleep(_FOLLOW_EVERY)


def _progress(title: str, *, total: float, as_bytes: bool) -> Any:
    """A bar on standard error, so that standard output holds the answer alone."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        Task,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.text import Text

    class Speed(TransferSpeedColumn):
        """Nothing while there is no speed yet, and where a small film was gone before there was one."""

        def render(self, task: Task) -> Text:
            return super().render(task) if task.finished_speed or task.speed else Text("")

    class TimeLeft(TimeRemainingColumn):
        """Nothing once nothing is left."""

        def render(self, task: Task) -> Text:
            return Text("") if task.finished else super().render(task)

    measured = (DownloadColumn(), Speed()) if as_bytes else (TaskProgressColumn(),)

    @contextmanager
    def bar() -> Iterator[tuple[Any, Any]]:
        columns = (TextColumn("{task.description:<10}"), BarColumn(), *measured, TimeLeft())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            yield progress, progress.add_task(title, total=total)

    return bar()


def _show(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("video", document["videoId"])
    table.add_row("chapter", document.get("chapterId") or "-")
    table.add_row("status", f"{document['status']}  {document['percent']:.0f} %")
    if document.get("duration") is not None:
        table.add_row(
            "film", f"{document['duration']:.1f} s, {document['width']}x{document['height']}, {document['fps']:g} fps"
        )
    for rendition in document.get("renditions") or []:
        table.add_row(rendition["name"], f"{rendition['percent']:.0f} %")
    if document.get("replacing"):
        table.add_row("replacing", f"{document['replacing']['status']}  {document['replacing']['percent']:.0f} %")
    Console().print(table)


def _end_with(document: dict[str, Any]) -> None:
    """A failed film is a failed command."""
    if document["status"] == "failed":
        error = document.get("error") or {}
        fail(error.get("message", "The film could not be processed."), error.get("code"))


def status_path(video: str) -> str:
    return f"{_video_path(video)}/status"


def _video_path(video: str) -> str:
    return f"/api/videos/{quote(video, safe='')}"
