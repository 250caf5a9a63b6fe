"""The library: films of all courses as their staff look for them. Durations are seconds, sizes bytes."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.model import Document, ExternalId, Moment, Text
from shared.contracts.video import VideoStatus

Sort = Literal["created", "-created", "name", "-name", "duration", "-duration", "size", "-size", "views", "-views"]


class WantedFilms(Document):
    q: Annotated[Text, Field(max_length=200)] | None = None
    """Stands somewhere in the file's name, the chapter's or the course's title, or is the id of either."""
    state: VideoStatus | None = None
    course_id: ExternalId | None = None
    sort: Sort = "-created"
    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Films of a page: 100 where nothing is said, of a CSV 10000."""
    after: Annotated[Text, Field(max_length=4000)] | None = None
    """``next`` of the page before."""
    format: Literal["json", "csv"] | None = None


class Film(Document):
    video_id: str
    title: str | None
    """Of its chapter, as the course has it now; null where the course has no such chapter any more."""
    chapter_id: str
    course_id: str
    course_title: str | None
    original_name: str
    status: VideoStatus
    percent: float
    error_code: str | None
    duration: float | None
    width: int | None
    height: int | None
    source_bytes: int
    """Of the uploaded file; 0 once it was let go."""
    rendition_bytes: int
    """Of all that is made of it to be watched."""
    size_bytes: int
    """Both together."""
    views: int
    """Of the last 90 days."""
    poster_url: str | None
    created_at: Moment
    """When it was first uploaded."""


class FilmList(Document):
    items: list[Film]
    next: str | None
    """What ``after`` has to be for the next page; null on the last."""


class FilmRendition(Document):
    name: str
    kind: str
    width: int | None
    height: int | None
    language: str | None
    codecs: str
    bandwidth: int
    """Bits a second, at most: planned until the film is ready, then measured."""
    average_bandwidth: int | None
    bytes: int | None
    """Null, as the average, until it is measured."""


class FilmVersion(Document):
    """One uploaded file and what was made of it."""

    version_id: str
    number: int
    status: VideoStatus
    is_current: bool
    original_name: str
    container: str
    source_bytes: int
    source_sha256: str | None
    """Null until the file was read once as a whole."""
    duration: float | None
    created_at: Moment
    ready_at: Moment | None
    kept_until: Moment | None
    """Until when it can be brought back, of one that gave way to another."""
    job_id: str | None
    """The transcoder's job; for admins only."""


class Poster(Document):
    video_id: str
    poster_url: str | None
    origin: Literal["found", "chosen", "uploaded"]
    """Found by itself; a picture of the film that was chosen, until another file takes its place; or one that stays."""


class FilmDetails(Film):
    fps: float | None
    poster: Poster
    download_policy: Literal["inherit", "off", "enrolled"]
    renditions: list[FilmRendition]
    versions: list[FilmVersion]
    """Those that there is something of, the newest first."""
