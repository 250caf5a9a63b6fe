"""What was looked at, and what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.storage import StorageError

State = Literal["ok", "warning", "failed", "skipped"]


class Wrong(Exception):
    """What is wrong and what to do about it, in a sentence for the operator."""


class Doubtful(Exception):
    """The same of what may be meant so, or could not be looked at."""


@dataclass(frozen=True)
class Finding:
    """``store`` is ``private``, ``public`` or ``downloads``; ``check`` a stable name; ``said`` a sentence."""

    store: str
    check: str
    state: State
    said: str

    def dump(self) -> dict[str, Any]:
        return {"store": self.store, "check": self.check, "state": self.state, "message": self.said}


@dataclass
class Report:
    """The findings of one store, in the order in which they were made. ``explain`` turns a storage error of a check
    into the sentence."""

    store: str
    explain: Callable[[str, StorageError], str]
    findings: list[Finding] = field(default_factory=list)

    async def check(self, name: str, work: Awaitable[str]) -> bool:
        """Do it and write down what came of it; whether it went well. ``work`` gives what to say of it then."""
        try:
            self.add(name, "ok", await work)
        except Wrong as wrong:
            self.add(name, "failed", str(wrong))
        except Doubtful as doubtful:
            self.add(name, "warning", str(doubtful))
        except StorageError as error:
            self.add(name, "failed", self.explain(name, error))
        return self.findings[-1].state == "ok"

    def add(self, name: str, state: State, said: str) -> None:
        self.findings.append(Finding(self.store, name, state, said))

    def skip(self, *names: str, because: str) -> None:
        for name in names:
            self.add(name, "skipped", because)
