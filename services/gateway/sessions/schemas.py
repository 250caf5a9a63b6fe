"""What our players are told when a session opens."""

from typing import Literal

from shared.contracts.model import Document, Moment

WatermarkPart = Literal["name", "email", "userId", "time"]


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
    user_id: str
    watermark: list[WatermarkPart]
    """What is written over the picture, in this order; nothing for who teaches the course."""


class Renewed(Document):
    expires_at: Moment
