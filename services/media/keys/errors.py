"""Why keys are not rotated or wrapped anew."""

from shared.http import Problem


def not_ready() -> Problem:
    return Problem(
        409,
        "video_not_ready",
        "The film is still being made, or made again. Its keys can be rotated when it is ready.",
    )


def master_key_missing(kid: str) -> Problem:
    return Problem(
        409,
        "master_key_missing",
        f"Some films are locked by the master key {kid}, which is not in MASTER_KEYS. Put it back behind the new one.",
    )
