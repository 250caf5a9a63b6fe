"""Job payloads. They carry ids only: the truth is in Postgres, and a job is a doorbell that may be lost or ring twice."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

TRANSCODER_QUEUE = "lectern:transcoder"
MEDIA_QUEUE = "lectern:media"
PROGRESS_QUEUE = "lectern:progress"


class Job(BaseModel):
    model_config = ConfigDict(frozen=True)

    timeout: ClassVar[float] = 300
    """Seconds after which its handler is cancelled."""


class PlanVersion(Job):
    """Transcoder: a source was stored; probe it, plan it and write its chunks to the ledger."""

    version_id: UUID


class ChunksWaiting(Job):
    """Transcoder: the ledger holds chunks that nobody leased."""


class SyncVersion(Job):
    """Media: the transcoder's ledger of this version moved on; take over what it says."""

    version_id: UUID


class SweepStorage(Job):
    """Media: tombstones are due; remove what they name from storage."""


class RotateKeys(Job):
    """Media: the keys of this version are to be rotated; go on with it."""

    version_id: UUID


class HashSource(Job):
    """Media: the source of this version is stored; read it once if nobody knows its SHA-256, and share what is the same."""

    timeout: ClassVar[float] = 3600

    version_id: UUID


class RetainSources(Job):
    """Media: sources may have become old enough to be moved or let go, as this installation is set up."""

    timeout: ClassVar[float] = 3600


class ReconcileStorage(Job):
    """Media: the report that ``media.storage_reports`` names is wished for; compare what is stored with the database."""

    timeout: ClassVar[float] = 12 * 3600

    report_id: UUID


class FeedUpload(Job):
    """Media: the bytes of this upload are to be fetched, or joined from others."""

    timeout: ClassVar[float] = 6 * 3600

    upload_id: UUID


class SegmentWanted(Job):
    """Transcoder: a viewer asked for a segment that is not made yet; make it before anything else."""

    version_id: UUID
    rendition: str
    index: int


class MakeDownload(Job):
    """Transcoder: somebody wants to take a film home; make the file that ``media.downloads`` names."""

    download_id: UUID


class SyncDownload(Job):
    """Media: the transcoder's ledger of a film to take home moved on; take over what it says."""

    download_id: UUID


class DraftCaptions(Job):
    """Transcoder: staff want captions drafted; transcribe what ``media.caption_drafts`` names."""

    draft_id: UUID


class SyncDraft(Job):
    """Media: the transcoder's ledger of a draft moved on; take over what it says."""

    draft_id: UUID


class EventsWaiting(Job):
    """Progress: events were written that nobody numbered, or deliveries that are due; look for them."""


class CancelVersion(Job):
    """Transcoder: nobody wants this version any more; stop working on it."""

    version_id: UUID
