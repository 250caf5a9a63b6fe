"""Where a page begins: what the last row of the page before was sorted by, and its id."""

import base64
import binascii
import json
import math

Place = tuple[float, str]
"""A row's number and its id, which no two rows of a list share."""

FIRST: Place = (math.inf, "")
"""Before every row; rows come by falling numbers, and among equal ones by rising ids."""

MOST = 2000
"""Characters; ids of the platform's and of ours are far shorter."""


def written(sort: str, place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *place]).encode()).decode().rstrip("=")


def read(sort: str, cursor: str | None) -> Place:
    """Raises ValueError for what `written` did not write for the same sort."""
    if cursor is None:
        return FIRST
    try:
        given = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("no cursor") from error
    match given:
        case [str(named), int() | float() as number, str(name)] if named == sort and "\0" not in name:
            try:
                return float(number), name
            except OverflowError:
                raise ValueError("no number") from None
    raise ValueError("no cursor of this list")
