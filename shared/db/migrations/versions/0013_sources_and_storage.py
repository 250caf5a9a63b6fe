"""Versions that are kept for a while, sources that are shared or let go, and reports on what storage holds"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# What was replaced before stays for as long as its tombstone says; of what has none any more, nothing is left.
GONE = """
UPDATE media.video_versions v SET gone_at = coalesce(
    (SELECT max(t.not_before) FROM media.storage_tombstones t WHERE t.prefix = v.video_id || '/' || v.id || '/'), now())
FROM media.videos x
WHERE x.id = v.video_id AND v.id IS DISTINCT FROM x.current_version_id AND v.id IS DISTINCT FROM x.pending_version_id
"""


def upgrade() -> None:
    op.alter_column("video_versions", "source_sha256", nullable=True, schema="media")
    op.execute("UPDATE media.video_versions SET source_sha256 = NULL WHERE source_sha256 = ''")
    for column in ("gone_at", "source_dropped_at"):
        op.add_column("video_versions", sa.Column(column, sa.DateTime(timezone=True), nullable=True), schema="media")
    op.execute(GONE)
    op.create_index("ix_video_versions_source_key", "video_versions", ["source_key"], schema="media")
    op.create_index("ix_video_versions_content", "video_versions", ["source_sha256", "source_bytes"], schema="media")
    op.create_table(
        "storage_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=True),
        sa.Column("warning", sa.Text(), nullable=True),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting','done','failed')", name=op.f("ck_storage_reports_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_reports")),
        schema="media",
    )
    op.create_index("ix_storage_reports_finished_at", "storage_reports", ["finished_at"], schema="media")


def downgrade() -> None:
    op.drop_table("storage_reports", schema="media")
    op.drop_index("ix_video_versions_content", "video_versions", schema="media")
    op.drop_index("ix_video_versions_source_key", "video_versions", schema="media")
    for column in ("source_dropped_at", "gone_at"):
        op.drop_column("video_versions", column, schema="media")
    op.execute("UPDATE media.video_versions SET source_sha256 = '' WHERE source_sha256 IS NULL")
    op.alter_column("video_versions", "source_sha256", nullable=False, schema="media")
