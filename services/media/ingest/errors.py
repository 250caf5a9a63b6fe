"""Why a film is not fetched."""

from shared.http import Problem
from shared.http.addresses import Refusals

ADDRESSES = Refusals("The film can not be fetched from this address", "INGEST_ALLOW")


def fetch_refused(status: int) -> Problem:
    return Problem(
        422,
        "fetch_refused",
        f"The server answered {status} instead of the film. Check that the address opens without a sign-in.",
        answered=status,
    )


def too_many_redirects() -> Problem:
    return Problem(422, "too_many_redirects", "The address leads from one redirect to the next. Name the film itself.")
