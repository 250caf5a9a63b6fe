"""The platform's side of the API: its JWTs, its courses, and its people as HTTP clients."""

import itertools
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from jose import jwt

from tests.support.patience import PATIENCE, until
from tests.support.running import Suite

ELSEWHERE = "127.0.1.2"
"""A loopback address in another /24 than 127.0.0.1: another network."""
_TELLS_SECRETS = re.compile(r"/(access-tokens?|api-keys|sign-in|stream|webhooks|secret|rotate-secret)$|\.key$")
_SECRETS = re.compile(r"(?<![\w.-])[\w-]{43}(?![\w.-])|lk_[\w-]{66}|whsec_[\w+/]{43}=|eyJ[\w-]+\.[\w-]+\.[\w-]+")
"""Tokens and path credentials, API keys, secrets of webhooks, and JWTs."""
_ORDER = {"uploading": 0, "processing": 1, "playable": 2, "ready": 3, "failed": 3}


@dataclass(frozen=True)
class Course:
    id: str
    chapters: list[str]


@dataclass(frozen=True)
class View:
    """An open playback session. ``base`` is its path up to and without the last slash."""

    document: dict[str, Any]
    url: str

    @property
    def base(self) -> str:
        return str(self.document["masterUrl"]).removesuffix("/master.m3u8")

    @property
    def master(self) -> str:
        return self.url + str(self.document["masterUrl"])

    def path(self, name: str) -> str:
        return f"{self.base}/{name}"


