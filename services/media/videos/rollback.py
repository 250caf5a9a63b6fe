"""``POST /api/videos/{id}/rollback``: the version before, as long as it is kept. The one that gives way is kept in turn."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.media.catalog.staff import require_staff
from services.media.videos import errors, repository
from services.media.videos import ledger as ledgers
from services.media.videos.outbox import Outbox
from services.media.videos.retiring import bring_back, retire
from services.media.videos.schemas import RolledBack
from shared.contracts.access import Actor
from shared.db import Database, Session
from shared.db.models.media import Video


class Rollback:
    """``keep``: for so long a version that gave way stays in storage."""

    def __init__(self, database: Database, outbox: Outbox, keep: timedelta) -> None:
        self._database = database
        self._outbox = outbox
        self._keep = keep

    async def roll_back(self, video_id: UUID, actor: Actor) -> RolledBack:
        """Give viewers the version before the current one. Sessions of either go on; asked again, it turns back.

        Problems ``video_not_found``, ``not_your_course``, ``replacement_in_progress``, ``nothing_to_roll_back``.
        """
        async with self._database.session_scope() as session:
            video = await repository.live_video(session, video_id, lock=True)
            if video is None:
                raise errors.video_not_found(video_id)
            await require_staff(session, video.course_id, actor)
            if await _is_being_replaced(session, video):
                raise errors.replacement_in_progress()
            before = await repository.previous(session, video, lock=True)
            current_id = video.current_version_id
            current = await repository.version(session, current_id, lock=True) if current_id else None
            if before is None or current is None or not await bring_back(session, before):
                raise errors.nothing_to_roll_back()
            video.current_version_id = before.id
            await retire(session, current, "rolled back", datetime.now(UTC) + self._keep)
            self._outbox.replaced(session, video, before, current.id)
        return RolledBack(video_id=str(video_id), original_name=before.original_name)


async def _is_being_replaced(session: Session, video: Video) -> bool:
    """Whether a version is on its way that would take the place of whichever is rolled back to."""
    pending = await repository.version(session, video.pending_version_id) if video.pending_version_id else None
    if pending is None:
        return False
    ledger = await ledgers.read(session, pending.id)
    return pending.status != "failed" or (ledger is not None and ledger.run > pending.run)
