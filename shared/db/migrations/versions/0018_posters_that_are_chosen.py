"""Posters that somebody chose, and what the library sorts films by"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("videos", sa.Column("poster_key", sa.Text(), nullable=True), schema="media")
    op.add_column("video_versions", sa.Column("chosen_poster_key", sa.Text(), nullable=True), schema="media")
    op.execute("CREATE INDEX ix_renditions_bytes ON media.renditions (version_id) INCLUDE (bytes)")
    op.execute("CREATE INDEX ix_video_days_video ON analytics.video_days (video_id, day) INCLUDE (views)")


def downgrade() -> None:
    op.execute("DROP INDEX analytics.ix_video_days_video")
    op.execute("DROP INDEX media.ix_renditions_bytes")
    op.drop_column("video_versions", "chosen_poster_key", schema="media")
    op.drop_column("videos", "poster_key", schema="media")