@dataclass
class Platform:
    suite: Suite
    _clients: list[httpx.Client] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def jwt(self, role: str, user: str, *, drop: Sequence[str] = (), secret: str | None = None, **claims: Any) -> str:
        """A JWT as the platform signs it; ``claims`` replace and ``drop`` leaves out."""
        now = int(time.time())
        body = {"sub": user, "role": role, "iss": "lectern", "aud": "lectern", "iat": now, "exp": now + 3600, **claims}
        for name in drop:
            del body[name]
        token: str = jwt.encode(body, secret or self.suite.secrets()["PLATFORM_JWT_SECRET"], algorithm="HS256")
        self.suite.spoken.add(token)
        return token

    def client(self, token: str | None = None, *, address: str | None = None, at: str | None = None) -> httpx.Client:
        """A connection to the gateway, from ``address`` where one is named; to another than the suite's ``at`` a URL."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        transport = httpx.HTTPTransport(local_address=address) if address else None
        hooks = {"response": [self._overhear]}
        client = httpx.Client(
            base_url=at or self.suite.url, headers=headers, transport=transport, timeout=60, event_hooks=hooks
        )
        self._clients.append(client)
        return client

    def _overhear(self, answer: httpx.Response) -> None:
        """Keeps what is refused, and what nobody else may ever read."""
        if answer.is_error:
            self.suite.refusals.append(answer.read().decode(errors="replace"))
        elif _TELLS_SECRETS.search(answer.request.url.path):
            answer.read()
            if answer.headers["content-type"] == "application/octet-stream":
                self.suite.spoken.add(answer.content.hex())
            else:
                self.suite.spoken |= set(_SECRETS.findall(answer.text))

    def person(
        self, role: str, user: str | None = None, *, address: str | None = None, at: str | None = None
    ) -> httpx.Client:
        return self.client(self.jwt(role, user or self.new_id(role)), address=address, at=at)

    def new_id(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}-{uuid.uuid4().hex[:8]}"

    def close(self) -> None:
        while self._clients:
            self._clients.pop().close()

    @property
    def admin(self) -> httpx.Client:
        if not hasattr(self, "_admin"):
            self._admin = self.person("admin", "e2e-admin")
        return self._admin

    def new_course(
        self, chapters: int = 1, *, sequential: bool = False, restricted: bool = False, free: bool = False
    ) -> Course:
        """A course of its own, with unique ids."""
        course = self.new_id("course")
        ids = [f"{course}.ch{number}" for number in range(1, chapters + 1)]
        body = {
            "title": f"Course {course}",
            "isSequential": sequential,
            "chapters": [
                {
                    "id": chapter, "title": f"Chapter {number}", "isFree": free, "firstWatchRestricted": restricted,
                    "position": number,
                }
                for number, chapter in enumerate(ids, 1)
            ],
        }  # fmt: skip
        good(self.admin.put(f"/api/admin/courses/{course}", json=body))
        return Course(course, ids)

    def student(self, course: Course | None = None, user: str | None = None) -> httpx.Client:
        """A student, enrolled in ``course`` where one is named."""
        user = user or self.new_id("student")
        if course is not None:
            good(self.admin.put(f"/api/admin/enrollments/{course.id}/{user}"))
        return self.person("student", user)

    def teacher(self, course: Course, user: str | None = None) -> httpx.Client:
        """An instructor of ``course``."""
        user = user or self.new_id("teacher")
        good(self.admin.put(f"/api/admin/courses/{course.id}/instructors/{user}"), 204)
        return self.person("instructor", user)

    def send(self, chapter: str, film: Path | bytes, name: str = "film.mp4", *, by: httpx.Client | None = None) -> Any:
        """The answer to an upload as a browser sends it."""
        with _opened(film) as body:
            files = {"video": (name, body, "video/mp4")}
            return (by or self.admin).post("/api/videos/upload", data={"chapterId": chapter}, files=files)

    def upload(self, chapter: str, film: Path, name: str = "film.mp4") -> str:
        """Upload a film; the id of its video."""
        answer = good(self.send(chapter, film, name), 202)
        assert answer["status"] in ("uploading", "processing")
        return str(answer["videoId"])

    def replace(self, video: str, film: Path | bytes, name: str = "film.mp4") -> Any:
        with _opened(film) as body:
            return self.admin.put(f"/api/videos/{video}/replace", files={"video": (name, body, "video/mp4")})

    def status(self, video: str) -> dict[str, Any]:
        document: dict[str, Any] = good(self.admin.get(f"/api/videos/{video}/status"))
        return document

    def wait_for(self, video: str, *statuses: str, patience: float = PATIENCE) -> dict[str, Any]:
        """The status document once its status is one of ``statuses`` (``ready`` if none is named)."""
        wanted = statuses or ("ready",)

        def look() -> dict[str, Any] | None:
            document = self.status(video)
            assert document["status"] != "failed" or "failed" in wanted, f"the film failed: {document['error']}"
            return document if document["status"] in wanted else None

        found = until(look, f"video {video} to be {' or '.join(wanted)}", patience=patience, every=0.15)
        assert found is not None
        return found

    def follow(self, video: str) -> list[dict[str, Any]]:
        """All status documents that differ, up to ``ready``."""
        seen: list[dict[str, Any]] = []

        def look() -> bool:
            document = self.status(video)
            assert document["status"] != "failed", f"the film failed: {document['error']}"
            if not seen or document != seen[-1]:
                seen.append(document)
            return bool(document["status"] == "ready")

        until(look, f"video {video} to be ready", every=0.15)
        return seen

    def ready(self, chapter: str, film: Path) -> str:
        """Upload a film and wait until it is ready; the id of its video."""
        video = self.upload(chapter, film)
        self.wait_for(video)
        return video

    def source_key(self, video: str) -> str:
        """Where the source of the newest version stands in the private store: below another film's id, where one of the
        same content was there before."""
        newest = "SELECT source_key FROM media.video_versions WHERE video_id = $1::text::uuid ORDER BY number DESC"
        return str(self.suite.query(newest, video)[0]["source_key"])

    def source(self, video: str) -> bytes:
        """The bytes of a source on disk."""

        def read() -> bytes | None:
            # It may be moved to another film's between the question and the reading.
            try:
                return (self.suite.home / "storage" / "private" / self.source_key(video)).read_bytes()
            except FileNotFoundError:
                return None

        found = until(read, "the source")
        assert found is not None
        return found

    def access_token(self, who: httpx.Client, video: str) -> str:
        return str(good(who.get(f"/api/videos/{video}/access-token"))["token"])

    def spend(self, who: httpx.Client, token: str) -> httpx.Response:
        """Spend a token, asking for the session as our players do."""
        return who.get("/api/videos/stream", params={"token": token}, headers={"Accept": "application/json"})

    def watch(self, who: httpx.Client, video: str) -> View:
        """Open a playback session as a player does. From there on no header is needed."""
        return View(good(self.spend(who, self.access_token(who, video))), str(who.base_url).rstrip("/"))

    def grow_older(self, view: View, time: str) -> None:
        """What the database would hold if the session had been opened that much earlier (``110 minutes``)."""
        moments = ("created_at", "last_active_at", "expires_at", "absolute_expires_at")
        change = ", ".join(f"{name} = {name} - interval '{time}'" for name in moments)
        session = view.document["sessionId"]
        self.suite.query(f"UPDATE access.playback_sessions SET {change} WHERE id = $1::text::uuid", session)

    def key(self, view: View, epoch: int = 1, window: int = 0) -> bytes:
        answer = self.client().get(view.path(f"key/{epoch}/{window}.key"))
        assert answer.status_code == 200, answer.text
        return answer.content


def statuses_of(documents: Sequence[dict[str, Any]]) -> list[str]:
    """The statuses in the order in which they were seen, each once in a row."""
    return [name for name, _ in itertools.groupby(document["status"] for document in documents)]


def is_forward(statuses: Sequence[str]) -> bool:
    return all(_ORDER[before] < _ORDER[after] for before, after in itertools.pairwise(statuses))


def good(answer: httpx.Response, status: int = 200) -> Any:
    """The document of an answer that must be ``status``."""
    assert answer.status_code == status, (
        f"{answer.request.method} {answer.url.path}: {answer.status_code} {answer.text}"
    )
    return answer.json() if answer.content else None


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer that must be a refusal with ``status`` and ``code``."""
    what = f"{answer.request.method} {answer.url.path}: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code == status, what
    return problem(answer.headers.get("content-type", ""), answer.json(), status, code)


def problem(content_type: str, document: dict[str, Any], status: int, code: str) -> dict[str, Any]:
    """Checks a problem document as docs/api.md describes it."""
    assert content_type.startswith("application/problem+json"), content_type
    assert document["code"] == code, document
    assert document["status"] == status
    assert document["type"] == f"urn:lectern:problem:{code}"
    assert len(document["detail"]) > 10
    assert document["requestId"]
    return document


@contextmanager
def _opened(film: Path | bytes) -> Iterator[Any]:
    if isinstance(film, bytes):
        yield film
    else:
        with film.open("rb") as file:
            yield file
