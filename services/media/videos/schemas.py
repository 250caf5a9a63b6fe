"""Videos as the API speaks of them; ``videoId``, ``status`` and ``error`` are the seeds' names."""

from uuid import UUID

from pydantic import Field

from services.media.sources.schemas import SameContent, SourceState
from shared.contracts.model import Document, Moment


class Fault(Document):
    code: str
    message: str
    detail: str | None = None
    """FFmpeg's last lines; for admins only."""


class RenditionProgress(Document):
    name: str
    kind: str
    width: int | None
    height: int | None
    percent: float


class ReplacementStatus(Document):
    status: str
    stage: str | None
    percent: float
    eta: float | None
    error: Fault | None


class PreviousVersion(Document):
    """What a rollback would bring back."""

    original_name: str
    size_bytes: int
    kept_until: Moment


class RolledBack(Document):
    video_id: str
    original_name: str
    """Of the version that viewers get now."""


class VideoStatusAnswer(Document):
    video_id: str
    chapter_id: str
    status: str
    stage: str | None
    """While it is being made: waiting, examining, encoding, paused or finishing."""
    percent: float
    speed: float | None
    """Seconds of film encoded a second, while somebody works on it."""
    eta: float | None
    """Seconds until it is ready, while somebody works on it."""
    duration: float | None
    width: int | None
    height: int | None
    fps: float | None
    original_name: str
    size_bytes: int
    job_id: str | None
    """The transcoder's job, until the film is ready; for admins only."""
    renditions: list[RenditionProgress]
    replacing: ReplacementStatus | None
    error: Fault | None
    previous: PreviousVersion | None = None
    """The version that a rollback would bring back; for staff only."""
    source: SourceState | None = None
    """Whether the uploaded file is there to make the film from again; for staff only."""
    same_content: list[SameContent] | None = None
    """Other films of one's courses that were made from the same file; for staff only."""


class BatchWanted(Document):
    video_ids: list[UUID] = Field(min_length=1, max_length=200)


class BatchStatus(Document):
    """``notFound`` are those that there are not, and those of courses of others."""

    videos: list[VideoStatusAnswer]
    not_found: list[str]


class Thumbnail(Document):
    time: float
    url: str
    width: int
    height: int


class ThumbnailList(Document):
    video_id: str
    thumbnails: list[Thumbnail]


class StoryboardTile(Document):
    """A picture in a sprite, for ``start`` <= time < ``end`` (seconds); ``x``, ``y``, ``w`` and ``h`` in pixels."""

    start: float
    end: float
    url: str
    x: int
    y: int
    w: int
    h: int


class Storyboard(Document):
    video_id: str
    tiles: list[StoryboardTile]
