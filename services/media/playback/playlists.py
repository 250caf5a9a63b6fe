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


def master_playlist(variants: Sequence[Variant], prefix: str = "") -> str:
    """The master playlist; ``prefix`` stands before each media playlist's name.

    The lowest rung comes first, because players that have measured nothing yet begin with the first variant.
    """
    audio = next((variant for variant in variants if variant.kind == "audio"), None)
    videos = sorted((variant for variant in variants if variant.kind == "video"), key=lambda variant: variant.bandwidth)
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if audio is not None and videos:
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{AUDIO_GROUP}",NAME="Audio",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="2",URI="{prefix}{audio.name}.m3u8"'
        )
    for variant in videos or ([audio] if audio else []):
        beside = audio if videos else None
        lines.append(_stream_line(variant, beside))
        lines.append(f"{prefix}{variant.name}.m3u8")
    return "\n".join(lines) + "\n"


def _stream_line(variant: Variant, audio: Variant | None) -> str:
    codecs = variant.codecs if audio is None else f"{variant.codecs},{audio.codecs}"
    parts = [f"BANDWIDTH={variant.bandwidth + (audio.bandwidth if audio else 0)}"]
    if variant.average_bandwidth is not None and (audio is None or audio.average_bandwidth is not None):
        total = variant.average_bandwidth + (audio.average_bandwidth or 0 if audio else 0)
        parts.append(f"AVERAGE-BANDWIDTH={total}")
    parts.append(f'CODECS="{codecs}"')
    if variant.width and variant.height:
        parts.append(f"RESOLUTION={variant.width}x{variant.height}")
    if variant.frame_rate:
        parts.append(f"FRAME-RATE={variant.frame_rate:.3f}")
    if audio is not None:
        parts.append(f'AUDIO="{AUDIO_GROUP}"')
    return "#EXT-X-STREAM-INF:" + ",".join(parts)


def media_playlist(
    durations: Sequence[float],
    *,
    key_epoch: int,
    address: Callable[[int], str],
    iv: Callable[[int], bytes],
) -> str:
    """A complete VOD playlist: every segment of the grid, whether it is made already or not.

    ``address`` is where segment i is to be had; ``iv`` its 16-byte IV. Keys are named by epoch and window.
    """
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        # Rounded as RFC 8216 has it: EXTINF rounded to the nearest integer must not exceed the target duration.
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(max(durations, default=1.0) - 0.5 + 1e-9))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for index, duration in enumerate(durations):
        window = index // SEGMENTS_PER_KEY_WINDOW
        lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="key/{key_epoch}/{window}.key",IV=0x{iv(index).hex()}')
        lines.append(f"#EXTINF:{duration:.6f},")
        lines.append(address(index))
    lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"
