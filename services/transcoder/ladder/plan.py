"""The plan of a film: its renditions, its segment grid and its chunks, computed once and kept for good."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil

from services.transcoder.ladder import rungs
from services.transcoder.ladder.captions import caption_tracks
from services.transcoder.ladder.limits import Limits, check
from services.transcoder.ladder.model import Probe, Refused, VideoStream
from services.transcoder.ladder.schema import (
    AAC_FRAME,
    AUDIO_RATE,
    AudioPlan,
    ChunkKind,
    ChunkPlan,
    Plan,
    VideoPlan,
    VideoRendition,
)
from services.transcoder.ladder.tracks import Track, tracks

__all__ = [
    "AudioPlan",
    "ChunkKind",
    "ChunkPlan",
    "Limits",
    "Plan",
    "Refused",
    "VideoPlan",
    "VideoRendition",
    "make_plan",
]

SEGMENT_TARGET = Fraction(6)
# The first six seconds are two segments: a film is playable when both are there, and the first one is fetched sooner.
FIRST_SEGMENT = Fraction(2)
# A last segment shorter than this joins the one before it: players stumble over segments of one picture.
SHORTEST_SEGMENT = Fraction(1, 2)
# Sound begins before and ends after the picture by an encoder's padding in nearly every file; only more is meant.
MEANT_LEAD, MEANT_OVERHANG = Fraction(1, 20), Fraction(1, 10)
MOST_FPS, FEWEST_FPS = 60, 5

FIRST_SEGMENTS = 2  # of the first chunk, so that a film starts soon
VIDEO_SEGMENTS = 5
AUDIO_SEGMENTS = 50
IMAGE_SEGMENTS = 100  # some ten minutes, so that no film's images are one long piece of work

_HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
_WIDE_PRIMARIES = frozenset({"bt2020", "smpte431", "smpte432"})
_KEPT_SPACES = frozenset({"bt709", "smpte170m", "bt470bg"})
_WIDE_SPACES = frozenset({"bt2020nc", "bt2020c"})
_SD_LINES = 720


def make_plan(probe: Probe, limits: Limits | None = None) -> Plan:
    """Decides what is published of `probe`'s film. Pure; raises Refused for a film that cannot or may not be."""
    check(probe, limits or Limits())
    sounds = tracks(probe.audio)
    plan = _sound(probe, sounds) if probe.video is None else _film(probe, probe.video, sounds)
    return plan.model_copy(update={"captions": caption_tracks(probe.subtitles)})


def published_fps(source: Fraction) -> Fraction:
    """The constant rate shown: the source's, divided to at most 60 and multiplied to at least 5 per second."""
    fps = source if source.numerator <= 1_000_000 else source.limit_denominator(1001)
    if fps > MOST_FPS:
        return fps / ceil(fps / MOST_FPS)
    if fps < FEWEST_FPS:
        return fps * ceil(FEWEST_FPS / fps)
    return fps


def _grid(total: int, per_segment: int, first: int, shortest: int) -> tuple[int, ...]:
    """Borders of the segments of `total` frames; the last one takes a remainder shorter than `shortest`."""
    starts = list(range(0, total, per_segment))
    if first < min(total, per_segment):
        starts.insert(1, first)
    if len(starts) > 1 and total - starts[-1] < shortest:
        starts.pop()
    return (*starts, total)


def _film(probe: Probe, video: VideoStream, sounds: tuple[Track, ...]) -> Plan:
    fps = published_fps(Fraction(video.fps))
    origin = video.start
    end = video.end
    if sounds:
        # Sound that starts before the first picture keeps its place: the first picture is held for
        # whole frames, so that the grid still falls on the source's own pictures.
        lead = video.start - min(s.start for s in sounds)
        if lead > MEANT_LEAD:
            origin -= round(lead * fps) / fps
        heard = max(s.end for s in sounds)
        if heard - end > MEANT_OVERHANG:
            end = heard
    frames = max(1, round((end - origin) * fps))
    own = max(1, round((video.end - origin) * fps))
    per_segment = max(1, round(SEGMENT_TARGET * fps))
    starts = _grid(frames, per_segment, max(1, round(FIRST_SEGMENT * fps)), ceil(SHORTEST_SEGMENT * fps))
    video_plan = VideoPlan(
        stream_index=video.index,
        fps=str(fps),
        coded_size=(video.width, video.height),
        repeats=video.is_vfr or fps > Fraction(video.fps),
        frames_per_segment=per_segment,
        frame_count=frames,
        held_frames=max(0, frames - own),
        segment_starts=starts,
        last_time=video.last_time,
        longest_gop=video.longest_gop,
        rotation=video.rotation,
        hflip=video.hflip,
        deinterlace=video.interlaced,
        renditions=rungs.renditions(video, fps, float(SEGMENT_TARGET)),
        **_colours(video),
    )
    borders = tuple(round(Fraction(f) / fps * AUDIO_RATE / AAC_FRAME) for f in starts)
    audio = tuple(_audio(track, origin, borders) for track in sounds)
    count = len(starts) - 1
    return Plan(
        container=probe.container,
        origin=str(origin),
        duration=float(Fraction(frames) / fps),
        segment_count=count,
        video=video_plan,
        audio=audio,
        chunks=_chunks(count, video_plan, audio),
    )


def _sound(probe: Probe, sounds: tuple[Track, ...]) -> Plan:
    origin = min(s.start for s in sounds)
    rate = Fraction(AUDIO_RATE, AAC_FRAME)
    frames = max(1, round((max(s.end for s in sounds) - origin) * rate))
    starts = _grid(frames, round(SEGMENT_TARGET * rate), round(FIRST_SEGMENT * rate), ceil(SHORTEST_SEGMENT * rate))
    audio = tuple(_audio(track, origin, starts) for track in sounds)
    count = len(starts) - 1
    return Plan(
        container=probe.container,
        origin=str(origin),
        duration=float(frames / rate),
        segment_count=count,
        audio=audio,
        chunks=_chunks(count, None, audio),
    )


