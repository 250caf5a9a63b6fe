"""The first schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

SCHEMAS = ("catalog", "media", "transcoding", "access", "learning", "analytics")

CURRENT_CHAPTERS = """
CREATE VIEW catalog.current_chapters AS
SELECT c.id AS course_id, c.title AS course_title, c.is_sequential,
       ch.id AS chapter_id, ch.title, ch.position, ch.is_free, ch.first_watch_restricted,
       v.id AS video_id, v.current_version_id AS version_id,
       CASE WHEN c.is_sequential AND NOT ch.is_free THEN before.id END AS requires_chapter_id
FROM catalog.courses c
JOIN catalog.chapters ch ON ch.course_version_id = c.current_version_id
LEFT JOIN media.videos v ON v.chapter_id = ch.id AND v.deleted_at IS NULL
LEFT JOIN LATERAL (
    SELECT p.id FROM catalog.chapters p
    JOIN media.videos pv ON pv.chapter_id = p.id AND pv.deleted_at IS NULL
    WHERE p.course_version_id = ch.course_version_id AND p.position < ch.position
    ORDER BY p.position DESC LIMIT 1
) before ON true
"""

# The one rule of who may open a chapter. media, gateway and progress all ask it, so it stands where all of them read.
LOCKED_REASON = """
CREATE FUNCTION catalog.locked_reason(chapter catalog.current_chapters, student text) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT CASE
    WHEN chapter.is_free THEN NULL
    WHEN e.user_id IS NULL THEN 'not_enrolled'
    WHEN e.starts_at > now() THEN 'enrollment_not_started'
    WHEN e.ends_at <= now() THEN 'enrollment_ended'
    WHEN chapter.requires_chapter_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM learning.progress p
        WHERE p.user_id = student AND p.chapter_id = chapter.requires_chapter_id AND p.is_completed)
        THEN 'previous_chapter'
