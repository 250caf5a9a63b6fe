"""Films by FFmpeg: small ones, and one whose flashes and beeps say what was seen and heard when."""

import os
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg

from tests.support.running import ROOT

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()

FLASH_SECONDS = 0.08
BEEP_SECONDS = 0.06
BEEP_HERTZ = 1000


def shared_media() -> Path:
    """The shared films, where this machine has them; LECTERN_MEDIA_DIR names another place."""
    return Path(os.environ.get("LECTERN_MEDIA_DIR", ROOT.parent / "shared" / "media"))


def run_ffmpeg(*arguments: str) -> str:
    """Run FFmpeg; what it printed on standard error. AssertionError with that when it failed."""
    command = [FFMPEG, "-nostdin", "-hide_banner", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, check=False)
    assert done.returncode == 0, f"FFmpeg ended with {done.returncode}: {' '.join(arguments)}\n{done.stderr[-3000:]}"
    return done.stderr


def make_film(
    path: Path,
    *,
    seconds: float = 8,
    size: str = "320x180",
    fps: int = 25,
    sound: bool = True,
    pictures: str = "testsrc2",
    output: Sequence[str] = (),
) -> Path:
    """A film of FFmpeg's moving test picture (every picture differs from the one before) and a sine."""
    source = ["-f", "lavfi", "-i", f"{pictures}=size={size}:rate={fps}:duration={seconds}"]
    if sound:
        source += ["-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:duration={seconds}", "-c:a", "aac"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p", "-g", str(2 * fps)]
    run_ffmpeg("-v", "error", *source, *(output or coding), "-y", str(path))
    return path


def make_marked_film(path: Path, marks: Sequence[float], *, seconds: float, size: str, fps: int = 25) -> Path:
    """A film that flashes white and beeps at each of ``marks`` (seconds, on whole frames), at the very same moment."""
    lit = "+".join(f"between(n,{round(mark * fps)},{round((mark + FLASH_SECONDS) * fps) - 1})" for mark in marks)
    loud = "+".join(f"gte(t,{mark:.3f})*lt(t,{mark + BEEP_SECONDS:.3f})" for mark in marks)
    run_ffmpeg(
        "-v", "error",
        "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}:duration={seconds}",
        "-f", "lavfi", "-i", f"aevalsrc='0.7*sin(2*PI*{BEEP_HERTZ}*t)*({loud})':s=48000:d={seconds}",
        "-vf", f"drawbox=color=white:t=fill:enable='{lit}',format=yuv420p",
        "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-g", "60", "-bf", "2",
        "-c:a", "aac", "-b:a", "160k", "-ac", "2", "-y", str(path),
    )  # fmt: skip
    return path


def padded_film(film: Path, size: int) -> Iterator[bytes]:
    """The bytes of a valid MP4 of ``size`` bytes: ``film``, then a ``free`` box of zeros, in pieces of a megabyte."""
    head = film.read_bytes()
    left = size - len(head)
    assert left >= 8
    yield head + struct.pack(">I4s", left, b"free")
    left -= 8
    piece = bytes(1024 * 1024)
    while left > 0:
        yield piece[: min(left, len(piece))]
        left -= len(piece)
