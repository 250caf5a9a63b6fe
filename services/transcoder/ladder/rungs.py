"""The ladder: sizes, rates and H.264 levels of the renditions of one source."""

from __future__ import annotations

from fractions import Fraction

from services.transcoder.ladder.model import VideoStream
from services.transcoder.ladder.schema import VideoRendition

RUNGS = (1080, 720, 480, 360)
LONGEST_SIDE = 4096
PROFILE = "high"
_PROFILE_BYTES = "6400"

# What 16:9 at 30 frames per second may need, by the picture's pixels: twice the
# pixels need less than twice the bits, as neighbouring pixels agree more.
_TOP_MAXRATE = 6_000_000
_TOP_PIXELS = 1920 * 1080
_RATE_EXPONENT = 0.85
_FAST_MOTION = 1.5
_SMALLEST_MAXRATE = 200_000
_VBV_SECONDS = 1.5
_TS_OVERHEAD = 1.08

# Small pictures are enlarged on the screen, which shows their flaws: finer quantisation below.
_CRF = ((700, 23.0), (460, 22.5), (0, 22.0))

# level, macroblocks per second, macroblocks per picture, macroblocks in the decoded picture
# buffer, and bit rate in the High profile (ITU-T H.264 table A-1, rates x 1.25).
_LEVELS = (
    ("3.0", 40_500, 1_620, 8_100, 12_500_000),
    ("3.1", 108_000, 3_600, 18_000, 17_500_000),
    ("3.2", 216_000, 5_120, 20_480, 25_000_000),
    ("4.0", 245_760, 8_192, 32_768, 25_000_000),
    ("4.2", 522_240, 8_704, 34_816, 62_500_000),
    ("5.0", 589_824, 22_080, 110_400, 168_750_000),
    ("5.1", 983_040, 36_864, 184_320, 300_000_000),
    ("5.2", 2_073_600, 36_864, 184_320, 300_000_000),
    ("6.2", 16_711_680, 139_264, 696_320, 1_000_000_000),
)
_REFERENCE_PICTURES = 4  # what x264 declares with a B-pyramid


def upright_size(video: VideoStream) -> tuple[Fraction, Fraction]:
    """Width and height as shown: square pixels, turned upright. The lines stay, as rungs are named after them."""
    width, height = Fraction(video.width), Fraction(video.height)
    sar = Fraction(video.sar)
    if not Fraction(1, 8) <= sar <= 8:  # no real picture has such pixels: a broken tag
        sar = Fraction(1)
    width *= sar
    if video.rotation in (90, 270):
        width, height = height, width
    return width, height


def sizes(width: Fraction, height: Fraction) -> list[tuple[int, int]]:
    """(width, height) of each rung, highest first, all even."""
    short, long = min(width, height), max(width, height)
    ratio = long / short
    own = max(2, int(short) // 2 * 2)
    tops = [r for r in RUNGS if r < own]
    if own <= RUNGS[0]:
        tops.insert(0, own)
    result: list[tuple[int, int]] = []
    for rung in tops:
        narrow, wide = rung, max(2, round(rung * ratio / 2) * 2)
        if rung == own:
            wide = min(wide, max(2, int(long) // 2 * 2))
        if wide > LONGEST_SIDE:
            wide = LONGEST_SIDE
            narrow = max(2, int(LONGEST_SIDE / ratio) // 2 * 2)
        size = (wide, narrow) if width >= height else (narrow, wide)
        if size not in result:
            result.append(size)
    return result


def maxrate(width: int, height: int, fps: Fraction) -> int:
    """Cap of the encoder in bit/s, in steps of 1000."""
    rate = _TOP_MAXRATE * (width * height / _TOP_PIXELS) ** _RATE_EXPONENT
    if fps > 31:
        rate *= _FAST_MOTION
    return max(_SMALLEST_MAXRATE, int(rate / 1000) * 1000)


def level(width: int, height: int, fps: Fraction, rate: int) -> str:
    """The lowest H.264 level that such a stream keeps to."""
    blocks = -(-width // 16) * -(-height // 16)
    for name, per_second, per_picture, buffered, bits in _LEVELS:
        if (
            blocks <= per_picture
            and blocks * fps <= per_second
            and blocks * _REFERENCE_PICTURES <= buffered
            and rate <= bits
        ):
            return name
    return _LEVELS[-1][0]


def renditions(video: VideoStream, fps: Fraction, target: float) -> tuple[VideoRendition, ...]:
    """The renditions of a source, highest first. `target` is the segment length aimed at, in seconds."""
    result = []
    for width, height in sizes(*upright_size(video)):
        short = min(width, height)
        rate = maxrate(width, height, fps)
        buffer = int(rate * _VBV_SECONDS)
        name = level(width, height, fps, rate)
        result.append(
            VideoRendition(
                name=f"{short}p",
                width=width,
                height=height,
                crf=next(crf for least, crf in _CRF if short >= least),
                maxrate=rate,
                bufsize=buffer,
                profile=PROFILE,
                level=name,
                codecs=f"avc1.{_PROFILE_BYTES}{int(name.replace('.', '')):02x}",
                bandwidth=int((rate + buffer / (target / 2)) * _TS_OVERHEAD),
            )
        )
    return tuple(result)
