"""The dashboards' statements on a platform of some size: a million rows of progress, ten million events of half a million
sessions over 90 days, 200 films in 40 courses.

Everything is made in a throw-away Postgres with the settings that `make run` gives it, by statements (``fill``) and by the
worker's own roll-up; ``small`` makes the same with a hundredth of it. Each dashboard is asked through its service, five
times after once, then explained: what it took, and how many rows the scans of tables and indexes came across.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import asyncpg
from alembic import command
from sqlalchemy import RowMapping, TextClause, text

from bench.table import show
from deploy.embedded.throwaway import throwaway_postgres
from services.progress.analytics import jobs
from services.progress.dashboards import repository
from services.progress.dashboards.schemas import (
    WantedBandwidth,
    WantedChapters,
    WantedExperience,
    WantedMatrix,
    WantedRetention,
    WantedStruggling,
    WantedUser,
    WantedVideos,
)
from services.progress.dashboards.service import DashboardService
from shared.contracts.access import Actor, Role
from shared.db import Database, Session
from shared.db.migrate import alembic_config

ASKED = 5
LIMIT_MS = 300
PAGE = 100


@dataclass(frozen=True)
class Scale:
    """``users`` watch ``courses_each`` of the courses; each course has ``chapters`` with a film of 20 minutes."""

    users: int = 20_000
    courses_each: int = 10
    courses: int = 40
    chapters: int = 5
    sessions: int = 500_000
    events_each: int = 20
    days: int = 90

    @property
    def progress(self) -> int:
        return self.users * self.courses_each * self.chapters

    @property
    def events(self) -> int:
        return self.sessions * self.events_each


small = Scale(users=200, sessions=5_000)
"""For trying."""

DURATION_MS = 1_200_000

# Ids and numbers follow from counters alone: the same scale is the same database.
FILL: tuple[tuple[str, str], ...] = (
    (
        "courses and films",
        """
        INSERT INTO catalog.courses (id, title, is_sequential, current_version_id)
        SELECT 'course-' || c, 'Course ' || c, false, md5('version' || c)::uuid FROM generate_series(0, {courses} - 1) c;
        INSERT INTO catalog.course_versions (id, course_id, number)
        SELECT md5('version' || c)::uuid, 'course-' || c, 1 FROM generate_series(0, {courses} - 1) c;
        INSERT INTO catalog.chapters (course_version_id, id, title, position, is_free, first_watch_restricted)
        SELECT md5('version' || c)::uuid, 'chapter-' || c || '-' || k, 'Chapter ' || k, k, false, false
        FROM generate_series(0, {courses} - 1) c, generate_series(0, {chapters} - 1) k;
        INSERT INTO media.videos (id, course_id, chapter_id, current_version_id, created_by)
        SELECT md5('video' || c || '-' || k)::uuid, 'course-' || c, 'chapter-' || c || '-' || k,
               md5('film' || c || '-' || k)::uuid, 'bench'
        FROM generate_series(0, {courses} - 1) c, generate_series(0, {chapters} - 1) k;
        INSERT INTO media.video_versions (id, video_id, number, status, original_name, container, source_key, source_bytes,
            public_secret, duration)
        SELECT md5('film' || c || '-' || k)::uuid, md5('video' || c || '-' || k)::uuid, 1, 'ready', 'a.mp4', 'mp4', 'a', 1,
               md5('secret' || c || '-' || k), {duration} / 1000.0
        FROM generate_series(0, {courses} - 1) c, generate_series(0, {chapters} - 1) k;
        INSERT INTO catalog.course_instructors (course_id, user_id)
        SELECT 'course-' || c, 'teacher' FROM generate_series(0, {courses} - 1, 10) c;
        """,
    ),
    (
        "progress",
        """
        INSERT INTO learning.progress (user_id, chapter_id, course_id, video_id, watched, frontier_ms, duration_ms,
            position_ms, watch_time_ms, is_completed, completed_at, started_at, position_at, created_at, updated_at)
        SELECT 'user-' || u, 'chapter-' || c || '-' || k, 'course-' || c, md5('video' || c || '-' || k)::uuid,
               CASE WHEN h < 40 THEN int8multirange(int8range(0, {duration}))
                    WHEN h < 70 THEN int8multirange(int8range(0, h * 9000), int8range(h * 10000, h * 10000 + 60000))
                    ELSE int8multirange(int8range(0, (100 - h) * 8000)) END,
               (100 - h) * 8000, {duration}, (100 - h) * 8000, (100 - h) * 9000, h < 40,
               CASE WHEN h < 40 THEN began + interval '1 day' END, began, began + make_interval(hours => h * 6),
               began, began + make_interval(hours => h * 6)
        FROM (SELECT u, (u * 7 + n * 4 + u / 40) % {courses} AS c, k, (abs(hashint8(u::bigint * 1000003 + n * 101 + k)::bigint) % 100)::integer AS h,
                     now() - make_interval(days => 1 + (u % ({days} - 1))) AS began
              FROM generate_series(0, {users} - 1) u, generate_series(0, {each} - 1) n,
                   generate_series(0, {chapters} - 1) k) made
        ON CONFLICT DO NOTHING;
        """,
    ),
    (
        "sessions",
        """
        CREATE TEMP TABLE opened AS
        SELECT s, u, c, k, h, moment, (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7000'
                 || '8' || lpad(to_hex(s), 15, '0'))::uuid AS id
        FROM (SELECT s, (abs(hashint8(s)::bigint) % {users})::integer AS u, (abs(hashint8(s::bigint * 31)::bigint) % {each})::integer AS n,
                     (abs(hashint8(s::bigint * 37)::bigint) % {chapters})::integer AS k, (abs(hashint8(s::bigint * 41)::bigint) % 100)::integer AS h,
                     now() - make_interval(secs => {days} * 86400.0 * (1 - s::float8 / {sessions})) AS moment
              FROM generate_series(0, {sessions} - 1) s) drawn,
             LATERAL (SELECT (u * 7 + n * 4 + u / 40) % {courses} AS c) course;
        INSERT INTO learning.watch_sessions (session_id, user_id, chapter_id, last_seq, credited_ms, started_at,
            last_beat_at, course_id, video_id, version_id, played, duration_ms, position_ms, rewinds, state)
        SELECT id, 'user-' || u, 'chapter-' || c || '-' || k, 20, h * 10000, moment,
               moment + make_interval(secs => h * 10), 'course-' || c, md5('video' || c || '-' || k)::uuid,
               md5('film' || c || '-' || k)::uuid, int8multirange(int8range(h * 1000, h * 11000 + 1)), {duration},
               h * 11000, CASE WHEN h % 16 = 0 THEN ARRAY[h * 900, h * 900 + 3000, h * 900 + 6000] ELSE '{{}}' END, 'ended'
        FROM opened;
        INSERT INTO analytics.video_analytics (session_id, video_id, course_id, chapter_id, user_id, watch_duration,
            completion_rate, is_view, beat_at, ended_at, quality_selected, bandwidth_used, bytes_by_rendition, startup_ms,
            stall_count, stall_ms, errors, device_type, browser, os, ip_address, event_counts, created_at, updated_at)
        SELECT id, md5('video' || c || '-' || k)::uuid, 'course-' || c, 'chapter-' || c || '-' || k, 'user-' || u, h * 10,
               h * 100.0 / 120, h > 0, moment + make_interval(secs => h * 10), moment + make_interval(secs => h * 10),
               '720p', h * 1000000, jsonb_build_object('360p', h * 200000, '720p', h * 500000, '1080p', h * 300000),
               300 + h * h, h % 3, h % 3 * 400,
               CASE WHEN h % 25 = 0 THEN jsonb_build_object('network', 1) ELSE '{{}}' END,
               (ARRAY['desktop','desktop','mobile','tablet'])[1 + h % 4], 'Chrome', 'Windows', '192.0.2.0/24',
               jsonb_build_object('bandwidth', {events_each} - 3, 'startup', 1, 'session_start', 1, 'session_end', 1),
               moment, moment
        FROM opened ORDER BY id;
        """,
    ),
    (
        "events",
        """
        INSERT INTO analytics.video_events (session_id, seq, type, at, occurred_at, received_at, quality, value, bytes)
        SELECT id, e, CASE e WHEN 0 THEN 'session_start' WHEN 1 THEN 'startup' WHEN {events_each} - 1 THEN 'session_end'
                             ELSE 'bandwidth' END,
               e * 10, moment, moment, '720p', CASE WHEN e = 1 THEN 300 + h * h END, CASE WHEN e > 1 THEN h * 50000 END
        FROM (SELECT * FROM opened ORDER BY id) o, generate_series(0, {events_each} - 1) e;
        """,
    ),
    ("statistics", "VACUUM ANALYZE learning.progress"),
    ("statistics", "VACUUM ANALYZE learning.watch_sessions"),
    ("statistics", "ANALYZE analytics.video_analytics"),
    ("statistics", "ANALYZE analytics.video_events"),
)


async def fill(connection: asyncpg.Connection, scale: Scale) -> dict[str, float]:
    """Make a platform in the empty schema that ``connection``, the owner's, leads to; seconds of each part."""
    took: dict[str, float] = {}
    weeks = scale.days // 7 + 2
    await connection.execute(f"SELECT analytics.make_partitions(now() - interval '{weeks} weeks', now())")
    for what, statement in FILL:
        began = time.perf_counter()
        await connection.execute(
            statement.format(
                courses=scale.courses, chapters=scale.chapters, users=scale.users, each=scale.courses_each,
                sessions=scale.sessions, events_each=scale.events_each, days=scale.days, duration=DURATION_MS,
            ) if "{" in statement else statement
        )  # fmt: skip
        took[what] = took.get(what, 0) + time.perf_counter() - began
    await connection.execute("DROP TABLE opened")
    return took


