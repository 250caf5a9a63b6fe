"""Why a film is not fetched."""

from shared.http import Problem


def invalid_url(why: str) -> Problem:
    return Problem(422, "invalid_url", f"The film can not be fetched from this address: {why}.", field="url")


def address_refused(host: str) -> Problem:
    return Problem(
        422,
        "address_refused",
        f"{host[:253]} is no public address. An operator may allow it by INGEST_ALLOW.",
        field="url",
    )


def host_not_found(host: str) -> Problem:
    return Problem(422, "host_not_found", f"There is no host {host[:253]}. Check the address.", field="url")


def fetch_refused(status: int) -> Problem:
    return Problem(
        422,
        "fetch_refused",
        f"The server answered {status} instead of the film. Check that the address opens without a sign-in.",
        answered=status,
    )


def too_many_redirects() -> Problem:
    return Problem(422, "too_many_redirects", "The address leads from one redirect to the next. Name the film itself.")
