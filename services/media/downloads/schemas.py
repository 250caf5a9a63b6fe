"""Films to take home: who may, how far one is, and where it lies."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.contracts.model import Document

Policy = Literal["inherit", "off", "enrolled"]


class DownloadPolicy(Document):
    policy: Policy


class DownloadPolicyAnswer(Document):
    """``effective`` is what follows from it and from the course: ``off`` or ``enrolled``."""

    video_id: str
    policy: str
    effective: str


class DownloadWanted(BaseModel):
    """For the gateway: which file somebody who may wants. Without ``quality``, the best there is."""

    video_id: UUID
    quality: str | None = Field(default=None, max_length=64)


class DownloadState(BaseModel):
    """For the gateway. ``version_id`` and ``quality`` name the file."""

    status: Literal["preparing", "ready"]
    percent: float
    version_id: UUID
    quality: str
    size_bytes: int | None
    file_name: str
