"""What the status of a film tells its staff beyond what everybody is told."""

from dataclasses import dataclass

from services.media.catalog.staff import is_staff
from services.media.sources import repository as sources
from services.media.sources.schemas import SameContent, SourceState
from services.media.videos import repository
from services.media.videos.schemas import PreviousVersion
from shared.contracts.access import Actor
from shared.db import Session
from shared.db.models.media import Video, VideoVersion


@dataclass(frozen=True)
class StaffView:
    previous: PreviousVersion | None = None
    source: SourceState | None = None
    same_content: list[SameContent] | None = None


async def told_to_staff(session: Session, video: Video, version: VideoVersion, actor: Actor | None) -> StaffView:
    """Of ``version``, the one that is shown; empty for whoever is no staff of the film's course."""
    if actor is None or not await is_staff(session, video.course_id, actor):
        return StaffView()
    sha256, size = version.source_sha256, version.source_bytes
    same = await sources.same_content(session, sha256, size, actor, but=video.id) if sha256 else []
    return StaffView(
        previous=await _previous(session, video),
        source=SourceState(state=sources.state_of(version), bytes=size),
        same_content=[SameContent(**one) for one in same],
    )


async def _previous(session: Session, video: Video) -> PreviousVersion | None:
    before = await repository.previous(session, video)
    if before is None or before.gone_at is None:
        return None
    return PreviousVersion(
        original_name=before.original_name, size_bytes=before.source_bytes, kept_until=before.gone_at
    )
