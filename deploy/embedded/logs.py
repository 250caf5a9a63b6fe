"""What the processes say: prefixed on the terminal, whole in LECTERN_HOME/logs, one rotated file each.

Writing happens in one thread, so a slow disk or terminal does not hold up the supervisor's loop.
"""

import os
import queue
import sys
import threading
from pathlib import Path
from typing import IO

ROTATE_AT_BYTES = 8 * 1024 * 1024
KEPT_FILES = 3
_COLOURS = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)
_LONGEST_LINE = 64 * 1024
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT


class _RotatedFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._size = 0

    def write(self, line: bytes) -> None:
        try:
            if self._file is None:
                self._file = os.fdopen(os.open(self._path, _APPEND, 0o600), "ab", buffering=0)
                self._size = self._file.tell()
            self._file.write(line + b"\n")
            self._size += len(line) + 1
            if self._size >= ROTATE_AT_BYTES:
                self._rotate()
        except OSError:
            # A full disk must not stop the suite for want of its log; the terminal still has the line.
            return

    def _rotate(self) -> None:
        self.close()
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self._path.with_suffix(f".log.{number}")
            if older.exists():
                older.replace(self._path.with_suffix(f".log.{number + 1}"))
        self._path.replace(self._path.with_suffix(".log.1"))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class LogBook:
    """Takes lines from all processes. `width` is that of the longest name, for a straight margin."""

    def __init__(self, directory: Path, width: int = 18, *, quiet: bool = False) -> None:
        self._directory = directory
        self._width = width
        self._quiet = quiet
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = {}
        self._lines: queue.SimpleQueue[tuple[str, bytes] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="log-book", daemon=True)
        self._thread.start()

    def line(self, name: str, text: bytes | str) -> None:
        self._lines.put((name, text.encode() if isinstance(text, str) else text))

    def announce(self, text: str) -> None:
        """A line for the person at the terminal, without prefix."""
        self._lines.put(("", text.encode()))

    def path(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def close(self) -> None:
        self._lines.put(None)
        self._thread.join(timeout=5)

    def _write_all(self) -> None:
        files: dict[str, _RotatedFile] = {}
        while (item := self._lines.get()) is not None:
            name, text = item
            if name:
                files.setdefault(name, _RotatedFile(self.path(name))).write(text)
            self._show(name, text)
        for file in files.values():
            file.close()

    def _show(self, name: str, text: bytes) -> None:
        if self._quiet and name not in ("", "lectern"):
            return
        prefix = f"{name:<{self._width}} | " if name else ""
        if prefix and self._coloured:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        try:
            sys.stdout.write(prefix + text.decode("utf-8", "replace") + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            # The terminal is gone (`make run | head`): the files go on.
            self._quiet = True


class LineSplitter:
    """Cuts a stream of bytes into lines; a line without end is cut at 64 KiB."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [line.rstrip(b"\r") for line in lines]

    def finish(self) -> list[bytes]:
        rest, self._rest = self._rest, b""
        return [rest] if rest else []
