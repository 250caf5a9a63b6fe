"""How many users stand is read and written together: five statements for a batch, however many reports it has.

Every change of a user's progress locks their budget first, in the order of user ids, so that ten tabs and two processes
take turns and never wait for each other in a ring. Where progress rows are stretched to a new film without that lock,
the version they were read on tells: a batch that finds another is written anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.progress.watching.credit import FIRST_BALANCE_MS, Span, refill
from services.progress.watching.standing import Budget, Standing, Viewing
from shared.db import Session

LOCK_BUDGETS = text("""
SELECT user_id, balance_ms,
       (extract(epoch FROM coalesce(CAST(:now AS timestamptz), clock_timestamp()) - refilled_at) * 1000)::bigint AS elapsed
FROM learning.watch_budgets WHERE user_id = ANY(CAST(:users AS text[])) ORDER BY user_id FOR UPDATE
""")

# Who reports for the first time has been watching since the session was opened, whose id says when that was.
FIRST_BUDGETS = text("""
INSERT INTO learning.watch_budgets (user_id, balance_ms, refilled_at)
SELECT q.user_id, :first,
       min(least(coalesce(CAST(:now AS timestamptz), clock_timestamp()), uuid_extract_timestamp(q.session_id)))
FROM unnest(CAST(:users AS text[]), CAST(:sessions AS uuid[])) AS q(user_id, session_id)
GROUP BY q.user_id ORDER BY q.user_id
ON CONFLICT (user_id) DO NOTHING
""")

READ = text("""
SELECT q.n, coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS moment,
       p.user_id IS NOT NULL AS has_progress, p.watched, p.position_ms, p.position_at, p.watch_time_ms, p.is_completed,
       p.completed_at, p.completed_by, p.started_at, p.video_id, p.version_id, p.duration_ms, p.updated_at,
       s.session_id IS NOT NULL AS has_session, s.last_seq, s.credited_ms, s.claimed_ms, s.played,
       s.version_id AS session_version, s.duration_ms AS session_duration, s.position_ms AS session_position,
       s.rewinds, s.state, coalesce(n.is_completed, false) AS opens_next
FROM unnest(CAST(:users AS text[]), CAST(:chapters AS text[]), CAST(:sessions AS uuid[]), CAST(:needed AS text[]))
     WITH ORDINALITY AS q(user_id, chapter_id, session_id, needed, n)
