"""Small twins of the awkward films in shared/media, made here: each is published whole and upright, with its sound.

The real ones are in test_ffmpeg_probe; the number before a twin's name is the row of the MANIFEST it stands for. Those
that end otherwise are in test_refused_twins; 074 (sound alone) and 077 (black) are in test_images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from services.transcoder.ladder.plan import Plan
from tests.transcoder.ffmpeg.films import RATE, ffmpeg, loudest_tones, number_in, publish, write_film

COUNT = 75  # pictures, three seconds of them
FAST = ["-preset", "ultrafast", "-crf", "10"]
X264 = ["-c:v", "libx264", *FAST, "-pix_fmt", "yuv420p"]
PQ_TAGS = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "smpte2084"]
SURROUND = ["-af", "pan=5.1|c0=0.1*c0|c1=0.1*c0|c2=c0|c3=0*c0|c4=0*c0|c5=0*c0"]


def hdr(transfer: str) -> str:
    """SDR pictures as a grader would put them into HDR, white at 203 cd/m2."""
    return (
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,"
        f"zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt2020:t={transfer}:m=2020_ncl:r=tv:npl=203,format=yuv420p10le"
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of numbered pictures with a tone of 440 Hz."""
    t = np.arange(3 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    path = tmp_path_factory.mktemp("twins") / "plain.mp4"
    return write_film(path, [Fraction(n, 25) for n in range(COUNT)], gop=25, sound=tone)


def x265(transfer: str, primaries: str = "bt2020", space: str = "bt2020nc") -> list[str]:
    parameters = f"log-level=error:keyint=25:colorprim={primaries}:transfer={transfer}:colormatrix={space}"
    return ["-c:v", "libx265", *FAST, "-x265-params", parameters, "-tag:v", "hvc1"]


def turned(source: Path, path: Path, degrees: int, *arguments: str) -> None:
    ffmpeg("-display_rotation", -degrees, "-i", source, "-map", "0", "-c", "copy", *arguments, path)


def hlg_turned_with_edit_list(plain: Path, path: Path) -> None:
    lying = path.with_name("lying.mp4")
    ffmpeg("-i", plain, "-vf", f"{hdr('arib-std-b67')},transpose=cclock", *x265("arib-std-b67"), lying)
    turned(lying, path.with_name("turned.mp4"), 90)
    ffmpeg("-ss", "0.52", "-i", path.with_name("turned.mp4"), "-c", "copy", path)


def tags_that_disagree(plain: Path, path: Path) -> None:
    """The bitstream says HDR10, the container's colr box BT.709."""
    true = path.with_name("true.mp4")
    ffmpeg("-i", plain, "-vf", hdr("smpte2084"), *x265("smpte2084"), "-c:a", "copy", true)
    tags = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]
    ffmpeg("-i", true, "-c", "copy", *tags, "-movflags", "write_colr", path)


def portrait_av1(plain: Path, path: Path) -> None:
    graph = f"{hdr('smpte2084')},transpose=clock"
    ffmpeg("-i", plain, "-vf", graph, "-c:v", "libsvtav1", "-preset", "12", "-crf", "15", *PQ_TAGS, path)


def data_first(plain: Path, path: Path) -> None:
    """A phone's track of data before the film's own: words whose track says that they are none."""
    worded = path.with_name("worded.mp4")
    subtitles = path.with_name("words.srt")
    subtitles.write_text("1\n00:00:00,000 --> 00:00:02,000\nwords\n")
    maps = ["-map", "1", "-map", "0:a", "-map", "0:v", "-c", "copy", "-c:s", "mov_text"]
    ffmpeg("-i", plain, "-i", subtitles, *maps, worded)
    path.write_bytes(worded.read_bytes().replace(b"sbtl", b"meta").replace(b"tx3g", b"mett"))


