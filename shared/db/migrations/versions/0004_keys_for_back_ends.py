"""API keys of back ends; a token may be bound to the network that spends it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        schema="access",
    )
    op.alter_column("video_access_tokens", "client_ip", nullable=True, schema="access")


def downgrade() -> None:
    # A token without an address cannot stand in the table as it was, and lives two hours anyway.
    op.execute("DELETE FROM access.video_access_tokens WHERE client_ip IS NULL")
    op.alter_column("video_access_tokens", "client_ip", nullable=False, schema="access")
    op.drop_table("api_keys", schema="access")
