"""The probe's own process: `python -m services.transcoder.ffmpeg.probe_main CONTAINER PATH`, one JSON object on stdout.

The object is a ladder Probe, or {"refused": code, "message": sentence}. It
opens, decodes a first picture and a first stretch of sound, and reads the end
of the file, since headers claim what they like.
"""

from __future__ import annotations

import json
import struct
import sys
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.container
import av.error

from services.transcoder.ffmpeg import probe_timing as timing
from services.transcoder.ffmpeg.claimed_size import is_cut_off
from services.transcoder.ffmpeg.segments import MATROSKA_PATIENCE
from services.transcoder.ladder.limits import Limits

_TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 11: "iec61966-2-4",
    13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 18: "arib-std-b67",
}  # fmt: skip
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432",
}  # fmt: skip
_SPACES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c",
}  # fmt: skip
_RANGES = {1: "tv", 2: "pc"}
_FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
_ENCRYPTED_TAGS = frozenset({"encv", "enca", "drmi", "drms"})
_ATTACHED_PICTURE = 0x400
_DEFAULT = 0x1
_FORCED, _HEARING_IMPAIRED = 0x40, 0x80
# Beyond these even looking costs too much; what is published is for the ladder's limits to say.
_MOST_STREAMS = 128
_MOST_DECLARED_PIXELS = 64_000_000
# Pixels to be decoded above which it is looked at how few bytes they come from.
_MUCH_WORK = Limits().costly_pixels
_PACKETS_TO_FIRST_FRAME = 400
_PACKETS_TO_ENCRYPTION = 50
# A header may claim this much more than there is before the file counts as cut off, in seconds.
_CUT_OFF = 1.0


