"""HLS playlists (RFC 8216) as text. Pure: facts in, text out.

They are the same for every viewer. The session's credential stands in the path of the playlist itself, and the
addresses of renditions, keys and segments not made yet are relative to it, so a player carries the credential on
without anybody writing it into a line.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.contracts.video import SEGMENTS_PER_KEY_WINDOW

VERSION = 6
AUDIO_GROUP = "audio"
SUBTITLE_GROUP = "subtitles"
_FOR_THE_DEAF = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"


@dataclass(frozen=True)
class Variant:
    """A rendition as the master playlist announces it. Rates in bit/s."""

    name: str
    kind: str
    codecs: str
    bandwidth: int
    average_bandwidth: int | None
    width: int | None
    height: int | None
    frame_rate: float | None
    language: str | None = None
    label: str | None = None
    is_default: bool = True


@dataclass(frozen=True)
class SubtitleRendition:
    """A language of captions as the master playlist announces it. ``tells_sounds``: it is for who does not hear, too."""

    name: str
    language: str
    label: str
    is_default: bool
    tells_sounds: bool


def master_playlist(variants: Sequence[Variant], prefix: str = "", subtitles: Sequence[SubtitleRendition] = ()) -> str:
    """The master playlist; ``prefix`` stands before each media playlist's name.

    The lowest rung comes first, because players that have measured nothing yet begin with the first variant.
    """
    audio = [variant for variant in variants if variant.kind == "audio"]
    # By size, not by rate: of a still picture the larger rendition may weigh less.
    videos = sorted((variant for variant in variants if variant.kind == "video"), key=_size)
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    # A film of sound alone is a variant itself; its other languages stand beside it in the same group.
    if videos or len(audio) > 1:
        lines += [_media_line(variant, prefix) for variant in audio]
    lines += _subtitle_lines(subtitles, prefix)
    group = f',SUBTITLES="{SUBTITLE_GROUP}"' if subtitles else ""
    if videos:
        for variant in videos:
            lines += [_stream_line(variant, audio) + group, f"{prefix}{variant.name}.m3u8"]
    elif audio:
        lines += [_stream_line(audio[0], audio[1:] and audio) + group, f"{prefix}{audio[0].name}.m3u8"]
    return "\n".join(lines) + "\n"


def _size(variant: Variant) -> tuple[int, int]:
    return (variant.width or 0) * (variant.height or 0), variant.bandwidth


def _media_line(audio: Variant, prefix: str) -> str:
    parts = ["TYPE=AUDIO", f'GROUP-ID="{AUDIO_GROUP}"', f'NAME="{_quotable(audio.label or "Audio")}"']
    if audio.language:
        parts.append(f'LANGUAGE="{_quotable(audio.language)}"')
    parts += [f"DEFAULT={'YES' if audio.is_default else 'NO'}", "AUTOSELECT=YES", 'CHANNELS="2"']
    return "#EXT-X-MEDIA:" + ",".join([*parts, f'URI="{prefix}{audio.name}.m3u8"'])


def _subtitle_lines(subtitles: Sequence[SubtitleRendition], prefix: str) -> list[str]:
    lines: list[str] = []
    names: set[str] = set()
    for one in subtitles:
        # Names must differ within a group, and labels are anybody's.
        label = _quotable(one.label)
        name = label if label not in names else f"{label} ({one.language})"
        names.add(name)
        parts = ["TYPE=SUBTITLES", f'GROUP-ID="{SUBTITLE_GROUP}"', f'NAME="{name}"', f'LANGUAGE="{one.language}"']
        parts += [f"DEFAULT={'YES' if one.is_default else 'NO'}", "AUTOSELECT=YES", "FORCED=NO"]
        if one.tells_sounds:
            parts.append(f'CHARACTERISTICS="{_FOR_THE_DEAF}"')
        lines.append("#EXT-X-MEDIA:" + ",".join([*parts, f'URI="{prefix}{one.name}.m3u8"']))
    return lines


def _quotable(text: str) -> str:
    """What may stand in a quoted string of a playlist (RFC 8216, 4.2): no quotes, no line breaks."""
    return "".join(character for character in text if character.isprintable() and character != '"')


def _stream_line(variant: Variant, audio: Sequence[Variant]) -> str:
    beside = [one for one in audio if one is not variant]
    codecs = dict.fromkeys([variant.codecs, *(one.codecs for one in beside)])
    # Any of the group may be chosen, so the costliest counts.
    parts = [f"BANDWIDTH={variant.bandwidth + max((one.bandwidth for one in beside), default=0)}"]
    averages = [one.average_bandwidth for one in beside]
    if variant.average_bandwidth is not None and None not in averages:
        parts.append(f"AVERAGE-BANDWIDTH={variant.average_bandwidth + max((a or 0 for a in averages), default=0)}")
    parts.append(f'CODECS="{",".join(codecs)}"')
    if variant.width and variant.height:
        parts.append(f"RESOLUTION={variant.width}x{variant.height}")
    if variant.frame_rate:
        parts.append(f"FRAME-RATE={variant.frame_rate:.3f}")
    if audio:
        parts.append(f'AUDIO="{AUDIO_GROUP}"')
    return "#EXT-X-STREAM-INF:" + ",".join(parts)


def media_playlist(
    durations: Sequence[float],
    *,
    key_epoch: int,
    address: Callable[[int], str],
    iv: Callable[[int], bytes],
    windows: int | None = None,
    prefix: str = "",
) -> str:
    """A complete VOD playlist: every segment of the grid, whether it is made already or not.

    ``address`` is where segment i is to be had; ``iv`` its 16-byte IV. Keys are named by epoch and window, ``prefix``
    stands before their names. With ``windows`` it is an EVENT playlist of the first so many key windows, to be read
    again until it has its end.
    """
    shown = durations if windows is None else durations[: windows * SEGMENTS_PER_KEY_WINDOW]
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        # Rounded as RFC 8216 has it: EXTINF rounded to the nearest integer must not exceed the target duration.
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(max(durations, default=1.0) - 0.5 + 1e-9))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if windows is None else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    if windows is not None:
        # Else a player takes what grows for live television and begins near its end.
        lines.append("#EXT-X-START:TIME-OFFSET=0")
    for index, duration in enumerate(shown):
        window = index // SEGMENTS_PER_KEY_WINDOW
        lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="{prefix}key/{key_epoch}/{window}.key",IV=0x{iv(index).hex()}')
        lines.append(f"#EXTINF:{duration:.6f},")
        lines.append(address(index))
    if len(shown) == len(durations):
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"
