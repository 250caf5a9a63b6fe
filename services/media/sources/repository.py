"""Sources by their objects and by their content: who uses one, who reads it, and whose is the same.

A version **lives** while viewers get it, while it is being made, and while a rollback may bring it back. Its source may
be an object below another version's folder. Whoever takes another's source holds that version and its video under
``FOR SHARE``, and whoever ends one of them updates both rows: so nothing is taken from what is about to end.
"""

from uuid import UUID

from sqlalchemy import text

from services.media.videos import repository as videos
from shared.db import Session

COLD = "cold/"
"""Before the key of a source that was moved to where it costs less."""

# A version that stays for good; and one that a rollback may bring back.
_STAYS = "x.deleted_at IS NULL AND v.id IN (x.current_version_id, x.pending_version_id)"
_LIVES = "x.deleted_at IS NULL AND (v.id IN (x.current_version_id, x.pending_version_id) OR v.gone_at > now())"

IN_USE = text(f"""
SELECT DISTINCT v.source_key FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE starts_with(v.source_key, :prefix) AND v.source_dropped_at IS NULL AND {_LIVES}
""")  # noqa: S608 - our own text

# All that have the content of this object, whichever of its copies they began to read.
READERS = text("""
SELECT v.id FROM media.video_versions v
WHERE v.id = :owner OR v.source_key = :key OR (v.source_sha256, v.source_bytes) IN (
    SELECT o.source_sha256, o.source_bytes FROM media.video_versions o WHERE o.id = :owner AND o.source_sha256 <> '')
""")


def owner_of(key: str) -> UUID | None:
    """The version below whose folder a source stands."""
    try:
        return UUID(key.removeprefix(COLD).split("/")[1])
    except (IndexError, ValueError):
        return None


async def in_use(session: Session, prefix: str) -> frozenset[str]:
    """The sources below ``prefix`` that a living version has."""
    return frozenset((await session.scalars(IN_USE, {"prefix": prefix})).all())


async def may_be_read(session: Session, key: str) -> bool:
    """Whether a worker may have this very object open: it read the key when it took its work up."""
    readers = (await session.scalars(READERS, {"owner": owner_of(key), "key": key})).all()
    return any([await videos.work_in_hand(session, version_id) for version_id in readers])
