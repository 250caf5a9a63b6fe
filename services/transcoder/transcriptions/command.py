"""The operator's own command that writes down what is said (``TRANSCRIBE_COMMAND``).

It is trusted as whoever set it is: it may use the network and a graphics card, and reads what the worker's user may.
What it does not get are the worker's secrets, as it starts with a bare environment; and it ends with its worker, or when
it takes too long.
"""

import asyncio
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from services.transcoder.ffmpeg.process import CageBroken, FFmpegFailed, ProcessLimits, run

MOST_BYTES = 2 * 1024 * 1024
"""Of what it writes: the most that captions may have."""
AUDIO, OUTPUT, LANGUAGE = "{audio}", "{output}", "{language}"
_KEPT = ("PATH", "HOME", "LANG", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "HF_HOME", "XDG_CACHE_HOME")
"""Variables that name where things are, and hold no secret."""


class CommandFailed(Exception):
    """It wrote nothing that can be used. ``message`` is for staff, ``detail`` has its last words."""

    def __init__(self, code: str, message: str, detail: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.detail = detail


@dataclass(frozen=True)
class TranscribeCommand:
    """``template`` is a command line, split as a shell would, that no shell sees; ``timeout`` is in seconds."""

    template: str
    timeout: float

    @classmethod
    def checked(cls, template: str, timeout: float) -> "TranscribeCommand":
        """Raises ValueError with a sentence for who set it."""
        words = shlex.split(template)
        if not words or AUDIO not in template or OUTPUT not in template:
            raise ValueError(f"name a program, with {AUDIO} and {OUTPUT} where the paths of both files belong")
        return cls(template, timeout)

    @classmethod
    def set_by(cls, template: str, timeout: float) -> "TranscribeCommand | None":
        """What an operator set, None for nothing; ends the process with a sentence where it cannot be a command."""
        try:
            return cls.checked(template, timeout) if template.strip() else None
        except ValueError as error:
            raise SystemExit(f"Setting TRANSCRIBE_COMMAND: {error}. .env.example has an example.") from None

    async def run(self, audio: Path, output: Path, language: str) -> str:
        """What it wrote to ``output``: WebVTT or SubRip, to be read by who takes it over. Raises CommandFailed."""
        values = {AUDIO: str(audio), OUTPUT: str(output), LANGUAGE: language}
        argv = [_filled(word, values) for word in shlex.split(self.template)]
        # The launcher starts what it is given, and looks nowhere for it.
        argv[0] = await asyncio.to_thread(_found, argv[0])
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        try:
            async with asyncio.timeout(self.timeout):
                finished = await run(
                    argv,
                    stall_timeout=2 * self.timeout,
                    limits=_FREE,
                    capture_stdout=True,
                    cwd=output.parent,
                    environment={**environment, "TMPDIR": str(output.parent)},
                )
        except TimeoutError:
            hours = self.timeout / 3600
            raise CommandFailed("transcription_timeout", f"Nothing was transcribed within {hours:g} hours.") from None
        except FFmpegFailed as error:
            raise CommandFailed("transcription_failed", _SENTENCE, "\n".join(error.stderr_tail)) from None
        except CageBroken as error:
            sentence = "The transcription command cannot be started on this worker."
            raise CommandFailed("transcription_failed", sentence, str(error)) from None
        if finished.returncode != 0:
            detail = "\n".join([f"It ended with {finished.returncode}.", *finished.stderr_tail])
            raise CommandFailed("transcription_failed", _SENTENCE, detail)
        return await asyncio.to_thread(_written, output)


_FREE = ProcessLimits(
    memory_bytes=None,
    cpu_seconds=None,
    file_bytes=None,
    open_files=None,
    processes=None,
    niceness=10,
    cut_network=False,
)
_SENTENCE = "The transcription command failed. An administrator finds its last words in the worker's log."


def _found(program: str) -> str:
    return shutil.which(program) or program


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def _written(path: Path) -> str:
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError:
        raise CommandFailed("transcription_failed", "The transcription command wrote no captions.") from None
    if len(body) > MOST_BYTES:
        raise CommandFailed("transcription_failed", f"The command wrote more than {MOST_BYTES:,} bytes of captions.")
    try:
        return body.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError:
        raise CommandFailed("transcription_failed", "The command wrote captions that are not UTF-8.") from None
