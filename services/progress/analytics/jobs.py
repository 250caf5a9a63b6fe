"""What the worker does for analytics. Each may be asked for at any time, twice, or by two workers at once."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import RowMapping

from services.progress.analytics import ledger, repository
from services.progress.analytics.policy import AnalyticsPolicy
from services.progress.analytics.service import described
from shared.db import Database

STEP = 1000
"""Sessions of one transaction."""
OVERLAP = timedelta(minutes=5)
"""For how long what began before a moment may still be committed after it: longer than any statement may run."""
SETTLED, ROLLED, KEPT = "settled", "rolled", "kept"
"""Marks: up to when beats were taken over; the last day that has figures; from when on there are sessions."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
HALF_A_FILM = 0.5


async def settle(database: Database, policy: AnalyticsPolicy) -> int:
    """Take over what was credited to sessions since the last time; how many changed.

    A session that told nothing of itself gets its row here.
    """
    async with database.session_scope() as session:
        began = await ledger.now(session)
        since = (await ledger.mark(session, SETTLED) or EVER) - OVERLAP
        ids = await ledger.unsettled(session, since)
    changed = 0
    for first in range(0, len(ids), STEP):
        async with database.session_scope() as session:
            rows = await ledger.watched(session, ids[first : first + STEP])
            if rows:
                await ledger.settle(session, [_settled(row, policy) for row in rows])
                await repository.due(session, [row["session_id"] for row in rows])
        changed += len(rows)
    async with database.session_scope() as session:
        await ledger.set_mark(session, SETTLED, began)
    return changed


def _settled(row: RowMapping, policy: AnalyticsPolicy) -> dict[str, Any]:
    duration_ms, played_ms = row["duration_ms"], row["played_ms"] or 0.0
    least_ms = policy.view_threshold_seconds * 1000
    if duration_ms:
        least_ms = min(least_ms, duration_ms * HALF_A_FILM)
    return {
        **{name: row[name] for name in ("session_id", "video_id", "course_id", "chapter_id", "user_id")},
        "watch_duration": row["credited_ms"] / 1000,
        "completion_rate": min(100.0, round(100 * played_ms / duration_ms, 3)) if duration_ms else 0.0,
        "is_view": 0 < row["credited_ms"] >= least_ms,
        "beat_at": row["last_beat_at"],
        "ended_at": row["ended_at"],
        "created_at": row["created_at"],
        **described(policy, row["network"], row["user_agent"]),
    }


async def roll_up(database: Database) -> int:
    """Make the figures of all days that are over and have none, or changed since; how many days that were."""
    async with database.session_scope() as session:
        # What began just before midnight is still being written.
        last = (await ledger.now(session) - OVERLAP).astimezone(UTC).date() - timedelta(days=1)
        rolled = await ledger.mark(session, ROLLED)
        first = rolled.astimezone(UTC).date() + timedelta(days=1) if rolled else await ledger.oldest(session) or last
        days = {*await ledger.due_days(session, last), *_days(first, last)}
    for day in sorted(days):
        await _roll_up(database, day)
    if not rolled or rolled < _midnight(last):
        async with database.session_scope() as session:
            await ledger.set_mark(session, ROLLED, _midnight(last))
    return len(days)


async def _roll_up(database: Database, day: date) -> None:
    async with database.session_scope() as session:
        await ledger.take_turns(session)
        # First: what changes from now on makes the day due again.
        await ledger.forget_due(session, day)
        kept = await ledger.mark(session, KEPT)
        if kept is None or _midnight(day) >= kept:
            await ledger.roll_up(session, day, _midnight(day), _midnight(day + timedelta(days=1)))


async def keep(database: Database, policy: AnalyticsPolicy) -> None:
    """Make the partitions of the weeks to come, and let go of sessions that are older than the setting says.

    Whole weeks go, so that a session is kept for up to seven days more. Its day has its figures by then, for good.
    """
    async with database.session_scope() as session:
        await ledger.make_partitions(session)
        today = (await ledger.now(session)).astimezone(UTC).date()
    if not policy.retention_days:
        return
    oldest = today - timedelta(days=policy.retention_days)
    before = _midnight(oldest - timedelta(days=oldest.weekday()))
    await settle(database, policy)
    await roll_up(database)
    async with database.session_scope() as session:
        await ledger.set_mark(session, KEPT, before)
        await ledger.forget(session, before)
    while True:
        async with database.session_scope() as session:
            if await ledger.forget_watched(session, before, STEP) < STEP:
                return


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
