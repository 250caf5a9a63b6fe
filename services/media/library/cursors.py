"""Where a page begins: what the last film of the page before was sorted by, and its id."""

import base64
import binascii
import json
from uuid import UUID

Key = float | str
Place = tuple[Key, UUID]


def written(sort: str, place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, place[0], str(place[1])]).encode()).decode().rstrip("=")


def read(sort: str, cursor: str | None) -> Place | None:
    """Raises ValueError for what `written` did not write for the same sort."""
    if cursor is None:
        return None
    try:
        given = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError("no cursor") from error
    is_text = sort.removeprefix("-") == "name"
    match given:
        case [str(named), str(key), str(video)] if named == sort and is_text and "\0" not in key:
            # Half a character is no text; a UnicodeEncodeError is a ValueError.
            key.encode()
            return key, UUID(video)
        case [str(named), int() | float() as number, str(video)] if named == sort and not is_text:
            try:
                return float(number), UUID(video)
            except OverflowError:
                raise ValueError("no number") from None
    raise ValueError("no cursor of this list")