@asynccontextmanager
async def filled(scale: Scale) -> Any:
    """The URL of the owner of a throw-away database with a platform of that size, rolled up by the worker's own task."""
    async with throwaway_postgres() as url:
        await asyncio.to_thread(command.upgrade, alembic_config(url), "head")
        connection = await asyncpg.connect(url, command_timeout=1200)
        took = await fill(connection, scale)
        database = Database(url, application="bench", pool_size=2, statement_timeout=1200)
        began = time.perf_counter()
        days = await jobs.roll_up(database)
        took[f"roll-up of {days} days"] = time.perf_counter() - began
        await database.close()
        await connection.execute("VACUUM ANALYZE analytics.video_days, analytics.course_days")
        await connection.close()
        show(["made", "seconds"], [[what, seconds] for what, seconds in took.items()])
        yield url


Question = Callable[[DashboardService], Coroutine[Any, Any, Any]]
ADMIN, TEACHER = Actor(user_id="bench", role=Role.ADMIN), Actor(user_id="teacher", role=Role.INSTRUCTOR)
COURSE = "course-7"


def _questions(video: UUID) -> dict[str, Question]:
    return {
        "videos, all courses": lambda d: d.videos(ADMIN, WantedVideos(), PAGE),
        "videos, an instructor's": lambda d: d.videos(TEACHER, WantedVideos(), PAGE),
        "chapters, all courses": lambda d: d.chapters(ADMIN, WantedChapters(), PAGE),
        "chapters, one course": lambda d: d.chapters(ADMIN, WantedChapters(course_id=COURSE), PAGE),
        "users/{id}": lambda d: d.user(ADMIN, "user-77", WantedUser(), PAGE),
        "struggling, all courses": lambda d: d.struggling(ADMIN, WantedStruggling(), PAGE),
        "struggling, one course": lambda d: d.struggling(ADMIN, WantedStruggling(course_id=COURSE), PAGE),
        "struggling, one course as CSV": lambda d: d.struggling(ADMIN, WantedStruggling(course_id=COURSE), 10_000),
        "matrix/{courseId}": lambda d: d.matrix(ADMIN, COURSE, WantedMatrix(), PAGE),
        "retention/{videoId}": lambda d: d.retention(ADMIN, video, WantedRetention(), 10_000),
        "retention, by the second": lambda d: d.retention(ADMIN, video, WantedRetention(resolution=1), 10_000),
        "experience, by day": lambda d: d.experience(ADMIN, WantedExperience(), PAGE),
        "experience, all": lambda d: d.experience(ADMIN, WantedExperience(by="all"), PAGE),
        "experience, by video": lambda d: d.experience(ADMIN, WantedExperience(by="video"), PAGE),
        "experience, slowest start first": lambda d: d.experience(
            ADMIN, WantedExperience(by="video", sort="-startupP95"), PAGE
        ),
        "experience, an instructor's": lambda d: d.experience(TEACHER, WantedExperience(by="course"), PAGE),
        "bandwidth, all courses": lambda d: d.bandwidth(ADMIN, WantedBandwidth(price_per_gb=0.05), PAGE),
    }


