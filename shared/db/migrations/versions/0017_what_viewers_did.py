"""One row per viewing session by time, its events, days of figures, and the indexes of the dashboards"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SESSIONS = """
CREATE TABLE analytics.video_analytics (
    session_id uuid NOT NULL,
    video_id uuid NOT NULL,
    course_id text,
    chapter_id text,
    user_id text NOT NULL,
    watch_duration double precision NOT NULL DEFAULT 0,
    completion_rate double precision NOT NULL DEFAULT 0,
    is_view boolean NOT NULL DEFAULT false,
    beat_at timestamptz,
    ended_at timestamptz,
    quality_selected text,
    bandwidth_used bigint NOT NULL DEFAULT 0,
    bytes_by_rendition jsonb NOT NULL DEFAULT '{}',
    startup_ms integer,
    stall_count integer NOT NULL DEFAULT 0,
    stall_ms bigint NOT NULL DEFAULT 0,
    errors jsonb NOT NULL DEFAULT '{}',
    speed double precision,
    device_type text,
    browser text,
    os text,
    ip_address text,
    event_counts jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_video_analytics PRIMARY KEY (session_id)
) PARTITION BY RANGE (session_id)
"""

EVENTS = """
CREATE TABLE analytics.video_events (
    session_id uuid NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    at double precision,
    occurred_at timestamptz,
    received_at timestamptz NOT NULL DEFAULT now(),
    quality text,
    value double precision,
    bytes bigint,
    code text,
    data jsonb,
    CONSTRAINT pk_video_events PRIMARY KEY (session_id, seq)
) PARTITION BY RANGE (session_id)
"""

FIGURES = """
    day date NOT NULL,
    course_id text NOT NULL,
    sessions integer NOT NULL,
    views integer NOT NULL,
    viewers integer NOT NULL,
    completed integer NOT NULL,
    watch_ms bigint NOT NULL,
    completion_sum bigint NOT NULL,
    bytes bigint NOT NULL,
    stall_count bigint NOT NULL,
    stall_ms bigint NOT NULL,
    bytes_by_rendition jsonb NOT NULL,
    startup_buckets smallint[] NOT NULL,
    startup_counts integer[] NOT NULL,
    errors jsonb NOT NULL,
    devices jsonb NOT NULL
"""

DAYS = f"""
CREATE TABLE analytics.video_days ({FIGURES}, video_id uuid NOT NULL, chapter_id text NOT NULL,
    CONSTRAINT pk_video_days PRIMARY KEY (day, video_id, course_id, chapter_id))
"""

COURSE_DAYS = f"""
CREATE TABLE analytics.course_days ({FIGURES}, CONSTRAINT pk_course_days PRIMARY KEY (day, course_id))
"""

# What the sessions of before said of themselves is taken over; what was really played follows when they are settled.
CARRY_OVER = """
INSERT INTO analytics.video_analytics (session_id, video_id, course_id, chapter_id, user_id, watch_duration,
    completion_rate, quality_selected, bandwidth_used, device_type, browser, ip_address, event_counts, created_at, updated_at)
SELECT a.session_id, a.video_id, v.course_id, v.chapter_id, a.user_id, 0, 0, a.quality_selected,
       a.bandwidth_used, a.device_type, a.browser, a.ip_address, a.event_counts, a.created_at, a.updated_at
FROM analytics.video_analytics_before a LEFT JOIN media.videos v ON v.id = a.video_id
"""

BEFORE = """
CREATE TABLE analytics.video_analytics_before (
    session_id uuid NOT NULL,
    video_id uuid NOT NULL,
    user_id text NOT NULL,
    watch_duration double precision NOT NULL DEFAULT 0,
    completion_rate double precision NOT NULL DEFAULT 0,
    quality_selected text,
    bandwidth_used bigint NOT NULL DEFAULT 0,
    device_type text,
    browser text,
    ip_address text,
    event_counts jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
)
"""

TAKE_BACK = """
INSERT INTO analytics.video_analytics_before
SELECT session_id, video_id, user_id, watch_duration, completion_rate, quality_selected, bandwidth_used, device_type,
       browser, ip_address, event_counts, created_at, updated_at
FROM analytics.video_analytics
"""


def upgrade() -> None:
    op.execute("ALTER TABLE analytics.video_analytics RENAME TO video_analytics_before")
    op.execute("ALTER TABLE analytics.video_analytics_before DROP CONSTRAINT pk_video_analytics")
    op.execute("DROP INDEX analytics.ix_video_analytics_video")
    for table in (SESSIONS, EVENTS, DAYS, COURSE_DAYS):
        op.execute(table)
    op.execute("CREATE INDEX ix_video_analytics_video ON analytics.video_analytics (video_id, session_id)")
    op.execute("CREATE INDEX ix_video_analytics_user ON analytics.video_analytics (user_id, session_id)")
    op.execute("CREATE INDEX ix_video_days_course ON analytics.video_days (course_id, day)")
    op.execute("CREATE INDEX ix_course_days_course ON analytics.course_days (course_id, day)")
    op.create_table(
        "rollup_due",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollup_due")),
        schema="analytics",
    )
    op.create_index("ix_rollup_due_day", "rollup_due", ["day"], schema="analytics")
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
        schema="analytics",
    )
    # Half a year back, so that what there was finds its week.
    op.execute("SELECT analytics.make_partitions(now() - interval '26 weeks', now() + interval '8 weeks')")
    op.execute(CARRY_OVER)
    op.execute("DROP TABLE analytics.video_analytics_before")
    op.create_index("ix_progress_video_id", "progress", ["video_id"], schema="learning")
    op.create_index("ix_progress_course_user", "progress", ["course_id", "user_id"], schema="learning")
    op.create_index(
        "ix_progress_course_chapter", "progress", ["course_id", "chapter_id", "completed_at"], schema="learning"
    )
    op.create_index(
        "ix_watch_sessions_rewinds",
        "watch_sessions",
        ["course_id", "user_id"],
        schema="learning",
        postgresql_where=sa.text("rewinds <> '{}'"),
    )


def downgrade() -> None:
    op.drop_index("ix_watch_sessions_rewinds", table_name="watch_sessions", schema="learning")
    for name in ("ix_progress_course_chapter", "ix_progress_course_user", "ix_progress_video_id"):
        op.drop_index(name, table_name="progress", schema="learning")
    op.execute(BEFORE)
    op.execute(TAKE_BACK)
    for table in ("marks", "rollup_due", "course_days", "video_days", "video_events", "video_analytics"):
        op.execute(f"DROP TABLE analytics.{table}")
    op.execute("ALTER TABLE analytics.video_analytics_before RENAME TO video_analytics")
    op.execute("ALTER TABLE analytics.video_analytics ADD CONSTRAINT pk_video_analytics PRIMARY KEY (session_id)")
    op.execute("CREATE INDEX ix_video_analytics_video ON analytics.video_analytics (video_id, created_at)")
