"""Where a page begins: what the last film of the page before was sorted by, and its id."""

from uuid import UUID

from shared.http.pages import read_place

Key = float | str
Place = tuple[Key, UUID]


def read(sort: str, cursor: str | None) -> Place | None:
    """Raises ValueError for what is no cursor of a list with this sort."""
    if cursor is None:
        return None
    is_text = sort.removeprefix("-") == "name"
    match read_place(sort, cursor):
        case [str(key), str(video)] if is_text and "\0" not in key:
            # Half a character is no text; a UnicodeEncodeError is a ValueError.
            key.encode()
            return key, UUID(video)
        case [int() | float() as number, str(video)] if not is_text:
            try:
                return float(number), UUID(video)
            except OverflowError:
                raise ValueError("no number") from None
    raise ValueError("no cursor of this list")
