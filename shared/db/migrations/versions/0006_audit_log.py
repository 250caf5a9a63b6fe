"""Decisions about access and their reasons"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_audit_log_at": ["at"],
    "ix_audit_log_user_id_id": ["user_id", "id"],
    "ix_audit_log_actor_id_id": ["actor_id", "id"],
    "ix_audit_log_video_id_id": ["video_id", "id"],
    "ix_audit_log_code_id": ["code", "id"],
}


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("video_id", sa.Uuid(), nullable=True),
        sa.Column("chapter_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("api_key_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("client_ip", postgresql.INET(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        schema="access",
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "audit_log", columns, schema="access")


def downgrade() -> None:
    op.drop_table("audit_log", schema="access")
