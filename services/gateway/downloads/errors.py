"""Why a ticket opens nothing."""

from shared.http import Problem


def ticket_invalid() -> Problem:
    return Problem(401, "token_invalid", "This download link is not known. Ask for the film again.")


def ticket_missing() -> Problem:
    return Problem(401, "token_invalid", "Name the ticket: /api/videos/download?token=...")


def ticket_expired() -> Problem:
    return Problem(
        401, "token_expired", "This download link has expired. Ask for the film again; what you have is kept."
    )
