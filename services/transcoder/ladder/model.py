"""What a source is: the facts the probe found, before anything is decided.

Times are seconds on the container's own clock (edit lists applied), so a
stream's `start_time` may be negative or far from zero; `Fraction`s travel as
strings ("30000/1001") because the plan built from them has to be exact.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Refused(Exception):
    """The film cannot be published. `code` is stable, `message` is for the person who uploaded it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[Refused], tuple[str, str]]:
        return (type(self), (self.code, self.message))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class VideoStream(_Frozen):
    """The video stream that would be published.

    `rotation` is the clockwise turn, in degrees, that makes the decoded
    picture upright; `hflip` mirrors it left to right after that turn.
    `last_time` is when the last picture starts to be shown, if the end of
    the file could be read; `longest_gop` the longest time between keyframes
    in seconds, if the file's index tells it. `coded_bytes` is what its packets
    hold together, as far as that can be told without reading all of them.
    """

    index: int
    codec: str
    width: int
    height: int
    sar: str = "1/1"
    rotation: Literal[0, 90, 180, 270] = 0
    hflip: bool = False
    fps: str
    is_vfr: bool = False
    pix_fmt: str = "yuv420p"
    bit_depth: int = 8
    transfer: str = "unknown"
    primaries: str = "unknown"
    space: str = "unknown"
    range: str = "unknown"
    field_order: str = "progressive"
    time_base: str = "1/90000"
    start_time: str = "0"
    last_time: str | None = None
    longest_gop: float | None = None
    coded_bytes: int | None = None
    duration: float = 0.0

    @property
    def interlaced(self) -> bool:
        return self.field_order not in ("progressive", "unknown", "")

    @property
    def start(self) -> Fraction:
        return Fraction(self.start_time)

    @property
    def end(self) -> Fraction:
        return self.start + Fraction(self.duration).limit_denominator(1_000_000)


class AudioStream(_Frozen):
    """One audio stream. `start_time` is when its first audible sample plays.

    `frame_size` and `frame_phase` (samples) are set where the container's clock
    is coarser than a sample and every coded frame holds the same number of
    samples: frame k then really starts at frame_phase + k * frame_size.
    `sample_exact` says that a decode started in the middle can be placed to
    the sample, either by that rule or because the clock is fine enough.
    """

    index: int
    codec: str
    channels: int
    sample_rate: int
    language: str | None = None
    title: str | None = None
    layout: str | None = None
    start_time: str = "0"
    duration: float = 0.0
    is_default: bool = False
    frame_size: int = 0
    frame_phase: int = 0
    sample_exact: bool = True

    @property
    def start(self) -> Fraction:
        return Fraction(self.start_time)

    @property
    def end(self) -> Fraction:
        return self.start + Fraction(self.duration).limit_denominator(1_000_000)


class SubtitleStream(_Frozen):
    """One subtitle stream, of text or of pictures. `tells_sounds`: it is for people who do not hear."""

    index: int
    codec: str
    language: str | None = None
    title: str | None = None
    is_default: bool = False
    is_forced: bool = False
    tells_sounds: bool = False


class Probe(_Frozen):
    """A readable media file. `container` is the demuxer that was forced, for example "mov"."""

    container: str
    duration: float
    start_time: float = 0.0
    size_bytes: int = 0
    stream_count: int = 0
    video: VideoStream | None = None
    audio: tuple[AudioStream, ...] = ()
    subtitles: tuple[SubtitleStream, ...] = ()
