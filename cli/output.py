"""How the commands say what they found and what went wrong."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer


class CommandError(Exception):
    """What ends a command, as one sentence, with the stable code behind it where there is one."""

    def __init__(self, sentence: str, code: str | None = None, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        """Of the gateway's answer, where it refused."""
        self.sentence = sentence
        self.code = code


@contextmanager
def told() -> Iterator[None]:
    """Around the work of a command: a CommandError is shown once everything inside, such as a bar, is closed."""
    try:
        yield
    except CommandError as error:
        fail(error.sentence, error.code)


def fail(sentence: str, code: str | None = None) -> NoReturn:
    """Ends the command with one sentence on standard error, the stable code behind it, and exit status 1."""
    print(f"lectern: {sentence}" + (f" ({code})" if code else ""), file=sys.stderr)
    raise typer.Exit(1)


def print_json(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False))
