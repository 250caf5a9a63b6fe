"""Why a film cannot be taken home."""

from collections.abc import Sequence

from shared.http import Problem


def quality_not_found(quality: str, there: Sequence[str]) -> Problem:
    names = ", ".join(there)
    return Problem(
        404, "quality_not_found", f"This film has no quality {quality}. There is {names}.", qualities=list(there)
    )


def video_not_ready() -> Problem:
    return Problem(
        409,
        "video_not_ready",
        "The film can be taken home when all of it is made. Ask for its status until it is ready.",
    )


def download_failed(code: str, message: str, retry_after: int) -> Problem:
    return Problem(
        503,
        "download_failed",
        f"The film could not be made ready to take home: {message} Try again in a minute.",
        headers={"Retry-After": str(retry_after)},
        reason=code,
    )


def download_gone() -> Problem:
    return Problem(404, "download_gone", "This file is not kept any more. Ask for it again, and it will be made again.")


def range_not_satisfiable(size: int) -> Problem:
    return Problem(
        416,
        "range_not_satisfiable",
        f"The file has {size} bytes, and none of those that were asked for.",
        headers={"Content-Range": f"bytes */{size}"},
    )
