"""Completion by course and chapter, what a session played, and what the platform and a learning record store are told"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
# Ids are UUIDv7, which begin with the time: a range of ids is a range of time, and the primary key of a table that is
# partitioned by its id is just the id. The least id of a moment has nothing but zeros behind its 48 bits of time.
FLOOR = """
CREATE FUNCTION analytics.id_floor(moment timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$
"""

# Made by the owner of the tables for progress, which owns none. Attached and not created in place: that locks less.
# What waits in the default partition stays there, and so does its week.
MAKE = """
CREATE FUNCTION analytics.make_partitions(since timestamptz, until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '3s' AS $$
DECLARE
    parent record;
    week timestamptz;
    part text;
    made integer := 0;
BEGIN
    FOR parent IN
        SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
        WHERE c.relnamespace = 'analytics'::regnamespace ORDER BY 1
    LOOP
        IF to_regclass(format('analytics.%I', parent.relname || '_default')) IS NULL THEN
            EXECUTE format('CREATE TABLE analytics.%I PARTITION OF analytics.%I DEFAULT',
                           parent.relname || '_default', parent.relname);
        END IF;
        week := date_trunc('week', since);
        WHILE week < until LOOP
            part := parent.relname || to_char(week, '_YYYYMMDD');
            IF to_regclass(format('analytics.%I', part)) IS NULL THEN
                BEGIN
                    EXECUTE format('CREATE TABLE analytics.%I (LIKE analytics.%I INCLUDING ALL)', part, parent.relname);
                    EXECUTE format('ALTER TABLE analytics.%I ATTACH PARTITION analytics.%I FOR VALUES FROM (%L) TO (%L)',
                                   parent.relname, part, analytics.id_floor(week),
                                   analytics.id_floor(week + interval '7 days'));
                    made := made + 1;
                EXCEPTION WHEN check_violation THEN NULL;
                END;
            END IF;
            week := week + interval '7 days';
        END LOOP;
    END LOOP;
    RETURN made;
END
$$
"""

DROP = """
CREATE FUNCTION analytics.drop_partitions(before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '3s' AS $$
DECLARE
    part record;
    dropped integer := 0;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i
        JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE c.relnamespace = 'analytics'::regnamespace AND c.relname ~ '_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') + 7 <= before
        ORDER BY 1
    LOOP
        EXECUTE format('DROP TABLE analytics.%I', part.relname);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$
"""


def _later(table: str, schema: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column, schema=schema)


def upgrade() -> None:
    _later(
        "courses",
        "catalog",
        sa.Column("completion_percentage", sa.Double(), nullable=True),
        sa.Column("students_may_complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    _later("chapters", "catalog", sa.Column("completion_percentage", sa.Double(), nullable=True))
    for table in ("courses", "chapters"):
        op.create_check_constraint(
            op.f(f"ck_{table}_completion_percentage"),
            table,
            "completion_percentage > 0 AND completion_percentage <= 100",
            schema="catalog",
        )
    op.execute(
        """
        CREATE TABLE media.outbox (
            id uuid CONSTRAINT pk_outbox PRIMARY KEY,
            type text NOT NULL,
            video_id uuid NOT NULL,
            course_id text NOT NULL,
            chapter_id text NOT NULL,
            data jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX ix_outbox_created_at ON media.outbox (created_at)")
    _later(
        "progress",
        "learning",
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position_at", sa.DateTime(timezone=True), nullable=True),
    )
    _later(
        "watch_sessions",
        "learning",
        sa.Column("course_id", sa.Text(), nullable=True),
        sa.Column("video_id", sa.Uuid(), nullable=True),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.Column("played", postgresql.INT8MULTIRANGE(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("position_ms", sa.BigInteger(), nullable=True),
        sa.Column("claimed_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rewinds", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_check_constraint(
        op.f("ck_watch_sessions_state"),
        "watch_sessions",
        "state IN ('open','playing','paused','ended')",
        schema="learning",
    )
    op.execute("CREATE INDEX ix_watch_sessions_video_id ON learning.watch_sessions (video_id, session_id)")
    # A summary of each stretch of the table, not an entry for each row: a beat then changes its row in place.
    op.execute(
        "CREATE INDEX ix_watch_sessions_last_beat_at ON learning.watch_sessions USING brin (last_beat_at)"
        " WITH (pages_per_range = 16, autosummarize = on)"
    )
    op.execute("CREATE INDEX ix_watch_sessions_living ON learning.watch_sessions (session_id) WHERE state <> 'ended'")
    # Sessions of before tell no more.
    op.execute("UPDATE learning.watch_sessions SET state = 'ended', ended_at = last_beat_at")
    op.execute("ALTER TABLE learning.watch_sessions SET (fillfactor = 70)")
    op.execute("ALTER TABLE learning.progress SET (fillfactor = 80)")
    op.execute(
        """
        CREATE TABLE learning.progress_history (
            id uuid CONSTRAINT pk_progress_history PRIMARY KEY,
            user_id text NOT NULL,
            chapter_id text NOT NULL,
            course_id text NOT NULL,
            video_id uuid,
            watched int8multirange NOT NULL,
            duration_ms bigint,
            position_ms bigint NOT NULL,
            watch_time_ms bigint NOT NULL,
            is_completed boolean NOT NULL,
            completed_at timestamptz,
            completed_by text,
            started_at timestamptz,
            reset_by text NOT NULL,
            reset_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX ix_progress_history_user_id ON learning.progress_history (user_id, chapter_id, reset_at)")
    op.execute(
        """
        CREATE TABLE learning.course_completions (
            user_id text NOT NULL,
            course_id text NOT NULL,
            completed_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_course_completions PRIMARY KEY (user_id, course_id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE analytics.platform_events (
            id uuid CONSTRAINT pk_platform_events PRIMARY KEY,
            seq bigint CONSTRAINT uq_platform_events_seq UNIQUE,
            type text NOT NULL,
            user_id text,
            course_id text,
            chapter_id text,
            video_id uuid,
            data jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_platform_events_unnumbered ON analytics.platform_events (created_at) WHERE seq IS NULL"
    )
    op.execute("CREATE INDEX ix_platform_events_user_id ON analytics.platform_events (user_id)")
    op.execute("CREATE INDEX ix_platform_events_created_at ON analytics.platform_events (created_at)")
    op.execute(
        """
        CREATE TABLE analytics.statements (
            id uuid NOT NULL,
            user_id text NOT NULL,
            session_id uuid NOT NULL,
            verb text NOT NULL,
            statement jsonb NOT NULL,
            forwarded_at timestamptz,
            attempts integer NOT NULL DEFAULT 0,
            not_before timestamptz,
            problem text,
            CONSTRAINT pk_statements PRIMARY KEY (id)
        ) PARTITION BY RANGE (id)
        """
    )
    op.execute("CREATE INDEX ix_statements_user_id ON analytics.statements (user_id, id)")
    op.execute("CREATE INDEX ix_statements_session_id ON analytics.statements (session_id)")
    op.execute("CREATE INDEX ix_statements_waiting ON analytics.statements (id) WHERE forwarded_at IS NULL")
    for function in (FLOOR, MAKE, DROP):
        op.execute(function)
    for name in ("make_partitions(timestamptz, timestamptz)", "drop_partitions(timestamptz)"):
        op.execute(f"REVOKE ALL ON FUNCTION analytics.{name} FROM PUBLIC")
    op.execute("SELECT analytics.make_partitions(now() - interval '1 week', now() + interval '8 weeks')")


def downgrade() -> None:
    op.execute("DROP FUNCTION analytics.drop_partitions(timestamptz)")
    op.execute("DROP FUNCTION analytics.make_partitions(timestamptz, timestamptz)")
    op.execute("DROP FUNCTION analytics.id_floor(timestamptz)")
    op.execute("DROP TABLE analytics.statements")
    op.execute("DROP TABLE analytics.platform_events")
    op.execute("DROP TABLE learning.course_completions")
    op.execute("DROP TABLE learning.progress_history")
    op.execute("ALTER TABLE learning.progress RESET (fillfactor)")
    op.execute("ALTER TABLE learning.watch_sessions RESET (fillfactor)")
    op.execute("DROP INDEX learning.ix_watch_sessions_living")
    op.execute("DROP INDEX learning.ix_watch_sessions_last_beat_at")
    op.execute("DROP INDEX learning.ix_watch_sessions_video_id")
    for column in (
        *("ended_at", "state", "rewinds", "claimed_ms", "position_ms", "duration_ms"),
        *("played", "version_id", "video_id", "course_id"),
    ):
        op.drop_column("watch_sessions", column, schema="learning")
    for column in ("position_at", "started_at", "version_id"):
        op.drop_column("progress", column, schema="learning")
    op.execute("DROP TABLE media.outbox")
    op.drop_column("chapters", "completion_percentage", schema="catalog")
    op.drop_column("courses", "students_may_complete", schema="catalog")
    op.drop_column("courses", "completion_percentage", schema="catalog")
