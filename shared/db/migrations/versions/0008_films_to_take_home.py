"""Films to take home: what is wanted, the work on it, and the tickets that open it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
STORES = "store IN ('private','public')"
MORE_STORES = "store IN ('private','public','downloads')"


def upgrade() -> None:
    op.create_table(
        "downloads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("video_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("rendition", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("state IN ('preparing','ready','failed')", name=op.f("ck_downloads_state")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["media.video_versions.id"], name=op.f("fk_downloads_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
        sa.UniqueConstraint("version_id", "rendition", name=op.f("uq_downloads_version_id_rendition")),
        schema="media",
    )
    op.create_index("ix_downloads_last_used_at", "downloads", ["last_used_at"], schema="media")
    op.create_index("ix_downloads_video_id", "downloads", ["video_id"], schema="media")
    op.create_table(
        "downloads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("rendition", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("percent", sa.Double(), server_default="0", nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("state IN ('waiting','active','done','failed')", name=op.f("ck_downloads_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
        schema="transcoding",
    )
    op.create_index(
        "ix_downloads_claimable",
        "downloads",
        ["id"],
        schema="transcoding",
        postgresql_where=sa.text("state IN ('waiting','active')"),
    )
    op.create_index("ix_downloads_version_id", "downloads", ["version_id"], schema="transcoding")
    op.create_table(
        "download_tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("video_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("rendition", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("network", postgresql.CIDR(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_tickets")),
        sa.UniqueConstraint("ticket_hash", name=op.f("uq_download_tickets_ticket_hash")),
        schema="access",
    )
    for column in ("user_id", "video_id", "expires_at"):
        op.create_index(f"ix_download_tickets_{column}", "download_tickets", [column], schema="access")
    _stores(MORE_STORES)


def downgrade() -> None:
    op.execute("DELETE FROM media.storage_tombstones WHERE store = 'downloads'")
    _stores(STORES)
    for column in ("expires_at", "video_id", "user_id"):
        op.drop_index(f"ix_download_tickets_{column}", "download_tickets", schema="access")
    op.drop_table("download_tickets", schema="access")
    op.drop_index("ix_downloads_version_id", "downloads", schema="transcoding")
    op.drop_index("ix_downloads_claimable", "downloads", schema="transcoding")
    op.drop_table("downloads", schema="transcoding")
    op.drop_index("ix_downloads_video_id", "downloads", schema="media")
    op.drop_index("ix_downloads_last_used_at", "downloads", schema="media")
    op.drop_table("downloads", schema="media")


def _stores(allowed: str) -> None:
    name = op.f("ck_storage_tombstones_store")
    op.drop_constraint(name, "storage_tombstones", schema="media")
    op.create_check_constraint(name, "storage_tombstones", allowed, schema="media")