def _audio(track: Track, origin: Fraction, starts: tuple[int, ...]) -> AudioPlan:
    rate = Fraction(AUDIO_RATE, AAC_FRAME)
    ends = tuple(min(starts[-1], ceil((s.end - origin) * rate)) for s in track.streams)
    first = track.streams[0]
    # Streams are entered together, at one sample: that is a sample of each only where they run in step.
    in_step = len({(s.start, s.frame_size, s.frame_phase) for s in track.streams}) == 1
    return AudioPlan(
        name=track.name,
        label=track.label,
        language=track.language,
        is_default=track.is_default,
        stream_indexes=tuple(s.index for s in track.streams),
        stream_frames=ends,
        source_rate=first.sample_rate,
        source_channels=sum(s.channels for s in track.streams),
        source_frame_size=first.frame_size if in_step else 0,
        source_frame_phase=first.frame_phase if in_step else 0,
        seekable=in_step and all(s.sample_exact for s in track.streams),
        first_sample=round((track.start - origin) * first.sample_rate),
        frame_count=starts[-1],
        held_frames=starts[-1] - max(0, *ends),
        segment_starts=starts,
    )


def _colours(video: VideoStream) -> dict[str, str]:
    """Colour fields of a VideoPlan. Unknown values are read as players do: SD below 720 lines, HD above."""
    sd = min(video.width, video.height) < _SD_LINES
    source_range = "pc" if video.range == "pc" or video.pix_fmt.startswith("yuvj") else "tv"
    hdr = video.transfer in _HDR_TRANSFERS
    wide = video.primaries in _WIDE_PRIMARIES or video.space in _WIDE_SPACES
    space = video.space if video.space in _KEPT_SPACES | _WIDE_SPACES else ("smpte170m" if sd else "bt709")
    if not (hdr or wide):
        # Rewriting one matrix into another gains nothing: the tag says which it is, on every rung the same.
        tags = _sd_tags(space)
        return {
            "colour": "keep",
            "source_range": source_range,
            "source_space": space,
            "source_primaries": tags,
            "source_transfer": "bt709" if tags == "bt709" else "smpte170m",
            "space": space,
            "primaries": tags,
            "transfer": "bt709" if tags == "bt709" else "smpte170m",
        }
    return {
        "colour": "tonemap" if hdr else "convert",
        "source_range": source_range,
        "source_space": video.space if video.space in _KEPT_SPACES | _WIDE_SPACES else "bt2020nc",
        "source_primaries": video.primaries if video.primaries in _WIDE_PRIMARIES | _KEPT_SPACES else "bt2020",
        "source_transfer": video.transfer if hdr else "bt709",
    }


def _sd_tags(space: str) -> str:
    return space if space in _KEPT_SPACES else "bt709"


def _chunks(count: int, video: VideoPlan | None, sounds: tuple[AudioPlan, ...]) -> tuple[ChunkPlan, ...]:
    """All chunks in the order of their making.

    First what makes the film playable: the start of the sound and of the lowest rung. Then by time, sound before
    picture; each chunk of pictures makes all rungs from one decode.
    """
    order: list[tuple[tuple[int, int, int], ChunkPlan]] = []
    for audio in sounds:
        each = AUDIO_SEGMENTS if audio.seekable else count
        for first, size in _cut(count, each):
            chunk = _chunk("audio", len(order), first, size, (audio.name,))
            # The other languages' first sound is not heard until somebody asks for it: after the picture's.
            order.append(((0 if chunk.starts_film else 1, first, 0 if audio.is_default else 2), chunk))
    if video is not None:
        names = tuple(r.name for r in video.renditions)
        spans = [(first, size, names) for first, size in _cut(count, VIDEO_SEGMENTS)]
        first, size, _ = spans[0]
        spans[0] = (first, size, names[-1:])
        if names[:-1]:
            spans.insert(1, (first, size, names[:-1]))
        for index, (first, size, made) in enumerate(spans):
            chunk = _chunk("video", index, first, size, made, starts=index == 0)
            order.append(((0 if chunk.starts_film else 1, first, 1), chunk))
        # Without the small start of the others: images are wanted sooner or later, not first.
        bounds = [0, *range(IMAGE_SEGMENTS, count - IMAGE_SEGMENTS // 10, IMAGE_SEGMENTS), count]
        for index, (first, after) in enumerate(pairwise(bounds)):
            chunk = _chunk("thumbnails", index, first, after - first, (), starts=False)
            order.append(((1, first, 3), chunk))
    else:
        # Its poster.
        order.append(((1, 0, 3), _chunk("thumbnails", 0, 0, count, (), starts=False)))
    return tuple(chunk for _, chunk in sorted(order, key=lambda pair: pair[0]))


def _chunk(
    kind: ChunkKind, index: int, first: int, size: int, renditions: tuple[str, ...], *, starts: bool | None = None
) -> ChunkPlan:
    return ChunkPlan(
        kind=kind,
        index=index,
        first_segment=first,
        segment_count=size,
        renditions=renditions,
        starts_film=first == 0 if starts is None else starts,
    )


def _cut(count: int, each: int) -> list[tuple[int, int]]:
    """(first segment, number of segments) of each chunk."""
    starts = [0, *range(FIRST_SEGMENTS, count, each)]
    return [(first, after - first) for first, after in zip(starts, [*starts[1:], count], strict=True)]
