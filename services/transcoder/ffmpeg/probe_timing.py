"""Measures time in an opened file: the pictures' rate, the samples' grid, and where each stream really ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from statistics import median
from typing import Any

import av
import av.error

_STANDARD_RATES = tuple(
    Fraction(r)
    for r in ("5", "10", "12", "15", "20", "24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")
)
_WHOLE_RATES = tuple(r for r in _STANDARD_RATES if r.denominator == 1)
_SAMPLED_PACKETS = 600
_MOST_TAIL_PACKETS = 400_000
_TAIL = 3.0  # seconds before the claimed end from which the end is read
_AUDIO_FRAMES = 6
_PLACES = (0.0, 0.3, 0.6, 0.9)
"""Of the duration: where bytes are counted in a file without an index of all of them."""
_PACKETS_AT_A_PLACE = 600


@dataclass(frozen=True)
class FrameRate:
    """`longest_gop` is the longest time between keyframes in seconds, if the file's index tells."""

    fps: Fraction
    is_vfr: bool
    longest_gop: float | None


@dataclass(frozen=True)
class SampleGrid:
    frame_size: int
    phase: int
    exact: bool


@dataclass
class StreamEnd:
    """On the container's clock: start of the last unit, end of it, and the end the header claims."""

    last: Fraction | None = None
    end: Fraction | None = None
    claimed: Fraction | None = None


def packets(source: Any, *streams: Any) -> Iterator[Any]:
    """Packets with data, up to the end or the first place that cannot be read."""
    try:
        for packet in source.demux(*streams):
            if packet.size:
                yield packet
    except av.error.FFmpegError:
        return


def stream_start(stream: Any) -> Fraction:
    return Fraction(stream.start_time or 0) * Fraction(stream.time_base)


