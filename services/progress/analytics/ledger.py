"""The worker's side of the tables: sessions taken over from what was credited, days, partitions."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.progress.analytics import days
from services.progress.analytics.repository import as_json
from shared.db import Session

NOW = text("SELECT now() AS now")

# One roll-up at a time: two of a day would each make its rows.
TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtextextended('lectern analytics days', 0))")

MARK = text("SELECT at FROM analytics.marks WHERE name = :name")

SET_MARK = text("""
INSERT INTO analytics.marks AS m (name, at) VALUES (:name, CAST(:at AS timestamptz))
ON CONFLICT (name) DO UPDATE SET at = greatest(m.at, excluded.at)
""")

# By the summaries of stretches of the table (BRIN): all at once, as an order of any other kind would lead past them.
UNSETTLED = text("""
SELECT w.session_id FROM learning.watch_sessions w
LEFT JOIN analytics.video_analytics a ON a.session_id = w.session_id
WHERE w.last_beat_at >= CAST(:since AS timestamptz) AND a.beat_at IS DISTINCT FROM w.last_beat_at
  AND w.session_id >= analytics.id_floor(coalesce((SELECT at FROM analytics.marks WHERE name = 'kept'), '1970-01-01'))
""")

# A session of which the gateway knows nothing any more has no film where the beats named none either.
WATCHED = text("""
SELECT w.session_id, w.user_id, w.credited_ms, w.last_beat_at, w.ended_at,
       coalesce(w.video_id, s.video_id) AS video_id, coalesce(w.course_id, s.course_id) AS course_id,
       coalesce(w.chapter_id, s.chapter_id) AS chapter_id, coalesce(s.created_at, w.started_at) AS created_at,
       CAST(coalesce(s.network_v4, s.network_v6) AS text) AS network, d.user_agent,
       CAST(coalesce((SELECT sum(upper(r) - lower(r)) FROM unnest(w.played) r), least(w.credited_ms, coalesce(w.duration_ms,
            v.duration * 1000))) AS float8) AS played_ms,
       CAST(coalesce(w.duration_ms, v.duration * 1000) AS float8) AS duration_ms
FROM learning.watch_sessions w
LEFT JOIN access.playback_sessions s ON s.id = w.session_id
LEFT JOIN access.devices d ON d.id = s.device_id
LEFT JOIN media.video_versions v ON v.id = coalesce(w.version_id, s.version_id)
WHERE w.session_id = ANY(CAST(:ids AS uuid[])) AND coalesce(w.video_id, s.video_id) IS NOT NULL
""")

SETTLE = text("""
INSERT INTO analytics.video_analytics AS a (session_id, video_id, course_id, chapter_id, user_id, watch_duration,
    completion_rate, is_view, beat_at, ended_at, device_type, browser, os, ip_address, created_at)
SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (session_id uuid, video_id uuid, course_id text,
    chapter_id text, user_id text, watch_duration float8, completion_rate float8, is_view boolean, beat_at timestamptz,
    ended_at timestamptz, device_type text, browser text, os text, ip_address text, created_at timestamptz)
ORDER BY session_id
ON CONFLICT (session_id) DO UPDATE SET watch_duration = excluded.watch_duration,
    completion_rate = excluded.completion_rate, is_view = a.is_view OR excluded.is_view, beat_at = excluded.beat_at,
    ended_at = excluded.ended_at, updated_at = now(), course_id = coalesce(a.course_id, excluded.course_id),
    chapter_id = coalesce(a.chapter_id, excluded.chapter_id)
WHERE a.beat_at IS NULL OR a.beat_at <= excluded.beat_at
""")

OLDEST = text("""
SELECT least((SELECT CAST(uuid_extract_timestamp(session_id) AT TIME ZONE 'UTC' AS date)
              FROM analytics.video_analytics ORDER BY session_id LIMIT 1),
             (SELECT min(day) FROM analytics.rollup_due)) AS day
