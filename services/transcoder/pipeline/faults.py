"""Faults that are not the film's: what they are called, and how long to wait before the work is tried again."""

from services.transcoder.pipeline.block_file import DiskFull
from shared.storage import StorageError

STORAGE_UNAVAILABLE = "storage_unavailable"
LONGEST_WAIT = 300.0


def code_of(error: Exception) -> str:
    if isinstance(error, DiskFull):
        return error.code
    return STORAGE_UNAVAILABLE if isinstance(error, StorageError) else "processing_failed"


def wait_after(code: str, attempts: int) -> float:
    """Seconds. A store that is away is given longer than anything that may be over in a moment."""
    return min((5.0 if code == STORAGE_UNAVAILABLE else 2.0) ** attempts, LONGEST_WAIT)
