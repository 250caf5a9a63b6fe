"""FFmpeg as an HLS client, and what can be read of playlists and segments without it."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from urllib.parse import urljoin

import av
import httpx
import numpy as np
from Crypto.Cipher import AES
from Crypto.Util.Padding import unpad

from tests.support.films import BEEP_HERTZ, FFMPEG

_STRICT = ["-nostdin", "-hide_banner", "-v", "warning", "-fflags", "+discardcorrupt"]


@dataclass(frozen=True)
class Variant:
    """One line of a master playlist."""

    attributes: dict[str, str]
    url: str

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[-1].removesuffix(".m3u8")

    @property
    def height(self) -> int:
        return int(self.attributes["RESOLUTION"].split("x")[1])


@dataclass(frozen=True)
class Segment:
    url: str
    seconds: float
    key_url: str
    iv: bytes


@dataclass(frozen=True)
class Played:
    """What a strict client got: pictures and their times, and what it complained about."""

    frames: int
    times: list[float]
    complaints: str


def fetch(url: str) -> bytes:
    answer = httpx.get(url, timeout=60, follow_redirects=True)
    assert answer.status_code == 200, f"{answer.status_code} for {url}: {answer.text[:300]}"
    return answer.content


def read_master(url: str) -> list[Variant]:
    """The variants of a master playlist, in its order."""
    lines = fetch(url).decode().splitlines()
    assert lines[0] == "#EXTM3U"
    return [
        Variant(_attributes(line), urljoin(url, lines[number + 1]))
        for number, line in enumerate(lines)
        if line.startswith("#EXT-X-STREAM-INF:")
    ]


def audio_url(url: str) -> str:
    """The media playlist of a master playlist's sound."""
    line = next(line for line in fetch(url).decode().splitlines() if line.startswith("#EXT-X-MEDIA:TYPE=AUDIO"))
    return urljoin(url, _attributes(line)["URI"])


def read_media(url: str) -> list[Segment]:
    """The segments of a media playlist, with their keys."""
    found: list[Segment] = []
    key_url, iv, seconds = "", b"", 0.0
    lines = fetch(url).decode().splitlines()
    assert lines[-1] == "#EXT-X-ENDLIST"
    for line in lines:
        if line.startswith("#EXT-X-KEY:"):
            attributes = _attributes(line)
            assert attributes["METHOD"] == "AES-128"
            key_url, iv = urljoin(url, attributes["URI"]), bytes.fromhex(attributes["IV"].removeprefix("0x"))
        elif line.startswith("#EXTINF:"):
            seconds = float(line.removeprefix("#EXTINF:").split(",")[0])
        elif line and not line.startswith("#"):
            found.append(Segment(urljoin(url, line), seconds, key_url, iv))
    return found


def decrypt(ciphertext: bytes, key: bytes, iv: bytes) -> bytes:
    return unpad(AES.new(key, AES.MODE_CBC, iv=iv).decrypt(ciphertext), AES.block_size)


def is_transport_stream(data: bytes) -> bool:
    """Whether packets of 188 bytes follow each other from the first byte on."""
    return len(data) >= 188 and len(data) % 188 == 0 and all(data[place] == 0x47 for place in range(0, len(data), 188))


def play(url: str, *, quality: int = 0, options: Sequence[str] = ()) -> Played:
    """Play a master playlist as a strict client: the pictures of variant ``quality`` and the sound, all decoded."""
    # framecrc lists every picture that came out of the decoder, with its time: none is dropped or doubled unseen.
    command = [
        FFMPEG, *_STRICT, *options, "-i", url, "-map", f"0:v:{quality}", "-map", "0:a?", "-fps_mode", "passthrough",
        "-f", "framecrc", "-",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, check=False)
    assert done.returncode == 0, f"FFmpeg cannot play it ({done.returncode}): {done.stderr[-2000:]}"
    base = Fraction(1)
    times = []
    for line in done.stdout.splitlines():
        if line.startswith("#tb 0:"):
            base = Fraction(line.split(":")[1].strip())
        elif line.startswith("0,"):
            times.append(float(int(line.split(",")[2]) * base))
    return Played(len(times), times, done.stderr.strip())