LEFT JOIN learning.progress p ON p.user_id = q.user_id AND p.chapter_id = q.chapter_id
LEFT JOIN learning.watch_sessions s ON s.session_id = q.session_id
LEFT JOIN learning.progress n ON n.user_id = q.user_id AND n.chapter_id = q.needed
""")

WRITE = text("""
WITH budgets AS (
    UPDATE learning.watch_budgets b SET balance_ms = q.balance, refilled_at = :moment
    FROM unnest(CAST(:b_users AS text[]), CAST(:b_balances AS bigint[])) AS q(user_id, balance)
    WHERE b.user_id = q.user_id
), rows AS (
    SELECT * FROM unnest(
        CAST(:p_users AS text[]), CAST(:p_chapters AS text[]), CAST(:p_courses AS text[]), CAST(:p_exists AS boolean[]),
        CAST(:p_read AS uuid[]), CAST(:p_videos AS uuid[]), CAST(:p_versions AS uuid[]), CAST(:p_watched AS text[]),
        CAST(:p_frontiers AS bigint[]), CAST(:p_durations AS bigint[]), CAST(:p_positions AS bigint[]),
        CAST(:p_moments AS timestamptz[]), CAST(:p_times AS bigint[]), CAST(:p_started AS timestamptz[]),
        CAST(:p_completed AS timestamptz[]), CAST(:p_by AS text[]))
    AS q(user_id, chapter_id, course_id, is_there, read_version, video_id, version_id, watched, frontier, duration,
         place, placed, watch_time, started, completed, completed_by)
), changed AS (
    UPDATE learning.progress p SET course_id = q.course_id, video_id = q.video_id, version_id = q.version_id,
        watched = q.watched::int8multirange, frontier_ms = q.frontier, duration_ms = q.duration, position_ms = q.place,
        position_at = q.placed, watch_time_ms = q.watch_time, started_at = q.started, completed_at = q.completed,
        completed_by = q.completed_by, is_completed = q.completed IS NOT NULL, updated_at = :moment
    FROM rows q WHERE q.is_there AND p.user_id = q.user_id AND p.chapter_id = q.chapter_id
      AND p.version_id IS NOT DISTINCT FROM q.read_version
    RETURNING 1
), made AS (
    INSERT INTO learning.progress (user_id, chapter_id, course_id, video_id, version_id, watched, frontier_ms, duration_ms,
        position_ms, position_at, watch_time_ms, started_at, completed_at, completed_by, is_completed, created_at, updated_at)
    SELECT user_id, chapter_id, course_id, video_id, version_id, watched::int8multirange, frontier, duration, place, placed,
           watch_time, started, completed, completed_by, completed IS NOT NULL, :moment, :moment
    FROM rows WHERE NOT is_there
    ON CONFLICT DO NOTHING RETURNING 1
), quarters AS (
    INSERT INTO learning.watch_quarters AS w (user_id, starts_at, watched_ms)
    SELECT user_id, date_bin('15 minutes', :moment, TIMESTAMPTZ '2000-01-01 00:00:00+00'), played
    FROM unnest(CAST(:q_users AS text[]), CAST(:q_played AS bigint[])) AS q(user_id, played)
    ON CONFLICT (user_id, starts_at) DO UPDATE SET watched_ms = w.watched_ms + excluded.watched_ms
), sessions AS (
    INSERT INTO learning.watch_sessions AS s (session_id, user_id, chapter_id, course_id, video_id, version_id, last_seq,
        credited_ms, claimed_ms, played, duration_ms, position_ms, rewinds, state, ended_at, started_at, last_beat_at)
    SELECT session_id, user_id, chapter_id, course_id, video_id, version_id, last_seq, credited, claimed,
           played::int8multirange, duration, place, rewinds::bigint[], state,
           CASE WHEN state = 'ended' THEN CAST(:moment AS timestamptz) END, :moment, :moment
    FROM unnest(
        CAST(:s_ids AS uuid[]), CAST(:s_users AS text[]), CAST(:s_chapters AS text[]), CAST(:s_courses AS text[]),
        CAST(:s_videos AS uuid[]), CAST(:s_versions AS uuid[]), CAST(:s_seqs AS bigint[]), CAST(:s_credited AS bigint[]),
        CAST(:s_claimed AS bigint[]), CAST(:s_played AS text[]), CAST(:s_durations AS bigint[]),
        CAST(:s_positions AS bigint[]), CAST(:s_rewinds AS text[]), CAST(:s_states AS text[]))
    AS q(session_id, user_id, chapter_id, course_id, video_id, version_id, last_seq, credited, claimed, played, duration,
         place, rewinds, state)
    ON CONFLICT (session_id) DO UPDATE SET last_seq = excluded.last_seq, credited_ms = excluded.credited_ms,
        claimed_ms = excluded.claimed_ms, played = excluded.played, version_id = excluded.version_id,
        duration_ms = excluded.duration_ms, position_ms = excluded.position_ms, rewinds = excluded.rewinds,
        state = excluded.state, ended_at = excluded.ended_at, last_beat_at = excluded.last_beat_at,
        course_id = excluded.course_id, video_id = excluded.video_id
)
SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM made)
""")

COMPLETE_COURSES = text("""
INSERT INTO learning.course_completions (user_id, course_id, completed_at)
SELECT q.user_id, q.course_id, :moment
FROM unnest(CAST(:users AS text[]), CAST(:courses AS text[])) AS q(user_id, course_id)
WHERE NOT EXISTS (
    SELECT 1 FROM catalog.current_chapters ch
    LEFT JOIN learning.progress p ON p.user_id = q.user_id AND p.chapter_id = ch.chapter_id
    WHERE ch.course_id = q.course_id AND ch.video_id IS NOT NULL AND NOT coalesce(p.is_completed, false))
