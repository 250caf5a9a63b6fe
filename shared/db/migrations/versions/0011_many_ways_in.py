"""Uploads that come in pieces, by an address or a link, and what a course may hold"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = """
    kind text NOT NULL DEFAULT 'form',
    state text NOT NULL DEFAULT 'receiving',
    video_id uuid,
    chapter_id text,
    course_id text,
    name text NOT NULL DEFAULT '',
    length bigint,
    received bigint NOT NULL DEFAULT 0,
    part_size integer NOT NULL DEFAULT 0,
    multipart_id text,
    tail_key text,
    epoch integer NOT NULL DEFAULT 0,
    container text,
    sha256 text,
    is_partial boolean NOT NULL DEFAULT false,
    joined uuid[],
    tus_metadata text,
    link_id uuid,
    url text,
    url_etag text,
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz,
    error_status integer,
    error_code text,
    error_message text,
    created_role text NOT NULL DEFAULT 'admin',
    updated_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    ended_at timestamptz
"""
CHECKS = {
    "kind": "kind IN ('form','tus','direct','ingest')",
    "state": "state IN ('receiving','complete','refused','ended')",
    "received": "received >= 0 AND (length IS NULL OR received <= length)",
}


def upgrade() -> None:
    added = ", ".join(f"ADD COLUMN {column.strip()}" for column in COLUMNS.split(",\n"))
    checks = ", ".join(f"ADD CONSTRAINT ck_uploads_{name} CHECK ({rule})" for name, rule in CHECKS.items())
    op.execute(f"ALTER TABLE media.uploads {added}, {checks}")
    op.execute("CREATE INDEX ix_uploads_receiving ON media.uploads (kind) WHERE state = 'receiving'")
    op.execute("CREATE INDEX ix_uploads_link_id ON media.uploads (link_id) WHERE link_id IS NOT NULL")
    op.execute(
        """
        CREATE TABLE media.upload_links (
            id uuid CONSTRAINT pk_upload_links PRIMARY KEY,
            secret_hash bytea NOT NULL CONSTRAINT uq_upload_links_secret_hash UNIQUE,
            course_id text NOT NULL,
            chapter_id text,
            video_id uuid,
            created_by text NOT NULL,
            created_role text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            revoked_at timestamptz,
            spent_at timestamptz,
            CONSTRAINT ck_upload_links_target CHECK ((chapter_id IS NULL) <> (video_id IS NULL))
        )
        """
    )
    op.execute("CREATE INDEX ix_upload_links_course_id ON media.upload_links (course_id)")
    op.execute("ALTER TABLE catalog.courses ADD COLUMN quota_bytes bigint")


def downgrade() -> None:
    op.execute("ALTER TABLE catalog.courses DROP COLUMN quota_bytes")
    op.execute("DROP TABLE media.upload_links")
    names = [column.split()[0] for column in COLUMNS.split(",\n")]
    op.execute("DELETE FROM media.uploads WHERE kind <> 'form' OR state <> 'receiving'")
    op.execute(f"ALTER TABLE media.uploads {', '.join(f'DROP COLUMN {name}' for name in names)}")
