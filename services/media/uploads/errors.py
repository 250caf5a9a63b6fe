"""Why an upload is refused; nothing is left behind in any of these."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.http import Problem
from shared.storage import StorageFull, StorageUnavailable

TAKEN = "MP4, MOV, AVI and MKV"


def not_a_form() -> Problem:
    return Problem(
        415, "unsupported_media_type", "Send the film as multipart/form-data with the fields chapterId and video."
    )


def malformed_form(why: str) -> Problem:
    return Problem(400, "malformed_form", f"The multipart form can not be read: {why}. Send it anew.")


def missing_field(name: str) -> Problem:
    return Problem(422, "missing_field", f"The form has no field {name}.", field=name)


def repeated_field(name: str) -> Problem:
    return Problem(400, "repeated_field", f"The form has the field {name} twice; send one film at a time.", field=name)


def invalid_chapter_id() -> Problem:
    return Problem(422, "invalid_request", "chapterId must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -")


def unknown_chapter(chapter_id: str) -> Problem:
    return Problem(
        404,
        "unknown_chapter",
        f"No course has a chapter {chapter_id}. Add it with PUT /api/admin/courses/{{courseId}} first.",
    )


def chapter_has_video(chapter_id: str, video_id: str) -> Problem:
    return Problem(
        409,
        "chapter_has_video",
        f"Chapter {chapter_id} already has a video. Replace it with PUT /api/videos/{video_id}/replace, or delete it.",
        videoId=video_id,
    )


def too_large(limit: int) -> Problem:
    return Problem(
        413,
        "too_large",
        f"The film is larger than {limit:,} bytes, the most this installation takes. Export it at a lower bitrate.",
        maxBytes=limit,
    )


def empty_file() -> Problem:
    return Problem(422, "empty_file", "The file has no bytes. Choose the film again.")


def not_media() -> Problem:
    return Problem(415, "not_media", f"The file is not a film. Lectern takes {TAKEN}, decided by content.")


def unsupported_container(name: str) -> Problem:
    return Problem(
        415,
        "unsupported_container",
        f"The file is {name}, which Lectern does not take. Convert it to MP4, MOV, AVI or MKV.",
    )


def upload_interrupted() -> Problem:
    return Problem(400, "upload_interrupted", "The connection ended before the whole film was here. Send it again.")


def storage_full() -> Problem:
    return Problem(507, "storage_full", "The storage is full. The operator must make room before more can be uploaded.")


def storage_unavailable() -> Problem:
    return Problem(
        503, "storage_unavailable", "The storage does not answer. Try again in a moment.", headers={"Retry-After": "5"}
    )


def upload_not_found() -> Problem:
    return Problem(404, "upload_not_found", "There is no such upload, or it was given up long ago. Begin it anew.")


def upload_expired() -> Problem:
    return Problem(
        410, "upload_expired", "Nothing was heard of this upload for too long, so it was given up. Begin anew."
    )


def upload_ended() -> Problem:
    return Problem(410, "upload_ended", "This upload was given up. Begin it anew.")


def upload_complete() -> Problem:
    return Problem(409, "upload_complete", "This upload is complete. To take the film away, delete the video.")


def offset_conflict(received: int | None = None) -> Problem:
    """The bytes do not continue what is here, or another request of the same upload has taken over."""
    headers = {} if received is None else {"Upload-Offset": str(received)}
    members = {} if received is None else {"received": received}
    return Problem(
        409, "offset_conflict", "The upload stands elsewhere. Ask where, and go on there.", headers=headers, **members
    )


def upload_too_long(length: int) -> Problem:
    return Problem(
        413, "upload_too_long", f"More was sent than the {length:,} bytes that were announced.", announced=length
    )


def upload_incomplete(received: int, length: int | None) -> Problem:
    return Problem(
        409,
        "upload_incomplete",
        "Not all of the film is here yet. Send the rest, then complete the upload.",
        received=received,
        size=length,
    )


def no_target() -> Problem:
    return Problem(
        422,
        "missing_field",
        "Say what the film is for: chapterId for a new one, or videoId for the one that it replaces.",
        field="chapterId",
    )


def two_targets() -> Problem:
    return Problem(422, "invalid_request", "Name a chapter for a new film or a video to replace, not both.")


def course_quota_exceeded(course_id: str, quota: int, used: int) -> Problem:
    return Problem(
        413,
        "course_quota_exceeded",
        f"Course {course_id} may hold {quota:,} bytes and holds {used:,}. Delete films, or ask an admin for more room.",
        quotaBytes=quota,
        usedBytes=used,
    )


def parts_missing(numbers: list[int]) -> Problem:
    shown = ", ".join(str(number) for number in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
    return Problem(
        409,
        "parts_missing",
        f"Parts {shown} are not there, or not of the size that was asked for. Send them, then complete the upload.",
        parts=numbers[:1000],
    )


def fetch_failed(why: str) -> Problem:
    return Problem(502, "fetch_failed", f"The film could not be fetched: {why}. Check the address and begin anew.")


@contextmanager
def storage_told() -> Iterator[None]:
    """Around what asks the store: its failures become Problem ``storage_full`` and ``storage_unavailable``."""
    try:
        yield
    except StorageFull as error:
        raise storage_full() from error
    except StorageUnavailable as error:
        raise storage_unavailable() from error