def frame_rate(source: Any, stream: Any) -> FrameRate:
    """The rate of the grid on which the pictures are published, from the index where there is one, else from packets."""
    ticks, keys = _index_times(source, stream)
    # Fragments and recordings that were cut off have an index of their beginning, or none, and count no pictures.
    whole = 3 <= stream.frames <= len(ticks)
    if len(ticks) < 3:
        ticks, keys = _packet_times(source, stream)
    ticks.sort()
    deltas = [b - a for a, b in pairwise(ticks) if b > a]
    gops = [b - a for a, b in pairwise([*keys, ticks[-1]])] if keys else []
    longest = float(max(gops) * stream.time_base) if gops and whole else None
    declared = stream.base_rate or stream.average_rate
    if len(deltas) < 2:
        return FrameRate(_plausible(declared), False, longest)
    if len(deltas) > 2:
        deltas.pop()  # the last one is often whatever the muxer had left
    middle = median(deltas)
    slack = max(1.0, 0.0006 / float(stream.time_base))
    if slack >= middle:  # one tick is a whole picture, as in AVI: a picture left out is no rounding
        slack = 0.0
    constant = all(abs(d - middle) <= slack for d in deltas)
    if constant:
        measured = Fraction(len(deltas)) / (Fraction(sum(deltas)) * stream.time_base)
        return FrameRate(_constant(measured, declared), False, longest)
    quick = sorted(deltas)[len(deltas) // 10] * stream.time_base
    return FrameRate(_variable(1 / Fraction(quick), declared), True, longest)


def _index_times(source: Any, stream: Any) -> tuple[list[int], list[int]]:
    """(decode times, keyframe times) of the container's index, of each picture in MP4 and AVI; empty for others."""
    # Matroska's is of keyframes, as far as it was read.
    entries = None if "matroska" in source.format.name else stream.index_entries
    if entries is None or len(entries) < 3:
        return [], []
    listed = [(e.timestamp, e.is_keyframe) for e in entries if not e.is_discard]
    return [t for t, _ in listed], [t for t, key in listed if key]


def _packet_times(source: Any, stream: Any) -> tuple[list[int], list[int]]:
    ticks: list[int] = []
    keys: list[int] = []
    source.seek(source.start_time or 0, backward=True)
    for packet in packets(source, stream):
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None:
            ticks.append(time)
            if packet.is_keyframe:
                keys.append(time)
        if len(ticks) >= _SAMPLED_PACKETS:
            break
    return ticks, keys


def coded_bytes(source: Any, stream: Any, duration: float) -> int | None:
    """What the packets of a stream hold together: by the index where it counts all of them, else by a few places.

    Of the places the richest stands for all: a film may begin with minutes of black. None where nothing can be read.
    """
    entries = None if "matroska" in source.format.name else stream.index_entries
    if entries is not None and 3 <= stream.frames <= len(entries):
        return int(sum(entry.size for entry in entries))
    densest = 0.0
    for place in _PLACES:
        size = 0
        times: list[int] = []
        try:
            source.seek(int((source.start_time or 0) + place * duration * av.time_base), backward=True)
        except av.error.FFmpegError:
            continue
        for packet in islice(packets(source, stream), _PACKETS_AT_A_PLACE):
            size += packet.size
            times.append(packet.dts if packet.dts is not None else packet.pts or 0)
        if len(times) > 1 and (span := float((max(times) - min(times)) * stream.time_base)) > 0:
            densest = max(densest, size / span)
    return int(densest * duration) or None


def _plausible(declared: Fraction | None) -> Fraction:
    if declared is None or not 0 < declared <= 1000:
        return Fraction(25)
    return declared


def _constant(measured: Fraction, declared: Fraction | None) -> Fraction:
    """The declared rate if the pictures keep to it, else the standard one nearest to what was measured."""
    if declared is not None and declared > 0 and abs(declared / measured - 1) < Fraction(2, 1000):
        near = min(_STANDARD_RATES, key=lambda r: abs(r - declared))
        return near if abs(near / declared - 1) < Fraction(1, 20_000) else declared
    near = min(_STANDARD_RATES, key=lambda r: abs(r / measured - 1))
    if abs(near / measured - 1) < Fraction(2, 1000):
        return near
    return measured.limit_denominator(1001)


def _variable(quick: Fraction, declared: Fraction | None) -> Fraction:
    """A grid fine enough for pictures that follow each other at `quick` per second."""
    for rate in _STANDARD_RATES:
        if declared is not None and abs(declared / rate - 1) < Fraction(1, 5000) and rate >= quick * Fraction(8, 10):
            return rate
    capped = min(quick, Fraction(60))
    return min(_WHOLE_RATES, key=lambda r: max(r / capped, capped / r))


def first_audio_frames(source: Any, stream: Any) -> list[Any]:
    """The first few decoded frames."""
    frames: list[Any] = []
    for packet in packets(source, stream):
        try:
            frames += packet.decode()
        except av.error.FFmpegError:
            continue
        if len(frames) >= _AUDIO_FRAMES:
            break
    return frames


def sample_grid(stream: Any, frames: list[Any]) -> SampleGrid:
    """Whether, and by which rule, a decode from the middle can be placed to the sample."""
    rate = frames[0].sample_rate
    ticks = Fraction(stream.time_base) * rate  # samples per tick of the container's clock
    if (1 / ticks).denominator == 1:
        return SampleGrid(0, 0, True)
    # The first frame may be short (an encoder's delay cut off) and the last one as well.
    sizes = {f.samples for f in frames[1:-1]}
    if len(sizes) == 1 and len(frames) > 2:
        size = sizes.pop()
        after_first = frames[0].pts * frames[0].time_base * rate + frames[0].samples
        return SampleGrid(size, round(after_first), True)
    return SampleGrid(0, 0, ticks < 1)


def stream_ends(
    path: str, container: str, indexes: list[int], open_source: Callable[[str, str], Any]
) -> dict[int, StreamEnd]:
    """The end of each stream, read from the file's last packets."""
    with open_source(path, container) as source:
        ends = {i: StreamEnd(claimed=_claimed_end(source.streams[i])) for i in indexes}
        if not indexes:
            return ends
        _read_tail(source, ends, None)
        for index in indexes:
            if ends[index].end is None:  # this one ends long before the others
                _read_tail(source, {index: ends[index]}, source.streams[index])
    with open_source(path, container) as source:
        missing = {i: e for i, e in ends.items() if e.end is None}
        if missing:  # nothing to seek by: read it all
            _read_packets(source, missing)
    return ends


def _claimed_end(stream: Any) -> Fraction | None:
    if stream.duration is None or stream.duration <= 0:
        return None
    return Fraction((stream.start_time or 0) + stream.duration) * Fraction(stream.time_base)


def _read_tail(source: Any, ends: dict[int, StreamEnd], by: Any) -> None:
    duration = source.duration or 0
    try:
        if by is None:
            at = (source.start_time or 0) + max(0, duration - int(_TAIL * av.time_base))
            source.seek(at, backward=True)
        else:
            end = ends[by.index].claimed or Fraction((source.start_time or 0) + duration, av.time_base)
            source.seek(int((end - Fraction(_TAIL)) / by.time_base), stream=by, backward=True)
    except av.error.FFmpegError:
        return
    _read_packets(source, ends)


def _read_packets(source: Any, ends: dict[int, StreamEnd]) -> None:
    wanted = [source.streams[i] for i in ends]
    for number, packet in enumerate(packets(source, *wanted)):
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            continue
        known = ends[packet.stream_index]
        start = time * packet.time_base
        end = start + (packet.duration or 0) * packet.time_base
        known.last = start if known.last is None else max(known.last, start)
        known.end = end if known.end is None else max(known.end, end)
        if number >= _MOST_TAIL_PACKETS:
            return
