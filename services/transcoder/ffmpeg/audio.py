"""Encodes one chunk of sound, so that chunks made apart join as if they had been made in one go.

An AAC frame overlaps its neighbours by half, and the encoder's choices depend
on what came before. So each chunk is encoded from some frames before its first
one to some after its last, and those are thrown away: they are the first and
the last "segment" the muxer writes. For the join to be exact to the sample,
the decode must start at the same place of the resampler's pattern in every
chunk, and packets' times must be sharper than some containers write them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import gcd
from pathlib import Path

from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, LinePipe, check, run
from services.transcoder.ffmpeg.segments import (
    OnSegment,
    Segment,
    common_arguments,
    input_arguments,
    is_whole,
    listed,
    segment_arguments,
    segment_ends,
)
from services.transcoder.ladder.schema import AAC_FRAME, AUDIO_RATE, AudioPlan, ChunkPlan, Plan

STALL_TIMEOUT = 120.0
PRE_ROLL = 24  # frames encoded before the first one and thrown away
POST_ROLL = 4
# Of the pre-roll, frames that are silenced. The encoder's rate control spoils seconds of sound when its
# very first frame is loud (ten times the error on pure tones), and none when it sets in after silence.
_HUSH = 8
_PRIMING = 1  # the encoder's own first packet, one frame before the first sample
# Decoders need a few packets to find their feet after a seek, and resamplers some samples.
_DECODER_LEAD = Fraction(1, 2)
_RESAMPLER_LEAD = Fraction(1, 10)
_COARSE_CLOCK = Fraction(3, 2000)  # how far a millisecond clock may put a packet from its true place
_CENTRE = 0.7071  # what a channel in the middle gives to each side, so that it stays as loud
_RESYNC = 0.05  # seconds by which sound may drift from its time stamps before it is put back


async def encode_audio_chunk(
    source: Path,
    plan: Plan,
    chunk: ChunkPlan,
    out_dir: Path,
    on_segment: OnSegment,
    options: EncodeOptions,
) -> None:
    """Writes `out_dir/{rendition}/{segment}.ts` for each segment of `chunk`, sound only.

    As encode_video_chunk: `on_segment` is awaited once for each complete
    file, the last one only after the whole chunk was found to be there.
    Raises FFmpegFailed, "truncated" where the sound ends more than one
    segment before it should.
    """
    names = plan.chunk_renditions(chunk)
    if chunk.kind != "audio" or len(names) != 1:
        raise ValueError("not a chunk of one audio rendition of this plan")
    audio = plan.audio_rendition(names[0])
    target = out_dir / audio.name
    work = target / f"chunk-{chunk.first_segment}"
    await asyncio.to_thread(_fresh_directory, work)
    hand_over = _HandOver(plan, audio, chunk, work, target, on_segment)
    pipe = LinePipe(hand_over.on_line)
    try:
        finished = await run(
            _arguments(source, plan, audio, chunk, work, pipe, options),
            stall_timeout=options.stall_timeout or STALL_TIMEOUT,
            on_progress=options.on_progress,
            limits=options.limits,
            pipes=[pipe],
            on_start=options.on_start,
        )
        check(finished)
        if not hand_over.complete:
            raise FFmpegFailed(
                "truncated",
                "The sound ends before the film does: the file seems to have been cut off.",
                finished.stderr_tail,
            )
        await hand_over.finish()
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, work, True))


def _fresh_directory(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)
    path.mkdir(parents=True)


class _HandOver:
    """Renumbers the muxer's files: 0 is the pre-roll, then the chunk's segments, then the post-roll."""

    def __init__(
        self, plan: Plan, audio: AudioPlan, chunk: ChunkPlan, work: Path, target: Path, on_segment: OnSegment
    ) -> None:
        self._name = audio.name
        self._durations = plan.exact_segment_durations(audio.name)
        self._ends = segment_ends(self._durations)
        self._chunk = chunk
        self._work = work
        self._target = target
        self._on_segment = on_segment
        self._seen = -1

    @property
    def complete(self) -> bool:
        """Whether sound was encoded beyond the last segment, which only then is whole."""
        return self._seen > self._chunk.segment_count

    async def on_line(self, line: str) -> None:
        self._seen, end = listed(line)
        index = self._chunk.first_segment + self._seen - 1
        if 0 < self._seen < self._chunk.segment_count and is_whole(end, self._ends[index]):
            await self._give(self._seen)

    async def finish(self) -> None:
        await self._give(self._chunk.segment_count)

    async def _give(self, number: int) -> None:
        index = self._chunk.first_segment + number - 1
        path = self._target / f"{index}.ts"
        await asyncio.to_thread(os.replace, self._work / f"{number}.ts", path)
        await self._on_segment(Segment(self._name, index, path, float(self._durations[index])))


@dataclass(frozen=True)
class _Span:
    """A chunk in samples at 48 kHz, rolls included, counted from published time 0; `first` may be negative."""

    first: int
    length: int
    borders: list[int]

    @classmethod
    def of(cls, audio: AudioPlan, chunk: ChunkPlan) -> _Span:
        last = chunk.first_segment + chunk.segment_count
        starts = audio.segment_starts[chunk.first_segment : last + 1]
        frames = PRE_ROLL + starts[-1] - starts[0] + POST_ROLL
        borders = [_PRIMING + PRE_ROLL + start - starts[0] for start in starts]
        return cls((starts[0] - PRE_ROLL) * AAC_FRAME, frames * AAC_FRAME, borders)


def _arguments(
    source: Path,
    plan: Plan,
    audio: AudioPlan,
    chunk: ChunkPlan,
    work: Path,
    pipe: LinePipe,
    options: EncodeOptions,
) -> list[str]:
    span = _Span.of(audio, chunk)
    entry = _entry(audio, span.first)
    seek_to = None
    if audio.seekable and entry > audio.first_sample:
        seek_to = Fraction(plan.origin) + Fraction(entry, audio.source_rate) - _DECODER_LEAD
    return [
        *common_arguments(options.ffmpeg),
        *(["-threads", str(options.threads)] if options.threads else []),
        *("-vn", "-sn", "-dn"),
        *input_arguments(source, plan.container, seek_to),
        *("-filter_complex", _graph(plan, audio, chunk, span, entry), "-map", "[out]"),
        *("-c:a", "aac", "-profile:a", "aac_low", "-b:a", str(audio.bitrate), "-flags:a", "+bitexact"),
        *segment_arguments(span.borders, 0, pipe.url, work / "%d.ts"),
    ]


def _entry(audio: AudioPlan, first: int) -> int:
    """The source sample from which the chunk is resampled, a whole number of resampler periods from the first one.

    44.1 kHz becomes 48 kHz in periods of 147 and 160 samples: entering
    anywhere else would shift the result by a fraction of a sample.
    """
    period = audio.source_rate // gcd(audio.source_rate, AUDIO_RATE)
    wanted = (Fraction(first, AUDIO_RATE) - _RESAMPLER_LEAD) * audio.source_rate
    periods = (wanted - audio.first_sample) // period
    return audio.first_sample + max(0, int(periods)) * period


def _graph(plan: Plan, audio: AudioPlan, chunk: ChunkPlan, span: _Span, entry: int) -> str:
    """Each stream is put on the film's clock by itself, then mixed, then cut and marked as the chunk."""
    count = len(audio.stream_indexes)
    ends = audio.stream_frames or (audio.frame_count - audio.held_frames,) * count
    heads = [
        f"[0:{index}]{_placed(plan, audio, chunk, span, entry, end)}[a{i}]"
        for i, (index, end) in enumerate(zip(audio.stream_indexes, ends, strict=True))
    ]
    mix = _mix(count) if count > 1 else ["anull"]
    if audio.source_channels > 2:
        # Folding down keeps each channel's level, so that speech stays as loud; the few peaks above
        # full scale are held down instead of the whole film.
        mix.append("alimiter=level=false:limit=0.97:attack=5:release=50:latency=1")
    mix += [
        f"atrim=end_sample={span.length}",
        f"asettb=1/{AUDIO_RATE},asetpts=N",
        f"afade=in:start_sample={_HUSH * AAC_FRAME}:nb_samples={AAC_FRAME}",
        f"asetpts=PTS+({span.first})",
        f"aformat=sample_fmts=fltp:sample_rates={AUDIO_RATE}:channel_layouts=stereo",
    ]
    return ";".join([*heads, "".join(f"[a{i}]" for i in range(count)) + ",".join(mix) + "[out]"])


