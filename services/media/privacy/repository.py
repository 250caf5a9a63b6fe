"""Where media's tables name people, and what becomes of it."""

from shared.db.people import Fate, Mention, PeopleMap

PEOPLE = PeopleMap(
    mentions=(
        Mention("catalog.enrollments", "user_id", Fate.DELETE),
        Mention("catalog.course_instructors", "user_id", Fate.DELETE),
        Mention("media.videos", "created_by", Fate.AUTHOR),
        # What a client says of an upload of its own accord may hold anything.
        Mention("media.uploads", "created_by", Fate.AUTHOR, also="tus_metadata = NULL"),
        # Whoever holds such a link acts in the name of who made it.
        Mention("media.upload_links", "created_by", Fate.AUTHOR, also="revoked_at = coalesce(revoked_at, now())"),
        Mention("media.storage_reports", "asked_by", Fate.AUTHOR, shows=("id", "dry_run", "created_at")),
        Mention("media.caption_drafts", "requested_by", Fate.AUTHOR),
    )
)
