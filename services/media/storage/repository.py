"""Reports on storage: wished for, in hand under a lease, and what they found."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from shared.db import Session, new_id
from shared.db.models.media import StorageReport

LEASE_SECONDS = 120
MOST_ATTEMPTS = 5

CLAIM = text("""
UPDATE media.storage_reports SET lease_owner = :owner, lease_until = now() + make_interval(secs => :lease),
       attempts = attempts + 1
WHERE id = :id AND state = 'waiting' AND (lease_until IS NULL OR lease_until < now()) RETURNING dry_run
""")

RENEW = text("""
UPDATE media.storage_reports SET lease_until = now() + make_interval(secs => :lease)
WHERE id = :id AND state = 'waiting' AND lease_owner = :owner RETURNING id
""")

RELEASE = text("""
UPDATE media.storage_reports SET lease_owner = NULL, lease_until = now() + make_interval(secs => :wait),
       last_error = coalesce(:error, last_error), attempts = attempts - CASE WHEN :spent THEN 0 ELSE 1 END,
       state = CASE WHEN :spent AND attempts >= :most THEN 'failed' ELSE state END,
       finished_at = CASE WHEN :spent AND attempts >= :most THEN now() END
WHERE id = :id AND lease_owner = :owner AND state = 'waiting'
""")

WAITING = text("""
SELECT id FROM media.storage_reports WHERE state = 'waiting' AND (lease_until IS NULL OR lease_until < now())
ORDER BY created_at LIMIT 2
""")

# The last one of each day.
GROWTH = text("""
SELECT DISTINCT ON (day) to_char(finished_at, 'YYYY-MM-DD') AS day, used_bytes
FROM media.storage_reports WHERE state = 'done' AND finished_at > now() - interval '90 days'
ORDER BY day, finished_at DESC
""")

# What was found is long; how much it was is not.
FORGET = text("""
UPDATE media.storage_reports SET found = NULL
WHERE found IS NOT NULL AND id NOT IN (
    SELECT id FROM media.storage_reports WHERE state = 'done' ORDER BY finished_at DESC LIMIT 10)
""")

_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('storage reports'))")


async def wish(
    session: Session, *, dry_run: bool, asked_by: str, unless_within: timedelta | None = None
) -> UUID | None:
    """The report that is to be made: one of the kind that waits already, or a new one.

    None where one was begun ``unless_within`` so long ago.
    """
    await session.execute(_ALONE)
    waits = select(StorageReport.id).where(StorageReport.state == "waiting", StorageReport.dry_run.is_(dry_run))
    found: UUID | None = await session.scalar(waits.limit(1))
    if found is not None:
        return found
    if unless_within is not None:
        recent = text("SELECT 1 FROM media.storage_reports WHERE created_at > now() - CAST(:age AS interval) LIMIT 1")
        if await session.scalar(recent, {"age": unless_within}):
            return None
    report_id = new_id()
    session.add(StorageReport(id=report_id, state="waiting", dry_run=dry_run, asked_by=asked_by))
    return report_id


async def waiting(session: Session) -> Sequence[UUID]:
    """Reports that nobody has in hand."""
    return (await session.scalars(WAITING)).all()


async def is_running(session: Session) -> bool:
    return bool(await session.scalar(select(StorageReport.id).where(StorageReport.state == "waiting").limit(1)))


async def claim(session: Session, report_id: UUID, owner: str) -> bool | None:
    """Take a report in hand: whether it is a dry run; None where it is made, or somebody has it."""
    values = {"id": report_id, "owner": owner, "lease": LEASE_SECONDS}
    dry_run: bool | None = await session.scalar(CLAIM, values)
    return dry_run


async def renew(session: Session, report_id: UUID, owner: str) -> bool:
    values = {"id": report_id, "owner": owner, "lease": LEASE_SECONDS}
    return await session.scalar(RENEW, values) is not None


async def release(session: Session, report_id: UUID, owner: str, wait: float = 0.0, error: str | None = None) -> None:
    """Give a report back, to be begun anew after ``wait`` seconds; for good, when it failed too often."""
    values: dict[str, Any] = {"id": report_id, "owner": owner, "wait": wait, "error": error}
    await session.execute(RELEASE, values | {"spent": error is not None, "most": MOST_ATTEMPTS})


async def held(session: Session, report_id: UUID, owner: str) -> StorageReport | None:
    """The report, locked, if ``owner`` still has it in hand."""
    query = select(StorageReport).where(
        StorageReport.id == report_id, StorageReport.lease_owner == owner, StorageReport.state == "waiting"
    )
    return await session.scalar(query.with_for_update())


async def newest(session: Session) -> StorageReport | None:
    query = select(StorageReport).where(StorageReport.state == "done", StorageReport.found.is_not(None))
    return await session.scalar(query.order_by(StorageReport.finished_at.desc()).limit(1))


async def growth(session: Session) -> Sequence[RowMapping]:
    return (await session.execute(GROWTH)).mappings().all()


async def forget(session: Session) -> None:
    """Keep what the latest reports found, and of those before how much it was."""
    await session.execute(FORGET)