""")

DUE_DAYS = text("SELECT DISTINCT day FROM analytics.rollup_due WHERE day <= :last ORDER BY day")
FORGET_DUE = text("DELETE FROM analytics.rollup_due WHERE day = :day")
_TABLES = {"video_days": days.OF_VIDEO, "course_days": days.OF_COURSE}
FORGET_DAY = tuple(text(f"DELETE FROM analytics.{table} WHERE day = :day") for table in _TABLES)  # noqa: S608

# What a session lacks of its course is found no more once the film is deleted: it stands under no name.
ROLL_UP = tuple(
    text(f"""
WITH s AS MATERIALIZED (
    SELECT CAST(:day AS date) AS day, session_id, video_id, coalesce(course_id, '') AS course_id,
           coalesce(chapter_id, '') AS chapter_id, {", ".join(days.READ)}
    FROM analytics.video_analytics
    WHERE session_id >= analytics.id_floor(:opens) AND session_id < analytics.id_floor(:closes))
INSERT INTO analytics.{table} ({days.columns(of)})
{days.figures("s", of)}
""")  # noqa: S608
    for table, of in _TABLES.items()
)

MAKE_PARTITIONS = text("SELECT analytics.make_partitions(now() - interval '1 week', now() + interval '8 weeks')")
DROP_PARTITIONS = text("SELECT analytics.drop_partitions(:before)")

# What found no week of its own when it came waits in the partition for the rest.
FORGET = tuple(
    text(f"DELETE FROM analytics.{table} WHERE session_id < analytics.id_floor(:before)")  # noqa: S608
    for table in ("video_events", "video_analytics")
)
FORGET_WATCHED = text("""
DELETE FROM learning.watch_sessions WHERE session_id IN (
    SELECT session_id FROM learning.watch_sessions WHERE session_id < analytics.id_floor(:before) LIMIT :most)
""")


async def now(session: Session) -> datetime:
    moment: datetime = (await session.execute(NOW)).scalar_one()
    return moment


async def mark(session: Session, name: str) -> datetime | None:
    at: datetime | None = (await session.execute(MARK, {"name": name})).scalar()
    return at


async def set_mark(session: Session, name: str, at: datetime) -> None:
    """Move a mark on; never back."""
    await session.execute(SET_MARK, {"name": name, "at": at})


async def unsettled(session: Session, since: datetime) -> list[UUID]:
    """Sessions that told something since then, of which their rows do not know yet."""
    return list(await session.scalars(UNSETTLED, {"since": since}))


async def watched(session: Session, ids: Sequence[UUID]) -> Sequence[RowMapping]:
    """What was played in these sessions, and what is known of them; none without a film."""
    return (await session.execute(WATCHED, {"ids": list(ids)})).mappings().all()


async def settle(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(SETTLE, {"rows": as_json(rows)})


async def oldest(session: Session) -> date | None:
    """The first day of which there are sessions."""
    day: date | None = (await session.execute(OLDEST)).scalar()
    return day


async def due_days(session: Session, last: date) -> list[date]:
    return [row[0] for row in await session.execute(DUE_DAYS, {"last": last})]


async def take_turns(session: Session) -> None:
    """Wait until no other transaction makes figures of days."""
    await session.execute(TAKE_TURNS)


async def forget_due(session: Session, day: date) -> None:
    await session.execute(FORGET_DUE, {"day": day})


async def roll_up(session: Session, day: date, opens: datetime, closes: datetime) -> None:
    """Make the figures of a day anew, out of the sessions opened in it."""
    for statement in FORGET_DAY:
        await session.execute(statement, {"day": day})
    for statement in ROLL_UP:
        await session.execute(statement, {"day": day, "opens": opens, "closes": closes})


async def make_partitions(session: Session) -> None:
    await session.execute(MAKE_PARTITIONS)


async def forget(session: Session, before: datetime) -> None:
    await session.execute(DROP_PARTITIONS, {"before": before})
    for statement in FORGET:
        await session.execute(statement, {"before": before})


async def forget_watched(session: Session, before: datetime, most: int) -> int:
    """Remove at most so many watch sessions from before a moment; how many there were."""
    gone: int = (await session.execute(FORGET_WATCHED, {"before": before, "most": most})).rowcount  # type: ignore[attr-defined]
    return gone
