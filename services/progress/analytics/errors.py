"""Why what a player tells is not taken."""

from shared.http import Problem


def unknown_session() -> Problem:
    return Problem(404, "unknown_session", "No viewing session of this film has that id.")


def not_your_session() -> Problem:
    return Problem(403, "not_your_session", "This viewing session belongs to somebody else.")


def too_many_events() -> Problem:
    return Problem(
        409, "too_many_events", "This session has told more than is kept of one. Open a new one, and tell less of it."
    )
