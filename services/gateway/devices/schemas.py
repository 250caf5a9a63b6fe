"""Devices and sessions as their owner and an admin see them."""

from uuid import UUID

from pydantic import model_validator

from shared.contracts.model import Document, ExternalId, Moment


class Device(Document):
    id: str
    browser: str
    system: str
    first_seen_at: Moment
    last_seen_at: Moment
    open_sessions: int


class Devices(Document):
    devices: list[Device]


class OpenSession(Document):
    id: str
    video_id: str
    course_id: str
    chapter_id: str
    device_id: str | None
    browser: str | None
    system: str | None
    opened_at: Moment
    last_active_at: Moment | None
    expires_at: Moment
    is_active: bool
    """Whether it counts among the streams of its user now."""


class OpenSessions(Document):
    sessions: list[OpenSession]


class Revocation(Document):
    """Whose sessions end: those to which all of what is named applies."""

    session_id: UUID | None = None
    user_id: ExternalId | None = None
    video_id: UUID | None = None
    device_id: UUID | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "Revocation":
        if not (self.session_id or self.user_id or self.video_id or self.device_id):
            raise ValueError("name a sessionId, userId, videoId or deviceId")
        return self


class Revoked(Document):
    revoked: int
