"""Uploads that go straight to storage, and how far any upload is."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.model import Document, ExternalId, Moment, Text


class DirectInput(Document):
    size: int = Field(ge=0)
    """Bytes of the film."""
    file_name: Annotated[Text, Field(max_length=1000)] = ""
    chapter_id: ExternalId | None = None
    """The chapter that gets its film."""
    video_id: UUID | None = None
    """Or the video whose film is replaced."""


class DirectUpload(Document):
    """Parts 1 to ``parts`` have ``partSize`` bytes each, but for the last."""

    upload_id: str
    video_id: str
    part_size: int
    parts: int
    expires_at: Moment


class PartsWanted(Document):
    numbers: list[Annotated[int, Field(ge=1, le=10_000)]] = Field(min_length=1, max_length=1000)


class PartAddress(Document):
    """Send ``size`` bytes there by PUT, within the hour."""

    number: int
    size: int
    url: str


class PartAddresses(Document):
    parts: list[PartAddress]


class StoredPart(Document):
    number: int
    size: int


class StoredParts(Document):
    part_size: int
    parts: list[StoredPart]


class UploadError(Document):
    code: str
    message: str


class UploadAnswer(Document):
    """``state`` is ``receiving``, ``complete`` (it is a film now), ``refused`` or ``ended``."""

    upload_id: str
    kind: str
    state: str
    received: int
    size: int | None
    file_name: str
    video_id: str | None
    chapter_id: str | None
    expires_at: Moment | None
    error: UploadError | None
