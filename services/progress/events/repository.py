"""``analytics.platform_events``: taken over, numbered, handed to endpoints, read, forgotten."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.progress.events.types import TEST
from shared.db import Session, new_id

LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('analytics/events'))")

# Media forgets its rows after a week, and we keep events for longer: what was taken over is not taken over again.
NOT_TAKEN = """
FROM media.outbox o WHERE o.created_at > now() - interval '8 days'
  AND NOT EXISTS (SELECT FROM analytics.platform_events e WHERE e.id = o.id)
"""
REPLACED = text(f"SELECT DISTINCT o.video_id {NOT_TAKEN} AND o.type = 'video.replaced'")
TAKE_OVER = text(f"""
INSERT INTO analytics.platform_events (id, type, course_id, chapter_id, video_id, data, created_at)
SELECT o.id, o.type, o.course_id, o.chapter_id, o.video_id, o.data, o.created_at
{NOT_TAKEN} ORDER BY o.id LIMIT :most ON CONFLICT (id) DO NOTHING
""")

# By id, which is a UUIDv7: by the time at which it happened, as far as it is committed by now.
NUMBER = text("""
WITH waiting AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place
    FROM (SELECT id FROM analytics.platform_events WHERE seq IS NULL ORDER BY id LIMIT :most) unnumbered
), given AS (
    UPDATE analytics.event_numbers SET last_given = last_given + (SELECT count(*) FROM waiting)
    WHERE EXISTS (SELECT FROM waiting) RETURNING last_given - (SELECT count(*) FROM waiting) AS base
)
UPDATE analytics.platform_events e SET seq = given.base + waiting.place
FROM waiting, given WHERE e.id = waiting.id RETURNING e.id
""")

# uuidv7() of one session only grows, so the ids of deliveries are in the order of their events.
FAN_OUT = text("""
INSERT INTO analytics.webhook_deliveries (id, event_id, endpoint_id)
SELECT uuidv7(), wanted.event_id, wanted.endpoint_id
FROM (SELECT e.id AS event_id, w.id AS endpoint_id
      FROM analytics.platform_events e
      JOIN analytics.webhook_endpoints w ON w.enabled AND (w.types = '{}' OR e.type = ANY(w.types))
      WHERE e.id = ANY(:ids) AND e.type <> :test ORDER BY e.seq, w.id) wanted
ON CONFLICT (event_id, endpoint_id, replay) DO NOTHING
""")

PAGE = text("""
SELECT seq, id, type, created_at, user_id, course_id, chapter_id, video_id, data FROM analytics.platform_events
WHERE seq > :after AND seq <= :last AND type <> :test AND (CAST(:types AS text[]) IS NULL OR type = ANY(:types))
ORDER BY seq LIMIT :most
""")

FORGET = text("""
WITH gone AS (
    DELETE FROM analytics.platform_events WHERE id IN (
        SELECT id FROM analytics.platform_events
        WHERE created_at < now() - CAST(:age AS interval) AND seq IS NOT NULL ORDER BY created_at LIMIT :most)
    RETURNING seq
), told AS (
    UPDATE analytics.event_numbers SET last_forgotten = greatest(last_forgotten, (SELECT max(seq) FROM gone))
    WHERE EXISTS (SELECT FROM gone)
)
SELECT count(*) FROM gone
""")

WRITE = text("""
INSERT INTO analytics.platform_events (id, type, user_id, course_id, chapter_id, video_id, data, created_at)
SELECT id, type, user_id, course_id, chapter_id, video_id, data::jsonb, coalesce(CAST(:at AS timestamptz), now())
FROM unnest(CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:users AS text[]), CAST(:courses AS text[]),
            CAST(:chapters AS text[]), CAST(:videos AS uuid[]), CAST(:data AS text[]))
     AS q(id, type, user_id, course_id, chapter_id, video_id, data)
""")


@dataclass(frozen=True)
class NewEvent:
    """Something that became true, and whom and what it is about."""

    type: str
    user_id: str | None = None
    course_id: str | None = None
    chapter_id: str | None = None
    video_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


async def lock(session: Session) -> bool:
    """Whether this transaction is the one that numbers events now. No other is until it is committed."""
    return bool(await session.scalar(LOCK))


async def replaced(session: Session) -> list[UUID]:
    """Videos whose replacement media told of, and nobody took over yet."""
    return list(await session.scalars(REPLACED))


async def take_over(session: Session, most: int) -> None:
    await session.execute(TAKE_OVER, {"most": most})


async def number(session: Session, most: int) -> list[UUID]:
    """Give the next numbers to events that have none; the caller holds the `lock`."""
    return list(await session.scalars(NUMBER, {"most": most}))


async def fan_out(session: Session, ids: Sequence[UUID]) -> None:
    """A delivery for each endpoint that wants one of these events; a second time changes nothing."""
    await session.execute(FAN_OUT, {"ids": list(ids), "test": TEST})


async def numbers(session: Session) -> RowMapping:
    """``last_given`` and ``last_forgotten``."""
    return (await session.execute(text("SELECT * FROM analytics.event_numbers"))).mappings().one()


async def page(session: Session, after: int, last: int, types: Sequence[str] | None, most: int) -> Sequence[RowMapping]:
    values = {"after": after, "last": last, "types": list(types) if types else None, "most": most, "test": TEST}
    return (await session.execute(PAGE, values)).mappings().all()


async def forget(session: Session, age: timedelta, most: int) -> int:
    """Remove events that are older, with their deliveries, up to ``most``; answers how many."""
    return int((await session.execute(FORGET, {"age": age, "most": most})).scalar_one())


async def write(session: Session, events: Sequence[NewEvent], at: datetime | None = None) -> list[UUID]:
    """Events of progress's own, in the transaction that made them true; their ids. ``at``: when, now by default."""
    ids = [new_id() for _ in events]
    values = {
        "ids": ids,
        "types": [event.type for event in events],
        "users": [event.user_id for event in events],
        "courses": [event.course_id for event in events],
        "chapters": [event.chapter_id for event in events],
        "videos": [event.video_id for event in events],
        "data": [json.dumps(event.data) for event in events],
        "at": at,
    }
    await session.execute(WRITE, values)
    return ids
