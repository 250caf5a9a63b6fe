"""Chapters as progress needs to know them, one user's row for who asks, and what was before a reset."""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from services.progress.watching.standing import ChapterFacts, Standing
from shared.contracts.access import Actor
from shared.contracts.completion import COMPLETE_AT
from shared.db import Session
from shared.db.models.learning import Progress, ProgressHistory

_FACTS = """
SELECT ch.course_id, ch.course_title, ch.chapter_id, ch.title, ch.video_id, ch.version_id, ch.first_watch_restricted,
       coalesce(own.completion_percentage, c.completion_percentage, {complete_at}) AS completion_percentage,
       c.students_may_complete, round(v.duration * 1000)::bigint AS duration_ms,
       following.chapter_id AS next_id, following.requires_chapter_id AS next_requires{more}
FROM catalog.current_chapters ch
JOIN catalog.courses c ON c.id = ch.course_id
JOIN catalog.chapters own ON own.course_version_id = c.current_version_id AND own.id = ch.chapter_id
LEFT JOIN media.video_versions v ON v.id = ch.version_id
LEFT JOIN LATERAL (
    SELECT n.chapter_id, n.requires_chapter_id FROM catalog.current_chapters n
    WHERE n.course_id = ch.course_id AND n.position > ch.position ORDER BY n.position LIMIT 1
) following ON true
WHERE ch.chapter_id = ANY(CAST(:chapters AS text[]))
"""

FACTS = text(_FACTS.format(more="", complete_at=COMPLETE_AT))
CHAPTER = _FACTS.format(more=", catalog.is_staff(ch.course_id, :user_id, :role) AS is_staff", complete_at=COMPLETE_AT)

# Who has no part in a course is told what anybody is told of a chapter that there is not, by the same statement. Who
# watched in it has a part, too: where the platform is asked there are no enrolments.
SHOWN = """
AND (catalog.is_staff(ch.course_id, :user_id, :role)
     OR EXISTS (SELECT 1 FROM catalog.enrollments e WHERE e.course_id = ch.course_id AND e.user_id = :user_id)
     OR EXISTS (SELECT 1 FROM catalog.current_chapters o WHERE o.course_id = ch.course_id AND o.is_free)
     OR EXISTS (SELECT 1 FROM learning.progress p WHERE p.course_id = ch.course_id AND p.user_id = :user_id))
"""
ANY_CHAPTER = text(CHAPTER)
SHOWN_CHAPTER = text(CHAPTER + SHOWN)

TEACHING = text("""
SELECT DISTINCT q.user_id, q.course_id FROM unnest(CAST(:users AS text[]), CAST(:courses AS text[])) AS q(user_id, course_id)
WHERE catalog.is_staff(q.course_id, q.user_id, 'instructor')
""")

DURATIONS = text("""
SELECT id, round(duration * 1000)::bigint AS duration_ms FROM media.video_versions
WHERE id = ANY(CAST(:versions AS uuid[])) AND duration IS NOT NULL
""")

KEPT_SECONDS = 1.0
"""For so long a chapter's facts are taken from memory: under load each costs more than a beat does. What a course's
staff change counts a second later."""
KEPT_CHAPTERS = 10_000


class Chapters:
    """The facts of chapters for whoever reports, and the lengths of films, which never change for a version."""

    def __init__(self) -> None:
        self._facts: dict[str, tuple[float, ChapterFacts]] = {}
        self._durations: dict[UUID, int] = {}

    async def facts(self, session: Session, chapter_ids: Iterable[str]) -> dict[str, ChapterFacts]:
        """Those of the chapters that there are."""
        now = time.monotonic()
        wanted = set(chapter_ids)
        known = {id_: kept[1] for id_ in wanted if (kept := self._facts.get(id_)) and now - kept[0] < KEPT_SECONDS}
        missing = sorted(wanted - known.keys())
        if missing:
            if len(self._facts) > KEPT_CHAPTERS:
                self._facts.clear()
            for row in (await session.execute(FACTS, {"chapters": missing})).mappings():
                known[row["chapter_id"]] = ChapterFacts(**row)
                self._facts[row["chapter_id"]] = (now, known[row["chapter_id"]])
        return known

    async def durations(self, session: Session, version_ids: Iterable[UUID]) -> dict[UUID, int]:
        """Milliseconds of film of each version that is known."""
        wanted = set(version_ids)
        missing = sorted(wanted - self._durations.keys())
        if missing:
            if len(self._durations) > KEPT_CHAPTERS:
                self._durations.clear()
            for row in await session.execute(DURATIONS, {"versions": missing}):
                self._durations[row[0]] = row[1]
        return {id_: self._durations[id_] for id_ in wanted if id_ in self._durations}


async def teaching(session: Session, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the ``(user, course)`` where the instructor teaches the course."""
    values = {"users": [user for user, _ in pairs], "courses": [course for _, course in pairs]}
    return {(row[0], row[1]) for row in await session.execute(TEACHING, values)}


async def chapter(session: Session, chapter_id: str, actor: Actor) -> tuple[ChapterFacts, bool] | None:
    """The facts and whether ``actor`` teaches the course; None for a chapter that there is not for them."""
    values = {"chapters": [chapter_id], "user_id": actor.user_id, "role": actor.role.value}
    query = ANY_CHAPTER if actor.role.sees_all else SHOWN_CHAPTER
    row = (await session.execute(query, values)).mappings().first()
    return None if row is None else _facts_and_staff(row)


def _facts_and_staff(row: RowMapping) -> tuple[ChapterFacts, bool]:
    facts: dict[str, Any] = dict(row)
    is_staff = bool(facts.pop("is_staff"))
    return ChapterFacts(**facts), is_staff


async def is_completed(session: Session, user_id: str, chapter_id: str) -> bool:
    query = select(Progress.is_completed).where(Progress.user_id == user_id, Progress.chapter_id == chapter_id)
    return bool(await session.scalar(query))


async def standing(session: Session, user_id: str, chapter_id: str) -> Standing | None:
    """How a user stands, for who only wants to know."""
    row = await session.get(Progress, (user_id, chapter_id))
    if row is None:
        return None
    return Standing(
        row.user_id,
        row.chapter_id,
        exists=True,
        watched=[(span.lower, span.upper) for span in row.watched],
        position_ms=row.position_ms,
        is_completed=row.is_completed,
        completed_at=row.completed_at,
        completed_by=row.completed_by,
        started_at=row.started_at,
        watch_time_ms=row.watch_time_ms,
        video_id=row.video_id,
        version_id=row.version_id,
        duration_ms=row.duration_ms,
        updated_at=row.updated_at,
    )


async def locked(session: Session, user_id: str, chapter_id: str) -> Progress | None:
    query = select(Progress).where(Progress.user_id == user_id, Progress.chapter_id == chapter_id)
    return await session.scalar(query.with_for_update())


async def history(session: Session, user_id: str, chapter_id: str, limit: int = 100) -> Sequence[ProgressHistory]:
    """What was before each reset, the newest first."""
    query = select(ProgressHistory).where(ProgressHistory.user_id == user_id, ProgressHistory.chapter_id == chapter_id)
    return (await session.scalars(query.order_by(ProgressHistory.reset_at.desc()).limit(limit))).all()