class _Refusal(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.answer = {"refused": code, "message": message}


_NOT_MEDIA_ANSWER = _Refusal(
    "not_media", "The file is not a video that can be read, or it is damaged. Export it as MP4 and upload that."
).answer
_CUT_OFF_ANSWER = _Refusal(
    "truncated", "The file is shorter than it says: it was not copied in full. Upload the whole file."
).answer


def main() -> None:
    container, path = sys.argv[1], sys.argv[2]
    cut_off = False
    av.logging.set_level(None)
    try:
        cut_off = is_cut_off(Path(path), container)
        # An AVI without its end reads as a whole film, only a shorter one; an MP4 does not read at all.
        answer = _CUT_OFF_ANSWER if cut_off and container == "avi" else examine(path, container)
    except _Refusal as refusal:
        answer = refusal.answer
    except (av.error.FFmpegError, OSError, ValueError, OverflowError):
        answer = _CUT_OFF_ANSWER if cut_off else _NOT_MEDIA_ANSWER
    sys.stdout.write(json.dumps(answer))


def examine(path: str, container: str) -> dict[str, Any]:
    """A Probe as a dict."""
    with open_source(path, container) as source:
        streams = list(source.streams)
        if len(streams) > _MOST_STREAMS:
            raise _Refusal(
                "too_many_streams",
                "The file holds far too many tracks. Export it with its picture and the sound it needs.",
            )
        _refuse_encrypted(source, streams)
        # Numbers, not streams: those are freed with their container.
        video = _best_video(streams)
        sounds = [s.index for s in streams if s.type == "audio"]
        answer: dict[str, Any] = {
            "container": container,
            "size_bytes": Path(path).stat().st_size,
            "stream_count": len(streams),
            "start_time": (source.start_time or 0) / av.time_base,
            "audio": [],
            "subtitles": [_subtitles(s) for s in streams if s.type == "subtitle"],
        }
        claimed = float(source.duration / av.time_base) if source.duration else 0.0
    if video is not None:
        answer["video"] = _video(path, container, video)
    for index in sounds:
        described = _audio(path, container, index)
        if described is not None:
            answer["audio"].append(described)
    if not answer["audio"] and any(not _has_decoder(path, container, index) for index in sounds):
        raise _Refusal("unsupported_codec", "The audio format of this file cannot be read. Export it as AAC.")
    _measure_ends(path, container, answer, claimed)
    picture = answer.get("video")
    if picture and _pixels(picture) > _MUCH_WORK:
        with open_source(path, container) as source:
            picture["coded_bytes"] = timing.coded_bytes(source, source.streams[picture["index"]], picture["duration"])
    return answer


def _pixels(video: dict[str, Any]) -> float:
    return float(video["width"] * video["height"] * Fraction(video["fps"]) * video["duration"])


def open_source(path: str, container: str) -> av.container.InputContainer:
    """Opens `path` as `container` and nothing else, following no reference to any other file."""
    options = {"protocol_whitelist": "file"}
    if container == "mov":
        options["enable_drefs"] = "0"
    if container == "matroska":
        options |= MATROSKA_PATIENCE
    return av.open(f"file:{path}", format=container, options=options)


def _refuse_encrypted(source: av.container.InputContainer, streams: list[Any]) -> None:
    tags = {_tag(s.codec_context) for s in streams if s.codec_context is not None}
    marked = tags & _ENCRYPTED_TAGS or any("enc_key_id" in s.metadata for s in streams)
    films = [s for s in streams if s.type in ("video", "audio")]
    # MP4 names the codec that was encrypted; that it was shows only on the packets.
    first = islice(timing.packets(source, *films), _PACKETS_TO_ENCRYPTION) if films and not marked else ()
    if marked or any(p.has_sidedata("encryption_info") for p in first):
        raise _Refusal("encrypted_source", "The film is protected by DRM. Export it without protection.")


def _tag(context: Any) -> str:
    """Four letters that name the codec; AVI has numbers there, which are no letters."""
    try:
        return str(context.codec_tag)
    except UnicodeDecodeError:
        return ""


def _best_video(streams: list[Any]) -> int | None:
    """Index of the largest picture that is not a cover; the one marked default among equals."""
    films = [s for s in streams if s.type == "video" and not int(s.disposition) & _ATTACHED_PICTURE]

    def rank(stream: Any) -> tuple[int, int, int]:
        context = stream.codec_context
        size = context.width * context.height if context is not None else 0
        return size, int(stream.disposition) & _DEFAULT, -stream.index

    best = max(films, key=rank, default=None)
    return None if best is None else int(best.index)


def _video(path: str, container: str, index: int) -> dict[str, Any]:
    with open_source(path, container) as source:
        stream: Any = source.streams[index]
        context = stream.codec_context
        if context is None or not context.codec.is_decoder:
            name = context.name if context is not None else "unknown"
            raise _Refusal("unsupported_codec", f"The video format {name!r} cannot be read. Export it as H.264.")
        if context.width * context.height > _MOST_DECLARED_PIXELS:
            size = f"{context.width}x{context.height}"
            raise _Refusal("too_large", f"The picture of {size} is too large. Export it in 4K or smaller.")
        context.thread_count = 1
        frame = _first_frame(source, stream)
        if frame is None:
            raise _Refusal(
                "truncated", "The file holds no readable picture; it may have been cut off. Upload it again."
            )
        rotation, hflip = _orientation(frame)
        rate = timing.frame_rate(source, stream)
        start = frame.pts * frame.time_base if frame.pts is not None else timing.stream_start(stream)
        depth = max((c.bits for c in frame.format.components), default=8)
        sar = stream.sample_aspect_ratio or Fraction(1)
        field_order = _FIELD_ORDERS.get(int(getattr(context, "field_order", 0) or 0), "unknown")
        if frame.interlaced_frame and field_order in ("unknown", "progressive"):
            field_order = "tt"
        return {
            "index": index,
            "codec": context.codec.canonical_name,
            "width": frame.width,
            "height": frame.height,
            "sar": str(sar if sar > 0 else Fraction(1)),
            "rotation": rotation,
            "hflip": hflip,
            "fps": str(rate.fps),
            "is_vfr": rate.is_vfr,
            "pix_fmt": frame.format.name,
            "bit_depth": depth,
            "transfer": _TRANSFERS.get(int(frame.color_trc), "unknown"),
            "primaries": _PRIMARIES.get(int(frame.color_primaries), "unknown"),
            "space": "gbr" if frame.format.is_rgb else _SPACES.get(int(frame.colorspace), "unknown"),
            "range": _RANGES.get(int(frame.color_range), "unknown"),
            "field_order": field_order,
            "time_base": str(stream.time_base),
            "start_time": str(start),
            "longest_gop": rate.longest_gop,
        }


def _first_frame(source: Any, stream: Any) -> Any:
    for number, packet in enumerate(timing.packets(source, stream)):
        try:
            for frame in packet.decode():
                return frame
        except av.error.FFmpegError:  # damaged pictures are the decoder's to skip
            continue
        if number > _PACKETS_TO_FIRST_FRAME:
            break
    try:
        return next(iter(stream.codec_context.decode(None)), None)
    except av.error.FFmpegError:
        return None


def _orientation(frame: Any) -> tuple[int, bool]:
    """(clockwise quarter turns in degrees, mirrored after them) from the display matrix, as FFmpeg's player reads it."""
    data = next((s for s in frame.side_data if s.type.name == "DISPLAYMATRIX"), None)
    if data is None:
        return 0, False
    a, b, _, c, d, *_rest = struct.unpack("=9i", bytes(data)[:36])
    mirrored = a * d - b * c < 0
    if mirrored:  # undo the mirroring in x, which leaves a plain turn
        a, c = -a, -c
    turns = {(1, 0): 0, (0, 1): 90, (-1, 0): 180, (0, -1): 270}
    return turns.get((_sign(a, b), _sign(b, a)), 0), mirrored


def _sign(value: int, other: int) -> int:
    if abs(value) <= abs(other) // 2:
        return 0
    return 1 if value > 0 else -1


def _has_decoder(path: str, container: str, index: int) -> bool:
    with open_source(path, container) as source:
        context: Any = source.streams[index].codec_context
        return context is not None and bool(context.codec.is_decoder)


def _audio(path: str, container: str, index: int) -> dict[str, Any] | None:
    """An AudioStream as a dict, or None where its sound cannot be decoded."""
    with open_source(path, container) as source:
        stream: Any = source.streams[index]
        context = stream.codec_context
        if context is None or not context.codec.is_decoder:
            return None
        frames = timing.first_audio_frames(source, stream)
        if not frames or frames[0].pts is None or not frames[0].sample_rate:
            return None
        first = frames[0]
        layout = first.layout
        grid = timing.sample_grid(stream, frames)
        return {
            "index": index,
            "codec": context.codec.canonical_name,
            "channels": layout.nb_channels,
            "layout": layout.name,
            "sample_rate": first.sample_rate,
            "language": stream.language,
            "title": stream.metadata.get("title"),
            "is_default": bool(int(stream.disposition) & _DEFAULT),
            "start_time": str(first.pts * first.time_base),
            "frame_size": grid.frame_size,
            "frame_phase": grid.phase,
            "sample_exact": grid.exact,
        }


def _subtitles(stream: Any) -> dict[str, Any]:
    """A SubtitleStream as a dict."""
    context, disposition = stream.codec_context, int(stream.disposition)
    return {
        "index": int(stream.index),
        "codec": context.codec.canonical_name if context is not None else "unknown",
        "language": stream.language,
        "title": stream.metadata.get("title"),
        "is_default": bool(disposition & _DEFAULT),
        "is_forced": bool(disposition & _FORCED),
        "tells_sounds": bool(disposition & _HEARING_IMPAIRED),
    }


def _measure_ends(path: str, container: str, answer: dict[str, Any], claimed: float) -> None:
    """Fills in durations from the end of the file as it is, and refuses a file that stops before its header says."""
    described: list[dict[str, Any]] = [d for d in (answer.get("video"), *answer["audio"]) if d]
    ends = timing.stream_ends(path, container, [d["index"] for d in described], open_source)
    for stream in described:
        start = Fraction(stream["start_time"])
        end = ends[stream["index"]]
        stream["duration"] = max(0.0, float(end.end - start)) if end.end is not None else max(0.0, claimed)
        if stream is answer.get("video"):
            stream["last_time"] = str(end.last) if end.last is not None else None
            if end.last is not None:
                # The last picture lasts as long as the others, whatever a muxer made of it; longer if it says so.
                one = 1 / Fraction(stream["fps"])
                shown = max(one, (end.end or end.last) - end.last)
                stream["duration"] = float(end.last + (one if shown < 2 * one else shown) - start)
        if end.claimed is not None and end.end is not None and float(end.claimed - end.end) > _CUT_OFF:
            raise _Refusal(
                "truncated", "The file ends before the film does: it was not copied in full. Upload it again."
            )
    starts = [Fraction(d["start_time"]) for d in described]
    if not described:
        answer["duration"] = 0.0
        return
    finish = max(Fraction(d["start_time"]) + Fraction(d["duration"]) for d in described)
    answer["duration"] = float(finish - min(starts))
    # Matroska's duration counts from zero or from the first picture, as its writer liked.
    overall = claimed - max(float(finish), answer["duration"])
    if all(ends[d["index"]].claimed is None for d in described) and overall > max(_CUT_OFF, 0.02 * claimed):
        raise _Refusal("truncated", "The file ends before the film does: it was not copied in full. Upload it again.")


if __name__ == "__main__":
    main()
