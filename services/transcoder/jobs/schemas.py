"""The ledger as admins see it."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.model import Document, Moment, Text


class JobState(StrEnum):
    """What a queue's page calls it: ``delayed`` waits for its next attempt, ``paused`` for a person."""

    WAITING = "waiting"
    ACTIVE = "active"
    DELAYED = "delayed"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"


class JobAnswer(Document):
    id: str
    video_id: str
    version_id: str
    state: JobState
    priority: int
    percent: float
    speed: float | None
    """Seconds of film encoded a second, all workers together."""
    eta: float | None
    """Seconds, where somebody works on it."""
    chunks: int
    chunks_done: int
    chunks_active: int
    encode_seconds: float
    error_code: str | None
    error_message: str | None
    error_detail: str | None
    created_at: Moment
    finished_at: Moment | None


class JobList(Document):
    jobs: list[JobAnswer]
    counts: dict[JobState, int]


class EventAnswer(Document):
    at: Moment
    event: str
    chunk: str | None
    attempt: int | None
    worker: str | None
    code: str | None
    message: str | None


class ChunkAnswer(Document):
    id: str
    kind: str
    index: int
    renditions: list[str]
    first_segment: int
    segment_count: int
    seconds: float
    encoded_seconds: float
    state: str
    on_demand: bool
    attempts: int
    worker: str | None
    error_code: str | None
    error_message: str | None
    error_detail: str | None


class JobDetail(JobAnswer):
    """One job with its chunks and its history, oldest line first."""

    chunk_list: list[ChunkAnswer]
    timeline: list[EventAnswer]


class RetryRequest(Document):
    """What to make again: one chunk, all of one rendition, or (empty) the whole job."""

    chunk_id: Text | None = None
    rendition: Text | None = None


class PriorityRequest(Document):
    priority: int = Field(ge=-1000, le=1000)
    """Smaller is sooner; 0 is usual."""


class WorkerAnswer(Document):
    id: str
    slots: int | None = None
    busy: int
    """Chunks that it has in hand."""
    encoder: str | None = None
    transcribes: bool | None = None
    """Whether it has a command for drafts of captions."""
    sandbox: dict[str, bool] | None = None


class WorkerList(Document):
    workers: list[WorkerAnswer]
