"""Endpoints and deliveries."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, text

from shared.db import Session
from shared.db.models.analytics import PlatformEvent, WebhookDelivery, WebhookEndpoint

# One worker at a time sends to an endpoint, so that events arrive in their order; what is slow holds up no other.
CLAIM = text("""
UPDATE analytics.webhook_endpoints SET lease_owner = :owner, lease_until = now() + CAST(:lease AS interval)
WHERE id = (
    SELECT w.id FROM analytics.webhook_endpoints w
    WHERE w.enabled AND (w.lease_until IS NULL OR w.lease_until < now())
      AND EXISTS (SELECT FROM analytics.webhook_deliveries d
                  WHERE d.endpoint_id = w.id AND d.state = 'pending' AND d.not_before <= now())
    ORDER BY w.lease_until NULLS FIRST LIMIT 1 FOR UPDATE OF w SKIP LOCKED)
RETURNING id
""")

HOLD = text("""
UPDATE analytics.webhook_endpoints SET lease_until = now() + CAST(:lease AS interval)
WHERE id = :id AND lease_owner = :owner AND enabled
RETURNING url, generation, coalesce(previous_until > now(), false) AS with_previous
""")

RELEASE = text("""
UPDATE analytics.webhook_endpoints SET lease_owner = NULL, lease_until = now() WHERE id = :id AND lease_owner = :owner
""")

# What one transaction numbered is due at one moment, and so in the order of its ids.
NEXT_DUE = text("""
SELECT d.id, d.attempts, e.id AS event_id, e.type, e.created_at AS happened_at, e.user_id, e.course_id, e.chapter_id,
       e.video_id, e.data
FROM analytics.webhook_deliveries d JOIN analytics.platform_events e ON e.id = d.event_id
WHERE d.endpoint_id = :endpoint_id AND d.state = 'pending' AND d.not_before <= now()
ORDER BY d.not_before, d.id LIMIT 1
""")

# Only from the state in which it was sent: whoever slept through its lease changes nothing any more.
SETTLE = text("""
UPDATE analytics.webhook_deliveries SET state = :state, attempts = attempts + 1, not_before = now() + CAST(:wait AS interval),
    status = :status, problem = :problem, answer = :answer, duration_ms = :duration_ms,
    attempt_log = attempt_log || CAST(:log AS jsonb), finished_at = CASE WHEN :state = 'pending' THEN NULL ELSE now() END
WHERE id = :id AND state = 'pending' AND attempts = :attempts
""")

DISABLE = text("""
UPDATE analytics.webhook_endpoints SET enabled = false, disabled_reason = :reason, updated_at = now() WHERE id = :id
""")

SEND_AGAIN = """
INSERT INTO analytics.webhook_deliveries (id, event_id, endpoint_id, replay)
SELECT uuidv7(), again.event_id, again.endpoint_id, again.replay + 1
FROM (SELECT DISTINCT ON (d.event_id) d.* FROM analytics.webhook_deliveries d
      WHERE d.endpoint_id = :endpoint_id ORDER BY d.event_id, d.replay DESC) again
JOIN analytics.platform_events e ON e.id = again.event_id
"""
AGAIN_ONE = text(f"{SEND_AGAIN} WHERE again.event_id = :event_id AND again.state <> 'pending' RETURNING id")
AGAIN_FAILED = text(f"""
{SEND_AGAIN} WHERE again.state = 'failed' AND e.created_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
ORDER BY e.seq RETURNING id
""")

TRY_OUT = text("""
INSERT INTO analytics.webhook_deliveries (id, event_id, endpoint_id) VALUES (uuidv7(), :event_id, :endpoint_id)
RETURNING id
""")


async def count(session: Session) -> int:
    return await session.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0


async def endpoints(session: Session) -> Sequence[WebhookEndpoint]:
    return (await session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id))).all()


async def endpoint(session: Session, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint | None:
    query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def deliveries(
    session: Session, endpoint_id: UUID, state: str | None, before: UUID | None, limit: int
) -> Sequence[tuple[WebhookDelivery, str]]:
    """With the type of their events, the newest first."""
    query = (
        select(WebhookDelivery, PlatformEvent.type)
        .join(PlatformEvent, PlatformEvent.id == WebhookDelivery.event_id)
        .where(WebhookDelivery.endpoint_id == endpoint_id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def delivery(session: Session, endpoint_id: UUID, delivery_id: UUID) -> tuple[WebhookDelivery, str] | None:
    query = (
        select(WebhookDelivery, PlatformEvent.type)
        .join(PlatformEvent, PlatformEvent.id == WebhookDelivery.event_id)
        .where(WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.id == delivery_id)
    )
    row = (await session.execute(query)).first()
    return (row[0], row[1]) if row else None


async def try_out(session: Session, endpoint_id: UUID, event_id: UUID) -> UUID:
    made: UUID = (await session.execute(TRY_OUT, {"endpoint_id": endpoint_id, "event_id": event_id})).scalar_one()
    return made


async def send_again(session: Session, endpoint_id: UUID, event_id: UUID) -> UUID | None:
    """A new delivery of an event; None while one is pending."""
    made: UUID | None = await session.scalar(AGAIN_ONE, {"endpoint_id": endpoint_id, "event_id": event_id})
    return made


async def send_failed_again(session: Session, endpoint_id: UUID, since: datetime | None) -> int:
    """New deliveries of all events since then of which the last delivery failed; answers how many."""
    return len(list(await session.scalars(AGAIN_FAILED, {"endpoint_id": endpoint_id, "since": since})))


# --- The worker's


async def claim(session: Session, owner: str, lease: timedelta) -> UUID | None:
    """An endpoint for which something is due and that nobody sends to, held for ``lease``."""
    claimed: UUID | None = await session.scalar(CLAIM, {"owner": owner, "lease": lease})
    return claimed


async def hold(session: Session, endpoint_id: UUID, owner: str, lease: timedelta) -> RowMapping | None:
    """Hold it for longer: ``url``, ``generation``, ``with_previous``; None where it is not ours any more, or is off."""
    values = {"id": endpoint_id, "owner": owner, "lease": lease}
    return (await session.execute(HOLD, values)).mappings().first()


async def release(session: Session, endpoint_id: UUID, owner: str) -> None:
    await session.execute(RELEASE, {"id": endpoint_id, "owner": owner})


async def next_due(session: Session, endpoint_id: UUID) -> RowMapping | None:
    return (await session.execute(NEXT_DUE, {"endpoint_id": endpoint_id})).mappings().first()


async def settle(
    session: Session, delivery_id: UUID, attempts: int, state: str, wait: timedelta, log: dict[str, Any]
) -> None:
    """Write down an attempt. ``attempts`` is how many there had been before it."""
    values = {
        "status": log["status"],
        "problem": log["problem"],
        "answer": log["answer"],
        "duration_ms": log["durationMs"],
    }
    await session.execute(
        SETTLE,
        {"id": delivery_id, "attempts": attempts, "state": state, "wait": wait, "log": json.dumps([log]), **values},
    )


async def disable(session: Session, endpoint_id: UUID, reason: str) -> None:
    await session.execute(DISABLE, {"id": endpoint_id, "reason": reason})
