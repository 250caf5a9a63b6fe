"""Films that were taken home, counted"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE analytics.downloads (
            id uuid CONSTRAINT pk_downloads PRIMARY KEY,
            video_id uuid NOT NULL,
            user_id text NOT NULL,
            quality text NOT NULL,
            bytes bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX ix_downloads_video ON analytics.downloads (video_id, created_at)")


def downgrade() -> None:
    op.execute("DROP TABLE analytics.downloads")
