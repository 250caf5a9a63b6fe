"""Why events are not shown."""

from shared.http import Problem


def invalid_cursor() -> Problem:
    return Problem(422, "invalid_cursor", "after is no cursor of ours. Begin without one, then send what next says.")


def cursor_expired() -> Problem:
    return Problem(
        410,
        "cursor_expired",
        "Events behind this cursor are older than events are kept. Read the state itself anew, then begin without one.",
    )


def unknown_event_type(name: str) -> Problem:
    return Problem(422, "unknown_event_type", f"There is no event {name[:64]}. docs/webhooks.md lists those there are.")
