"""What becomes of a film, told to the platform: written in the very transaction in which it happens.

Progress takes the rows over as events (docs/adr/0014). Each is written where a status moves on under the lock of its
row, so a job that runs twice finds it moved on and tells nothing.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from shared.contracts.jobs import EventsWaiting
from shared.db import Session, new_id
from shared.db.models.media import Outbox as Row
from shared.db.models.media import Video, VideoVersion
from shared.jobs import Doorbell


class Outbox:
    """``progress`` is the doorbell of its worker, rung once what is told is committed."""

    def __init__(self, progress: Doorbell) -> None:
        self._progress = progress

    def playable(self, session: Session, video: Video, version: VideoVersion) -> None:
        """Viewers can begin, while the film is still being made."""
        self._tell(session, video, "video.playable", versionId=str(version.id), duration=version.duration)

    def ready(self, session: Session, video: Video, version: VideoVersion) -> None:
        self._tell(session, video, "video.ready", versionId=str(version.id), duration=version.duration)

    def failed(self, session: Session, video: Video, version: VideoVersion) -> None:
        told = {"code": version.error_code, "message": version.error_message}
        self._tell(session, video, "video.failed", versionId=str(version.id), **told)

    def replaced(self, session: Session, video: Video, version: VideoVersion, previous: UUID) -> None:
        """``version`` took the place of ``previous``, by a new upload or by a rollback."""
        told = {"versionId": str(version.id), "previousVersionId": str(previous), "duration": version.duration}
        self._tell(session, video, "video.replaced", **told)

    def deleted(self, session: Session, video: Video) -> None:
        self._tell(session, video, "video.deleted")

    def _tell(self, session: Session, video: Video, kind: str, **data: Any) -> None:
        session.add(
            Row(
                id=new_id(),
                type=kind,
                video_id=video.id,
                course_id=video.course_id,
                chapter_id=video.chapter_id,
                data=data,
                # The clock's, and not that of the transaction's begin: it may have waited for the video's lock since.
                created_at=datetime.now(UTC),
            )
        )
        session.ring_after_commit(lambda: self._progress.ring(EventsWaiting()))


async def forget(session: Session, older_than: timedelta) -> None:
    """Progress has them long since."""
    await session.execute(delete(Row).where(Row.created_at < datetime.now(UTC) - older_than))
