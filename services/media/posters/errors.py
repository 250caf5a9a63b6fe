"""Why a picture does not become a poster."""

from shared.http import Problem

MOST_BYTES = 4 * 1024 * 1024


def too_large() -> Problem:
    return Problem(413, "too_large", f"The picture has more than {MOST_BYTES:,} bytes. Save it smaller and send that.")


def not_a_picture() -> Problem:
    return Problem(415, "not_a_picture", "This is no JPEG picture. Save it as JPEG and send that.")


def unsupported_media_type() -> Problem:
    return Problem(
        415, "unsupported_media_type", "Send a picture as image/jpeg, or as application/json {“time”: seconds}."
    )


def no_picture() -> Problem:
    return Problem(
        404, "no_picture", "This film has no thumbnails (yet) to choose from. Send a picture as image/jpeg instead."
    )


def video_not_playable() -> Problem:
    return Problem(409, "video_not_playable", "Nothing of this film is shown yet. Wait until it can be watched.")
