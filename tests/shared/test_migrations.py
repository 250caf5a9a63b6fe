"""What migrations do with the rows that are there."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
from alembic import command
from alembic.script import ScriptDirectory

from deploy.embedded.throwaway import throwaway_postgres
from shared.db.migrate import alembic_config
from tests.support import past


async def _filled(url: str, revision: str, rows: str, *values: Any) -> asyncpg.Connection:
    """A database that had ``rows`` before ``revision``, brought up to it."""
    config = alembic_config(url)
    before = ScriptDirectory.from_config(config).get_revision(revision).down_revision
    await asyncio.to_thread(command.upgrade, config, before)
    connection = await asyncpg.connect(url)
    await connection.execute(rows)
    await asyncio.to_thread(command.upgrade, config, revision)
    return connection


async def test_who_uploaded_a_film_of_a_course_goes_on_teaching_it_and_nothing_else() -> None:
    film, gone = uuid4(), uuid4()
    async with throwaway_postgres() as url:
        connection = await _filled(
            url,
            "0007",
            f"""
            INSERT INTO catalog.courses (id, title, is_sequential) VALUES ('physics', 'P', true), ('chemistry', 'C', true);
            INSERT INTO media.videos (id, course_id, chapter_id, created_by, deleted_at) VALUES
                ('{film}', 'physics', 'p1', 'nino', NULL), ('{uuid4()}', 'physics', 'p2', 'nino', NULL),
                ('{uuid4()}', 'physics', 'p3', 'apikey:0198', NULL), ('{gone}', 'chemistry', 'c1', 'nino', now());
            INSERT INTO access.playback_sessions (id, credential_hash, video_id, version_id, course_id, chapter_id, user_id,
                role, first_watch_restricted, needs_enrollment, expires_at, absolute_expires_at) VALUES
                ('{uuid4()}', 'a', '{film}', '{film}', 'physics', 'p1', 'nino', 'instructor', false, false,
                 now() + interval '1 h', now() + interval '1 h'),
                ('{uuid4()}', 'b', '{film}', '{film}', 'physics', 'p1', 'gio', 'student', false, false,
                 now() + interval '1 h', now() + interval '1 h');
            """,
        )
        try:
            rows = await connection.fetch("SELECT course_id, user_id FROM catalog.course_instructors")
            assert [tuple(row) for row in rows] == [("physics", "nino")]
            asked = "SELECT catalog.is_staff($1, $2, $3)"
            for course, person, role, expected in (
                ("physics", "nino", "instructor", True),
                ("physics", "nino", "student", False),
                ("physics", "nino", "service", False),
                ("physics", "gio", "instructor", False),
                ("chemistry", "nino", "instructor", False),
                ("chemistry", "anybody", "admin", True),
            ):
                assert await connection.fetchval(asked, course, person, role) is expected, (course, person, role)
            sessions = await connection.fetch("SELECT user_id, as_staff FROM access.playback_sessions ORDER BY user_id")
            assert [tuple(row) for row in sessions] == [("gio", False), ("nino", True)]
        finally:
            await connection.close()


async def test_what_was_replaced_before_is_kept_for_as_long_as_its_removal_waits() -> None:
    film, current, pending, waiting, swept = (uuid4() for _ in range(5))
    versions = ", ".join(
        f"('{version}', '{film}', {number}, 'ready', '', 'mov', '', 1, 'x', '')"
        for number, version in enumerate((current, pending, waiting, swept))
    )
    async with throwaway_postgres() as url:
        connection = await _filled(
            url,
            "0013",
            f"""
            INSERT INTO media.videos (id, course_id, chapter_id, created_by, current_version_id, pending_version_id)
                VALUES ('{film}', 'physics', 'p1', 'nino', '{current}', '{pending}');
            INSERT INTO media.video_versions (id, video_id, number, status, original_name, container, source_key,
                source_bytes, source_sha256, public_secret) VALUES {versions};
            INSERT INTO media.storage_tombstones (id, store, prefix, reason, not_before)
                VALUES ('{uuid4()}', 'private', '{film}/{waiting}/', 'version replaced', '2100-01-01');
            """,
        )
        try:
            rows = await connection.fetch("SELECT id, gone_at, gone_at < now() AS gone FROM media.video_versions")
            found = {row["id"]: row["gone"] for row in rows}
            assert found == {current: None, pending: None, waiting: False, swept: True}
        finally:
            await connection.close()


async def test_sessions_of_before_find_their_week_and_go_back_again() -> None:
    film = uuid4()
    months = {str(past.id_at(past.days_ago(days))): days for days in (1, 40, 150, 900)}
    rows = ", ".join(
        f"('{session}', '{film}', 'nino', 3600, '720p', 1000, '{{\"stall\": 2}}', now() - interval '{days} days')"
        for session, days in months.items()
    )
    async with throwaway_postgres() as url:
        connection = await _filled(
            url,
            "0017",
            f"""
            INSERT INTO media.videos (id, course_id, chapter_id, created_by) VALUES ('{film}', 'physics', 'p1', 'nino');
            INSERT INTO analytics.video_analytics (session_id, video_id, user_id, watch_duration, quality_selected,
                bandwidth_used, event_counts, created_at) VALUES {rows};
            """,
        )
        try:
            kept = await connection.fetch(
                "SELECT session_id::text, course_id, chapter_id, quality_selected, bandwidth_used, event_counts,"
                " tableoid::regclass::text AS part, extract(days FROM now() - created_at) AS days, watch_duration"
                " FROM analytics.video_analytics"
            )
            assert {row["session_id"]: row["days"] for row in kept} == months
            for row in kept:
                assert (row["course_id"], row["chapter_id"]) == ("physics", "p1")
                assert (row["quality_selected"], row["bandwidth_used"], row["event_counts"]) == (
                    "720p",
                    1000,
                    '{"stall": 2}',
                )
                assert row["watch_duration"] == 0, "what a player claimed stands where what was watched belongs"
                assert row["part"].endswith("_default") == (row["days"] == 900)
            await asyncio.to_thread(command.downgrade, alembic_config(url), "0016")
            back = await connection.fetch("SELECT session_id::text, bandwidth_used FROM analytics.video_analytics")
            assert {row["session_id"]: row["bandwidth_used"] for row in back} == dict.fromkeys(months, 1000)
        finally:
            await connection.close()
