"""What the platform is asked about a viewer, and what it answers."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import AwareDatetime, StrictBool

from shared.contracts.model import Document


@dataclass(frozen=True)
class Question:
    """May this person watch this film?"""

    user_id: str
    course_id: str
    chapter_id: str
    video_id: UUID | None

    @property
    def about(self) -> tuple[str, str]:
        """What an answer is kept by."""
        return self.user_id, self.chapter_id


class PlatformQuestion(Document):
    user_id: str
    course_id: str
    chapter_id: str
    video_id: str | None


class PlatformWord(Document):
    """The body of a 200. ``reason`` is shown to nobody but the caller of our API; ``until`` ends a yes."""

    allowed: StrictBool
    reason: str | None = None
    until: AwareDatetime | None = None