def several_of_each(plain: Path, path: Path) -> None:
    """Two sizes of the film, two sounds and two subtitles."""
    subtitles = path.with_name("words.srt")
    subtitles.write_text("1\n00:00:00,000 --> 00:00:02,000\nwords\n")
    ffmpeg(
        *("-i", plain, "-i", subtitles, "-f", "lavfi", "-i", "sine=f=1000:r=16000:d=3,volume=2"),
        *("-filter_complex", "[0:v]split[a][b];[a]scale=160:90[small];[b]null[large]"),
        *("-map", "[small]", "-map", "0:a", "-map", "1:s", "-map", "[large]", "-map", "2:a", "-map", "1:s"),
        *(*X264, "-c:a", "aac", "-c:s", "mov_text", path),
    )


def with_cover(plain: Path, path: Path) -> None:
    cover = path.with_name("cover.png")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1920x1080", "-frames:v", "1", cover)
    both = ["-map", "1", "-map", "0", "-c", "copy", "-disposition:v:0", "attached_pic"]
    ffmpeg("-i", plain, "-i", cover, *both, path)


def subtitled(plain: Path, path: Path) -> None:
    subtitles = path.with_name("words.srt")
    subtitles.write_text("1\n00:00:00,000 --> 00:00:02,000\nwords\n")
    maps = ["-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "ac3", "-ac", "1", "-c:s", "ass"]
    ffmpeg("-i", plain, "-i", subtitles, *maps, path)


def box_that_claims_more(plain: Path, path: Path) -> None:
    """The box of the media says that it goes on beyond the file's end."""
    fast = path.with_name("fast.mp4")
    ffmpeg("-i", plain, "-c", "copy", "-movflags", "+faststart", fast)
    data = bytearray(fast.read_bytes())
    at = data.index(b"mdat") - 4
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + 100_000).to_bytes(4, "big")
    path.write_bytes(data)


def one_broken_picture(plain: Path, path: Path) -> None:
    """The length before one picture's data makes no sense."""
    data = bytearray(plain.read_bytes())
    at = data.index(b"mdat") + 4 + (data.index(b"moov") - data.index(b"mdat")) // 2
    data[at : at + 400] = b"\xff" * 400
    path.write_bytes(data)


def coded(*arguments: str) -> Callable[[Path, Path], None]:
    return lambda plain, path: ffmpeg("-i", plain, *arguments, path) and None


@dataclass(frozen=True)
class Twin:
    row: str
    suffix: str
    make: Callable[[Path, Path], None]
    sound: bool = True
    first: int = 0
    least: int = COUNT  # pictures that have to be the right ones
    turn: int = 0  # quarter turns that make the published picture readable again
    check: Callable[[Plan], bool] = lambda plan: True


def video(name: str, value: object) -> Callable[[Plan], bool]:
    return lambda plan: getattr(plan.video, name) == value


