"""Sources as the API speaks of them."""

from typing import Literal
from uuid import UUID

from shared.contracts.model import Document, ExternalId

State = Literal["kept", "cold", "dropped"]


class SourceState(Document):
    """``cold``: kept where it costs less; ``dropped``: let go, so that nothing can be made from it any more."""

    state: State
    bytes: int


class SameContent(Document):
    """A film that was made from the same file."""

    video_id: str
    chapter_id: str
    course_id: str
    original_name: str


class SameContentList(Document):
    videos: list[SameContent]


class FromExisting(Document):
    """A film for ``chapter_id`` from the stored source of the film ``video_id``."""

    chapter_id: ExternalId
    video_id: UUID
