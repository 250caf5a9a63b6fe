"""Why progress is not taken or shown."""

from shared.http import Problem


def unknown_chapter(chapter_id: str) -> Problem:
    return Problem(404, "unknown_chapter", f"No course has a chapter {chapter_id}.")


def chapter_has_no_video(chapter_id: str) -> Problem:
    return Problem(409, "chapter_has_no_video", f"Chapter {chapter_id} has no film yet, so there is no place in it.")


def video_not_playable() -> Problem:
    return Problem(
        409,
        "video_not_playable",
        "The film cannot be watched yet, or could not be made. Send the position when it can be watched.",
    )


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


def not_shown() -> Problem:
    return Problem(
        403, "role_required", "Only who teaches the course, an admin or a back end sees somebody else's progress."
    )


def not_yours() -> Problem:
    return Problem(403, "role_required", "Only who teaches the course may change somebody else's progress.")


def nothing_told() -> Problem:
    return Problem(422, "invalid_request", "Send currentPosition, or at least watchPercentage.")
