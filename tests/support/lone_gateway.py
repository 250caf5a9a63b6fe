"""A gateway in this process, its people as HTTP clients, and films that exist in the database alone."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from jose import jwt

from tests.support.clients import good
from tests.support.running import run_async
from tests.support.served import PLATFORM_SECRET


@dataclass(frozen=True)
class Gateway:
    url: str
    owner: str
    """The database, as its owner."""

    def client(self, bearer: str | None, address: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        transport = httpx.HTTPTransport(local_address=address) if address else None
        return httpx.Client(base_url=self.url, headers=headers, transport=transport, timeout=60)

    def person(self, role: str, user: str = "ana", address: str | None = None) -> httpx.Client:
        return self.client(jwt_of(role, user), address)

    def make(self, *scopes: str, **more: Any) -> dict[str, Any]:
        body = {"name": "school", "scopes": scopes, **more}
        made: dict[str, Any] = good(self.person("admin").post("/api/admin/api-keys", json=body), 201)
        return made

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        async def ask() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.owner)
            try:
                return [dict(row) for row in await connection.fetch(sql, *values)]
            finally:
                await connection.close()

        rows: list[dict[str, Any]] = run_async(ask())
        return rows

    def film(self, *students: str, windows: int = 0) -> str:
        """A playable film in a course of its own, in which ``students`` are enrolled; its video's id.

        With ``windows``, it is made of so many windows of a minute, and has to be watched in order at first.
        """
        course, list_, version, video = f"course-{uuid.uuid4().hex[:8]}", uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        chapter = f"{course}.1"
        self.query(
            "INSERT INTO catalog.courses (id, title, is_sequential, current_version_id) VALUES ($1, 'T', false, $2)",
            course, list_,
        )  # fmt: skip
        self.query("INSERT INTO catalog.course_versions (id, course_id, number) VALUES ($1, $2, 1)", list_, course)
        self.query(
            "INSERT INTO catalog.chapters (course_version_id, id, title, position, is_free, first_watch_restricted)"
            " VALUES ($1, $2, 'C', 1, false, $3)", list_, chapter, windows > 0,
        )  # fmt: skip
        self.query(
            "INSERT INTO media.videos (id, course_id, chapter_id, current_version_id, created_by)"
            " VALUES ($1, $2, $3, $4, 'ana')", video, course, chapter, version,
        )  # fmt: skip
        if windows:
            self.query(
                "INSERT INTO media.video_versions (id, video_id, number, status, original_name, container, source_key,"
                " source_bytes, source_sha256, public_secret) VALUES ($1, $2, 1, 'ready', '', '', '', 1, '', '')",
                version, video,
            )  # fmt: skip
            self.query(
                "INSERT INTO media.renditions (version_id, name, kind, position, codecs, bandwidth, segment_durations)"
                " VALUES ($1, '360p', 'video', 0, '', 1, $2)", version, [6.0] * 10 * windows,
            )  # fmt: skip
        for student in students:
            self.query("INSERT INTO catalog.enrollments (course_id, user_id) VALUES ($1, $2)", course, student)
        return str(video)

    def spend(self, token: str, address: str | None = None) -> httpx.Response:
        accept = {"Accept": "application/json"}
        return self.client(None, address).get("/api/videos/stream", params={"token": token}, headers=accept)


def jwt_of(role: str, user: str, *, secret: str = PLATFORM_SECRET, lives: int = 3600) -> str:
    claims = {"sub": user, "role": role, "iss": "lectern", "aud": "lectern", "exp": int(time.time()) + lives}
    return str(jwt.encode(claims, secret))
