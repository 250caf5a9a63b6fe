"""When a film whose examination met a fault is examined again"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE transcoding.video_processing_jobs ADD COLUMN not_before timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE transcoding.video_processing_jobs DROP COLUMN not_before")
