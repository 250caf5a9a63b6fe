"""Whether a file is shorter than its own container says: cut off on the way, whatever can still be read of it.

Demuxers make the best of such a file and report the length of what is there; the claim stands in the first bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_UNKNOWN = (0, 0xFFFFFFFF)  # a recording that was never closed claims nothing
_MOST_BOXES = 64


def is_cut_off(path: Path, container: str) -> bool:
    """For "avi" by the size of its RIFF, for "mov" by that of its media; False for others, which say it otherwise."""
    there = path.stat().st_size
    with path.open("rb") as file:
        if container == "avi":
            return _riff_claims_more(file, there)
        return container == "mov" and _media_claims_more(file, there)


def _riff_claims_more(file: BinaryIO, there: int) -> bool:
    head = file.read(8)
    if len(head) < 8 or head[:4] != b"RIFF":
        return False
    size = int.from_bytes(head[4:], "little")
    return size not in _UNKNOWN and size + 8 > there


def _media_claims_more(file: BinaryIO, there: int) -> bool:
    """Boxes follow each other; the one that reaches beyond the end is the media, and the index was to come after it."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return False
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if kind == b"moov":
            return False
        if size == 1 and len(head) == 16:
            size = int.from_bytes(head[8:], "big")
        if size < 8:  # to the end of the file, or nonsense
            return False
        if at + size > there:
            return kind == b"mdat"
        at += size
    return False
