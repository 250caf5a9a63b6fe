"""What the reconciler asks of the ledger, and the word of workers that they live."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.db import Session


async def unwanted_jobs(session: Session) -> Sequence[UUID]:
    """Jobs in hand whose video was deleted or whose version was given up."""
    rows = await session.execute(
        text("""
        SELECT j.id FROM transcoding.video_processing_jobs j
        WHERE j.state IN ('planning', 'encoding') AND NOT EXISTS (
            SELECT 1 FROM media.videos v WHERE v.id = j.video_id AND v.deleted_at IS NULL
               AND (v.current_version_id = j.version_id OR v.pending_version_id = j.version_id))
        """)
    )
    return [row[0] for row in rows]


async def expire_ended(session: Session) -> None:
    """Chunks of ended jobs whose worker died are nobody's."""
    await session.execute(
        text("""
        UPDATE transcoding.chunks c SET state = 'failed', lease_owner = NULL, lease_until = NULL
        FROM transcoding.video_processing_jobs j
        WHERE j.id = c.job_id AND j.state IN ('failed', 'done') AND c.state = 'active' AND c.lease_until < now()
        """)
    )


async def mend_running(session: Session) -> None:
    """A chunk of a running job that nobody will make would hold the job for ever: it is to be made after all."""
    await session.execute(
        text("""
        UPDATE transcoding.chunks c SET state = 'waiting', attempts = 0, updated_at = now()
        FROM transcoding.video_processing_jobs j
        WHERE j.id = c.job_id AND j.state = 'encoding' AND c.state = 'failed' AND NOT c.on_demand
        """)
    )


async def work_waits(session: Session) -> bool:
    """Whether there is something that a worker could take this moment, an expired lease included."""
    rows = await session.execute(
        text("""
        SELECT EXISTS (
            SELECT 1 FROM transcoding.video_processing_jobs
            WHERE state = 'planning' AND NOT paused AND (lease_until IS NULL OR lease_until < now())
              AND (not_before IS NULL OR not_before <= now())
        ) OR EXISTS (
            SELECT 1 FROM transcoding.chunks c JOIN transcoding.video_processing_jobs j ON j.id = c.job_id
            WHERE j.state = 'encoding' AND NOT j.paused AND c.state IN ('waiting', 'active')
              AND ((c.state = 'waiting' AND (c.not_before IS NULL OR c.not_before <= now()))
                   OR (c.state = 'active' AND c.lease_until < now())))
        """)
    )
    return bool(rows.scalar())


async def seen(session: Session, worker: str, facts: dict[str, Any]) -> None:
    await session.execute(
        text("""
        INSERT INTO transcoding.workers (id, seen_at, started_at, facts)
        VALUES (:id, now(), now(), CAST(:facts AS jsonb))
        ON CONFLICT (id) DO UPDATE SET seen_at = now(), facts = excluded.facts
        """),
        {"id": worker, "facts": json.dumps(facts)},
    )
    await session.execute(text("DELETE FROM transcoding.workers WHERE seen_at < now() - interval '1 day'"))


async def living_workers(session: Session) -> Sequence[dict[str, Any]]:
    """Workers seen in the last half minute, with what they can do and how many chunks they have in hand."""
    rows = await session.execute(
        text("""
        SELECT w.id, w.facts, (SELECT count(*) FROM transcoding.chunks c
                               WHERE c.state = 'active' AND c.worker = w.id AND c.lease_until > now()) AS busy
        FROM transcoding.workers w WHERE w.seen_at > now() - interval '30 seconds' ORDER BY w.id
        """)
    )
    return [{**(row.facts or {}), "id": row.id, "busy": row.busy} for row in rows]
