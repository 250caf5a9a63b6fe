"""What will be published, chunk by chunk. A plan is stored as JSON and never changes afterwards.

One clock: published time 0 is `origin` on the source's clock. Video is counted
in frames of a constant rate, audio in 1024-sample frames at 48 kHz, and a
segment's borders are whole numbers of both.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict

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
    advance to repeat the last picture (the sound goes on longer).
    """

    stream_index: int
    fps: str
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

    `first_sample` is the source's first sample relative to `origin`, at the
    source's own rate; `held_frames` AAC frames at the end are known silence.
    """

    name: str = "audio"
    stream_index: int
    source_rate: int
    source_channels: int
    source_frame_size: int = 0
    source_frame_phase: int = 0
    seekable: bool = True
    first_sample: int = 0
    language: str | None = None
    bitrate: int = 128_000
    sample_rate: int = AUDIO_RATE
    channels: int = 2
    codecs: str = "mp4a.40.2"
    bandwidth: int = 150_000
    frame_count: int
    held_frames: int = 0
    segment_starts: tuple[int, ...]


class ChunkPlan(_Frozen):
    """A unit of work: `segment_count` segments from `first_segment` on, all renditions of its kind."""

    kind: ChunkKind
    index: int
    first_segment: int
    segment_count: int


class Plan(_Frozen):
    """All that will be published of a film. `chunks` stand in the order in which they should be made."""

    container: str
    origin: str
    duration: float
    segment_count: int
    video: VideoPlan | None = None
    audio: AudioPlan | None = None
    chunks: tuple[ChunkPlan, ...]

    @property
    def rendition_names(self) -> tuple[str, ...]:
        """Every rendition that has segments: video highest first, then audio."""
        video = tuple(r.name for r in self.video.renditions) if self.video else ()
        return video + ((self.audio.name,) if self.audio else ())

    def exact_segment_durations(self, rendition_name: str) -> list[Fraction]:
        """Seconds of each segment, exact. Raises KeyError for a rendition that is not in the plan."""
        if self.video is not None and any(r.name == rendition_name for r in self.video.renditions):
            starts, rate = self.video.segment_starts, self.video.rate
        elif self.audio is not None and self.audio.name == rendition_name:
            starts, rate = self.audio.segment_starts, Fraction(self.audio.sample_rate, AAC_FRAME)
        else:
            raise KeyError(rendition_name)
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
        if chunk.kind == "video" and self.video is not None:
            return tuple(r.name for r in self.video.renditions)
        if chunk.kind == "audio" and self.audio is not None:
            return (self.audio.name,)
        return ()
