"""Why a playlist or a segment is not to be had."""

from shared.http import Problem


def not_playable() -> Problem:
    return Problem(
        409,
        "video_not_playable",
        "The film cannot be watched yet, or could not be made: its status tells. Try again when it is playable.",
    )


def rendition_not_found(name: str) -> Problem:
    return Problem(404, "rendition_not_found", f"This film has no rendition {name}.")


def segment_not_found(index: int) -> Problem:
    return Problem(404, "segment_not_found", f"This rendition has no segment {index}.")


def segment_not_ready() -> Problem:
    return Problem(
        503, "segment_not_ready", "This part of the film is still being made. Ask again.", headers={"Retry-After": "2"}
    )


def epoch_ended() -> Problem:
    return Problem(410, "epoch_ended", "The keys of this film were changed since. Start the film again.")
