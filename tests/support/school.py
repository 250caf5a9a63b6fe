"""The platform's side of ENTITLEMENT_URL: a small server that says who may watch, and remembers what it was asked."""

import hashlib
import hmac
import json
import time
from typing import Any, Literal

SECRET = "s" * 20 + "chool" * 4
Mood = Literal["well", "silent", "broken", "nonsense"]


class School:
    """An ASGI app. ``refused`` are user ids with the reason why not; all others may watch."""

    def __init__(self) -> None:
        self.mood: Mood = "well"
        self.refused: dict[str, str | None] = {}
        self.until: str | None = None
        self.nonsense: tuple[int, bytes] = (200, b"{}")
        self.questions: list[dict[str, Any]] = []
        self.forged = 0
        """How many questions had no good signature."""

    def asked(self, user: str) -> int:
        return sum(question["userId"] == user for question in self.questions)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.forged += not is_signed(headers.get("lectern-signature", ""), body)
        question = json.loads(body)
        self.questions.append(question)
        if self.mood == "silent":
            # Until whoever asked hangs up.
            await receive()
            return
        status, said = {"broken": (500, b"oops"), "nonsense": self.nonsense}.get(self.mood) or self._word(question)
        more = [(b"location", b"/elsewhere")] if status in (301, 302) else []
        await send({"type": "http.response.start", "status": status, "headers": more})
        await send({"type": "http.response.body", "body": said})

    def _word(self, question: dict[str, Any]) -> tuple[int, bytes]:
        user = question["userId"]
        said: dict[str, Any] = {"allowed": user not in self.refused}
        if user in self.refused:
            said["reason"] = self.refused[user]
        if self.until is not None:
            said["until"] = self.until
        return 200, json.dumps(said).encode()


def is_signed(header: str, body: bytes) -> bool:
    """As docs/api.md tells a platform to check it."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    expected = hmac.new(SECRET.encode(), f"{parts.get('t')}.".encode() + body, hashlib.sha256).hexdigest()
    fresh = parts.get("t", "").isdigit() and abs(time.time() - int(parts["t"])) < 300
    return fresh and hmac.compare_digest(expected, parts.get("v1", ""))
