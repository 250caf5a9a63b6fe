"""How far a student came stands with the progress; sessions know when they were last used"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "progress", sa.Column("frontier_ms", sa.BigInteger(), server_default="0", nullable=False), schema="learning"
    )
    # Without the small gaps that are bridged: the next beat writes it as the rule has it.
    op.execute("""
        UPDATE learning.progress p SET frontier_ms = first.upper
        FROM (SELECT user_id, chapter_id, upper(span) AS upper, lower(span) AS lower,
                     row_number() OVER (PARTITION BY user_id, chapter_id ORDER BY lower(span)) AS place
              FROM learning.progress, unnest(watched) span) first
        WHERE first.user_id = p.user_id AND first.chapter_id = p.chapter_id AND first.place = 1 AND first.lower <= 2000
    """)
    op.add_column(
        "playback_sessions", sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=True), schema="access"
    )
    op.add_column(
        "playback_sessions",
        sa.Column("needs_enrollment", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="access",
    )
    op.create_index("ix_playback_sessions_video_id", "playback_sessions", ["video_id"], schema="access")
    op.create_index("ix_playback_sessions_device_id", "playback_sessions", ["device_id"], schema="access")


def downgrade() -> None:
    op.drop_index("ix_playback_sessions_device_id", "playback_sessions", schema="access")
    op.drop_index("ix_playback_sessions_video_id", "playback_sessions", schema="access")
    op.drop_column("playback_sessions", "needs_enrollment", schema="access")
    op.drop_column("playback_sessions", "last_active_at", schema="access")
    op.drop_column("progress", "frontier_ms", schema="learning")
