"""What the transcoder's plan promises, in the words that playlists need. Media takes it over as soon as it is there.

The grid is fixed before a frame is encoded, so an outline never changes: playlists are complete from the first second.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class RenditionOutline(BaseModel):
    """One rung, or the audio. ``bandwidth`` is the planned cap in bit/s; ``segment_durations`` are seconds by index."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["video", "audio"]
    codecs: str
    bandwidth: int
    segment_durations: tuple[float, ...]
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None


class Outline(BaseModel):
    """``width``, ``height`` and ``fps`` are the source's, upright, as a person would say them; highest rung first."""

    model_config = ConfigDict(frozen=True)

    duration: float
    width: int | None
    height: int | None
    fps: float | None
    renditions: tuple[RenditionOutline, ...]

    @property
    def lowest_video(self) -> str | None:
        videos = [rendition.name for rendition in self.renditions if rendition.kind == "video"]
        return videos[-1] if videos else None
