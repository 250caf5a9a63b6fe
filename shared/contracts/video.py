"""Words about videos that more than one service speaks."""

from enum import StrEnum


class VideoStatus(StrEnum):
    """What a person may be told of a video version; the seeds' names."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    PLAYABLE = "playable"
    READY = "ready"
    FAILED = "failed"

    @property
    def can_be_watched(self) -> bool:
        return self in (VideoStatus.PLAYABLE, VideoStatus.READY)


class Container(StrEnum):
    """A source's container, decided by its first bytes; named as the FFmpeg demuxer that must be forced for it."""

    MOV = "mov"
    AVI = "avi"
    MATROSKA = "matroska"


FINAL_PLAYLIST = "Lectern-Final"
"""The header by which media tells the gateway that the film is made: this playlist of this epoch will not change."""
SEGMENT_CLOCK_OFFSET = 10
"""Seconds that the clock of every segment shows when the film begins: its first picture and first sample."""
SUBTITLES_PREFIX = "subtitles-"
"""What a language follows in the name of its subtitle rendition."""
SEGMENTS_PER_KEY_WINDOW = 10
"""Segments 10w..10w+9 of every rendition share window key w."""

SEGMENT_TYPE = "video/mp2t"
SEGMENT_CACHE_CONTROL = "public, max-age=604800, immutable"
"""A segment in storage never changes, and is the same for everybody."""
IMAGE_CACHE_CONTROL = "public, max-age=2592000, immutable"
"""So is a still or a sheet of a storyboard; none of them is worth much, so they may be kept for longer."""


def public_prefix(video_id: str, version_id: str, key_epoch: int, secret_part: str) -> str:
    """Where the ciphertext segments of one key epoch stand in the public store.

    ``secret_part`` is 128 random bits in hex: the prefix of a film nobody let you watch cannot be guessed.
    """
    return f"{video_id}/{version_id}/{key_epoch}-{secret_part}"


def images_prefix(video_id: str, version_id: str, secret_part: str) -> str:
    """Where the pictures of a film stand in the public store; they are not encrypted."""
    return f"{video_id}/{version_id}/images-{secret_part}"


def download_prefix(video_id: str, version_id: str, download_id: str) -> str:
    """Where everything that was made for one film to take home stands in the store of downloads, and nothing else.

    Each attempt has a key of its own below it, so that what was handed out once never changes.
    """
    return f"{video_id}/{version_id}/downloads/{download_id}"


def segment_key(prefix: str, rendition: str, index: int) -> str:
    """Storage key of one ciphertext segment."""
    return f"{prefix}/{rendition}/{index}.ts"
