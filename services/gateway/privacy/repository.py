"""Where the gateway's tables name people, and what becomes of it."""

from shared.db.people import Fate, Mention, PeopleMap

# Of an entry about somebody else, not about whom.
_ASKED = ("id", "at", "action", "decision", "code", "video_id", "chapter_id", "count")

PEOPLE = PeopleMap(
    mentions=(
        # Sessions that are gone are refused at the next request, as those that were ended.
        Mention("access.playback_sessions", "user_id", Fate.DELETE),
        Mention("access.video_access_tokens", "user_id", Fate.DELETE),
        Mention("access.download_tickets", "user_id", Fate.DELETE),
        Mention("access.devices", "user_id", Fate.DELETE),
        Mention("access.platform_answers", "user_id", Fate.DELETE),
        Mention("access.api_keys", "created_by", Fate.AUTHOR),
        # What happened stays for whoever looks into an attack; to whom and from where does not.
        Mention("access.audit_log", "user_id", Fate.PSEUDONYM, also="client_ip = NULL"),
        Mention("access.audit_log", "actor_id", Fate.PSEUDONYM, also="client_ip = NULL", shows=_ASKED),
    )
)
