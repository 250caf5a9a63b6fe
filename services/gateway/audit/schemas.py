"""The audit log as admins ask for it and see it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.gateway.audit.actions import Action, Decision
from shared.contracts.model import Document, ExternalId, GivenMoment, Moment

MOST = 500
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]


class Wanted(Document):
    """Filters; an entry has to fit all of them."""

    user_id: ExternalId | None = None
    """Whose access it is about, or who asked."""
    video_id: UUID | None = None
    action: Action | None = None
    decision: Decision | None = None
    code: Code | None = None
    from_: GivenMoment | None = Field(default=None, alias="from")
    to: GivenMoment | None = None
    limit: int = Field(default=100, ge=1, le=MOST)
    cursor: UUID | None = None
    """``nextCursor`` of the page before."""


class Entry(Document):
    id: str
    at: Moment
    actor_id: str | None
    role: str | None
    user_id: str | None
    video_id: str | None
    chapter_id: str | None
    session_id: str | None
    device_id: str | None
    api_key_id: str | None
    action: str
    decision: str
    code: str | None
    client_ip: str | None
    count: int
    request_id: str | None


class AuditPage(Document):
    entries: list[Entry]
    next_cursor: str | None
    """Where the next page begins; null on the last."""
