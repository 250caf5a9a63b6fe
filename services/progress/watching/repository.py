"""A user's progress rows. Every change locks budget, then row, in that order, so that ten tabs take turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from services.progress.watching.credit import FIRST_BALANCE_MS, Span
from shared.contracts.access import Actor
from shared.db import Session
from shared.db.models.learning import Progress, WatchSession

CHAPTER = text("""
SELECT ch.course_id, ch.chapter_id, ch.video_id, ch.first_watch_restricted,
       catalog.is_staff(ch.course_id, :user_id, :role) AS is_staff,
       round(v.duration * 1000)::bigint AS duration_ms,
       following.chapter_id AS next_id, following.requires_chapter_id AS next_requires
FROM catalog.current_chapters ch
LEFT JOIN media.video_versions v ON v.id = ch.version_id
LEFT JOIN LATERAL (
    SELECT n.chapter_id, n.requires_chapter_id FROM catalog.current_chapters n
    WHERE n.course_id = ch.course_id AND n.position > ch.position ORDER BY n.position LIMIT 1
) following ON true
WHERE ch.chapter_id = :chapter_id
""")

# Who has no part in a course is told what anybody is told of a chapter that there is not, by the same statement. Who
# watched in it has a part, too: where the platform is asked there are no enrolments.
_SHOWN = """
AND (catalog.is_staff(ch.course_id, :user_id, :role)
     OR EXISTS (SELECT 1 FROM catalog.enrollments e WHERE e.course_id = ch.course_id AND e.user_id = :user_id)
     OR EXISTS (SELECT 1 FROM catalog.current_chapters o WHERE o.course_id = ch.course_id AND o.is_free)
     OR EXISTS (SELECT 1 FROM learning.progress p WHERE p.course_id = ch.course_id AND p.user_id = :user_id))
"""
SHOWN_CHAPTER = text(CHAPTER.text + _SHOWN)

LOCK_BUDGET = text("""
INSERT INTO learning.watch_budgets AS b (user_id, balance_ms, refilled_at) VALUES (:user_id, :first, now())
ON CONFLICT (user_id) DO UPDATE SET user_id = b.user_id
RETURNING balance_ms, (extract(epoch FROM clock_timestamp() - refilled_at) * 1000)::bigint AS elapsed_ms
""")

SAVE_BUDGET = text("""
UPDATE learning.watch_budgets SET balance_ms = :balance, refilled_at = clock_timestamp() WHERE user_id = :user_id
""")

# The multirange is Postgres' own: the union is one operator, whatever was there before.
ADD = text("""
UPDATE learning.progress
SET watched = watched + CAST(CAST(:spans AS text) AS int8multirange), frontier_ms = :frontier,
    position_ms = :position, duration_ms = :duration,
    video_id = :video_id, course_id = :course_id, watch_time_ms = watch_time_ms + :played, updated_at = now()
WHERE user_id = :user_id AND chapter_id = :chapter_id
""")

ADD_QUARTER = text("""
INSERT INTO learning.watch_quarters AS q (user_id, starts_at, watched_ms)
VALUES (:user_id, date_bin('15 minutes', now(), TIMESTAMPTZ '2000-01-01 00:00:00+00'), :played)
ON CONFLICT (user_id, starts_at) DO UPDATE SET watched_ms = q.watched_ms + excluded.watched_ms
""")

# -1, because no beat was seen: the first one of this session may tell of the same seconds again.
SESSION_POSITION = text("""
INSERT INTO learning.watch_sessions AS s (session_id, user_id, chapter_id, last_seq, credited_ms, last_beat_at)
VALUES (:session_id, :user_id, :chapter_id, -1, :credited, now())
ON CONFLICT (session_id) DO UPDATE SET credited_ms = s.credited_ms + excluded.credited_ms, last_beat_at = now()
""")

SESSION_BEAT = text("""
INSERT INTO learning.watch_sessions AS s (session_id, user_id, chapter_id, last_seq, credited_ms, last_beat_at)
VALUES (:session_id, :user_id, :chapter_id, :seq, :credited, now())
ON CONFLICT (session_id) DO UPDATE SET last_seq = greatest(s.last_seq, excluded.last_seq),
    credited_ms = s.credited_ms + excluded.credited_ms, last_beat_at = now()