async def _ask(database: Database, question: Question) -> dict[str, Any]:
    service = DashboardService(database, 0.05)
    plans: list[dict[str, Any]] = []
    real = repository.rows

    async def explained(session: Session, statement: TextClause, **values: Any) -> Sequence[RowMapping]:
        """In the same transaction, for the settings that the service made there."""
        asked = {name: values[name] for name in statement.compile().params}
        explain = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}")
        plans.extend((await session.execute(explain, asked)).scalar_one())
        return await real(session, statement, **values)

    took: list[float] = []
    await question(service)
    for _ in range(ASKED):
        began = time.perf_counter()
        await question(service)
        took.append(1000 * (time.perf_counter() - began))
    with patch.object(repository, "rows", explained):
        await question(service)
    [plan] = plans
    return {
        "best_ms": round(min(took), 1),
        "median_ms": round(statistics.median(took), 1),
        "statement_ms": round(plan["Execution Time"] + plan["Planning Time"], 1),
        "rows_read": _rows_read(plan["Plan"]),
        "buffers": plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"],
        "plan": plan,
    }


def _rows_read(node: dict[str, Any]) -> int:
    """What the scans of tables and indexes came across, kept or not."""
    own = 0
    if "Relation Name" in node and node["Node Type"].endswith("Scan"):
        seen = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        own = round(sum(node.get(name, 0) for name in seen) * node["Actual Loops"])
    return own + sum(_rows_read(part) for part in node.get("Plans", ()))


