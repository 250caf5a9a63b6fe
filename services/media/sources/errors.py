"""Why nothing can be made from a source that was uploaded before."""

from shared.http import Problem


def source_dropped() -> Problem:
    return Problem(
        409,
        "source_dropped",
        "The uploaded file of this film was let go after some time, as this installation is set up. "
        "Upload the film again.",
    )


def source_missing() -> Problem:
    return Problem(
        409,
        "source_missing",
        "The uploaded file of this film is not in storage, or not in full. Upload the film again.",
    )
