"""What can be wrong with asking the library."""

from shared.http import Problem


def wrong_cursor() -> Problem:
    return Problem(
        422,
        "invalid_request",
        "“after” takes what “next” of the page before said, for the same sorting. Leave it out to begin anew.",
        errors=[{"field": "after", "message": "This is not the place of a page in this list."}],
    )
