"""Why a chapter is locked, where the platform says who has a part in a course"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# As catalog.locked_reason(chapter, student), with the platform's word in place of an enrolment where it was asked.
LOCKED_REASON = """
CREATE FUNCTION catalog.locked_reason(chapter catalog.current_chapters, student text, platform_says boolean) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT CASE
    WHEN platform_says IS NULL THEN catalog.locked_reason(chapter, student)
    WHEN chapter.is_free THEN NULL
    WHEN NOT platform_says THEN 'refused_by_platform'
    WHEN catalog.waits_for_another(chapter, student) THEN 'previous_chapter'
END
$$
"""


def upgrade() -> None:
    op.execute(LOCKED_REASON)


def downgrade() -> None:
    op.execute("DROP FUNCTION catalog.locked_reason(catalog.current_chapters, text, boolean)")
