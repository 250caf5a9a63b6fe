"""The end of a version: nobody gets it any more, and what it holds leaves storage by the outbox.

A source may stand below another version than the one that uses it (see `services.media.sources`). So whoever lets go of
a version buries the source, too, where that lies outside of its own folder; the sweeper keeps what is still in use.
"""

from datetime import UTC, datetime

from services.media.videos import repository
from shared.db import Session
from shared.db.models.media import VideoVersion


def folder_of(version: VideoVersion) -> str:
    """Where everything of a version stands, in each store."""
    return f"{version.video_id}/{version.id}/"


async def retire(session: Session, version: VideoVersion, reason: str, when: datetime | None = None) -> None:
    """Let go of a version, locked by the caller, ``when`` given at that moment: until then it is kept whole."""
    version.gone_at = when or datetime.now(UTC)
    await repository.bury_everywhere(session, folder_of(version), reason, version.gone_at)
    await bury_borrowed(session, version, reason, version.gone_at)


async def bury_borrowed(session: Session, version: VideoVersion, reason: str, when: datetime | None = None) -> None:
    """Let go of a source that lies outside of its version's own folder."""
    if not version.source_key.startswith(folder_of(version)):
        await repository.bury(session, "private", version.source_key, reason, when)


async def bring_back(session: Session, version: VideoVersion) -> bool:
    """Take a retired version out of the outbox; False where something of it is gone already, or about to be."""
    if not await repository.unbury(session, folder_of(version)):
        return False
    version.gone_at = None
    return True