TWINS = [
    Twin("013 turned HLG of 10 bits with an edit list inside a group", "mp4", hlg_turned_with_edit_list, first=13,
         check=lambda p: p.video is not None and (p.video.rotation, p.video.colour) == (90, "tonemap")),
    Twin("014 upside down, in full range", "mp4",
         lambda plain, path: (ffmpeg("-i", plain, "-vf", "scale=in_range=tv:out_range=pc,hflip,vflip", *X264,
                                     "-color_range", "pc", "-an", path.with_name("l.mp4")),
                              turned(path.with_name("l.mp4"), path, 180))[1],
         sound=False, check=video("rotation", 180)),
    Twin("017 HDR10 in a container that says SDR", "mp4", tags_that_disagree, check=video("colour", "tonemap")),
    Twin("019 portrait AV1 in HDR10", "mp4", portrait_av1, turn=1, check=video("colour", "tonemap")),
    Twin("022 a track of data first", "mp4", data_first,
         check=lambda p: p.video is not None and (p.video.stream_index, p.audio[0].stream_indexes) == (2, (1,))),
    Twin("023 turned by three quarters", "mp4",
         lambda plain, path: (ffmpeg("-i", plain, "-vf", "transpose=clock", *X264, path.with_name("l.mp4")),
                              turned(path.with_name("l.mp4"), path, 270))[1], check=video("rotation", 270)),
    Twin("026 a track of time codes, full range", "mov",
         coded("-vf", "scale=in_range=tv:out_range=pc", *X264, "-color_range", "pc", "-timecode", "01:00:00:00"),
         check=video("source_range", "pc")),
    Twin("037 full range in Matroska", "mkv", coded("-vf", "scale=in_range=tv:out_range=pc", *X264, "-color_range", "pc", "-an"),
         sound=False, check=video("source_range", "pc")),
    Twin("038 MS-MPEG-4 in AVI", "avi", coded("-c:v", "msmpeg4", "-q:v", "2", "-an"), sound=False),
    Twin("044 a size no rung has", "mp4", coded("-vf", "pad=322:182:0:0", *X264)),
    Twin("045 two pictures, two sounds, two subtitles", "mp4", several_of_each,
         check=lambda p: p.video is not None and (p.video.stream_index, len(p.audio)) == (3, 2)),
    Twin("046 HEVC of 10 bits in PQ", "mp4", coded("-vf", hdr("smpte2084"), *x265("smpte2084"), "-an"), sound=False,
         check=video("colour", "tonemap")),
    Twin("049 4:4:4 with odd sides", "mp4", coded("-vf", "format=yuv444p,pad=321:181:0:0", "-c:v", "libx264", *FAST)),
    Twin("051 MPEG-4 without sound in AVI", "avi", coded("-c:v", "mpeg4", "-q:v", "2", "-an"), sound=False),
    Twin("053 turned, with surround sound", "mp4",
         lambda plain, path: (ffmpeg("-i", plain, "-vf", "transpose=cclock", *X264, *SURROUND, "-c:a", "aac", path.with_name("l.mp4")),
                              turned(path.with_name("l.mp4"), path, 90))[1], check=video("rotation", 90)),
    Twin("054 pixels that are not square", "mp4", coded("-vf", "scale=160:180,setsar=2", *X264)),
    Twin("056 HEVC with surround sound in a transport stream", "ts",
         coded(*x265("bt709", "bt709", "bt709"), *SURROUND, "-c:a", "aac")),
    Twin("062 fragments after a whole beginning", "mp4", coded("-c", "copy", "-movflags", "frag_keyframe")),
    Twin("069 a box that claims more than there is", "mp4", box_that_claims_more),
    Twin("071 one broken picture", "mp4", one_broken_picture, least=COUNT - 26),
    Twin("079 MPEG-4 and MP3 in AVI", "avi", coded("-c:v", "mpeg4", "-q:v", "2", "-c:a", "libmp3lame")),
    Twin("110 XviD with B-frames and MP3 in AVI", "avi",
         coded("-c:v", "mpeg4", "-q:v", "2", "-bf", "2", "-vtag", "XVID", "-c:a", "libmp3lame")),
    Twin("081 subtitles and AC-3 in Matroska", "mkv", subtitled),
    Twin("083 VP8 and Vorbis in WebM", "webm",
         coded("-c:v", "libvpx", "-b:v", "4M", "-deadline", "realtime", *SURROUND, "-c:a", "libvorbis")),
    Twin("063 sound that ends before the picture", "mp4", coded("-c:v", "copy", "-af", "atrim=end=2.3", "-c:a", "aac")),
    Twin("101 and 105 surround sound", "mp4", coded("-c:v", "copy", *SURROUND, "-c:a", "aac")),
    Twin("103 MP3 in MP4", "mp4", coded("-c:v", "copy", "-c:a", "libmp3lame")),
    Twin("--- a cover larger than the film", "mp4", with_cover, check=lambda p: p.video_names == ("180p",)),
]  # fmt: skip


