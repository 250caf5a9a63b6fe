"""Videos as the API speaks of them; ``videoId``, ``status`` and ``error`` are the seeds' names."""

from shared.contracts.model import Document


class Fault(Document):
    code: str
    message: str


class RenditionProgress(Document):
    name: str
    width: int | None
    height: int | None
    percent: float


class ReplacementStatus(Document):
    status: str
    percent: float
    error: Fault | None


class VideoStatusAnswer(Document):
    video_id: str
    chapter_id: str
    status: str
    percent: float
    duration: float | None
    width: int | None
    height: int | None
    fps: float | None
    original_name: str
    size_bytes: int
    renditions: list[RenditionProgress]
    replacing: ReplacementStatus | None
    error: Fault | None


class Thumbnail(Document):
    time: float
    url: str
    width: int
    height: int


class ThumbnailList(Document):
    video_id: str
    thumbnails: list[Thumbnail]
