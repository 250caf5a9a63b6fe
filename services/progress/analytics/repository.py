"""What viewers did: their sessions, what players told of them, and films that were taken home."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.progress.analytics.figures import Figures, milliseconds
from services.progress.analytics.schemas import Event
from shared.db import Session

OPENED = text("""
SELECT s.id, s.video_id, s.user_id, s.course_id, s.chapter_id, s.created_at,
       CAST(coalesce(s.network_v4, s.network_v6) AS text) AS network, d.user_agent
FROM access.playback_sessions s LEFT JOIN access.devices d ON d.id = s.device_id
WHERE s.id = ANY(CAST(:ids AS uuid[]))
""")

# In the order of ids, so that two writers of the same sessions wait for each other instead of locking each other out.
BEGIN = text("""
INSERT INTO analytics.video_analytics AS a
    (session_id, video_id, course_id, chapter_id, user_id, device_type, browser, os, ip_address, created_at)
SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (session_id uuid, video_id uuid, course_id text,
    chapter_id text, user_id text, device_type text, browser text, os text, ip_address text, created_at timestamptz)
ORDER BY session_id
ON CONFLICT (session_id) DO UPDATE SET updated_at = now(), device_type = coalesce(a.device_type, excluded.device_type),
    browser = coalesce(a.browser, excluded.browser), os = coalesce(a.os, excluded.os),
    ip_address = coalesce(a.ip_address, excluded.ip_address)
RETURNING session_id, quality_selected, bandwidth_used, bytes_by_rendition, startup_ms, stall_count, stall_ms, errors,
    speed, event_counts
""")

LEAST = text("""
SELECT session_id, min(seq) AS seq FROM analytics.video_events
WHERE session_id = ANY(CAST(:ids AS uuid[])) AND seq < 0 GROUP BY session_id
""")

TELL = text("""
INSERT INTO analytics.video_events (session_id, seq, type, at, occurred_at, quality, value, bytes, code, data)
SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (session_id uuid, seq bigint, type text, at float8,
    occurred_at timestamptz, quality text, value float8, bytes bigint, code text, data jsonb)
ON CONFLICT DO NOTHING RETURNING session_id, seq
""")

SUM_UP = text("""
UPDATE analytics.video_analytics a SET quality_selected = r.quality_selected, bandwidth_used = r.bandwidth_used,
    bytes_by_rendition = r.bytes_by_rendition, startup_ms = r.startup_ms, stall_count = r.stall_count,
    stall_ms = r.stall_ms, errors = r.errors, speed = r.speed, event_counts = r.event_counts
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (session_id uuid, quality_selected text, bandwidth_used bigint,
    bytes_by_rendition jsonb, startup_ms integer, stall_count integer, stall_ms bigint, errors jsonb, speed float8,
    event_counts jsonb)
WHERE a.session_id = r.session_id
""")

# Days that are over are made anew; today is not made before it is over.
DUE = text("""
INSERT INTO analytics.rollup_due (day)
SELECT DISTINCT day FROM (SELECT CAST(uuid_extract_timestamp(id) AT TIME ZONE 'UTC' AS date) AS day
                          FROM unnest(CAST(:ids AS uuid[])) AS opened(id)) days
WHERE day < CAST(now() AT TIME ZONE 'UTC' AS date)
""")

TAKEN_HOME = text("""
INSERT INTO analytics.downloads (id, video_id, user_id, quality, bytes)
VALUES (:id, :video_id, :user_id, :quality, :bytes) ON CONFLICT (id) DO NOTHING
""")


@dataclass(frozen=True)
class Opened:
    """A session as the gateway opened it; ``network`` is CIDR text."""

    id: UUID
    video_id: UUID
    user_id: str
    course_id: str
    chapter_id: str
    created_at: datetime
    network: str | None
    user_agent: str | None


Numbered = tuple[UUID, int]
"""A session, and the number of an event in it."""


async def opened(session: Session, ids: Iterable[UUID]) -> dict[UUID, Opened]:
    rows = (await session.execute(OPENED, {"ids": list(ids)})).mappings()
    return {row["id"]: Opened(**row) for row in rows}


async def begin(session: Session, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Figures]:
    """Make the rows of these sessions where they are missing, and lock them all; what they have come to so far."""
    found = (await session.execute(BEGIN, {"rows": as_json(rows)})).mappings()
    return {row["session_id"]: Figures.of(row) for row in found}


async def least(session: Session, ids: Iterable[UUID]) -> dict[UUID, int]:
    """The lowest number below zero that an event of each session has, where one has."""
    return {row[0]: row[1] for row in await session.execute(LEAST, {"ids": list(ids)})}


async def tell(session: Session, events: Mapping[Numbered, Event]) -> set[Numbered]:
    """Write events; the numbers of those that were not there already."""
    rows = [_event(numbered, event) for numbered, event in events.items()]
    return {(row[0], row[1]) for row in await session.execute(TELL, {"rows": as_json(rows)})}


async def sum_up(session: Session, figures: Mapping[UUID, Figures]) -> None:
    rows = [{"session_id": session_id, **vars(one)} for session_id, one in figures.items()]
    await session.execute(SUM_UP, {"rows": as_json(rows)})
    await due(session, figures)


async def due(session: Session, ids: Iterable[UUID]) -> None:
    """The figures of the days on which these sessions were opened are to be made anew."""
    await session.execute(DUE, {"ids": list(ids)})


async def taken_home(session: Session, **row: Any) -> None:
    """Count a film that was taken home; each id once."""
    await session.execute(TAKEN_HOME, row)


def _event(numbered: Numbered, event: Event) -> dict[str, Any]:
    more = {
        "from": event.from_quality,
        "entered": event.entered,
        "message": event.message,
        "rendition": event.rendition,
    }
    data = {name: value for name, value in more.items() if value is not None}
    return {
        "session_id": numbered[0],
        "seq": numbered[1],
        "type": event.type,
        "at": event.at,
        "occurred_at": event.time,
        "quality": event.quality,
        "value": event.rate if event.type == "speed" else milliseconds(event),
        "bytes": event.bytes,
        "code": event.code,
        "data": data or None,
    }


def as_json(rows: Sequence[Mapping[str, Any]] | Sequence[RowMapping]) -> str:
    return json.dumps([dict(row) for row in rows], default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
