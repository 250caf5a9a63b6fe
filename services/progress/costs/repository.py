"""What is stored, was sent and was encrypted anew, of each course. All of it is read, most of it from media's tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from shared.db import Session

# A source that several versions share is one object, and counts for the course that had it first.
COURSES = text("""
WITH kept AS (
    SELECT v.*, x.course_id, v.id = x.current_version_id AS is_current
    FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
    WHERE x.deleted_at IS NULL AND (v.gone_at IS NULL OR v.gone_at > now())
), stored AS (
    SELECT course_id, sum(source_bytes) AS sources FROM (
        SELECT DISTINCT ON (source_key) course_id, source_bytes FROM kept
        WHERE source_dropped_at IS NULL ORDER BY source_key, id) one
    GROUP BY course_id
), films AS (
    SELECT course_id, sum(duration) FILTER (WHERE is_current) AS seconds,
           sum(duration) FILTER (WHERE created_at > now() - interval '30 days') AS new_seconds
    FROM kept WHERE status IN ('playable', 'ready') GROUP BY course_id
), renditions AS (
    SELECT k.course_id, sum(r.bytes) AS segments, sum(cardinality(r.segment_durations)) AS objects,
           sum(cardinality(r.segment_durations)) FILTER (WHERE k.created_at > now() - interval '30 days') AS new_objects
    FROM kept k JOIN media.renditions r ON r.version_id = k.id GROUP BY k.course_id
), taken AS (
    SELECT k.course_id, sum(d.bytes) AS downloads
    FROM kept k JOIN media.downloads d ON d.version_id = k.id AND d.state = 'ready' GROUP BY k.course_id
), rotated AS (
    SELECT k.course_id, sum(r.objects) AS rotated_objects, sum(r.bytes) AS rotated_bytes
    FROM kept k JOIN media.key_rotations r ON r.version_id = k.id
    WHERE r.created_at > now() - interval '30 days' GROUP BY k.course_id
), sent AS (
    SELECT x.course_id, sum(a.bytes) AS egress FROM (
        SELECT video_id, bandwidth_used AS bytes FROM analytics.video_analytics
        WHERE created_at > now() - interval '30 days'
        UNION ALL
        SELECT video_id, bytes FROM analytics.downloads WHERE created_at > now() - interval '30 days') a
    JOIN media.videos x ON x.id = a.video_id GROUP BY x.course_id
), played AS (
    SELECT x.course_id, sum(a.bandwidth_used) AS streamed
    FROM analytics.video_analytics a JOIN media.videos x ON x.id = a.video_id
    WHERE a.created_at > now() - interval '30 days' GROUP BY x.course_id
), watched AS (
    SELECT each.course_id, sum(each.credited_ms) / 1000.0 AS watched_seconds, sum(v.duration) AS seen_seconds
    FROM (SELECT x.course_id, x.current_version_id, sum(s.credited_ms) AS credited_ms
          FROM learning.watch_sessions s JOIN media.videos x ON x.chapter_id = s.chapter_id AND x.deleted_at IS NULL
          WHERE s.last_beat_at > now() - interval '30 days' GROUP BY x.id) each
    LEFT JOIN media.video_versions v ON v.id = each.current_version_id
    GROUP BY each.course_id
)
SELECT c.id AS course_id,
       coalesce(stored.sources, 0) AS sources,
       coalesce(renditions.segments, 0) AS segments, coalesce(renditions.objects, 0) AS objects, coalesce(renditions.new_objects, 0) AS new_objects,
       coalesce(taken.downloads, 0) AS downloads,
       coalesce(films.seconds, 0) AS seconds, coalesce(films.new_seconds, 0) AS new_seconds,
       coalesce(rotated.rotated_objects, 0) AS rotated_objects, coalesce(rotated.rotated_bytes, 0) AS rotated_bytes,
       coalesce(sent.egress, 0) AS egress,
       coalesce(played.streamed, 0) AS streamed,
       coalesce(watched.watched_seconds, 0) AS watched_seconds, coalesce(watched.seen_seconds, 0) AS seen_seconds
FROM catalog.courses c
LEFT JOIN stored ON stored.course_id = c.id LEFT JOIN films ON films.course_id = c.id
LEFT JOIN renditions ON renditions.course_id = c.id LEFT JOIN taken ON taken.course_id = c.id
LEFT JOIN rotated ON rotated.course_id = c.id LEFT JOIN sent ON sent.course_id = c.id
LEFT JOIN played ON played.course_id = c.id LEFT JOIN watched ON watched.course_id = c.id
WHERE coalesce(stored.sources, renditions.segments, sent.egress) IS NOT NULL
ORDER BY c.id
""")

STUDENTS = text("""
SELECT count(DISTINCT user_id) FROM catalog.enrollments
WHERE (starts_at IS NULL OR starts_at <= now()) AND (ends_at IS NULL OR ends_at > now())
""")


@dataclass(frozen=True)
class Facts:
    """Of one course, or of several together. Bytes, objects and seconds; what has no ``new``, ``rotated``, ``watched`` or
    ``egress`` in its name is what is there now, the rest is of the last thirty days."""

    sources: float = 0.0
    segments: float = 0.0
    downloads: float = 0.0
    objects: float = 0.0
    """Segments, of all renditions."""
    new_objects: float = 0.0
    seconds: float = 0.0
    """Of film that viewers get."""
    new_seconds: float = 0.0
    rotated_objects: float = 0.0
    rotated_bytes: float = 0.0
    egress: float = 0.0
    streamed: float = 0.0
    """Of ``egress``, what players say they loaded."""
    watched_seconds: float = 0.0
    seen_seconds: float = 0.0
    """Of the films that anybody watched."""

    @property
    def stored(self) -> float:
        return self.sources + self.segments + self.downloads


def together(facts: Sequence[Facts]) -> Facts:
    names = Facts.__dataclass_fields__
    return Facts(**{name: sum(getattr(one, name) for one in facts) for name in names})


async def courses(session: Session) -> dict[str, Facts]:
    """By course, those of which anything is stored or was sent."""
    rows = (await session.execute(COURSES)).mappings().all()
    return {row["course_id"]: Facts(**{name: float(row[name]) for name in Facts.__dataclass_fields__}) for row in rows}


async def students(session: Session) -> int:
    """How many people are enrolled in anything."""
    count: int = (await session.execute(STUDENTS)).scalar_one()
    return count
