"""Sources by their objects and by their content: who uses one, who reads it, and whose is the same.

A version **lives** while viewers get it, while it is being made, and while a rollback may bring it back. Its source may
be an object below another version's folder. Whoever takes another's source holds that version and its video under
``FOR SHARE``, and whoever ends one of them updates both rows: so nothing is taken from what is about to end.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from services.media.sources.schemas import State
from services.media.videos import repository as videos
from shared.contracts.access import Actor
from shared.db import Session
from shared.db.models.media import VideoVersion

COLD = "cold/"
"""Before the key of a source that was moved to where it costs less."""

# A version that stays for good; and one that a rollback may bring back.
_STAYS = "x.deleted_at IS NULL AND v.id IN (x.current_version_id, x.pending_version_id)"
_LIVES = "x.deleted_at IS NULL AND (v.id IN (x.current_version_id, x.pending_version_id) OR v.gone_at > now())"

_ANY = f"SELECT 1 FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id WHERE {_STAYS}"  # noqa: S608

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


# Shared towards the older one, so that two of the same content never take each other's.
TWIN = text(f"""
SELECT v.source_key FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE v.source_sha256 = :sha256 AND v.source_bytes = :size AND v.id < :version AND v.source_key <> :key
  AND v.source_dropped_at IS NULL AND v.status <> 'uploading' AND {_STAYS}
ORDER BY v.id LIMIT 1 FOR SHARE OF v, x SKIP LOCKED
""")  # noqa: S608 - our own text

SHOWN = text(f"""
SELECT v.id FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE x.id = :video AND {_STAYS} ORDER BY (v.id = x.current_version_id) IS TRUE DESC LIMIT 1 FOR SHARE OF v, x
""")  # noqa: S608 - our own text

SAME_CONTENT = text(f"""
SELECT DISTINCT ON (x.id) CAST(x.id AS text) AS video_id, x.chapter_id, x.course_id, v.original_name
FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE v.source_sha256 = :sha256 AND v.source_bytes = :size AND v.source_dropped_at IS NULL AND v.status <> 'uploading'
  AND {_STAYS} AND x.id IS DISTINCT FROM CAST(:but AS uuid)
  AND (:sees_all OR catalog.is_staff(x.course_id, :user, :role))
ORDER BY x.id LIMIT 50
""")  # noqa: S608 - our own text

REPOINT = text("UPDATE media.video_versions SET source_key = :to WHERE source_key = :key")

NOTE_HASH = text("""
UPDATE media.video_versions SET source_sha256 = :sha256 WHERE id = :version AND source_sha256 IS NULL
""")

# In no order: one whose source is not there must not stand before all others for ever.
UNREAD = text(f"""
SELECT v.id FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE v.source_sha256 IS NULL AND v.source_dropped_at IS NULL AND v.status <> 'uploading' AND {_STAYS}
ORDER BY random() LIMIT :limit
""")  # noqa: S608 - our own text

STORED_TWICE = text(f"""
SELECT v.id FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE v.source_dropped_at IS NULL AND v.source_sha256 <> '' AND {_STAYS} AND EXISTS (
    SELECT 1 FROM media.video_versions o JOIN media.videos y ON y.id = o.video_id
    WHERE o.source_sha256 = v.source_sha256 AND o.source_bytes = v.source_bytes AND o.id < v.id
      AND o.source_key <> v.source_key AND o.source_dropped_at IS NULL AND o.status <> 'uploading'
      AND y.deleted_at IS NULL AND o.id IN (y.current_version_id, y.pending_version_id))
ORDER BY random() LIMIT :limit
""")  # noqa: S608 - our own text


# Objects that no living version still needs as they are: each of those that have one is ready, and has been for long.
OLD = text(f"""
SELECT v.source_key FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE v.source_dropped_at IS NULL AND {_LIVES} AND (CAST(:key AS text) IS NULL OR v.source_key = :key)
  AND NOT (:warm AND starts_with(v.source_key, '{COLD}'))
