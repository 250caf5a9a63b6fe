"""What a player tells about a viewing session."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.model import Document, GivenMoment, Text

EventType = Literal[
    "session_start",
    "session_end",
    "quality_change",
    "stall",
    "startup",
    "error",
    "bandwidth",
    "fullscreen",
    "pip",
    "speed",
]
BATCH = 500
"""The most events in a batch."""

Seconds = Annotated[float, Field(ge=0, le=360_000, allow_inf_nan=False)]
Name = Annotated[Text, Field(max_length=32)]


class Event(Document):
    """``at`` is the position in the film. Which further members matter depends on ``type``."""

    type: EventType
    seq: Annotated[int, Field(ge=0, le=2**53)] | None = None
    """The player's own number for it in this session: told again, it counts once."""
    at: Seconds | None = None
    time: GivenMoment | None = None
    """When it happened, by the player's clock."""
    quality: Name | None = None
    """What is played from now on."""
    from_quality: Name | None = None
    duration: Seconds | None = None
    """Of a start-up (from the wish to the first picture) or a stall, in seconds."""
    code: Annotated[Text, Field(max_length=64)] | None = None
    message: Annotated[Text, Field(max_length=500)] | None = None
    rendition: Name | None = None
    """Of which the bytes were; ``quality`` where it is left out."""
    bytes: Annotated[int, Field(ge=0, le=2**50)] | None = None
    rate: Annotated[float, Field(gt=0, le=16, allow_inf_nan=False)] | None = None
    entered: bool | None = None
    """Of fullscreen and pip: whether it was entered or left."""
    watch_duration: Seconds | None = None
    """The player's to believe; ours is counted from what was credited."""


class EventBatch(Document):
    session_id: UUID
    seq: Annotated[int, Field(ge=0, le=2**43)] | None = None
    """The number of this batch in its session: sent again under the same, it counts once."""
    events: list[Event] = Field(min_length=1, max_length=BATCH)


class TakenHome(Document):
    """By the gateway; ``id`` is that of the link, ``bytes`` of the whole file."""

    id: UUID
    video_id: UUID
    quality: str
    bytes: int


class Accepted(Document):
    accepted: int
