"""Captions of films, their cues for search, and drafts made by transcription"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "captions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("video_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("cue_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("kind IN ('captions','subtitles')", name=op.f("ck_captions_kind")),
        sa.CheckConstraint("state IN ('draft','published')", name=op.f("ck_captions_state")),
        sa.CheckConstraint("source IN ('upload','embedded','transcription')", name=op.f("ck_captions_source")),
        sa.ForeignKeyConstraint(["video_id"], ["media.videos.id"], name=op.f("fk_captions_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_captions")),
        sa.UniqueConstraint("video_id", "language", name=op.f("uq_captions_video_id_language")),
        schema="media",
    )
    op.create_index(
        "uq_captions_default",
        "captions",
        ["video_id"],
        unique=True,
        schema="media",
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "caption_cues",
        sa.Column("caption_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple'::regconfig, words)", persisted=True),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["caption_id"], ["media.captions.id"], name=op.f("fk_caption_cues_caption_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("caption_id", "index", name=op.f("pk_caption_cues")),
        schema="media",
    )
    op.create_index("ix_caption_cues_search", "caption_cues", ["search"], schema="media", postgresql_using="gin")
    op.create_table(
        "caption_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("video_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('preparing','failed')", name=op.f("ck_caption_drafts_state")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["media.videos.id"], name=op.f("fk_caption_drafts_video_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["media.video_versions.id"], name=op.f("fk_caption_drafts_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caption_drafts")),
        sa.UniqueConstraint("video_id", "language", name=op.f("uq_caption_drafts_video_id_language")),
        schema="media",
    )
    op.create_table(
        "transcriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("state IN ('waiting','active','done','failed')", name=op.f("ck_transcriptions_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcriptions")),
        schema="transcoding",
    )
    op.create_index(
        "ix_transcriptions_claimable",
        "transcriptions",
        ["id"],
        schema="transcoding",
        postgresql_where=sa.text("state IN ('waiting','active')"),
    )
    op.add_column("chunks", sa.Column("captions", postgresql.JSONB(), nullable=True), schema="transcoding")
    op.add_column(
        "video_versions", sa.Column("captions_taken_at", sa.DateTime(timezone=True), nullable=True), schema="media"
    )


def downgrade() -> None:
    op.drop_column("video_versions", "captions_taken_at", schema="media")
    op.drop_column("chunks", "captions", schema="transcoding")
    op.drop_index("ix_transcriptions_claimable", "transcriptions", schema="transcoding")
    op.drop_table("transcriptions", schema="transcoding")
    op.drop_table("caption_drafts", schema="media")
    op.drop_index("ix_caption_cues_search", "caption_cues", schema="media")
    op.drop_table("caption_cues", schema="media")
    op.drop_index("uq_captions_default", "captions", schema="media")
    op.drop_table("captions", schema="media")
