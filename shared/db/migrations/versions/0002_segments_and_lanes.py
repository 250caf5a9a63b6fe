"""Segments are known one by one, chunks stand in lanes, jobs have a history"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "segments",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("rendition", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["transcoding.video_processing_jobs.id"],
            name=op.f("fk_segments_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "rendition", "index", name=op.f("pk_segments")),
        schema="transcoding",
    )
    op.create_table(
        "job_events",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("chunk", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["transcoding.video_processing_jobs.id"],
            name=op.f("fk_job_events_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_events")),
        schema="transcoding",
    )
    op.create_index("ix_job_events_job", "job_events", ["job_id", "id"], schema="transcoding")
    _jobs_and_chunks()
    _media()


def _jobs_and_chunks() -> None:
    jobs, chunks = "video_processing_jobs", "chunks"
    op.add_column(jobs, sa.Column("run", sa.Integer(), server_default="1", nullable=False), schema="transcoding")
    op.add_column(
        jobs, sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="transcoding"
    )
    for column in (
        sa.Column("renditions", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("lane", sa.Integer(), server_default="1", nullable=False),
        sa.Column("on_demand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("encoded_seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("speed", sa.Double(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
    ):
        op.add_column(chunks, column, schema="transcoding")
    # Chunks finished before segments were counted one by one.
    op.execute("""
        INSERT INTO transcoding.segments (job_id, rendition, index, bytes)
        SELECT c.job_id, made.key, c.first_segment + size.position - 1, size.value::bigint
        FROM transcoding.chunks c, jsonb_each(c.segments) made,
             jsonb_array_elements_text(made.value) WITH ORDINALITY AS size(value, position)
        WHERE c.state = 'done' AND c.segments IS NOT NULL
        ON CONFLICT DO NOTHING
    """)
    op.execute("""
        UPDATE transcoding.chunks c SET renditions = ARRAY(
            SELECT item ->> 'name' FROM transcoding.video_processing_jobs j, jsonb_array_elements(j.outline -> 'renditions') item
            WHERE j.id = c.job_id AND item ->> 'kind' = c.kind),
            images = CASE WHEN c.images IS NULL THEN NULL ELSE jsonb_build_object('thumbnails', (
                SELECT coalesce(jsonb_agg(image), '[]'::jsonb) FROM jsonb_array_elements(c.images) image
                WHERE image ->> 'time' IS NOT NULL)) END
    """)
    op.drop_column(chunks, "segments", schema="transcoding")
    op.drop_column(chunks, "percent", schema="transcoding")
    op.drop_index("ix_chunks_claim", chunks, schema="transcoding")
    op.create_index(
        "ix_chunks_claimable",
        chunks,
        ["lane", "priority", "job_id", "position"],
        schema="transcoding",
        postgresql_where=sa.text("state IN ('waiting','active')"),
    )
    op.add_column("workers", sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema="transcoding")


def _media() -> None:
    op.add_column(
        "video_versions", sa.Column("run", sa.Integer(), server_default="1", nullable=False), schema="media"
    )
    for column in (
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    ):
        op.add_column("renditions", column, schema="media")
    op.create_table(
        "storyboard_sheets",
        sa.Column("version_id", sa.UUID(), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("interval", sa.Double(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("tiles", sa.Integer(), nullable=False),
        sa.Column("tile_width", sa.Integer(), nullable=False),
        sa.Column("tile_height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["media.video_versions.id"],
            name=op.f("fk_storyboard_sheets_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "start", name=op.f("pk_storyboard_sheets")),
        schema="media",
    )


def downgrade() -> None:
    op.drop_table("storyboard_sheets", schema="media")
    for column in ("is_default", "label", "language"):
        op.drop_column("renditions", column, schema="media")
    op.drop_column("video_versions", "run", schema="media")
    op.drop_column("workers", "facts", schema="transcoding")
    op.drop_index("ix_chunks_claimable", "chunks", schema="transcoding")
    op.create_index(
        "ix_chunks_claim",
        "chunks",
        ["priority", "position", "id"],
        schema="transcoding",
        postgresql_where=sa.text("state IN ('waiting','active')"),
    )
    op.add_column(
        "chunks", sa.Column("percent", sa.Double(), server_default="0", nullable=False), schema="transcoding"
    )
    op.add_column("chunks", sa.Column("segments", postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema="transcoding")
    for column in (
        "error_detail", "speed", "encoded_seconds", "wanted_at", "on_demand", "lane", "seconds", "renditions",
    ):  # fmt: skip
        op.drop_column("chunks", column, schema="transcoding")
    op.drop_column("video_processing_jobs", "paused", schema="transcoding")
    op.drop_column("video_processing_jobs", "run", schema="transcoding")
    op.drop_table("job_events", schema="transcoding")
    op.drop_table("segments", schema="transcoding")
