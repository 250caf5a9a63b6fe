"""Reads from a finished segment what it really is, since playlists promise CODECS before a picture is encoded.

ISO/IEC 13818-1 (transport stream) and ITU-T H.264 section 7.3 and annex B. No
library: a segment of ours is known to carry one H.264 stream, and the parameter
set stands at its beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from services.transcoder.ffmpeg.process import FFmpegFailed

_PACKET = 188
_SYNC = 0x47
_READ = 64 * _PACKET  # the tables and the first parameter set stand in the first few packets
_VIDEO_STREAM = range(0xE0, 0xF0)
_SPS = re.compile(rb"\x00\x00\x01[\x07\x27\x47\x67](...)", re.DOTALL)
# Bits of the second byte that tell something: constraint_set0_flag to constraint_set5_flag.
_CONSTRAINTS = 0xFC


def check_codecs(path: Path, codecs: str) -> None:
    """Raises FFmpegFailed "codec_mismatch" unless the transport stream `path` can be played as `codecs` ("avc1.64001f").

    The profile has to be the same. A lower level and further constraints than
    were promised ask less of a player, and some encoders write them. Reads
    the beginning of the file: call it in a thread.
    """
    found = first_sps(path)
    if found is None:
        raise FFmpegFailed("codec_mismatch", "The encoder made a segment that does not begin with a parameter set.")
    profile, constraints, level = found
    wanted = bytes.fromhex(codecs.rpartition(".")[2])
    promised = wanted[1] & _CONSTRAINTS
    if profile != wanted[0] or constraints & promised != promised or level > wanted[2]:
        raise FFmpegFailed(
            "codec_mismatch",
            f"The encoder made avc1.{found.hex()} where {codecs} was promised. Choose another encoder.",
        )


def first_sps(path: Path) -> bytes | None:
    """profile_idc, constraint flags and level_idc of the first sequence parameter set; None where there is none."""
    with path.open("rb") as file:
        data = file.read(_READ)
    found = _SPS.search(b"".join(_video_payloads(data)))
    return found.group(1) if found else None


def _video_payloads(data: bytes) -> Iterator[bytes]:
    """What the packets of the first stream of pictures carry, in order."""
    pid = None
    for at in range(0, len(data) - _PACKET + 1, _PACKET):
        packet = data[at : at + _PACKET]
        if packet[0] != _SYNC:
            return
        starts = bool(packet[1] & 0x40)
        body = 4
        if packet[3] & 0x20:  # an adaptation field comes first
            body += 1 + packet[4]
        payload = packet[body:] if packet[3] & 0x10 else b""
        number = (packet[1] & 0x1F) << 8 | packet[2]
        if pid is None and starts and payload[:3] == b"\x00\x00\x01" and payload[3] in _VIDEO_STREAM:
            pid = number
        if number != pid or not payload:
            continue
        # The header of a PES packet tells its own length.
        yield payload[9 + payload[8] :] if starts and len(payload) > 9 else payload
