"""Upload links as the API speaks of them."""

from uuid import UUID

from pydantic import Field

from shared.contracts.model import Document, ExternalId, Moment

DAY = 24 * 3600


class LinkInput(Document):
    chapter_id: ExternalId | None = None
    """The chapter that gets its film."""
    video_id: UUID | None = None
    """Or the video whose film is replaced."""
    expires_in: int = Field(default=7 * DAY, ge=60, le=90 * DAY)
    """Seconds."""


class LinkAnswer(Document):
    link_id: str
    chapter_id: str | None
    video_id: str | None
    created_by: str
    created_at: Moment
    expires_at: Moment


class NewLink(LinkAnswer):
    """``token`` is told this once: what is kept is its hash."""

    token: str
    tus_url: str
    """What a tus client is pointed to."""
    form_url: str
    """What a plain form posts its field ``video`` to."""


class LinkList(Document):
    links: list[LinkAnswer]


class LinkShown(Document):
    """What whoever holds a link is told of it."""

    course_title: str
    chapter_title: str | None
    replaces: bool
    max_bytes: int
    expires_at: Moment
