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
    language: str | None = None
    label: str | None = None
    is_default: bool = True


class Outline(BaseModel):
    """``width``, ``height`` and ``fps`` are the source's, upright, as a person would say them; highest rung first."""

    model_config = ConfigDict(frozen=True)

    duration: float
    width: int | None
    height: int | None
    fps: float | None
    renditions: tuple[RenditionOutline, ...]

    @property
    def starting(self) -> tuple[str, ...]:
        """What a film can be watched with: its lowest rung and the sound that plays by default."""
        videos = [rendition.name for rendition in self.renditions if rendition.kind == "video"]
        sounds = [rendition.name for rendition in self.renditions if rendition.kind == "audio"]
        return (*videos[-1:], *sounds[:1])


class Still(BaseModel):
    """A picture of the film in public storage; ``time`` in seconds."""

    model_config = ConfigDict(frozen=True)

    time: float
    key: str
    width: int
    height: int


class Sheet(BaseModel):
    """A sprite: ``tiles`` pictures in rows of ``columns``, the first one of ``start``, each for ``interval`` seconds."""

    model_config = ConfigDict(frozen=True)

    start: float
    key: str
    interval: float
    columns: int
    tiles: int
    tile_width: int
    tile_height: int


class Images(BaseModel):
    """The pictures that one chunk made of its part of the film."""

    model_config = ConfigDict(frozen=True)

    thumbnails: tuple[Still, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    poster_key: str | None = None
