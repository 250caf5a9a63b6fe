"""`lectern costs`: what storage and egress cost in a month on several providers, through the gateway."""

from typing import Annotated, Any

import typer

from cli.output import print_json, told
from cli.videos import Json, Token, Url

_NAMES = {"r2": "Cloudflare R2", "s3_cloudfront": "S3 + CloudFront", "s3": "S3 alone", "local": "local disk"}
_LINES = ("storage", "operations", "egress", "total")
What = Annotated[float | None, typer.Option(min=0, help="Instead of what was measured.")]


def register(app: typer.Typer) -> None:
    app.command("costs", rich_help_panel="Run")(costs)


def costs(
    *,
    students: What = None,
    hours: Annotated[float | None, typer.Option(min=0, help="Hours of film, instead of what is there.")] = None,
    hours_per_student: Annotated[float | None, typer.Option(min=0, help="Hours that each watches in a month.")] = None,
    stored_gb: Annotated[float | None, typer.Option(min=0, help="GB in storage.")] = None,
    egress_gb: Annotated[float | None, typer.Option(min=0, help="GB that viewers are sent in a month.")] = None,
    upload_hours: Annotated[float | None, typer.Option(min=0, help="Hours of film that come in a month.")] = None,
    rotation_days: Annotated[
        float | None, typer.Option(min=0, help="Days after which films are encrypted anew; 0 for never.")
    ] = None,
    watched_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of the films that is watched between rotations.")
    ] = None,
    bitrate: Annotated[float | None, typer.Option(min=0, help="Mbit/s that a viewer is sent on average.")] = None,
    ladder: Annotated[float | None, typer.Option(min=0, help="Mbit/s of all renditions of a film together.")] = None,
    source: Annotated[float | None, typer.Option(min=0, help="Mbit/s of the uploaded files; 0: not kept.")] = None,
    cache_hits: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of requests that a CDN's cache answers.")
    ] = None,
    free_tier: Annotated[bool, typer.Option(help="Take off what a provider gives to everybody for nothing.")] = True,
    local_gb: Annotated[float | None, typer.Option(min=0, help="US$ a GB costs in a month on a disk of yours.")] = None,
    as_json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show what a month costs by list prices: from what is stored and was sent, or from other numbers in their place."""
    from cli.client import Client

    asked = {
        "students": students,
        "hours": hours,
        "hoursPerStudentMonthly": hours_per_student,
        "storedGB": stored_gb,
        "egressGB": egress_gb,
        "uploadHoursMonthly": upload_hours,
        "rotationDays": rotation_days,
        "watchedShare": watched_share,
        "bitrateMbps": bitrate,
        "ladderMbps": ladder,
        "sourceMbps": source,
        "cacheHitRatio": cache_hits,
        "freeTier": None if free_tier else "false",
        "localPerGB": local_gb,
    }
    params = {name: value for name, value in asked.items() if value is not None}
    with told(), Client(url, token) as client:
        document = client.request("GET", "/api/admin/costs", params=params)
    if as_json:
        print_json(document)
    else:
        _show(document)


def _show(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    bills = Table(box=None, pad_edge=False)
    bills.add_column("US$ a month")
    for line in _LINES:
        bills.add_column(line, justify="right")
    for one in document["providers"]:
        bills.add_row(_NAMES.get(one["provider"], one["provider"]), *(_money(one[line]) for line in _LINES))
    console.print(bills)
    if document["courses"]:
        courses = Table(box=None, pad_edge=False)
        courses.add_column("\ncourse")
        for one in document["providers"]:
            courses.add_column("\n" + _NAMES.get(one["provider"], one["provider"]), justify="right")
        for course in document["courses"]:
            courses.add_row(course["courseId"], *(_money(one["total"]) for one in course["providers"]))
        console.print(courses)
    numbers = Table(box=None, pad_edge=False)
    numbers.add_column("\nreckoned with")
    numbers.add_column("", justify="right")
    numbers.add_column("")
    numbers.add_column("")
    for one in document["inputs"]:
        numbers.add_row(one["name"], f"{one['value']:,.4g}" if one["value"] < 1000 else f"{one['value']:,.0f}",
                        one["unit"], one["origin"])  # fmt: skip
    console.print(numbers)
    console.print(f"\nList prices of {document['pricesAsOf']}; taxes, discounts and servers are not in it.")


def _money(dollars: float) -> str:
    return f"{dollars:,.2f}" if dollars >= 0.005 or dollars == 0 else "< 0.01"
