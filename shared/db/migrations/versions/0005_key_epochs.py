"""A session keeps to the key epoch it was opened in; when a film's keys were fetched; the log of rotations"""

import datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _moment(name: str, *, default: bool = False) -> "sa.Column[datetime.datetime]":
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text("now()") if default else None,
        nullable=not default,
    )


def upgrade() -> None:
    op.add_column("playback_sessions", sa.Column("key_epoch", sa.Integer(), nullable=True), schema="access")
    op.create_table(
        "key_fetches",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        _moment("fetched_at", default=True),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_key_fetches")),
        schema="access",
    )
    op.create_table(
        "key_rotations",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("objects", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        _moment("lease_until"),
        _moment("created_at", default=True),
        _moment("finished_at"),
        sa.CheckConstraint("state IN ('running','done','given_up')", name=op.f("ck_key_rotations_state")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["media.video_versions.id"],
            name=op.f("fk_key_rotations_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "epoch", name=op.f("pk_key_rotations")),
        schema="media",
    )
    op.create_index(
        "ix_key_rotations_running",
        "key_rotations",
        ["version_id"],
        schema="media",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.add_column("content_keys", _moment("retired_at"), schema="media")
    op.create_index("ix_content_keys_key_rotation_at", "content_keys", ["key_rotation_at"], schema="media")


def downgrade() -> None:
    op.drop_index("ix_content_keys_key_rotation_at", "content_keys", schema="media")
    op.drop_column("content_keys", "retired_at", schema="media")
    op.drop_table("key_rotations", schema="media")
    op.drop_table("key_fetches", schema="access")
    op.drop_column("playback_sessions", "key_epoch", schema="access")
