"""What can be wrong with asking for a video."""

from uuid import UUID

from shared.http import Problem


def video_not_found(video_id: UUID) -> Problem:
    return Problem(404, "video_not_found", f"There is no video {video_id}. It may have been deleted.")
