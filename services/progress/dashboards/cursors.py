"""Where a page begins: what the last row of the page before was sorted by, and its id."""

import math

from shared.http.pages import read_place

Place = tuple[float, str]
"""A row's number and its id, which no two rows of a list share."""

FIRST: Place = (math.inf, "")
"""Before every row; rows come by falling numbers, and among equal ones by rising ids."""

MOST = 2000
"""Characters; ids of the platform's and of ours are far shorter."""


def read(sort: str, cursor: str | None) -> Place:
    """Raises ValueError for what is no cursor of a list with this sort."""
    if cursor is None:
        return FIRST
    match read_place(sort, cursor):
        case [int() | float() as number, str(name)] if "\0" not in name:
            try:
                return float(number), name
            except OverflowError:
                raise ValueError("no number") from None
    raise ValueError("no cursor of this list")
