"""Who receives webhooks: a real server, and the published library that checks what it is sent."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from standardwebhooks.webhooks import Webhook

from tests.support.served import Asked, Reply, StandIn

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Receiver(StandIn):
    """Answers 200, or what was laid down for a path. What it was sent stands in ``asked``."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__()
        self._replies: dict[str, list[Reply]] = {}
        self._held: dict[str, threading.Event] = {}

    def answer(self, path: str, *replies: Reply) -> None:
        """The next answers at ``path``, one for each request; after the last of them it is 200 again."""
        self._replies[path] = list(replies)

    @contextlib.contextmanager
    def holding(self, path: str) -> Iterator[None]:
        """Requests to ``path`` get no answer while a block runs."""
        self._held[path] = threading.Event()
        try:
            yield
        finally:
            self._held.pop(path).set()

    def reply(self, asked: Asked) -> Reply:
        if (held := self._held.get(asked.path)) is not None:
            held.wait(60)
        waiting = self._replies.get(asked.path)
        return waiting.pop(0) if waiting else Reply(200, b"thank you")

    def got(self, path: str) -> list[Asked]:
        return [one for one in list(self.asked) if one.path == path]

    def events(self, path: str) -> list[dict[str, Any]]:
        """The bodies of what came to ``path``, in the order in which it came."""
        return [json.loads(one.body) for one in self.got(path)]


def header(asked: Asked, name: str) -> str:
    return next(value for given, value in asked.headers.items() if given.lower() == name)


def verified(asked: Asked, secret: str, body: bytes | None = None) -> Any:
    """The document, as the published library lets it through; ``body`` in place of the one that came."""
    headers = {name: header(asked, name) for name in HEADERS}
    return Webhook(secret).verify(asked.body if body is None else body, headers)
