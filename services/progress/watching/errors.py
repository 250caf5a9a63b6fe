"""Why progress is not taken or shown."""

from shared.http import Problem


def unknown_chapter(chapter_id: str) -> Problem:
    return Problem(404, "unknown_chapter", f"No course has a chapter {chapter_id}.")


def session_required() -> Problem:
    return Problem(401, "session_required", "A beat belongs to a playback session; the gateway must vouch for it.")


def malformed_beat(why: str) -> Problem:
    return Problem(400, "malformed_beat", f"The beat can not be read: {why}.")


def completion_is_earned() -> Problem:
    return Problem(
        403,
        "completion_is_earned",
        "A chapter is completed by watching it; an instructor may also mark it as completed.",
    )


def not_yours() -> Problem:
    return Problem(403, "role_required", "Only an instructor or an admin may change somebody else's progress.")
