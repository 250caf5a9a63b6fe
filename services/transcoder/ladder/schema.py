"""What will be published, chunk by chunk. A plan is stored as JSON and never changes afterwards.

One clock: published time 0 is `origin` on the source's clock. Video is counted
in frames of a constant rate, audio in 1024-sample frames at 48 kHz, and a
segment's borders are whole numbers of both.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

AUDIO_RATE = 48_000
AAC_FRAME = 1024

ChunkKind = Literal["video", "audio", "thumbnails"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class VideoRendition(_Frozen):
    """One rung. Rates are bit/s; `bandwidth` is the most any stretch of half a target duration can need, TS included."""

    name: str
    width: int
    height: int
    crf: float
    maxrate: int
    bufsize: int
    profile: str
    level: str
    codecs: str
    bandwidth: int


class VideoPlan(_Frozen):
    """How source pictures become published ones.

    `segment_starts` has segment_count + 1 entries: the first frame of each
    segment, then `frame_count`. `held_frames` of them, at the end, are known in
    advance to repeat the last picture (the sound goes on longer). `repeats`
    says that the grid shows pictures of the source more than once,
    `coded_size` width and height of its pictures before they are turned.
    """

    stream_index: int
    fps: str
    repeats: bool = False
    coded_size: tuple[int, int] | None = None
    frames_per_segment: int
    frame_count: int
    held_frames: int = 0
    segment_starts: tuple[int, ...]
    last_time: str | None = None
    longest_gop: float | None = None
    rotation: Literal[0, 90, 180, 270] = 0
    hflip: bool = False
    deinterlace: bool = False
    colour: Literal["keep", "convert", "tonemap"] = "keep"
    source_space: str = "bt709"
    source_primaries: str = "bt709"
    source_transfer: str = "bt709"
    source_range: Literal["tv", "pc"] = "tv"
    space: str = "bt709"
    primaries: str = "bt709"
    transfer: str = "bt709"
    renditions: tuple[VideoRendition, ...]

    @property
    def rate(self) -> Fraction:
        return Fraction(self.fps)


class AudioPlan(_Frozen):
    """One stereo AAC-LC rendition. `segment_starts` counts 1024-sample frames, like VideoPlan's counts pictures.

    Several `stream_indexes` are mono streams that are the channels of one mix;
    `source_channels` counts them all, and `stream_frames` has the AAC frames
    up to the end of each. `language` is an RFC 5646 tag, `label` a
    name for menus that no other rendition of the film has.
    `first_sample` is the source's first sample relative to `origin`, at the
    source's own rate; `held_frames` AAC frames at the end are known silence.
    """

    name: str = "audio"
    label: str = "Audio"
    language: str | None = None
    is_default: bool = True
    stream_indexes: tuple[int, ...]
    stream_frames: tuple[int, ...] = ()
    source_rate: int
    source_channels: int
    source_frame_size: int = 0
    source_frame_phase: int = 0
    seekable: bool = True
    first_sample: int = 0
    bitrate: int = 128_000
    sample_rate: int = AUDIO_RATE
    channels: int = 2
    codecs: str = "mp4a.40.2"
    bandwidth: int = 150_000
    frame_count: int
    held_frames: int = 0
    segment_starts: tuple[int, ...]

    @model_validator(mode="before")
    @classmethod
    def _one_stream(cls, value: Any) -> Any:
        """Plans stored before mixes of several streams name one."""
        if isinstance(value, dict) and "stream_index" in value and "stream_indexes" not in value:
            return {**value, "stream_indexes": (value["stream_index"],)}
        return value


class CaptionPlan(_Frozen):
    """A text track of the source that is taken over. `language` is an RFC 5646 tag, `title` the file's own name for it."""

    stream_index: int
    language: str | None = None
    title: str | None = None
    is_default: bool = False
    tells_sounds: bool = False


class ChunkPlan(_Frozen):
    """A unit of work: `segment_count` segments from `first_segment` on.

    `renditions` are the ones it makes; empty means all of its kind, as plans written before there was a choice have it.
    `starts_film` marks what has to be there before the film is playable: it is made before anything else.
    """

    kind: ChunkKind
    index: int
    first_segment: int
    segment_count: int
    renditions: tuple[str, ...] = ()
    starts_film: bool = False

    @property
    def segments(self) -> range:
        """Indexes of its segments."""
        return range(self.first_segment, self.first_segment + self.segment_count)


class Plan(_Frozen):
    """All that will be published of a film. `chunks` stand in the order in which they should be made.

    `audio` has one rendition for each of the source's sound tracks, the one that plays by default first. `captions` are
    taken from the source together with the first stills.
    """

    container: str
    origin: str
    duration: float
    segment_count: int
    video: VideoPlan | None = None
    audio: tuple[AudioPlan, ...] = ()
    captions: tuple[CaptionPlan, ...] = ()
    chunks: tuple[ChunkPlan, ...]

    @field_validator("audio", mode="before")
    @classmethod
    def _one_or_none(cls, value: Any) -> Any:
        """Plans stored before films had several languages hold one rendition, or null."""
        if value is None:
            return ()
        return value if isinstance(value, list | tuple) else (value,)

    @property
    def rendition_names(self) -> tuple[str, ...]:
        """Every rendition that has segments: video highest first, then audio."""
        return self.video_names + tuple(a.name for a in self.audio)

    @property
    def video_names(self) -> tuple[str, ...]:
        """The rungs, highest first."""
        return tuple(r.name for r in self.video.renditions) if self.video else ()

    def audio_rendition(self, name: str) -> AudioPlan:
        """KeyError for a name that is no audio rendition."""
        for audio in self.audio:
            if audio.name == name:
                return audio
        raise KeyError(name)

    def exact_segment_durations(self, rendition_name: str) -> list[Fraction]:
        """Seconds of each segment, exact. Raises KeyError for a rendition that is not in the plan."""
        if self.video is not None and rendition_name in self.video_names:
            starts, rate = self.video.segment_starts, self.video.rate
        else:
            audio = self.audio_rendition(rendition_name)
            starts, rate = audio.segment_starts, Fraction(audio.sample_rate, AAC_FRAME)
        return [(after - first) / rate for first, after in pairwise(starts)]

    def segment_durations(self, rendition_name: str) -> list[float]:
        """As exact_segment_durations, to the nearest float."""
        return [float(d) for d in self.exact_segment_durations(rendition_name)]

    def chunk(self, kind: ChunkKind, index: int) -> ChunkPlan:
        """The chunk of that kind and index; KeyError where there is none."""
        for chunk in self.chunks:
            if chunk.kind == kind and chunk.index == index:
                return chunk
        raise KeyError((kind, index))

    def chunk_renditions(self, chunk: ChunkPlan) -> tuple[str, ...]:
        """Names of the renditions whose segments this chunk makes."""
        if chunk.kind == "thumbnails":
            return ()
        names = self.video_names if chunk.kind == "video" else tuple(a.name for a in self.audio)
        return tuple(name for name in names if not chunk.renditions or name in chunk.renditions)