def _placed(plan: Plan, audio: AudioPlan, chunk: ChunkPlan, span: _Span, entry: int, own_frames: int) -> str:
    """Filters for one stream: 48 kHz from the span's first sample on, and silence where it is known to have ended."""
    rate = audio.source_rate
    origin = round(Fraction(plan.origin) * rate)
    end = chunk.first_segment + chunk.segment_count
    per_segment = max(b - a for a, b in pairwise(audio.segment_starts))
    known = max(0, audio.segment_starts[end] - max(span.first // AAC_FRAME, own_frames))
    layout = "stereo" if len(audio.stream_indexes) == 1 else "mono"
    chain = [
        f"asettb=1/{rate}",
        f"asetpts='{_time(audio, origin)}'",
        f"atrim=start_pts={entry}",
        f"aresample={AUDIO_RATE}:ochl={layout}:osf=fltp:rematrix_maxval=64",
        # A second one, at one rate: a resampler that still waits for input would be put in place twice.
        f"aresample={AUDIO_RATE}:async=1:min_comp=0.000001:min_hard_comp={_RESYNC}:first_pts={span.first}",
        f"aformat=channel_layouts={layout}",
        f"apad=pad_len={(known + per_segment + POST_ROLL) * AAC_FRAME}",
    ]
    return ",".join(chain)


def _mix(count: int) -> list[str]:
    """`count` mono streams to stereo: two are its sides, six are 5.1, of any other number each is heard in the middle."""
    merged = f"amerge=inputs={count}"
    if count == 2:
        return [merged, "pan=stereo|c0=c0|c1=c1"]
    if count == 6:
        each = "|".join(f"c{i}=c{i}" for i in range(6))
        return [merged, f"pan=5.1|{each}", f"aresample={AUDIO_RATE}:ochl=stereo:osf=fltp:rematrix_maxval=64"]
    side = "+".join(f"{_CENTRE}*c{i}" for i in range(count))
    return [merged, f"pan=stereo|c0={side}|c1={side}"]


def _time(audio: AudioPlan, origin: int) -> str:
    """An expression for a frame's time in samples since `origin`, as even as the source's samples are.

    Time stamps are only as fine as the container's clock. So frames follow
    each other by their samples, from the first one on, until a time stamp
    is too far off to be rounding: then there is a gap, and it sets the time.
    """
    gap = int(_RESYNC * audio.source_rate)
    return f"if(eq(N,0)+gt(abs(PTS-({origin})-ld(0)-N),{gap}),st(0,PTS-({origin})-N{_sharpened(audio)}));ld(0)+N"


def _sharpened(audio: AudioPlan) -> str:
    """The rest of an expression that moves a time from a coarse clock's tick to the sample it stands for.

    The first frame's end is what is put in place: decoders cut the beginning
    off the first frame after a seek, some of them.
    """
    if not audio.source_frame_size:
        return ""
    size, phase = audio.source_frame_size, audio.source_frame_phase
    tolerance = int(_COARSE_CLOCK * audio.source_rate) + 1
    end = f"(PTS+NB_SAMPLES-({phase}))"
    offset = f"({size}*round({end}/{size})-{end})"
    return f"+if(lte(abs({offset}),{tolerance}),{offset},0)"
