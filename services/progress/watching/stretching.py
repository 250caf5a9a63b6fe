"""What was watched of a film, on the clock of the version that took its place: the fraction stays."""

from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, text

from shared.db import Session

# To the version that viewers get now, whatever the event said that led here: of two replacements in a row the first may
# be heard of when the second has happened. Rows are locked in the order of users, as beats lock them.
STRETCH = text("""
WITH film AS (
    SELECT v.id AS video_id, v.chapter_id, n.id AS version_id, round(n.duration * 1000)::bigint AS duration_ms
    FROM media.videos v JOIN media.video_versions n ON n.id = v.current_version_id
    WHERE v.id = :video_id AND v.deleted_at IS NULL AND n.duration >= 0.001
), held AS (
    SELECT p.user_id, p.chapter_id FROM learning.progress p JOIN film ON film.chapter_id = p.chapter_id
    WHERE p.version_id IS DISTINCT FROM film.version_id AND p.duration_ms > 0
    ORDER BY p.user_id FOR UPDATE OF p
)
UPDATE learning.progress p SET
    watched = (SELECT coalesce(range_agg(int8range(
                          least(round(lower(r)::numeric * film.duration_ms / p.duration_ms), film.duration_ms)::bigint,
                          least(round(upper(r)::numeric * film.duration_ms / p.duration_ms), film.duration_ms)::bigint)),
                      '{}'::int8multirange)
               FROM unnest(p.watched) AS r),
    frontier_ms = least(round(p.frontier_ms::numeric * film.duration_ms / p.duration_ms), film.duration_ms)::bigint,
    position_ms = least(round(p.position_ms::numeric * film.duration_ms / p.duration_ms), film.duration_ms)::bigint,
    video_id = film.video_id, version_id = film.version_id, duration_ms = film.duration_ms
FROM film, held
WHERE p.user_id = held.user_id AND p.chapter_id = held.chapter_id
  AND p.version_id IS DISTINCT FROM film.version_id AND p.duration_ms > 0
""")


async def stretch(session: Session, video_id: UUID) -> int:
    """Bring all progress in a film's chapter to its current version; answers how many rows it changed. A second time
    it changes nothing. Rows that never knew a duration have nothing that could be stretched."""
    return cast("CursorResult[None]", await session.execute(STRETCH, {"video_id": video_id})).rowcount
