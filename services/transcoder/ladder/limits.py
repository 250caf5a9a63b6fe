"""What a source may ask of the workers, and the refusals that say so before any work is done."""

from __future__ import annotations

from fractions import Fraction

from pydantic import BaseModel, ConfigDict

from services.transcoder.ladder.model import AudioStream, Probe, Refused, VideoStream

_VIDEO = """
    av1 cfhd cinepak dnxhd dvvideo ffv1 flv1 h261 h263 h264 hevc huffyuv indeo5 jpeg2000 magicyuv mjpeg mpeg1video
    mpeg2video mpeg4 msmpeg4v1 msmpeg4v2 msmpeg4v3 png prores qtrle rawvideo rpza svq1 svq3 theora tscc utvideo
    v210 vc1 vp6 vp6f vp7 vp8 vp9 vvc wmv1 wmv2 wmv3 zmbv
"""
_AUDIO = """
    aac aac_latm ac3 adpcm_ima_qt adpcm_ima_wav adpcm_ms alac amr_nb amr_wb ape dts eac3 flac gsm mp1 mp2 mp3
    opus qcelp qdm2 speex truehd tta vorbis wavpack wmapro wmav1 wmav2
"""
VIDEO_CODECS = frozenset(_VIDEO.split())
AUDIO_CODECS = frozenset(_AUDIO.split())
# What a header may declare beyond these is nothing that anybody recorded.
_SAMPLE_RATES = range(4_000, 768_001)
_MOST_CHANNELS = 64


class Limits(BaseModel):
    """Ceilings of one film. `max_pixels` is of one picture; the default takes 5K and refuses 8K.

    `max_pixels_per_byte` holds only above `costly_pixels` decoded pixels in
    all: it stops the small file that unfolds into hours of work.
    """

    model_config = ConfigDict(frozen=True)

    max_duration: float = 12 * 3600.0
    max_pixels: int = 5120 * 2880
    min_side: int = 16
    max_streams: int = 64
    costly_pixels: float = 1e11
    max_pixels_per_byte: float = 1e5


def check(probe: Probe, limits: Limits) -> None:
    """Raises Refused for a source that is over a limit or cannot be decoded here."""
    if probe.stream_count > limits.max_streams:
        raise Refused(
            "too_many_streams",
            f"The file holds more than {limits.max_streams} tracks. Export it with its picture and the sound it needs.",
        )
    if probe.video is None and not probe.audio:
        raise Refused(
            "no_video_or_audio", "The file holds neither a video nor an audio track. Upload a film or a recording."
        )
    if probe.duration <= 0:
        raise Refused(
            "truncated", "The file holds no playable picture or sound; it may have been cut off. Upload it again."
        )
    if probe.duration > limits.max_duration:
        hours = limits.max_duration / 3600
        raise Refused("too_long", f"The film is longer than {hours:g} hours. Split it and upload the parts.")
    if probe.video is not None:
        _check_video(probe, probe.video, limits)
    if probe.audio and not any(is_readable(s) for s in probe.audio):
        codec = probe.audio[0].codec
        raise Refused("unsupported_codec", f"The audio format {codec!r} cannot be read. Export it as AAC.")


def is_readable(stream: AudioStream) -> bool:
    """Whether the sound can be decoded here."""
    known = stream.codec in AUDIO_CODECS or stream.codec.startswith("pcm_")
    return known and stream.sample_rate in _SAMPLE_RATES and 0 < stream.channels <= _MOST_CHANNELS


def _check_video(probe: Probe, video: VideoStream, limits: Limits) -> None:
    if video.codec not in VIDEO_CODECS:
        raise Refused("unsupported_codec", f"The video format {video.codec!r} cannot be read. Export it as H.264.")
    pixels = video.width * video.height
    if pixels > limits.max_pixels:
        raise Refused(
            "too_large", f"The picture of {video.width}x{video.height} is too large. Export it in 4K or smaller."
        )
    if min(video.width, video.height) < limits.min_side:
        raise Refused(
            "too_small", f"The picture of {video.width}x{video.height} is too small to be shown. Export it larger."
        )
    work = pixels * float(min(Fraction(video.fps), Fraction(240))) * probe.duration
    # Of the picture's own bytes: what else is in the file explains no work.
    coded = probe.size_bytes if video.coded_bytes is None else min(probe.size_bytes, video.coded_bytes)
    if work > limits.costly_pixels and work > limits.max_pixels_per_byte * max(coded, 1):
        raise Refused(
            "too_costly", "The film is far longer or larger than its few bytes explain. Export it again and retry."
        )
