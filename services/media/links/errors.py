"""Why a link lets nobody upload."""

from shared.http import Problem


def link_not_found() -> Problem:
    return Problem(404, "link_not_found", "This link is not known. Ask whoever sent it for a new one.")


def link_expired() -> Problem:
    return Problem(410, "link_expired", "This link is not good any more. Ask whoever sent it for a new one.")


def maker_gone() -> Problem:
    return Problem(
        403,
        "not_your_course",
        "Whoever made this link does not teach the course any more. Ask somebody who does for a new one.",
    )


def link_spent() -> Problem:
    return Problem(410, "link_spent", "A film was uploaded with this link already; it is good once.")
