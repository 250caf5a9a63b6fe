"""What an admin is told of keys, and may ask for."""

from typing import Literal
from uuid import UUID

from shared.contracts.model import Document, Moment


class RotateRequest(Document):
    """One film, or everything that is watched and ready; without either, what is due."""

    video_id: UUID | None = None
    everything: bool = False


class RotateAnswer(Document):
    """Films whose rotation has begun, and those that were only moved on because nobody fetched their keys."""

    begun: int
    moved_on: int


class RewrapAnswer(Document):
    """Content secrets that were wrapped anew with ``master_key``, the first of the ring."""

    rewrapped: int
    master_key: str


class RotationAnswer(Document):
    """``objects`` segments of ``bytes`` in all were read and written, each a read and a write on the storage's bill."""

    video_id: str
    epoch: int
    state: Literal["running", "done", "given_up"]
    reason: Literal["schedule", "command"]
    objects: int
    bytes: int
    created_at: Moment
    finished_at: Moment | None
    error: str | None


class KeyList(Document):
    """``wrapped_by``: id of a master key -> how many content secrets only it opens."""

    master_key: str
    wrapped_by: dict[str, int]
    rotation_days: float | None
    due: int
    running: int
    rotations: list[RotationAnswer]
