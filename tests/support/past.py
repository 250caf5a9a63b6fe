"""Sessions of days that are gone, as the services would have left them; and the worker's tasks, called by hand."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from services.progress.analytics import jobs
from services.progress.analytics.policy import AnalyticsPolicy
from shared.db import Database
from tests.support.running import Suite, run_async

_numbers = count(1)

INSERT = """
INSERT INTO learning.watch_sessions (session_id, user_id, chapter_id, last_seq, credited_ms, started_at, last_beat_at,
    course_id, video_id, played, duration_ms, position_ms, rewinds, state)
SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (session_id uuid, user_id text, chapter_id text, last_seq bigint,
    credited_ms bigint, started_at timestamptz, last_beat_at timestamptz, course_id text, video_id uuid,
    played int8multirange, duration_ms bigint, position_ms bigint, rewinds bigint[], state text)
"""


def id_at(moment: datetime) -> UUID:
    """A UUIDv7 of that moment that was never given before."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | 0b10 << 62 | next(_numbers))


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def multirange(spans: Sequence[tuple[int, int]]) -> str:
    return "{" + ",".join(f"[{start},{end})" for start, end in spans) + "}"


def watched(
    moment: datetime,
    *,
    video: str,
    course: str,
    chapter: str,
    user: str,
    played: Sequence[tuple[int, int]] = (),
    credited_ms: int | None = None,
    duration_ms: int = 8000,
    position_ms: int | None = None,
    rewinds: Sequence[int] = (),
    state: str = "ended",
) -> dict[str, Any]:
    """A row of ``learning.watch_sessions``: opened at ``moment`` and ended soon after."""
    seconds = sum(end - start for start, end in played)
    return {
        "session_id": str(id_at(moment)), "user_id": user, "chapter_id": chapter, "last_seq": 1,
        "credited_ms": seconds if credited_ms is None else credited_ms, "started_at": moment.isoformat(),
        "last_beat_at": moment.isoformat(), "course_id": course, "video_id": video, "played": multirange(played),
        "duration_ms": duration_ms, "position_ms": played[-1][1] if position_ms is None and played else position_ms,
        "rewinds": list(rewinds), "state": state,
    }  # fmt: skip


def work(suite: Suite, task: Callable[[Database], Awaitable[Any]]) -> Any:
    """What a task of the worker returns, done now on the database of ``suite``."""

    async def do() -> Any:
        database = Database(suite.facts()["databaseUrl"], application="tests", pool_size=1)
        try:
            return await task(database)
        finally:
            await database.close()

    return run_async(do())


def settle(suite: Suite, **policy: Any) -> int:
    """Take over what was played, that of sessions whose beats lie before the last time as well."""
    suite.query("DELETE FROM analytics.marks WHERE name = 'settled'")
    changed: int = work(suite, lambda database: jobs.settle(database, AnalyticsPolicy(**policy)))
    return changed


def roll_up(suite: Suite) -> int:
    days: int = work(suite, jobs.roll_up)
    return days


def unroll(suite: Suite) -> None:
    """As before the first roll-up: every figure comes from sessions."""
    suite.query("DELETE FROM analytics.marks WHERE name = 'rolled'")
    for table in ("video_days", "course_days"):
        suite.query(f"DELETE FROM analytics.{table}")