""")


@dataclass(frozen=True)
class ChapterFacts:
    """A chapter as its course has it now; ``duration_ms`` is the film's own, measured by us.

    ``is_staff``: whether who asks teaches the course.
    """

    course_id: str
    chapter_id: str
    video_id: UUID | None
    first_watch_restricted: bool
    is_staff: bool
    duration_ms: int | None
    next_id: str | None
    next_requires: str | None


async def chapter(session: Session, chapter_id: str, actor: Actor, *, shown: bool = False) -> ChapterFacts | None:
    """None where there is no such chapter; with ``shown``, none that ``actor`` may know of either."""
    values = {"chapter_id": chapter_id, "user_id": actor.user_id, "role": actor.role.value}
    query = SHOWN_CHAPTER if shown and not actor.role.sees_all else CHAPTER
    row = (await session.execute(query, values)).mappings().first()
    return ChapterFacts(**row) if row else None


async def lock_budget(session: Session, user_id: str) -> tuple[int, int]:
    """The user's balance, and the milliseconds since it was refilled; nobody else changes it until we are done."""
    row = (await session.execute(LOCK_BUDGET, {"user_id": user_id, "first": FIRST_BALANCE_MS})).one()
    return row[0], row[1]


async def save_budget(session: Session, user_id: str, balance_ms: int) -> None:
    await session.execute(SAVE_BUDGET, {"user_id": user_id, "balance": balance_ms})


async def find(session: Session, user_id: str, chapter_id: str, *, lock: bool = False) -> Progress | None:
    query = select(Progress).where(Progress.user_id == user_id, Progress.chapter_id == chapter_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def find_or_make(session: Session, user_id: str, facts: ChapterFacts) -> tuple[Progress, bool]:
    """The locked row, and whether it is new."""
    made = await session.execute(
        insert(Progress)
        .values(user_id=user_id, chapter_id=facts.chapter_id, course_id=facts.course_id, video_id=facts.video_id)
        .on_conflict_do_nothing()
        .returning(Progress.user_id)
    )
    is_new = made.scalar() is not None
    row = await find(session, user_id, facts.chapter_id, lock=True)
    assert row is not None
    return row, is_new


def spans_of(row: Progress) -> list[Span]:
    """The credited stretches in order."""
    return [(span.lower, span.upper) for span in row.watched]


async def add(
    session: Session,
    row: Progress,
    facts: ChapterFacts,
    spans: Sequence[Span],
    *,
    frontier_ms: int,
    position_ms: int,
    played_ms: int,
) -> Progress:
    """``frontier_ms`` is that of the union of ``spans`` with what the row has."""
    values = {
        "spans": "{" + ",".join(f"[{start},{end})" for start, end in spans) + "}",
        "frontier": frontier_ms,
        "position": position_ms,
        "duration": facts.duration_ms,
        "video_id": facts.video_id,
        "course_id": facts.course_id,
        "played": played_ms,
        "user_id": row.user_id,
        "chapter_id": row.chapter_id,
    }
    await session.execute(ADD, values)
    if played_ms:
        await session.execute(ADD_QUARTER, {"user_id": row.user_id, "played": played_ms})
    await session.refresh(row)
    return row


@dataclass(frozen=True)
class Reported:
    """What a playback session told so far: its last beat (-1 for none), and the milliseconds credited to it."""

    last_seq: int = -1
    credited_ms: int = 0

    @property
    def beats(self) -> bool:
        return self.last_seq >= 0


async def reported(session: Session, session_id: UUID) -> Reported:
    query = select(WatchSession.last_seq, WatchSession.credited_ms).where(WatchSession.session_id == session_id)
    row = (await session.execute(query)).first()
    return Reported(*row) if row else Reported()


async def session_position(session: Session, session_id: UUID, user_id: str, chapter_id: str, credited_ms: int) -> None:
    values = {"session_id": session_id, "user_id": user_id, "chapter_id": chapter_id, "credited": credited_ms}
    await session.execute(SESSION_POSITION, values)


async def session_beat(
    session: Session, session_id: UUID, user_id: str, chapter_id: str, seq: int, credited_ms: int
) -> None:
    values = {
        "session_id": session_id,
        "user_id": user_id,
        "chapter_id": chapter_id,
        "seq": seq,
        "credited": credited_ms,
    }
    await session.execute(SESSION_BEAT, values)


async def is_completed(session: Session, user_id: str, chapter_id: str) -> bool:
    row = await find(session, user_id, chapter_id)
    return row is not None and row.is_completed


async def now(session: Session) -> datetime:
    moment: datetime = (await session.execute(text("SELECT now()"))).scalar_one()
    return moment