def lasted(played: Played, fps: float) -> float:
    """Seconds from the first picture's appearance to the last one's end."""
    return played.times[-1] - played.times[0] + 1 / fps


def ssim_of_each_picture(url: str, source: Path, *, quality: int, fps: int) -> list[float]:
    """How like the source each picture of variant ``quality`` is, picture by picture in order (1 is the same)."""
    graph = (
        f"[0:v:{quality}]settb=1/{fps},setpts=N[shown];[1:v]settb=1/{fps},setpts=N[meant];"
        "[shown][meant]ssim=stats_file=-"
    )
    command = [FFMPEG, *_STRICT, "-i", url, "-i", str(source), "-lavfi", graph, "-an", "-f", "null", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [float(found) for found in re.findall(r"All:([\d.]+)", done.stdout)]


def flashes_and_beeps(url: str, work: Path, *, quality: int = 0) -> tuple[list[float], list[float]]:
    """When a viewer sees each flash begin and hears each beep begin, in seconds on the player's clock."""
    decoded = work / "decoded.nut"
    command = [
        FFMPEG, *_STRICT, "-i", url, "-map", f"0:v:{quality}", "-map", "0:a:0", "-fps_mode", "passthrough",
        "-vf", "scale=64:36,format=gray", "-c:v", "rawvideo", "-c:a", "pcm_s16le", "-ac", "1", "-ar", "48000",
        "-y", str(decoded),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    lit: list[tuple[float, bool]] = []
    sound: list[tuple[float, np.ndarray]] = []
    with av.open(str(decoded)) as container:
        for frame in container.decode():
            assert frame.time is not None
            if isinstance(frame, av.VideoFrame):
                lit.append((frame.time, bool(frame.to_ndarray(format="gray").mean() > 215)))
            elif isinstance(frame, av.AudioFrame):
                sound.append((frame.time, frame.to_ndarray().reshape(-1).astype(np.float64) / 32768))
    decoded.unlink()
    flashes = [time for number, (time, is_lit) in enumerate(lit) if is_lit and not (number and lit[number - 1][1])]
    return flashes, _beeps(sound)


def _beeps(sound: list[tuple[float, np.ndarray]], rate: int = 48_000) -> list[float]:
    """Beginnings of the stretches in which the beep's tone is loud."""
    window = rate // BEEP_HERTZ
    first = sound[0][0]
    whole = np.zeros(round((sound[-1][0] - first) * rate) + len(sound[-1][1]) + window)
    for time, samples in sound:
        start = round((time - first) * rate)
        whole[start : start + len(samples)] = samples
    energy = np.sqrt(np.convolve(whole**2, np.ones(window) / window, mode="full")[: len(whole)])
    loud = energy > 0.5 * energy.max()
    begins = np.flatnonzero(loud & ~np.concatenate(([False], loud[:-1])))
    kept: list[float] = []
    for begin in begins:
        # The window looks back, so what it finds began within it; a tone that wavers is one beep all the same.
        moment = first + max(0.0, float(begin) / rate - window / rate / 2)
        if not kept or moment - kept[-1] > 0.1:
            kept.append(moment)
    return kept


def sequence_parameters(transport_stream: bytes) -> bytes:
    """profile_idc, constraint flags and level_idc of the H.264 in a decrypted segment: three bytes of its SPS."""
    command = [FFMPEG, "-v", "error", "-f", "mpegts", "-i", "pipe:0", "-c", "copy", "-f", "h264", "pipe:1"]
    raw = subprocess.run(command, input=transport_stream, capture_output=True, check=True, timeout=60).stdout
    for found in re.finditer(rb"\x00\x00\x01", raw):
        unit = raw[found.end() : found.end() + 4]
        if unit and unit[0] & 0x1F == 7:
            return unit[1:4]
    raise AssertionError("the segment holds no sequence parameter set")


def _attributes(line: str) -> dict[str, str]:
    found = re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', line.split(":", 1)[1])
    return {name: value.strip('"') for name, value in found}
