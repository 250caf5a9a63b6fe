"""What our players are told when a session opens."""

from shared.contracts.model import Document, Moment


class PlaybackSessionAnswer(Document):
    session_id: str
    master_url: str
    renew_url: str
    beat_url: str
    expires_at: Moment
    video_id: str
    chapter_id: str
    duration: float | None
    first_watch_restricted: bool


class Renewed(Document):
    expires_at: Moment