ON CONFLICT DO NOTHING RETURNING user_id, course_id
""")


class MovedOnError(Exception):
    """Progress that was read is not as it was read: everything is to be done again."""


@dataclass(frozen=True)
class Place:
    """What one report is about. ``needed``: the chapter that has to be completed for the next one to open."""

    user_id: str
    chapter_id: str
    session_id: UUID | None = None
    needed: str | None = None


@dataclass
class Ledger:
    """How those stand whom a batch is about; each row once, however many reports are about it."""

    moment: datetime
    budgets: dict[str, Budget]
    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    viewings: dict[UUID, Viewing] = field(default_factory=dict)
    opens_next: dict[tuple[str, str | None], bool] = field(default_factory=dict)
    courses: dict[str, str] = field(default_factory=dict)
    """The course of each chapter."""

    def standing(self, place: Place) -> Standing:
        return self.standings[place.user_id, place.chapter_id]

    def viewing(self, place: Place) -> Viewing | None:
        return None if place.session_id is None else self.viewings[place.session_id]


async def read(session: Session, places: Sequence[Place], now: datetime | None = None) -> Ledger:
    """Lock the budgets of all users, and read what stands. ``now``: the moment it is, where a test says so."""
    balances = await lock(session, places, now)
    values = {
        "now": now,
        "users": [place.user_id for place in places],
        "chapters": [place.chapter_id for place in places],
        "sessions": [place.session_id for place in places],
        "needed": [place.needed for place in places],
    }
    rows = (await session.execute(READ, values)).mappings().all()
    ledger = Ledger(rows[0]["moment"], {user: Budget(user, balance) for user, balance in balances.items()})
    for row in rows:
        place = places[row["n"] - 1]
        ledger.standings.setdefault((place.user_id, place.chapter_id), _standing(place, row))
        ledger.opens_next[place.user_id, place.needed] = row["opens_next"]
        if place.session_id is not None:
            ledger.viewings.setdefault(place.session_id, _viewing(place, place.session_id, row))
    return ledger


async def lock(session: Session, places: Sequence[Place], now: datetime | None = None) -> dict[str, int]:
    """Lock the budgets of all users, which is what every change of their progress waits for; what each may earn."""
    users = sorted({place.user_id for place in places})

    async def locked(some: list[str]) -> dict[str, int]:
        rows = await session.execute(LOCK_BUDGETS, {"users": some, "now": now})
        return {row[0]: refill(row[1], row[2]) for row in rows}

    balances = await locked(users)
    if len(balances) < len(users):
        values = {
            "users": [place.user_id for place in places],
            "sessions": [place.session_id for place in places],
            "first": FIRST_BALANCE_MS,
            "now": now,
        }
        await session.execute(FIRST_BUDGETS, values)
        balances = await locked(users)
    return balances


async def write(session: Session, ledger: Ledger) -> None:
    """Everything that stands in ``ledger``, in one statement. Raises MovedOnError where a row is not as it was read."""
    values = {
        "moment": ledger.moment,
        **_columns("b", ("users", "balances"), ((one.user_id, one.balance_ms) for one in ledger.budgets.values())),
        **_columns("p", PROGRESS, (_progress_row(one, ledger) for one in ledger.standings.values())),
        **_columns("q", ("users", "played"), _quarters(ledger).items()),
        **_columns("s", SESSIONS, (_session_row(one, ledger) for one in ledger.viewings.values())),
    }
    if (await session.execute(WRITE, values)).scalar_one() != len(ledger.standings):
        raise MovedOnError


async def complete_courses(
    session: Session, pairs: Sequence[tuple[str, str]], moment: datetime
) -> list[tuple[str, str]]:
    """Those of the ``(user, course)`` that are whole now and were not before."""
    values = {"users": [user for user, _ in pairs], "courses": [course for _, course in pairs], "moment": moment}
    return [(row[0], row[1]) for row in await session.execute(COMPLETE_COURSES, values)]


PROGRESS = (
    *("users", "chapters", "courses", "exists", "read", "videos", "versions", "watched", "frontiers", "durations"),
    *("positions", "moments", "times", "started", "completed", "by"),
)
SESSIONS = (
    *("ids", "users", "chapters", "courses", "videos", "versions", "seqs", "credited", "claimed", "played"),
    *("durations", "positions", "rewinds", "states"),
)


def _progress_row(one: Standing, ledger: Ledger) -> tuple[object, ...]:
    return (
        *(one.user_id, one.chapter_id, ledger.courses[one.chapter_id], one.exists, one.read_version, one.video_id),
        *(one.version_id, multirange(one.watched), one.frontier_ms, one.duration_ms, one.position_ms, one.position_at),
        *(one.watch_time_ms, one.started_at, one.completed_at, one.completed_by),
    )


def _session_row(one: Viewing, ledger: Ledger) -> tuple[object, ...]:
    standing = ledger.standings[one.user_id, one.chapter_id]
    return (
        *(one.session_id, one.user_id, one.chapter_id, ledger.courses[one.chapter_id], standing.video_id),
        *(one.version_id, one.last_seq, one.credited_ms, one.claimed_ms, multirange(one.played), one.duration_ms),
        *(one.position_ms, "{" + ",".join(map(str, one.rewinds)) + "}", one.state),
    )


def _quarters(ledger: Ledger) -> dict[str, int]:
    played: dict[str, int] = {}
    for one in ledger.standings.values():
        if one.earned_ms:
            played[one.user_id] = played.get(one.user_id, 0) + one.earned_ms
    return played


def _columns(prefix: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> dict[str, list[object]]:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {f"{prefix}_{name}": list(column) for name, column in zip(names, columns, strict=True)}


def multirange(spans: Sequence[Span]) -> str:
    """As Postgres reads it."""
    return "{" + ",".join(f"[{start},{end})" for start, end in spans) + "}"


def _spans(value: object) -> list[Span]:
    return [(span.lower, span.upper) for span in value or ()]  # type: ignore[attr-defined]  # asyncpg's own ranges


def _standing(place: Place, row: RowMapping) -> Standing:
    if not row["has_progress"]:
        return Standing(place.user_id, place.chapter_id)
    return Standing(
        place.user_id,
        place.chapter_id,
        exists=True,
        read_version=row["version_id"],
        watched=_spans(row["watched"]),
        position_ms=row["position_ms"],
        position_at=row["position_at"],
        watch_time_ms=row["watch_time_ms"],
        is_completed=row["is_completed"],
        completed_at=row["completed_at"],
        completed_by=row["completed_by"],
        started_at=row["started_at"],
        video_id=row["video_id"],
        version_id=row["version_id"],
        duration_ms=row["duration_ms"],
        updated_at=row["updated_at"],
    )


def _viewing(place: Place, session_id: UUID, row: RowMapping) -> Viewing:
    if not row["has_session"]:
        return Viewing(session_id, place.user_id, place.chapter_id)
    return Viewing(
        session_id,
        place.user_id,
        place.chapter_id,
        last_seq=row["last_seq"],
        credited_ms=row["credited_ms"],
        claimed_ms=row["claimed_ms"],
        played=_spans(row["played"]),
        version_id=row["session_version"],
        duration_ms=row["session_duration"],
        position_ms=row["session_position"],
        rewinds=list(row["rewinds"]),
        state=row["state"],
    )
