"""What the encoders of picture and sound have in common: the clock of the published segments and their hand-over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

# Presentation time of the film's first picture and first sample in every transport stream.
# Above zero, since decoding starts a few pictures earlier and transport streams count from zero.
# Others know it as SEGMENT_CLOCK_OFFSET of shared.contracts.video, which a caged child that needs this may not read.
OFFSET = 10

# Less than any picture lasts, more than clocks round.
_SLACK = 0.005

# How far before the wanted time a demuxer is sent, in seconds. MP4 seeks by presentation time and
# lands on a keyframe; the others by decoding time, and MPEG-TS anywhere.
_SEEK_MARGIN = {"mov": Fraction(0), "matroska": Fraction(1, 2), "avi": Fraction(1), "mpegts": Fraction(15)}

# Matroska tells of a stream only what its packets tell, and the first picture may come late. Where all streams are
# known early nothing is read further for this: bytes, and microseconds.
MATROSKA_PATIENCE = {"probesize": str(256 * 1024 * 1024), "analyzeduration": str(600 * 1_000_000)}


@dataclass(frozen=True)
class Segment:
    """A finished segment, on disk in full. `duration` in seconds, as the plan has it."""

    rendition: str
    index: int
    path: Path
    duration: float


OnSegment = Callable[[Segment], Awaitable[None]]


def listed(line: str) -> tuple[int, float]:
    """(number of the file, when its last picture or sound ends in seconds) of a line of the muxer's list."""
    name, _, times = line.partition(",")
    return int(name.removesuffix(".ts")), float(times.rpartition(",")[2])


def segment_ends(durations: Sequence[Fraction]) -> list[Fraction]:
    """When each segment ends on the published clock, in seconds."""
    return [OFFSET + end for end in accumulate(durations)]


def is_whole(end: float, expected: Fraction) -> bool:
    """Whether a segment that ends at `end` holds all it should: the muxer lists what a film's early end left, too."""
    return end > float(expected) - _SLACK


def common_arguments(ffmpeg: Path) -> list[str]:
    return [str(ffmpeg), "-hide_banner", "-nostdin", "-y", "-nostats", "-v", "warning", "-progress", "pipe:1"]


def input_arguments(source: Path, container: str, seek_to: Fraction | None) -> list[str]:
    """Arguments that open `source` as what it was found to be, without following anything it names.

    `seek_to` is on the source's own clock. The decoder then starts at the keyframe before it and every
    picture and sample keeps its own time stamp.
    """
    arguments = ["-copyts", "-protocol_whitelist", "file,pipe", "-f", container]
    if container == "mov":
        arguments += ["-enable_drefs", "0"]
    if container == "matroska":
        arguments += [part for name, value in MATROSKA_PATIENCE.items() for part in (f"-{name}", value)]
    if seek_to is not None:
        arguments += ["-noaccurate_seek", "-seek_timestamp", "1"]
        arguments += ["-ss", seconds(seek_to - _SEEK_MARGIN.get(container, Fraction(1)))]
    # "file:" keeps a colon or a leading dash in a path from meaning anything else.
    return [*arguments, "-i", f"file:{source}"]


def segment_arguments(borders: Sequence[int], first_index: int, list_url: str, pattern: Path) -> list[str]:
    """Output arguments for transport stream segments cut at `borders` (frames since the start of the output)."""
    return [
        *("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"),
        *("-output_ts_offset", str(OFFSET), "-muxdelay", "0", "-muxpreload", "0"),
        *("-f", "segment", "-segment_format", "mpegts"),
        *("-segment_format_options", "mpegts_flags=+initial_discontinuity"),
        *("-segment_frames", ",".join(map(str, borders)), "-segment_start_number", str(first_index)),
        *("-segment_list", list_url, "-segment_list_type", "csv"),
        str(pattern),
    ]


def seconds(value: Fraction) -> str:
    return f"{float(value):.6f}"
