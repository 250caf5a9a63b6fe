"""Small twins of the broken and hostile files in shared/media: each is refused with its own code and a way out."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ladder.model import Refused
from services.transcoder.ladder.plan import make_plan
from tests.transcoder.ffmpeg.films import CONTAINERS, ffmpeg, write_film


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("twins") / "plain.mp4"
    whole = write_film(path.with_name("whole.mp4"), [Fraction(n, 25) for n in range(75)])
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "+faststart", path)
    return path


def content(data: bytes) -> Callable[[Path, Path], None]:
    return lambda plain, path: path.write_bytes(data) and None


def renamed(*names: tuple[bytes, bytes]) -> Callable[[Path, Path], None]:
    """The film with other names of the same length in it."""

    def make(plain: Path, path: Path) -> None:
        inner = path.with_name(f"inner{path.suffix}")
        ffmpeg("-i", plain, "-c", "copy", inner)
        data = inner.read_bytes()
        for old, new in names:
            assert len(old) == len(new)
            assert old in data
            data = data.replace(old, new)
        path.write_bytes(data)

    return make


def box_that_swallows(plain: Path, path: Path) -> None:
    """A free box before the index whose size says that it holds the index, too."""
    data = plain.read_bytes()
    at = data.index(b"moov") - 4
    path.write_bytes(data[:at] + len(data).to_bytes(4, "big") + b"free" + data[at:])


def media_missing(plain: Path, path: Path) -> None:
    data = plain.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 40])


def first_chunk_out_of_range(plain: Path, path: Path) -> None:
    """An index whose first chunk has a number far beyond how many there are."""
    data = bytearray(plain.read_bytes())
    for found in re.finditer(b"stsc", bytes(data)):
        at = found.end() + 8
        data[at : at + 4] = b"\x01\x01\x00\x00"
    path.write_bytes(data)


def chunks_out_of_range(plain: Path, path: Path) -> None:
    """All the media stand somewhere behind the file's end."""
    data = bytearray(plain.read_bytes())
    at = data.index(b"stco") + 8
    count = int.from_bytes(data[at : at + 4], "big")
    data[at + 4 : at + 4 + 4 * count] = b"\x7f\xff\xff\x00" * count
    path.write_bytes(data)


def without_end(share: float) -> Callable[[Path, Path], None]:
    def make(plain: Path, path: Path) -> None:
        whole = path.with_stem("whole")
        ffmpeg("-i", plain, "-c:v", "mpeg4" if path.suffix == ".avi" else "copy", "-c:a", "copy", whole)
        data = whole.read_bytes()
        path.write_bytes(data[: int(share * len(data))])

    return make


def subtitles_alone(plain: Path, path: Path) -> None:
    words = path.with_suffix(".srt")
    words.write_text("1\n00:00:00,000 --> 00:00:02,000\nwords\n")
    ffmpeg("-i", words, "-c", "copy", path)


def many_tracks(count: int) -> Callable[[Path, Path], None]:
    def make(plain: Path, path: Path) -> None:
        sine = ["-f", "lavfi", "-i", "sine=d=0.2:r=8000"]
        ffmpeg(*sine, *["-map", "0:a"] * count, "-c:a", "pcm_s16le", path)

    return make


def huge_picture(plain: Path, path: Path) -> None:
    """A header that declares more pixels than any machine should make room for: a hundred kilobytes of zeroes."""
    inner = path.with_name("inner.mkv")
    ffmpeg("-f", "lavfi", "-i", "color=s=16000x8000:r=1:d=1", "-c:v", "ffv1", "-frames:v", "1", inner)
    inner.rename(path)


@pytest.mark.parametrize(
    ("row", "suffix", "make", "code"),
    [
        ("068 a codec nobody knows", "mkv", renamed((b"V_MPEG4/ISO/AVC", b"V_UNHEARD/OF/XX")), "unsupported_codec"),
        ("070 a box that swallows the index", "mp4", box_that_swallows, "not_media"),
        ("087 an index without its media", "mp4", media_missing, "truncated"),
        ("089 a first chunk that there is not", "mp4", first_chunk_out_of_range, "not_media"),
        ("100 an element of unknown size", "mkv", content(b"\x1a\x45\xdf\xa3\xff" + b"\xec\xff" * 400), "not_media"),
        ("empty", "mp4", content(b""), "not_media"),
        ("exe", "mp4", content(b"MZ\x90\x00\x03" + bytes(4000)), "not_media"),
        ("ffconcat_abs", "mp4", content(b"ffconcat version 1.0\nfile '/etc/passwd'\nfile http://127.0.0.1:9/\n"), "not_media"),
        ("hls_file_passwd", "mp4", content(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"), "not_media"),
        ("hls_http_loopback", "mp4", content(b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"), "not_media"),
        ("--- chunks behind the end", "mp4", chunks_out_of_range, "truncated"),
        ("--- an AVI without its end", "avi", without_end(0.6), "truncated"),
        ("--- an AVI without its index", "avi", without_end(0.97), "truncated"),
        ("--- an MP4 whose index was to come", "mp4", without_end(0.8), "truncated"),
        ("--- subtitles alone", "mkv", subtitles_alone, "no_video_or_audio"),
        ("--- 70 tracks", "mkv", many_tracks(70), "too_many_streams"),
        ("--- 130 tracks", "mkv", many_tracks(130), "too_many_streams"),
        ("--- a huge picture", "mkv", huge_picture, "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_refused(
    tmp_path: Path, plain: Path, row: str, suffix: str, make: Callable[[Path, Path], None], code: str
) -> None:
    source = tmp_path / f"film.{suffix}"
    make(plain, source)
    with pytest.raises(Refused) as refused:
        make_plan(await probe(source, container=CONTAINERS[source.suffix]))
    assert refused.value.code == code
    # What is wrong, then what to do about it.
    assert refused.value.message.partition(". ")[2].startswith(("Export", "Upload", "Split"))
    assert row
