"""What lectures are made of: film, slides, a talking head, and a screen recording whose frames last as they like."""

import subprocess
from pathlib import Path

import imageio_ffmpeg

from tests.support.films import shared_media

FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
SECONDS = 60
REAL_FILM = shared_media() / "105_bbb_1080p25_62s_51aac.mp4"

_CODING = (
    *("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-g", "50", "-pix_fmt", "yuv420p"),
    *("-c:a", "aac", "-b:a", "160k", "-ac", "2"),
)
_SLIDES = (
    f"testsrc2=size=1920x1080:rate=25:duration={SECONDS},setpts=floor(N/200)*200/25/TB,fps=25,"
    "drawbox=x=200:y=200:w=1400:h=600:color=white@0.9:t=fill"
)
# A still room with the grain that a camera's own encoder leaves, and a face that moves a little.
_HEAD = (
    f"color=c=0x40506a:size=1920x1080:rate=25:duration={SECONDS},noise=alls=2:allf=t[room];"
    f"mandelbrot=size=480x640:rate=25:end_scale=0.2,trim=duration={SECONDS},hue=s=0.4,gblur=sigma=4[face];"
    "[room][face]overlay=x='720+20*sin(t*2)':y='240+12*sin(t*3.1)',format=yuv420p"
)
# Pictures come in bursts, and then for up to two seconds not at all.
_SCREEN = (
    f"testsrc2=size=1920x1080:rate=30:duration={SECONDS},"
    "select='lt(mod(t,5),1.6)+lt(mod(n,60),1)',drawbox=x='mod(t*211,1700)':y=500:w=180:h=90:color=red:t=fill"
)


def run(*arguments: object) -> None:
    subprocess.run([str(FFMPEG), "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def all_films(directory: Path) -> dict[str, Path]:
    """Name -> file. The film is a real one where the shared films are there; the others are made."""
    film = directory / "film.mp4"
    if REAL_FILM.is_file():
        film = REAL_FILM
    else:
        _make(film, f"mandelbrot=size=1920x1080:rate=25:end_scale=0.02,format=yuv420p,trim=duration={SECONDS}")
    found = {"film": film}
    for name, graph, more in (
        ("slides", _SLIDES, ()),
        ("talking head", _HEAD, ("-crf", "23")),
        ("screen", _SCREEN, ("-fps_mode", "vfr")),
    ):
        found[name] = directory / f"{name.replace(' ', '-')}.mp4"
        _make(found[name], graph, more)
    return found


def _make(path: Path, graph: str, more: tuple[str, ...] = ()) -> None:
    tone = f"sine=frequency=220:sample_rate=48000:duration={SECONDS},tremolo=f=3"
    run("-filter_complex", f"{graph}[v];{tone}[a]", "-map", "[v]", "-map", "[a]", *_CODING, *more, path)


def looped(film: Path, minutes: int, path: Path) -> Path:
    """The film again and again, copied, until it lasts so many minutes."""
    run("-stream_loop", "-1", "-i", film, "-t", minutes * 60, "-map", "0:v", "-map", "0:a?", "-c", "copy", path)
    return path
