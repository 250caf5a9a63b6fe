"""What our players are told when a session opens."""

from shared.contracts.model import Document, Moment


class PlaybackSessionAnswer(Document):
    session_id: str
    master_url: str
    """Good for any player: while a first watch is restricted it shows what is released, and grows."""
    managed_master_url: str
    """The whole film, for a player that asks for no key before its time."""
    renew_url: str
    beat_url: str
    expires_at: Moment
    video_id: str
    chapter_id: str
    duration: float | None
    first_watch_restricted: bool


class Renewed(Document):
    expires_at: Moment
