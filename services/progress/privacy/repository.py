"""Where progress' tables name people, and what becomes of it. A table that names somebody gets a line here."""

from shared.db.people import Fate, Mention, PeopleMap

# Of what is somebody else's, only what was done to it.
_MARKED = ("chapter_id", "course_id", "completed_at")

PEOPLE = PeopleMap(
    mentions=(
        Mention("learning.progress", "user_id", Fate.DELETE),
        Mention("learning.progress", "completed_by", Fate.AUTHOR, shows=_MARKED),
        Mention("learning.progress_history", "user_id", Fate.DELETE),
        Mention("learning.progress_history", "completed_by", Fate.AUTHOR, shows=_MARKED),
        Mention("learning.progress_history", "reset_by", Fate.AUTHOR, shows=("chapter_id", "course_id", "reset_at")),
        Mention("learning.course_completions", "user_id", Fate.DELETE),
        Mention("learning.watch_budgets", "user_id", Fate.DELETE),
        Mention("learning.watch_quarters", "user_id", Fate.DELETE),
        Mention("learning.watch_sessions", "user_id", Fate.DELETE),
        # A course's figures stay what they were.
        Mention("analytics.video_analytics", "user_id", Fate.PSEUDONYM, also="ip_address = NULL"),
        Mention("analytics.downloads", "user_id", Fate.PSEUDONYM),
        # With their deliveries, and what receivers answered to them.
        Mention("analytics.platform_events", "user_id", Fate.DELETE),
        Mention("analytics.webhook_endpoints", "created_by", Fate.AUTHOR, shows=("url", "created_at")),
        Mention("analytics.statements", "user_id", Fate.DELETE),
    ),
    # An event of a student names the instructor who marked the chapter.
    documents=(("analytics.platform_events", "data"), ("analytics.statements", "statement")),
)
