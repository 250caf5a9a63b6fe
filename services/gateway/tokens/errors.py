"""Why a film is not to be had, with a code for each reason that a player can act on."""

from shared.http import Problem

LOCKED = {
    "not_enrolled": ("not_entitled", "You are not enrolled in this course."),
    "enrollment_not_started": ("not_entitled", "Your enrolment in this course has not begun yet."),
    "enrollment_ended": ("not_entitled", "Your enrolment in this course has ended."),
    "not_instructor": ("not_entitled", "You do not teach this course any more."),
    "previous_chapter": ("chapter_locked", "Complete the chapter before this one first."),
}


def video_not_found() -> Problem:
    return Problem(404, "video_not_found", "There is no such video. It may have been deleted.")


def unknown_chapter() -> Problem:
    return Problem(404, "unknown_chapter", "No course has this chapter.")


def video_deleted() -> Problem:
    return Problem(410, "video_deleted", "This video was deleted.")


def locked(reason: str, requires: str | None) -> Problem:
    code, sentence = LOCKED[reason]
    if reason == "previous_chapter":
        return Problem(403, code, sentence, reason=reason, requiresChapterId=requires)
    return Problem(403, code, sentence, reason=reason)


def download_off() -> Problem:
    return Problem(403, "download_off", "This film can be watched here, and not be taken home.")


def download_after_completion() -> Problem:
    return Problem(403, "download_after_completion", "This film can be taken home when you have watched it to its end.")


def not_playable() -> Problem:
    return Problem(
        409,
        "video_not_playable",
        "The film cannot be watched yet, or could not be made: its status tells. Try again when it is playable.",
    )


def token_invalid() -> Problem:
    return Problem(401, "token_invalid", "This access token is not known. Ask for a new one.")


def token_missing() -> Problem:
    return Problem(401, "token_invalid", "Name the access token: /api/videos/stream?token=...")


def token_spent() -> Problem:
    return Problem(401, "token_spent", "This access token was used already; each is good once. Ask for a new one.")


def token_expired() -> Problem:
    return Problem(401, "token_expired", "This access token has expired. Ask for a new one.")


def ip_changed() -> Problem:
    return Problem(403, "ip_changed", "This was issued to another network. Renew it with your sign-in from here.")