@pytest.mark.parametrize("twin", TWINS, ids=lambda t: t.row)
async def test_twin(tmp_path: Path, plain: Path, twin: Twin) -> None:
    source = tmp_path / f"film.{twin.suffix}"
    twin.make(plain, source)
    published = await publish(source, tmp_path / "out", segments_per_chunk=1)
    assert published.plan.video is not None
    assert twin.check(published.plan)
    pictures, _ = published.pictures()
    upright = np.rot90(pictures, twin.turn, axes=(1, 2))
    assert abs(upright.shape[1] - 180) <= 2
    assert abs(upright.shape[2] - 320) <= 2
    numbers = [number_in(p) for p in upright]
    if numbers[0] == numbers[1]:  # where no edit list takes off the sound's priming, pictures start one later
        numbers.pop(0)
    # An edit list may be taken to start at the keyframe before it, but no picture is skipped.
    assert 0 <= numbers[0] <= twin.first
    wanted = list(range(numbers[0], COUNT))
    assert len(numbers) == len(wanted)
    assert sum(a == b for a, b in zip(numbers, wanted, strict=True)) >= min(twin.least, len(wanted))
    assert bool(published.plan.audio) == twin.sound
    if twin.sound:
        left, right = published.sound()
        assert loudest_tones(left[: 2 * RATE]) == loudest_tones(right[: 2 * RATE]) == [440]
        assert np.abs(left[RATE : 2 * RATE]).max() > 0.05


async def test_035_ten_pictures_a_second(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", [Fraction(n, 10) for n in range(180)], rate=Fraction(10), gop=250)
    published = await publish(source, tmp_path / "out")
    assert published.plan.video is not None
    assert (published.plan.video.fps, published.plan.audio) == ("10", ())
    pictures, _ = published.pictures()
    assert [number_in(picture) for picture in pictures] == list(range(180))


async def test_075_a_small_file_that_is_much_work(tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "color=c=0x406080:s=1920x1080:r=30:d=13", "-c:v", "libx264", "-preset", "ultrafast", source
    )
    assert source.stat().st_size < 100_000
    published = await publish(source, tmp_path / "out")
    assert published.plan.video_names == ("1080p", "720p", "480p", "360p")
    pictures, _ = published.pictures()
    assert len(pictures) == 13 * 30


async def test_a_turned_film_that_changes_its_size(tmp_path: Path) -> None:
    """Turning is built for one size of picture; what is smaller is brought to it first."""
    parts = []
    for number, size in enumerate(("640x360", "320x180")):
        parts.append(tmp_path / f"{number}.h264")
        graph = f"testsrc2=s=640x360:r=25:d=2,scale={size.replace('x', ':')}"
        ffmpeg("-f", "lavfi", "-i", graph, *X264, "-bsf:v", "h264_metadata=aud=remove", parts[-1])
    joined = tmp_path / "joined.h264"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    ffmpeg("-r", "25", "-i", joined, "-c", "copy", tmp_path / "film.mp4")
    turned(tmp_path / "film.mp4", tmp_path / "turned.mp4", 90)
    published = await publish(tmp_path / "turned.mp4", tmp_path / "out")
    assert published.plan.video is not None
    assert published.plan.video.rotation == 90
    pictures, _ = published.pictures()
    assert len(pictures) == 100
    # The same moving picture twice, once large and once small.
    for large, small in zip(pictures[:50:10], pictures[50::10], strict=True):
        assert np.abs(large.astype(int) - small.astype(int)).mean() < 12


@pytest.mark.parametrize("late", [7.32, 30.0])
async def test_a_picture_that_comes_long_after_the_sound(tmp_path: Path, late: float) -> None:
    source = tmp_path / "film.mkv"
    sound = ["-f", "lavfi", "-i", f"sine=d={late + 5}"]
    shown = ["-itsoffset", late, "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=4"]
    ffmpeg(*sound, *shown, "-map", "1:v", "-map", "0:a", *X264, "-c:a", "aac", source)
    published = await publish(source, tmp_path / "out")
    pictures, _ = published.pictures()
    assert published.plan.duration == pytest.approx(late + 5, abs=0.1)
    assert len(pictures) == round(published.plan.duration * 25)
    # The first picture is held until the film's own begin.
    first = round(late * 25)
    assert np.abs(pictures[first - 2].astype(int) - pictures[0].astype(int)).mean() < 3
    assert np.abs(pictures[first + 25].astype(int) - pictures[0].astype(int)).mean() > 3
