"""What tus has refusals of its own for."""

from shared.http import Problem


def wrong_version() -> Problem:
    return Problem(
        412,
        "tus_version_unsupported",
        "This is tus 1.0.0: send the header Tus-Resumable: 1.0.0.",
        headers={"Tus-Version": "1.0.0"},
    )


def wrong_content_type() -> Problem:
    return Problem(415, "unsupported_media_type", "Send the bytes of a tus upload as application/offset+octet-stream.")


def bad_header(name: str, what: str) -> Problem:
    return Problem(400, "bad_tus_header", f"The header {name} can not be read: {what}.", header=name)


def unknown_checksum(name: str, known: str) -> Problem:
    return Problem(400, "checksum_unsupported", f"{name} is not known; checksums are by {known}.")


def checksum_mismatch() -> Problem:
    return Problem(
        460, "checksum_mismatch", "The bytes were damaged on the way: their checksum is another. Send them again."
    )


def final_takes_no_bytes() -> Problem:
    return Problem(403, "final_upload", "A joined upload takes no bytes of its own.")


def no_partial(upload: str) -> Problem:
    return Problem(400, "not_a_partial_upload", f"{upload} is no partial upload of yours. Join those that you began.")
