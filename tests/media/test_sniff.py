"""What a file is, by its first bytes; checked against real files made by FFmpeg, and against what only pretends."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from services.media.uploads.service import clean_name
from services.media.uploads.sniff import HEAD_BYTES, sniff
from shared.contracts.video import Container


@pytest.mark.parametrize(
    ("name", "codec", "expected"),
    [
        ("a.mp4", "mpeg4", Container.MOV),
        ("a.mov", "mpeg4", Container.MOV),
        ("a.avi", "mpeg4", Container.AVI),
        ("a.mkv", "mpeg4", Container.MATROSKA),
        ("a.webm", "libvpx", "WebM"),
        ("a.ts", "mpeg2video", "MPEG-TS"),
        ("a.flv", "flv", "FLV"),
        ("a.wmv", "wmv2", "Windows Media"),
    ],
)
def test_real_files(tmp_path: Path, name: str, codec: str, expected: Container | str) -> None:
    film = tmp_path / name
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=1"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-c:v", codec, str(film)]
    subprocess.run(command, check=True)
    with film.open("rb") as file:
        assert sniff(file.read(HEAD_BYTES)) == expected


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"MZ\x90\x00\x03",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"just some text that calls itself .mp4",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 32,
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x04ftypisom",
        b"<html><body>ftyp</body></html>",
    ],
)
def test_what_only_pretends(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("lecture.mp4", "lecture.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\one.mov", "one.mov"),
        ("a\x00b\nc.mp4", "abc.mp4"),
        ("ლექცია 1.mp4", "ლექცია 1.mp4"),
        ("", "film"),
        ("/", "film"),
    ],
)
def test_names_are_cleaned_for_showing(given: str, shown: str) -> None:
    assert clean_name(given) == shown


def test_a_long_name_keeps_its_end() -> None:
    assert clean_name("x" * 400 + ".mp4").endswith(".mp4")
    assert len(clean_name("x" * 400 + ".mp4")) == 255