async def _measure(scale: Scale, plans: str | None) -> dict[str, Any]:
    async with filled(scale) as url:
        connection = await asyncpg.connect(url)
        counted = {
            table: await connection.fetchval(f"SELECT count(*) FROM {table}")
            for table in (
                *("learning.progress", "learning.watch_sessions"),
                *("analytics.video_analytics", "analytics.video_events", "analytics.video_days"),
            )
        }
        video = await connection.fetchval("SELECT id FROM media.videos WHERE chapter_id = 'chapter-7-1'")
        await connection.close()
        show(["table", "rows"], [[table, f"{rows:,}"] for table, rows in counted.items()])
        database = Database(url, application="bench", pool_size=2)
        try:
            figures = {name: await _ask(database, question) for name, question in _questions(UUID(str(video))).items()}
        finally:
            await database.close()
    found = {name: one.pop("plan") for name, one in figures.items()}
    if plans:
        await asyncio.to_thread(_write, plans, found)
    head = ["dashboard", "best ms", "median ms", "statement ms", "rows read", "pages", f"< {LIMIT_MS} ms"]
    show(
        head,
        [
            [
                name,
                *(one[key] for key in ("best_ms", "median_ms", "statement_ms", "rows_read", "buffers")),
                one["median_ms"] < LIMIT_MS,
            ]
            for name, one in figures.items()
        ],
    )
    return {"rows": counted, "dashboards": figures}


def _write(path: str, found: dict[str, Any]) -> None:
    Path(path).write_text(json.dumps(found, indent=1))


def measure() -> dict[str, Any]:
    """Milliseconds of each dashboard's answer (best and median of five), of its statement, and the rows it read."""
    return asyncio.run(_measure(Scale(), None))


if __name__ == "__main__":
    asyncio.run(
        _measure(small if "small" in sys.argv else Scale(), sys.argv[-1] if sys.argv[-1].endswith(".json") else None)
    )
