"""What viewers did: one row per viewing session, one per film that was taken home."""

import json
from typing import Any

from sqlalchemy import text

from shared.db import Session

TAKE = text("""
INSERT INTO analytics.video_analytics AS a (session_id, video_id, user_id, watch_duration, completion_rate,
    quality_selected, bandwidth_used, device_type, browser, event_counts)
VALUES (:session_id, :video_id, :user_id, :watch_duration, 0, :quality, :bytes, :device_type, :browser,
        CAST(:counts AS jsonb))
ON CONFLICT (session_id) DO UPDATE SET
    watch_duration = greatest(a.watch_duration, excluded.watch_duration),
    quality_selected = coalesce(excluded.quality_selected, a.quality_selected),
    bandwidth_used = a.bandwidth_used + excluded.bandwidth_used,
    event_counts = (SELECT jsonb_object_agg(k, coalesce((a.event_counts ->> k)::bigint, 0)
                                             + coalesce((excluded.event_counts ->> k)::bigint, 0))
                    FROM (SELECT jsonb_object_keys(a.event_counts) UNION SELECT jsonb_object_keys(excluded.event_counts))
                         AS keys(k)),
    updated_at = now()
WHERE a.user_id = excluded.user_id AND a.video_id = excluded.video_id
RETURNING session_id
""")


TAKEN_HOME = text("""
INSERT INTO analytics.downloads (id, video_id, user_id, quality, bytes)
VALUES (:id, :video_id, :user_id, :quality, :bytes) ON CONFLICT (id) DO NOTHING
""")


async def taken_home(session: Session, **row: Any) -> None:
    """Count a film that was taken home; each id once."""
    await session.execute(TAKEN_HOME, row)


async def take(session: Session, row: dict[str, Any], counts: dict[str, int]) -> bool:
    """Add a batch to its session's row; False when the row is somebody else's."""
    return (await session.execute(TAKE, {**row, "counts": json.dumps(counts)})).scalar() is not None
