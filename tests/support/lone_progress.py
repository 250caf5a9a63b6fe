"""The progress service alone, over HTTP and on a real Postgres, with courses and films that are rows and nothing more, and
a clock that the test moves."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from services.progress.app import create_app
from services.progress.settings import ProgressSettings
from shared.auth import ServiceTokens
from shared.contracts.access import Actor, Role
from shared.db import new_id
from tests.conftest import TestDatabase
from tests.support.running import free_port
from tests.support.served import INNER_SECRET, Served


@dataclass
class Chapter:
    course_id: str
    id: str
    video_id: UUID
    version_id: UUID
    seconds: float


@dataclass
class LoneProgress:
    """``now`` is the service's time where it is set."""

    url: str
    database: TestDatabase
    now: datetime | None = None
    tokens: ServiceTokens = field(default_factory=lambda: ServiceTokens("progress", INNER_SECRET))
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    def pass_time(self, milliseconds: int) -> None:
        assert self.now is not None
        self.now += timedelta(milliseconds=milliseconds)

    def session(self) -> UUID:
        """The id of a session that is opened now, by the test's clock."""
        assert self.now is not None
        milliseconds = round(self.now.timestamp() * 1000)
        return UUID(int=(milliseconds << 80) | (new_id().int & (1 << 80) - 1))

    def headers(self, user: str, role: Role = Role.STUDENT, **claims: Any) -> dict[str, str]:
        token = self.tokens.mint("gateway", Actor(user_id=user, role=role), **claims)
        return {"Authorization": f"Bearer {token}"}

    def beat(
        self,
        user: str,
        session: UUID,
        chapter: Chapter,
        seq: int,
        intervals: Sequence[tuple[float, float]] = (),
        position: float | None = None,
        *,
        version: UUID | None = None,
        **more: Any,
    ) -> httpx.Response:
        claims = {"id": str(session), "chapter_id": chapter.id, "version_id": str(version or chapter.version_id)}
        told = [{"from": start, "to": end, "rate": 1.0} for start, end in intervals]
        body = {"seq": seq, "intervals": told, "position": position, **more}
        headers = self.headers(user, session=claims)
        return self.client.post(f"{self.url}/internal/beats", content=json.dumps(body), headers=headers)

    def get(self, user: str, path: str, role: Role = Role.STUDENT, **params: Any) -> httpx.Response:
        return self.client.get(self.url + path, params=params, headers=self.headers(user, role))

    def progress(self, user: str, chapter: Chapter) -> dict[str, Any]:
        document: dict[str, Any] = self.get(user, f"/api/progress/chapters/{chapter.id}").raise_for_status().json()
        return document

    async def course(self, *seconds: float, restricted: bool = False, sequential: bool = False) -> list[Chapter]:
        """A course of films of so many seconds that everybody may watch."""
        connection = await asyncpg.connect(self.database.owner)
        try:
            course, version = f"course-{new_id()}", new_id()
            await connection.execute(
                "INSERT INTO catalog.courses (id, title, is_sequential, current_version_id) VALUES ($1, $1, $2, $3)",
                *(course, sequential, version),
            )
            await connection.execute(
                "INSERT INTO catalog.course_versions (id, course_id, number) VALUES ($1, $2, 1)", version, course
            )
            chapters = []
            for number, length in enumerate(seconds, 1):
                chapter = Chapter(course, f"{course}.{number}", new_id(), new_id(), length)
                await connection.execute(
                    "INSERT INTO catalog.chapters (course_version_id, id, title, position, is_free,"
                    " first_watch_restricted) VALUES ($1, $2, $2, $3, true, $4)",
                    *(version, chapter.id, number, restricted),
                )
                await connection.execute(
                    "INSERT INTO media.videos (id, course_id, chapter_id, current_version_id, created_by)"
                    " VALUES ($1, $2, $3, $4, 'test')",
                    *(chapter.video_id, course, chapter.id, chapter.version_id),
                )
                await add_version(connection, chapter.video_id, chapter.version_id, 1, length)
                chapters.append(chapter)
            return chapters
        finally:
            await connection.close()

    async def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.database.owner)
        try:
            return [dict(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    async def replace(self, chapter: Chapter, seconds: float) -> UUID:
        """Put another film of that length in the place of the chapter's."""
        connection = await asyncpg.connect(self.database.owner)
        try:
            version = new_id()
            await add_version(connection, chapter.video_id, version, 2, seconds)
            await connection.execute(
                "UPDATE media.videos SET current_version_id = $2 WHERE id = $1", chapter.video_id, version
            )
            return version
        finally:
            await connection.close()


async def add_version(
    connection: asyncpg.Connection, video_id: UUID, version_id: UUID, number: int, seconds: float
) -> None:
    await connection.execute(
        "INSERT INTO media.video_versions (id, video_id, number, status, original_name, container, source_key,"
        " source_bytes, public_secret, duration) VALUES ($1, $2, $3, 'ready', 'film.mp4', 'mp4', 'key', 1, 'x', $4)",
        *(version_id, video_id, number, seconds),
    )


@contextmanager
def lone_progress(postgres: TestDatabase, **settings: Any) -> Iterator[LoneProgress]:
    given: dict[str, Any] = {
        "listen_port": 0,
        "database_url": postgres.services["progress"],
        "progress_service_secret": INNER_SECRET,
        # Nobody is there: who rings does not wait.
        "redis_url": f"redis://127.0.0.1:{free_port()}/0",
        "webhook_secret_key": "w" * 40,
        **settings,
    }
    alone = LoneProgress("", postgres, datetime.now(UTC).replace(microsecond=0))

    def clock() -> datetime:
        assert alone.now is not None
        return alone.now

    with Served(create_app(ProgressSettings(**given), clock)) as url:
        alone.url = url
        yield alone
        alone.client.close()
