"""The three films of the demo course, drawn and sounded by FFmpeg alone: no file, no font, nothing downloaded.

Pictures are computed small and scaled up: soft motifs do not show it, and a slow machine has them in seconds.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

SECONDS = 24
WIDTH, HEIGHT, RATE = 1280, 720, 25


@dataclass(frozen=True)
class Film:
    name: str
    picture: str
    sound: str


def _chord(*voices: tuple[float, float]) -> str:
    """Slowly swelling tones, (frequency, swells per second) each, with a little echo and soft ends."""
    tones = "+".join(
        f"{0.26 / len(voices) ** 0.5:.3f}*sin(2*PI*{frequency}*t)*(0.6+0.4*sin(2*PI*{swell}*t+{number}))"
        for number, (frequency, swell) in enumerate(voices)
    )
    return (
        f"aevalsrc='{tones}':s=48000:d={SECONDS},aecho=0.8:0.6:180|320:0.3|0.2,"
        f"afade=in:d=1.5,afade=out:st={SECONDS - 2}:d=2"
    )


_SCALE = f"vignette=PI/5,scale={WIDTH}:{HEIGHT}:flags=bicubic,setsar=1,format=yuv420p"

FILMS = (
    Film(
        "light",
        f"gradients=s=320x180:r={RATE}:d={SECONDS}:n=4:c0=0x0b1d3a:c1=0x1f6f8b:c2=0xf2a65a:c3=0xd1495b"
        f":speed=0.012:type=spiral:seed=11,{_SCALE}",
        _chord((220.0, 0.125), (277.18, 0.1), (329.63, 0.15)),
    ),
    Film(
        "depth",
        f"mandelbrot=s=640x360:r={RATE}:start_x=-0.7436438870371587:start_y=-0.1318259042053119"
        f":start_scale=2.4:end_scale=0.004:end_pts={SECONDS * RATE}:maxiter=300:inner=black,hue=s=0.8,{_SCALE}",
        _chord((196.0, 0.1), (246.94, 0.14), (293.66, 0.08), (392.0, 0.2)),
    ),
    Film(
        "life",
        f"life=s=320x180:r={RATE}:mold=12:ratio=0.22:seed=7:life_color=#f4d35e:death_color=#0d3b66"
        f":mold_color=#1a659e,{_SCALE}",
        _chord((174.61, 0.12), (261.63, 0.09), (349.23, 0.16)),
    ),
)


async def make_film(ffmpeg: str, film: Film, target: Path) -> None:
    """Writes the film unless it is there. Raises RuntimeError with what FFmpeg said."""
    if await asyncio.to_thread(target.exists):
        return
    unfinished = target.with_suffix(".part.mp4")
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-g", str(2 * RATE)]
    sound = ["-c:a", "aac", "-b:a", "128k", "-ac", "2"]
    child = await asyncio.create_subprocess_exec(
        ffmpeg, "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", film.picture, "-f", "lavfi", "-i", film.sound,
        "-t", str(SECONDS), *encode, *sound, "-movflags", "+faststart", str(unfinished),
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await child.communicate()
    if child.returncode != 0:
        raise RuntimeError(f"FFmpeg could not make the film {film.name}: {said.decode('utf-8', 'replace').strip()}")
    # What stands under the final name is whole, whenever the power went.
    await asyncio.to_thread(unfinished.replace, target)