GROUP BY v.source_key
HAVING bool_and(v.status = 'ready' AND v.ready_at < now() - CAST(:age AS interval) AND v.source_sha256 IS NOT NULL)
ORDER BY min(v.ready_at), v.source_key LIMIT :limit
""")  # noqa: S608 - our own text

DROP = text("UPDATE media.video_versions SET source_dropped_at = now() WHERE source_key = :key")

RECALL = text("DELETE FROM media.storage_tombstones WHERE store = 'private' AND prefix = :key AND done_at IS NULL")


def owner_of(key: str) -> UUID | None:
    """The version below whose folder a source stands."""
    try:
        return UUID(key.removeprefix(COLD).split("/")[1])
    except (IndexError, ValueError):
        return None


def state_of(version: VideoVersion) -> State:
    if version.source_dropped_at is not None:
        return "dropped"
    return "cold" if version.source_key.startswith(COLD) else "kept"


async def in_use(session: Session, prefix: str) -> frozenset[str]:
    """The sources below ``prefix`` that a living version has."""
    return frozenset((await session.scalars(IN_USE, {"prefix": prefix})).all())


async def may_be_read(session: Session, key: str) -> bool:
    """Whether a worker may have this very object open: it read the key when it took its work up."""
    readers = (await session.scalars(READERS, {"owner": owner_of(key), "key": key})).all()
    return any([await videos.is_being_made(session, version_id) for version_id in readers])


async def lock_users(session: Session, key: str) -> Sequence[VideoVersion]:
    """All versions whose source is this object, living or not, in one order for everybody who locks them."""
    query = select(VideoVersion).where(VideoVersion.source_key == key).order_by(VideoVersion.id).with_for_update()
    # What was loaded before the lock is not what stands now.
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def twin(session: Session, version: VideoVersion) -> str | None:
    """The source of an older version of the same content, held for as long as this transaction lasts."""
    values = {"sha256": version.source_sha256, "size": version.source_bytes, "version": version.id}
    key: str | None = await session.scalar(TWIN, values | {"key": version.source_key})
    return key


async def stays(session: Session, version_id: UUID) -> bool:
    """Whether viewers get this version, or will."""
    return bool(await session.scalar(text(f"{_ANY} AND v.id = :version"), {"version": version_id}))


async def shown(session: Session, video_id: UUID) -> VideoVersion | None:
    """The version of a video from whose source another one may be made, held for as long as this transaction lasts."""
    found = await session.scalar(SHOWN, {"video": video_id})
    return await session.get(VideoVersion, found) if found else None


async def repoint(session: Session, key: str, to: str) -> None:
    """Give all versions of one object another one, which holds the same bytes."""
    await session.execute(REPOINT, {"key": key, "to": to})


async def note_hash(session: Session, version_id: UUID, sha256: str) -> None:
    await session.execute(NOTE_HASH, {"version": version_id, "sha256": sha256})


async def unread(session: Session, limit: int) -> Sequence[UUID]:
    """Some versions whose source nobody has read as a whole."""
    return (await session.scalars(UNREAD, {"limit": limit})).all()


async def stored_twice(session: Session, limit: int) -> Sequence[UUID]:
    """Some versions whose content is in storage as that of an older one, too."""
    return (await session.scalars(STORED_TWICE, {"limit": limit})).all()


async def same_content(
    session: Session, sha256: str, size: int, actor: Actor, *, but: UUID | None = None
) -> Sequence[RowMapping]:
    """Films with a stored source of just this content, of the courses on which ``actor`` may act."""
    person = {"user": actor.user_id, "role": actor.role.value, "sees_all": actor.role.sees_all}
    values = {"sha256": sha256, "size": size, "but": but}
    return (await session.execute(SAME_CONTENT, values | person)).mappings().all()


async def old(session: Session, age: timedelta, limit: int, *, warm: bool, key: str | None = None) -> Sequence[str]:
    """Sources that all who have one made their film of more than ``age`` ago; ``warm``: none that was moved already."""
    return (await session.scalars(OLD, {"age": age, "limit": limit, "warm": warm, "key": key})).all()


async def drop(session: Session, key: str) -> None:
    await session.execute(DROP, {"key": key})


async def recall(session: Session, key: str) -> None:
    """Take an object out of the outbox. While the sweeper has it in hand, this waits: look whether it is still there."""
    await session.execute(RECALL, {"key": key})
