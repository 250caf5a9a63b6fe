"""From cues to WebVTT, SubRip, and the segments and playlist of an HLS subtitle rendition (RFC 8216, 3.5). Pure."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from services.media.captions.cues import Cue
from services.media.captions.markup import as_subrip
from shared.contracts.video import SEGMENT_CLOCK_OFFSET, SEGMENTS_PER_KEY_WINDOW

MPEG_CLOCK = 90_000
_OFFSET_MS = SEGMENT_CLOCK_OFFSET * 1000


def webvtt(cues: Iterable[Cue]) -> str:
    """A file of its own, on the film's clock."""
    return "WEBVTT\n" + "".join(f"\n{_block(cue)}" for cue in cues)


def subrip(cues: Iterable[Cue]) -> str:
    blocks = (
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{as_subrip(cue.text)}\n"
        for number, cue in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def segment(cues: Iterable[Cue]) -> str:
    """One segment with these cues, which are on the film's clock.

    Its times are those of the transport streams beside it, and the map says so: a player that reads the map and one
    that does not (FFmpeg) come to the same moment.
    """
    local = _time(_OFFSET_MS, ".")
    head = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{SEGMENT_CLOCK_OFFSET * MPEG_CLOCK},LOCAL:{local}\n"
    return head + "".join(f"\n{_block(cue.moved(_OFFSET_MS))}" for cue in cues)


def borders(durations: Sequence[float]) -> list[int]:
    """Milliseconds of the film at which its segments begin, and at which the last one ends."""
    return [round(1000 * border) for border in accumulate(durations, initial=0.0)]


def segments_of(cue: Cue, grid: Sequence[int]) -> range:
    """Indexes of the segments in which a cue is shown; ``grid`` as ``borders`` has it."""
    return range(max(0, bisect_right(grid, cue.start) - 1), min(len(grid) - 1, bisect_left(grid, cue.end)))


def playlist(durations: Sequence[float], language: str, *, windows: int | None = None, prefix: str = "") -> str:
    """The media playlist of a language: as that of any rendition, of the same segments, and not encrypted.

    ``windows`` and ``prefix`` as in ``playback.playlists.media_playlist``: what is not released is not shown.
    """
    shown = durations if windows is None else durations[: windows * SEGMENTS_PER_KEY_WINDOW]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(max(durations, default=1.0) - 0.5 + 1e-9))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if windows is None else 'EVENT'}",
    ]
    if windows is not None:
        lines.append("#EXT-X-START:TIME-OFFSET=0")
    for index, duration in enumerate(shown):
        lines += [f"#EXTINF:{duration:.6f},", f"{prefix}subtitle/{language}/{index}.vtt"]
    if len(shown) == len(durations):
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _block(cue: Cue) -> str:
    settings = f" {cue.settings}" if cue.settings else ""
    return f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}{settings}\n{cue.text}\n"


def _time(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{rest:03}"
