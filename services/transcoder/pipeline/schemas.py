"""The ledger as admins see it."""

from shared.contracts.model import Document, Moment


class JobAnswer(Document):
    id: str
    video_id: str
    version_id: str
    state: str
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
