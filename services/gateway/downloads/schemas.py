"""A film to take home, as a page is told of it."""

from typing import Literal

from pydantic import BaseModel

from shared.contracts.model import Document, Moment


class FileState(BaseModel):
    """What media says of a file."""

    status: Literal["preparing", "ready"]
    percent: float
    version_id: str
    quality: str
    size_bytes: int | None
    file_name: str


class DownloadAnswer(Document):
    """While it is being made: ask again after ``Retry-After``. Afterwards ``url`` opens it without a header."""

    status: Literal["preparing", "ready"]
    percent: float
    quality: str
    file_name: str
    url: str | None = None
    expires_at: Moment | None = None
    size_bytes: int | None = None
