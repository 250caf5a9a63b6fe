"""What can go wrong when a person is erased."""

from typing import Any

from shared.http import Problem


def erasure_incomplete(missing: list[str], services: list[dict[str, Any]]) -> Problem:
    """``services``: what each of them did or why not."""
    names = " and ".join(missing)
    return Problem(
        503,
        "erasure_incomplete",
        f"Not everything is erased: {names} did not do its part. Repeat the call until it succeeds.",
        headers={"Retry-After": "5"},
        services=services,
    )
