"""Why a playback session is not good here and now."""

from shared.http import Problem


def session_invalid() -> Problem:
    return Problem(401, "session_invalid", "This playback session is not known. Start the film again.")


def session_expired() -> Problem:
    return Problem(401, "session_expired", "This playback session has expired. Start the film again.")


def session_revoked(reason: str | None) -> Problem:
    return Problem(401, "session_revoked", "This playback session was ended. Start the film again.", reason=reason)


def session_superseded() -> Problem:
    return Problem(
        409,
        "session_superseded",
        "This film was stopped because you watch on another device now. Start it again to watch here.",
    )


def not_watched_yet(frontier: float, released_until: float) -> Problem:
    return Problem(
        403,
        "not_watched_yet",
        "This part of the film opens as you watch: go on from where you are.",
        frontier=round(frontier, 3),
        releasedUntil=round(released_until, 3),
    )


def session_not_found() -> Problem:
    return Problem(404, "session_not_found", "There is no such playback session.")


def device_not_found() -> Problem:
    return Problem(404, "device_not_found", "There is no such device.")


def key_not_found() -> Problem:
    return Problem(404, "key_not_found", "This film has no such key.")


def not_your_session() -> Problem:
    return Problem(403, "not_your_session", "This playback session belongs to somebody else.")


def beat_too_large() -> Problem:
    return Problem(413, "too_large", "A beat has at most 64 KiB.")
