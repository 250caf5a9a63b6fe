"""What can be wrong with asking for a video."""

from uuid import UUID

from shared.http import Problem


def video_not_found(video_id: UUID) -> Problem:
    return Problem(404, "video_not_found", f"There is no video {video_id}. It may have been deleted.")


def nothing_to_roll_back() -> Problem:
    return Problem(
        409,
        "nothing_to_roll_back",
        "No earlier version of this film is kept. Upload the file that you want with PUT /api/videos/{id}/replace.",
    )


def replacement_in_progress() -> Problem:
    return Problem(
        409,
        "replacement_in_progress",
        "A new version of this film is still being made. Wait until it is ready, then roll back.",
    )