END
FROM (VALUES (1)) AS always(one)
LEFT JOIN catalog.enrollments e ON e.course_id = chapter.course_id AND e.user_id = student
$$
"""


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.create_table('devices',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.LargeBinary(), nullable=False),
    sa.Column('user_agent', sa.Text(), nullable=False),
    sa.Column('first_seen_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_devices')),
    schema='access'
    )
    op.create_index('uq_devices_user_fingerprint', 'devices', ['user_id', 'fingerprint'], unique=True, schema='access')
    op.create_table('playback_sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('credential_hash', sa.LargeBinary(), nullable=False),
    sa.Column('video_id', sa.Uuid(), nullable=False),
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('course_id', sa.Text(), nullable=False),
    sa.Column('chapter_id', sa.Text(), nullable=False),
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('first_watch_restricted', sa.Boolean(), nullable=False),
    sa.Column('network_v4', postgresql.CIDR(), nullable=True),
    sa.Column('network_v6', postgresql.CIDR(), nullable=True),
    sa.Column('device_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('absolute_expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_reason', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_playback_sessions')),
    sa.UniqueConstraint('credential_hash', name=op.f('uq_playback_sessions_credential_hash')),
    schema='access'
    )
    op.create_index('ix_playback_sessions_expires_at', 'playback_sessions', ['expires_at'], unique=False, schema='access')
    op.create_index('ix_playback_sessions_user_id', 'playback_sessions', ['user_id'], unique=False, schema='access')
    op.create_table('video_access_tokens',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('video_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('client_ip', postgresql.INET(), nullable=False),
    sa.Column('device_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('spent_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_video_access_tokens')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_video_access_tokens_token_hash')),
    schema='access'
    )
    op.create_index('ix_video_access_tokens_expires_at', 'video_access_tokens', ['expires_at'], unique=False, schema='access')
    op.create_table('video_analytics',
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('video_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('watch_duration', sa.Double(), server_default='0', nullable=False),
    sa.Column('completion_rate', sa.Double(), server_default='0', nullable=False),
    sa.Column('quality_selected', sa.Text(), nullable=True),
    sa.Column('bandwidth_used', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('device_type', sa.Text(), nullable=True),
    sa.Column('browser', sa.Text(), nullable=True),
    sa.Column('ip_address', sa.Text(), nullable=True),
    sa.Column('event_counts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('session_id', name=op.f('pk_video_analytics')),
    schema='analytics'
    )
    op.create_index('ix_video_analytics_video', 'video_analytics', ['video_id', 'created_at'], unique=False, schema='analytics')
    op.create_table('courses',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('is_sequential', sa.Boolean(), nullable=False),
    sa.Column('current_version_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_courses')),
    schema='catalog'
    )
    op.create_table('progress',
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('chapter_id', sa.Text(), nullable=False),
    sa.Column('course_id', sa.Text(), nullable=False),
    sa.Column('video_id', sa.Uuid(), nullable=True),
    sa.Column('watched', postgresql.INT8MULTIRANGE(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('duration_ms', sa.BigInteger(), nullable=True),
    sa.Column('position_ms', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('watch_time_ms', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('is_completed', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('completed_by', sa.Text(), nullable=True),
    sa.Column('reset_count', sa.Integer(), server_default='0', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('user_id', 'chapter_id', name=op.f('pk_progress')),
    schema='learning'
    )
    op.create_index('ix_progress_user_course', 'progress', ['user_id', 'course_id'], unique=False, schema='learning')
    op.create_table('watch_budgets',
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('balance_ms', sa.BigInteger(), nullable=False),
    sa.Column('refilled_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_watch_budgets')),
    schema='learning'
    )
    op.create_table('watch_quarters',
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('watched_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('user_id', 'starts_at', name=op.f('pk_watch_quarters')),
    schema='learning'
    )
    op.create_table('watch_sessions',
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('chapter_id', sa.Text(), nullable=False),
    sa.Column('last_seq', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('credited_ms', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_beat_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('session_id', name=op.f('pk_watch_sessions')),
    schema='learning'
    )
    op.create_index('ix_watch_sessions_user_id', 'watch_sessions', ['user_id'], unique=False, schema='learning')
    op.create_table('storage_tombstones',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('store', sa.Text(), nullable=False),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("store IN ('private','public')", name=op.f('ck_storage_tombstones_store')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_storage_tombstones')),
    schema='media'
    )
    op.create_index('ix_storage_tombstones_due', 'storage_tombstones', ['not_before'], unique=False, schema='media', postgresql_where=sa.text('done_at IS NULL'))
    op.create_table('uploads',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source_key', sa.Text(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_uploads')),
    schema='media'
    )
    op.create_table('videos',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('course_id', sa.Text(), nullable=False),
    sa.Column('chapter_id', sa.Text(), nullable=False),
    sa.Column('current_version_id', sa.Uuid(), nullable=True),
    sa.Column('pending_version_id', sa.Uuid(), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_videos')),
    schema='media'
    )
    op.create_index('ix_videos_course_id', 'videos', ['course_id'], unique=False, schema='media')
    op.create_index('uq_videos_live_chapter', 'videos', ['chapter_id'], unique=True, schema='media', postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('video_processing_jobs',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('video_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('plan', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('outline', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('error_detail', sa.Text(), nullable=True),
    sa.Column('priority', sa.Integer(), server_default='0', nullable=False),
    sa.Column('lease_owner', sa.Text(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('planning','encoding','done','failed')", name=op.f('ck_video_processing_jobs_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_video_processing_jobs')),
    sa.UniqueConstraint('version_id', name=op.f('uq_video_processing_jobs_version_id')),
    schema='transcoding'
    )
    op.create_table('workers',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workers')),
    schema='transcoding'
    )
    op.create_table('course_versions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('course_id', sa.Text(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['catalog.courses.id'], name=op.f('fk_course_versions_course_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course_versions')),
    sa.UniqueConstraint('course_id', 'number', name=op.f('uq_course_versions_course_id_number')),
    schema='catalog'
    )
    op.create_table('enrollments',
    sa.Column('course_id', sa.Text(), nullable=False),
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['catalog.courses.id'], name=op.f('fk_enrollments_course_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('course_id', 'user_id', name=op.f('pk_enrollments')),
    schema='catalog'
    )
    op.create_index('ix_enrollments_user_id', 'enrollments', ['user_id'], unique=False, schema='catalog')
    op.create_table('video_versions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('video_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('percent', sa.Double(), server_default='0', nullable=False),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('original_name', sa.Text(), nullable=False),
    sa.Column('container', sa.Text(), nullable=False),
    sa.Column('source_key', sa.Text(), nullable=False),
    sa.Column('source_bytes', sa.BigInteger(), nullable=False),
    sa.Column('source_sha256', sa.Text(), nullable=False),
    sa.Column('public_secret', sa.Text(), nullable=False),
    sa.Column('key_epoch', sa.Integer(), server_default='1', nullable=False),
    sa.Column('duration', sa.Double(), nullable=True),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('fps', sa.Double(), nullable=True),
    sa.Column('poster_key', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("status IN ('uploading','processing','playable','ready','failed')", name=op.f('ck_video_versions_status')),
    sa.ForeignKeyConstraint(['video_id'], ['media.videos.id'], name=op.f('fk_video_versions_video_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_video_versions')),
    sa.UniqueConstraint('video_id', 'number', name=op.f('uq_video_versions_video_id_number')),
    schema='media'
    )
    op.create_index('ix_video_versions_unfinished', 'video_versions', ['status'], unique=False, schema='media', postgresql_where=sa.text("status IN ('processing','playable')"))
    op.create_table('chunks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('job_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('index', sa.Integer(), nullable=False),
    sa.Column('first_segment', sa.Integer(), nullable=False),
    sa.Column('segment_count', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lease_owner', sa.Text(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('percent', sa.Double(), server_default='0', nullable=False),
    sa.Column('segments', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('images', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('encode_seconds', sa.Double(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("kind IN ('video','audio','thumbnails')", name=op.f('ck_chunks_kind')),
    sa.CheckConstraint("state IN ('waiting','active','done','failed')", name=op.f('ck_chunks_state')),
    sa.ForeignKeyConstraint(['job_id'], ['transcoding.video_processing_jobs.id'], name=op.f('fk_chunks_job_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chunks')),
    sa.UniqueConstraint('job_id', 'kind', 'index', name=op.f('uq_chunks_job_id_kind_index')),
    schema='transcoding'
    )
    op.create_index('ix_chunks_claim', 'chunks', ['priority', 'position', 'id'], unique=False, schema='transcoding', postgresql_where=sa.text("state IN ('waiting','active')"))
    op.create_table('chapters',
    sa.Column('course_version_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('is_free', sa.Boolean(), nullable=False),
    sa.Column('first_watch_restricted', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['course_version_id'], ['catalog.course_versions.id'], name=op.f('fk_chapters_course_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('course_version_id', 'id', name=op.f('pk_chapters')),
    sa.UniqueConstraint('course_version_id', 'position', name=op.f('uq_chapters_course_version_id_position')),
    schema='catalog'
    )
    op.create_index('ix_chapters_id', 'chapters', ['id'], unique=False, schema='catalog')
    op.create_table('content_keys',
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('kid', sa.Text(), nullable=False),
    sa.Column('nonce', sa.LargeBinary(), nullable=False),
    sa.Column('wrapped', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('key_rotation_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['media.video_versions.id'], name=op.f('fk_content_keys_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('version_id', 'epoch', name=op.f('pk_content_keys')),
    schema='media'
    )
    op.create_table('renditions',
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('frame_rate', sa.Double(), nullable=True),
    sa.Column('codecs', sa.Text(), nullable=False),
    sa.Column('bandwidth', sa.Integer(), nullable=False),
    sa.Column('average_bandwidth', sa.Integer(), nullable=True),
    sa.Column('bytes', sa.BigInteger(), nullable=True),
    sa.Column('segment_durations', sa.ARRAY(sa.Double()), nullable=False),
    sa.CheckConstraint("kind IN ('video','audio')", name=op.f('ck_renditions_kind')),
    sa.ForeignKeyConstraint(['version_id'], ['media.video_versions.id'], name=op.f('fk_renditions_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('version_id', 'name', name=op.f('pk_renditions')),
    schema='media'
    )
    op.create_table('video_thumbnails',
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('time', sa.Double(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['media.video_versions.id'], name=op.f('fk_video_thumbnails_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('version_id', 'time', name=op.f('pk_video_thumbnails')),
    schema='media'
    )
    op.execute(CURRENT_CHAPTERS)
    op.execute(LOCKED_REASON)


def downgrade() -> None:
    op.execute("DROP FUNCTION catalog.locked_reason(catalog.current_chapters, text)")
    op.execute("DROP VIEW catalog.current_chapters")
    op.drop_table('video_thumbnails', schema='media')
    op.drop_table('renditions', schema='media')
    op.drop_table('content_keys', schema='media')
    op.drop_index('ix_chapters_id', table_name='chapters', schema='catalog')
    op.drop_table('chapters', schema='catalog')
    op.drop_index('ix_chunks_claim', table_name='chunks', schema='transcoding', postgresql_where=sa.text("state IN ('waiting','active')"))
    op.drop_table('chunks', schema='transcoding')
    op.drop_index('ix_video_versions_unfinished', table_name='video_versions', schema='media', postgresql_where=sa.text("status IN ('processing','playable')"))
    op.drop_table('video_versions', schema='media')
    op.drop_index('ix_enrollments_user_id', table_name='enrollments', schema='catalog')
    op.drop_table('enrollments', schema='catalog')
    op.drop_table('course_versions', schema='catalog')
    op.drop_table('workers', schema='transcoding')
    op.drop_table('video_processing_jobs', schema='transcoding')
    op.drop_index('uq_videos_live_chapter', table_name='videos', schema='media', postgresql_where=sa.text('deleted_at IS NULL'))
    op.drop_index('ix_videos_course_id', table_name='videos', schema='media')
    op.drop_table('videos', schema='media')
    op.drop_table('uploads', schema='media')
    op.drop_index('ix_storage_tombstones_due', table_name='storage_tombstones', schema='media', postgresql_where=sa.text('done_at IS NULL'))
    op.drop_table('storage_tombstones', schema='media')
    op.drop_index('ix_watch_sessions_user_id', table_name='watch_sessions', schema='learning')
    op.drop_table('watch_sessions', schema='learning')
    op.drop_table('watch_quarters', schema='learning')
    op.drop_table('watch_budgets', schema='learning')
    op.drop_index('ix_progress_user_course', table_name='progress', schema='learning')
    op.drop_table('progress', schema='learning')
    op.drop_table('courses', schema='catalog')
    op.drop_index('ix_video_analytics_video', table_name='video_analytics', schema='analytics')
    op.drop_table('video_analytics', schema='analytics')
    op.drop_index('ix_video_access_tokens_expires_at', table_name='video_access_tokens', schema='access')
    op.drop_table('video_access_tokens', schema='access')
    op.drop_index('ix_playback_sessions_user_id', table_name='playback_sessions', schema='access')
    op.drop_index('ix_playback_sessions_expires_at', table_name='playback_sessions', schema='access')
    op.drop_table('playback_sessions', schema='access')
    op.drop_index('uq_devices_user_fingerprint', table_name='devices', schema='access')
    op.drop_table('devices', schema='access')
    for schema in SCHEMAS:
        op.execute(f"DROP SCHEMA {schema}")
