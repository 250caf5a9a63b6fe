"""Why captions are not taken, not found, or not drafted."""

from typing import Any

from services.media.captions.cues import CaptionFault
from shared.http import Problem

_STATUSES = {"too_large": 413, "not_captions": 415}


def refused(fault: CaptionFault) -> Problem:
    """What is wrong with a file, and on which line where it is on one."""
    members: dict[str, Any] = {} if fault.line is None else {"line": fault.line}
    return Problem(_STATUSES.get(fault.code, 422), fault.code, fault.message, **members)


def unknown_language(given: str) -> Problem:
    return Problem(
        422,
        "unknown_language",
        f"“{given}” names no language. Use a tag of RFC 5646, as ka, en or pt-BR.",
        field="language",
    )


def captions_not_found(language: str) -> Problem:
    return Problem(404, "captions_not_found", f"This film has no captions in {language}.")


def captions_exist(language: str) -> Problem:
    return Problem(
        409, "captions_exist", f"This film has captions in {language} already. Delete them to have a draft made."
    )


def video_not_ready() -> Problem:
    return Problem(409, "video_not_ready", "The film is not ready. Ask for a draft when all of it is made.")


def no_sound() -> Problem:
    return Problem(409, "no_sound", "The film has no sound that could be written down.")


def transcription_off() -> Problem:
    return Problem(
        409,
        "transcription_off",
        "No worker transcribes here. Set TRANSCRIBE_COMMAND on one, or upload captions that were made elsewhere.",
    )
