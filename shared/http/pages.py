"""Long lists, page by page: where a page begins, how many rows it has, and how it is answered, as JSON or as CSV."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from fastapi import Request, Response

from shared.http.tables import CSV, is_csv

JSON_ROWS, CSV_ROWS = 100, 10_000
"""Where the caller names no ``limit``."""

AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}
"""For ``responses`` of a list that may be had as CSV, too."""


class Wanted(Protocol):
    @property
    def format(self) -> str | None: ...
    @property
    def limit(self) -> int | None: ...


class Page(Protocol):
    """A document whose ``next`` is what ``after`` takes for the page that follows, None at the end."""

    @property
    def next(self) -> str | None: ...
    def model_dump_json(self, *, by_alias: bool) -> str: ...


def wants_csv(request: Request, wanted: Wanted) -> bool:
    return is_csv(request.headers.get("accept"), wanted.format)


def limit_of(request: Request, wanted: Wanted) -> int:
    """Rows of the page that is asked for."""
    return wanted.limit or (CSV_ROWS if wants_csv(request, wanted) else JSON_ROWS)


def answer(request: Request, page: Page, *, csv: str | None, name: str) -> Response:
    """The page as JSON, or ``csv`` as a file of that name; where more follows, ``Link`` names it as well."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if page.next is not None:
        query = urlencode({**request.query_params, "after": page.next})
        headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    if csv is None:
        return Response(page.model_dump_json(by_alias=True), media_type="application/json", headers=headers)
    # What stands in a path may be anything that an id may be, and a header takes less.
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name if letter.isascii())
    headers["Content-Disposition"] = f'attachment; filename="{safe}.csv"'
    return Response(csv, media_type=f"{CSV}; charset=utf-8", headers=headers)


def write_place(sort: str, place: Sequence[float | str]) -> str:
    """A cursor: what the last row of a page was sorted by, and its id."""
    return base64.urlsafe_b64encode(json.dumps([sort, *place]).encode()).decode().rstrip("=")


def read_place(sort: str, cursor: str) -> list[Any]:
    """What `write_place` wrote for the same sort, of whatever types: they are anybody's. Raises ValueError."""
    try:
        given = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError("no cursor") from error
    if not isinstance(given, list) or given[:1] != [sort]:
        raise ValueError("no cursor of this list")
    return given[1:]
