"""Why a film is not sent to storage directly."""

from shared.http import Problem


def direct_unavailable() -> Problem:
    return Problem(
        409,
        "direct_upload_unavailable",
        "The storage of this installation takes no uploads from outside. Upload by tus, at /api/uploads/tus.",
    )


def no_such_part(number: int, parts: int) -> Problem:
    return Problem(422, "invalid_request", f"There is no part {number}: this upload has parts 1 to {parts}.")
