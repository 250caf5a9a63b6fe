"""What a course may take up in storage."""

from dataclasses import dataclass

from sqlalchemy import text

from services.media.catalog import errors as catalog_errors
from services.media.uploads import errors
from shared.db import Database, Session

# What is being replaced still counts until it has left storage: it is still paid for.
USED = text("""
SELECT c.quota_bytes,
       coalesce((SELECT sum(v.source_bytes + (SELECT coalesce(sum(r.bytes), 0) FROM media.renditions r
                                              WHERE r.version_id = v.id)
                            + (SELECT coalesce(sum(d.bytes), 0) FROM media.downloads d
                               WHERE d.version_id = v.id AND d.state = 'ready'))
                 FROM media.videos video JOIN media.video_versions v ON v.id IN
                      (video.current_version_id, video.pending_version_id)
                 WHERE video.course_id = c.id AND video.deleted_at IS NULL), 0) AS used
FROM catalog.courses c WHERE c.id = :course_id
""")


SET = text("UPDATE catalog.courses SET quota_bytes = cast(:quota AS bigint) WHERE id = :course_id")


@dataclass(frozen=True)
class Room:
    """Bytes. ``own`` is the course's limit, ``effective`` what counts for it; 0 is no limit."""

    own: int | None
    effective: int
    used: int


class Quota:
    """``default`` bytes for a course of which nothing else is said; 0 is no limit."""

    def __init__(self, database: Database, default: int) -> None:
        self._database = database
        self._default = default

    async def require_room(self, course_id: str, size: int) -> None:
        """Problem ``course_quota_exceeded`` where ``size`` more bytes are too many for the course."""
        async with self._database.session_scope() as session:
            await self.require_room_in(session, course_id, size)

    async def require_room_in(self, session: Session, course_id: str, size: int) -> None:
        room = await self._room(session, course_id)
        if room is not None and room.effective and room.used + size > room.effective:
            raise errors.course_quota_exceeded(course_id, room.effective, room.used)

    async def read(self, course_id: str) -> Room:
        async with self._database.session_scope() as session:
            room = await self._room(session, course_id)
        if room is None:
            raise catalog_errors.unknown_course(course_id)
        return room

    async def set(self, course_id: str, quota: int | None) -> Room:
        """Give a course a limit of its own. What is stored already stays, however much it is."""
        async with self._database.session_scope() as session:
            await session.execute(SET, {"course_id": course_id, "quota": quota})
            room = await self._room(session, course_id)
        if room is None:
            raise catalog_errors.unknown_course(course_id)
        return room

    async def _room(self, session: Session, course_id: str) -> Room | None:
        row = (await session.execute(USED, {"course_id": course_id})).one_or_none()
        if row is None:
            return None
        effective = self._default if row.quota_bytes is None else row.quota_bytes
        return Room(row.quota_bytes, effective, int(row.used))
