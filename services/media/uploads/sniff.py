"""What a file is, decided by its first bytes and never by its name.

The answer also chooses the demuxer that FFmpeg will be forced to use, so a playlist or a script that calls itself
``.mp4`` can not talk FFmpeg into opening anything else.
"""

from shared.contracts.video import Container

HEAD_BYTES = 4096
WEBM = "WebM"

_MOV_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid"}
_EBML = b"\x1a\x45\xdf\xa3"
_DOCTYPE = b"\x42\x82"


def sniff(head: bytes) -> Container | str | None:
    """The container of a file that starts with ``head`` (its first 4 KiB).

    A string names something that is a film but no container we take; None means it is no film that we know.
    """
    if len(head) >= 12 and head[4:8] in _MOV_BOXES and _plausible_box(head):
        return Container.MOV
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return Container.AVI
    if head[:4] == _EBML:
        return _ebml(head)
    return _other(head)


def _plausible_box(head: bytes) -> bool:
    size = int.from_bytes(head[:4], "big")
    return size in (0, 1) or size >= 8


def _ebml(head: bytes) -> Container | str | None:
    """Matroska and WebM share everything but the DocType in the EBML header."""
    place = head.find(_DOCTYPE, 4, 128)
    if place < 0 or place + 3 > len(head):
        # Matroska is EBML's default DocType in practice; the probe has the last word.
        return Container.MATROSKA
    length = head[place + 2] & 0x7F
    doctype = head[place + 3 : place + 3 + length].rstrip(b"\x00")
    if doctype == b"webm":
        return WEBM
    return Container.MATROSKA if doctype == b"matroska" else None


def _other(head: bytes) -> str | None:
    if len(head) > 188 and head[0] == 0x47 and head[188] == 0x47:
        return "MPEG-TS"
    if head[:3] == b"FLV":
        return "FLV"
    if head[:4] == b"\x30\x26\xb2\x75":
        return "Windows Media"
    if head[:4] == b"OggS":
        return "Ogg"
    if head[:4] == b"\x00\x00\x01\xba":
        return "MPEG-PS"
    return None
