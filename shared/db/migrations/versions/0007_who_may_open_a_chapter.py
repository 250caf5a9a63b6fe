"""Instructors belong to courses; the platform's word on who may watch; who may take films home"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NOW = sa.text("now()")

# Who may take films home.
POLICIES = (
    ("courses", "catalog", "downloads", "off", "'off','enrolled'"),
    ("videos", "media", "download_policy", "inherit", "'inherit','off','enrolled'"),
)

# Who teaches a course. media, gateway and progress all ask it, so it stands where all of them read.
IS_STAFF = """
CREATE FUNCTION catalog.is_staff(course text, person text, role text) RETURNS boolean
LANGUAGE sql STABLE AS $$
SELECT coalesce(role = 'admin' OR (role = 'instructor' AND EXISTS (
    SELECT 1 FROM catalog.course_instructors i WHERE i.course_id = course AND i.user_id = person)), false)
$$
"""

WAITS_FOR_ANOTHER = """
CREATE FUNCTION catalog.waits_for_another(chapter catalog.current_chapters, student text) RETURNS boolean
LANGUAGE sql STABLE AS $$
SELECT chapter.requires_chapter_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM learning.progress p
    WHERE p.user_id = student AND p.chapter_id = chapter.requires_chapter_id AND p.is_completed)
$$
"""

ENROLLMENT_REASON = """
CREATE FUNCTION catalog.enrollment_reason(course text, student text) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT CASE
    WHEN e.user_id IS NULL THEN 'not_enrolled'
    WHEN e.starts_at > now() THEN 'enrollment_not_started'
    WHEN e.ends_at <= now() THEN 'enrollment_ended'
END
FROM (VALUES (1)) AS always(one)
LEFT JOIN catalog.enrollments e ON e.course_id = course AND e.user_id = student
$$
"""

LOCKED_REASON = """
CREATE OR REPLACE FUNCTION catalog.locked_reason(chapter catalog.current_chapters, student text) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT CASE WHEN NOT chapter.is_free THEN coalesce(
    catalog.enrollment_reason(chapter.course_id, student),
    CASE WHEN catalog.waits_for_another(chapter, student) THEN 'previous_chapter' END)
END
$$
"""

# The film's own word, else its course's.
DOWNLOAD_POLICY = """
CREATE FUNCTION catalog.download_policy(chapter catalog.current_chapters) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT CASE WHEN v.download_policy IN ('off', 'enrolled') THEN v.download_policy ELSE c.downloads END
FROM catalog.courses c LEFT JOIN media.videos v ON v.id = chapter.video_id
WHERE c.id = chapter.course_id
$$
"""

LOCKED_REASON_BEFORE = """
CREATE OR REPLACE FUNCTION catalog.locked_reason(chapter catalog.current_chapters, student text) RETURNS text
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
    op.create_table(
        "course_instructors",
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["catalog.courses.id"], name=op.f("fk_course_instructors_course_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=op.f("pk_course_instructors")),
        schema="catalog",
    )
    op.create_index("ix_course_instructors_user_id", "course_instructors", ["user_id"], schema="catalog")
    # Every instructor was let in everywhere. Who uploaded a film of a course keeps that course and loses the others;
    # of whoever is no instructor by role, a row says nothing.
    op.execute("""
        INSERT INTO catalog.course_instructors (course_id, user_id)
        SELECT DISTINCT v.course_id, v.created_by FROM media.videos v JOIN catalog.courses c ON c.id = v.course_id
        WHERE v.deleted_at IS NULL AND v.created_by NOT LIKE 'apikey:%'
    """)
    for table, schema, column, default, words in POLICIES:
        op.add_column(table, sa.Column(column, sa.Text(), server_default=default, nullable=False), schema=schema)
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} IN ({words})", schema=schema)
    for function in (IS_STAFF, WAITS_FOR_ANOTHER, ENROLLMENT_REASON, LOCKED_REASON, DOWNLOAD_POLICY):
        op.execute(function)
    op.add_column(
        "playback_sessions",
        sa.Column("as_staff", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="access",
    )
    op.execute("""
        UPDATE access.playback_sessions SET as_staff = true
        WHERE role IN ('admin', 'instructor') AND NOT needs_enrollment AND revoked_at IS NULL AND expires_at > now()
    """)
    op.create_table(
        "platform_answers",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("chapter_id", sa.Text(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "chapter_id", name=op.f("pk_platform_answers")),
        schema="access",
    )
    op.create_index("ix_platform_answers_answered_at", "platform_answers", ["answered_at"], schema="access")


def downgrade() -> None:
    op.drop_index("ix_platform_answers_answered_at", "platform_answers", schema="access")
    op.drop_table("platform_answers", schema="access")
    op.drop_column("playback_sessions", "as_staff", schema="access")
    op.execute("DROP FUNCTION catalog.download_policy(catalog.current_chapters)")
    op.execute(LOCKED_REASON_BEFORE)
    op.execute("DROP FUNCTION catalog.enrollment_reason(text, text)")
    op.execute("DROP FUNCTION catalog.waits_for_another(catalog.current_chapters, text)")
    op.execute("DROP FUNCTION catalog.is_staff(text, text, text)")
    for table, schema, column, _, _ in POLICIES:
        op.drop_column(table, column, schema=schema)
    op.drop_index("ix_course_instructors_user_id", "course_instructors", schema="catalog")
    op.drop_table("course_instructors", schema="catalog")
