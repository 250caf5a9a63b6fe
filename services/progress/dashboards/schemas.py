"""What dashboards are asked for, and what they show. Durations are seconds, rates percent, shares 0 to 1."""

from datetime import date
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from services.progress.dashboards.cursors import MOST
from shared.contracts.model import Document, ExternalId, Moment

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]
Reason = Literal["behind", "rewinds", "absent"]
Names = dict[str, int]
Row = TypeVar("Row", bound=Document)


class Wanted(Document):
    """What every list takes."""

    course_id: ExternalId | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Rows of a page: 100 where nothing is said, of a CSV 10000."""
    after: Annotated[str, Field(max_length=MOST)] | None = None
    """``next`` of the page before."""
    format: Literal["json", "csv"] | None = None


class WantedDays(Wanted):
    """Of the sessions opened on these days (UTC), both included; the last 90 where nothing is said."""

    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None


VideoSort = Literal[
    "views", "-views", "sessions", "-sessions", "watchDuration", "-watchDuration",
    "averageWatchDuration", "-averageWatchDuration", "averageCompletionRate", "-averageCompletionRate",
    "bandwidthUsed", "-bandwidthUsed",
]  # fmt: skip


class WantedVideos(WantedDays):
    sort: VideoSort = "-views"


class WantedChapters(WantedDays):
    """With days, only what was completed on them is counted as completed."""

    sort: Literal["completed", "-completed", "started", "-started", "completionShare", "-completionShare"] = (
        "-completed"
    )


class WantedUser(Wanted):
    sort: Literal["updatedAt", "-updatedAt", "watchTime", "-watchTime", "watchPercentage", "-watchPercentage"] = (
        "-updatedAt"
    )


class WantedStruggling(Wanted):
    absent_days: Annotated[int, Field(ge=1, le=3650)] = 14
    """After how many days without watching somebody counts as absent."""
    pace_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """In how many days a course is meant to be done."""


class WantedMatrix(Document):
    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Students of a page: 100 where nothing is said, of a CSV 10000."""
    after: Annotated[str, Field(max_length=MOST)] | None = None
    format: Literal["json", "csv"] | None = None


class WantedRetention(Wanted):
    resolution: Annotated[float, Field(ge=1, le=3600)] | None = None
    """Seconds of film in a step of the curve; by default as many whole ones as make at most 200 steps."""


class WantedExperience(WantedDays):
    by: Literal["all", "day", "course", "video"] = "day"
    sort: Literal[
        "key", "sessions", "-sessions", "startupP95", "-startupP95", "rebufferRatio", "-rebufferRatio"
    ] = "key"  # fmt: skip


class WantedBandwidth(WantedDays):
    price_per_gb: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    """Of 10^9 bytes, in place of the setting's."""
    sort: Literal["bytes", "-bytes"] = "-bytes"


class VideoFigures(Document):
    video_id: str
    course_id: str
    chapter_id: str
    title: str | None
    """Of its chapter, as the course has it now."""
    sessions: int
    views: int
    completed: int
    watch_duration: float
    average_watch_duration: float
    average_completion_rate: float
    bandwidth_used: int


class ChapterFigures(Document):
    chapter_id: str
    course_id: str
    title: str | None
    started: int
    completed: int
    completion_share: float


class Engagement(Document):
    course_id: str
    course_title: str | None
    chapter_id: str
    title: str | None
    is_completed: bool
    completed_at: Moment | None
    watch_percentage: float
    watch_time: float
    current_position: float
    sessions: int
    rewinds: int
    started_at: Moment | None
    updated_at: Moment


class Struggling(Document):
    course_id: str
    user_id: str
    reasons: list[Reason]
    percentage: float
    """How much of the course is done, watched parts of chapters counted in part."""
    expected_percentage: float
    """What the pace asks for by now."""
    chapters_completed: int
    chapters_total: int
    started_at: Moment
    last_active_at: Moment
    absent_days: int
    rewind_chapter_id: str | None
    rewind_at: float | None
    """Where within ten seconds of film they went back most often."""
    rewinds: int


class MatrixChapter(Document):
    chapter_id: str
    title: str
    has_film: bool


class MatrixCell(Document):
    state: Literal["not_started", "in_progress", "completed"]
    watch_percentage: float
    last_watched_at: Moment | None
    completed_at: Moment | None


class MatrixStudent(Document):
    user_id: str
    is_enrolled: bool
    """Whether there is an enrolment, whenever it begins or ends."""
    overall_percentage: float
    """The share of completed chapters among those with a film."""
    chapters_completed: int
    last_watched_at: Moment | None
    cells: list[MatrixCell]
    """In the order of the course's chapters."""


class RetentionStep(Document):
    from_: float = Field(alias="from")
    to: float
    viewers: int
    """Different people who watched some of it, ever."""
    plays: int
    """Sessions in which some of it was played, as long as sessions are kept."""
    rewinds: int
    """How often somebody went back to it."""
    left: int
    """Sessions that ended in it, before the end of the film."""


class ExperienceFigures(Document):
    key: str
    """The day, course or video; ``all`` where they are not told apart."""
    sessions: int
    views: int
    startups: int
    startup_p50: float | None = Field(alias="startupP50")
    startup_p95: float | None = Field(alias="startupP95")
    """In seconds, to 5 %."""
    stalls: int
    stalled_seconds: float
    rebuffer_ratio: float
    """The share of stalls in all the time of playing and stalling."""
    errors: int
    errors_by_code: Names
    rendition_share: dict[str, float]
    """Of the bytes."""
    devices: Names


class BandwidthFigures(Document):
    course_id: str
    title: str | None
    bytes: int
    streamed_bytes: int
    downloaded_bytes: int
    """Of films taken home, whole files."""
    bytes_by_rendition: Names
    gigabytes: float
    cost: float


class Page(Document, Generic[Row]):
    items: list[Row]
    next: str | None
    """What ``after`` has to be for the next page; null on the last."""


class VideoPage(Page[VideoFigures]):
    pass


class ChapterPage(Page[ChapterFigures]):
    pass


class EngagementPage(Page[Engagement]):
    user_id: str


class StrugglingPage(Page[Struggling]):
    pass


class MatrixPage(Page[MatrixStudent]):
    course_id: str
    title: str
    chapters: list[MatrixChapter]


class RetentionPage(Page[RetentionStep]):
    video_id: str
    duration: float
    resolution: float
    viewers: int
    sessions: int
    rewatched: list[RetentionStep]
    """The five steps to which viewers went back most often."""
    abandoned: list[RetentionStep]
    """The five in which most sessions ended."""


class ExperiencePage(Page[ExperienceFigures]):
    pass


class BandwidthPage(Page[BandwidthFigures]):
    price_per_gb: float
