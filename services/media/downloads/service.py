"""Films to take home."""

from uuid import UUID

from services.media.catalog.staff import require_staff
from services.media.downloads import repository
from services.media.downloads.schemas import DownloadPolicyAnswer, Policy
from services.media.videos import errors as video_errors
from shared.contracts.access import Actor
from shared.db import Database


class DownloadService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_policy(self, video_id: UUID, policy: Policy, actor: Actor) -> DownloadPolicyAnswer:
        """What a film says of itself; ``inherit`` leaves it to its course."""
        async with self._database.session_scope() as session:
            video = await repository.live_video(session, video_id)
            if video is None:
                raise video_errors.video_not_found(video_id)
            await require_staff(session, video.course_id, actor)
            video.download_policy = policy
            await session.flush()
            effective = await repository.effective_policy(session, video_id)
        return DownloadPolicyAnswer(video_id=str(video_id), policy=policy, effective=effective)
