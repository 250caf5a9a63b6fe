"""Taking drafts and embedded captions over, against a real Postgres and as the role of media: twice, and late."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlalchemy import text

from services.media.captions.drafts import CaptionDrafts
from services.media.captions.embedded import take_embedded
from shared.contracts.captions import EmbeddedCaptions, EmbeddedTrack
from shared.contracts.jobs import DraftCaptions, Job
from shared.db import Database, new_id
from tests.conftest import TestDatabase

SAID = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"


class Bell:
    def __init__(self) -> None:
        self.rung: list[Job] = []

    async def ring(self, job: Job, *, defer_by: float = 0) -> None:
        self.rung.append(job)


@dataclass
class Film:
    video_id: UUID
    draft_id: UUID
    owner: Database
    database: Database
    bell: Bell

    @property
    def drafts(self) -> CaptionDrafts:
        return CaptionDrafts(self.database, self.bell)  # type: ignore[arg-type]

    async def sql(self, query: str, **values: Any) -> Any:
        async with self.owner.session_scope() as session:
            result = await session.execute(text(query), {"video": self.video_id, "draft": self.draft_id, **values})
            return [dict(row) for row in result.mappings()] if result.returns_rows else None

    async def transcribed(self, state: str, said: str | None = None, code: str | None = None) -> None:
        await self.sql(
            """INSERT INTO transcoding.transcriptions (id, version_id, language, state, text, error_code, error_message)
               VALUES (:draft, :video, 'en', :state, :said, CAST(:code AS text), CAST(:code AS text))""",
            state=state,
            said=said,
            code=code,
        )

    async def tracks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.sql(
            """SELECT c.language, c.state, c.source, c.label, q.text, q.start_ms FROM media.captions c
               JOIN media.caption_cues q ON q.caption_id = c.id WHERE c.video_id = :video ORDER BY c.language, q.index"""
        )
        return found

    async def wishes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.sql(
            "SELECT state, error_code FROM media.caption_drafts WHERE id = :draft"
        )
        return found


@pytest_asyncio.fixture
async def film(postgres: TestDatabase, owner: Database) -> AsyncIterator[Film]:
    database = Database(postgres.services["media"], application="tests", pool_size=3)
    made = Film(new_id(), new_id(), owner, database, Bell())
    await made.sql(
        """INSERT INTO media.videos (id, course_id, chapter_id, current_version_id, created_by)
           VALUES (:video, 'c', :chapter, :video, 'me')""",
        chapter=str(made.video_id),
    )
    await made.sql(
        """INSERT INTO media.video_versions (id, video_id, number, status, original_name, container, source_key,
                                             source_bytes, source_sha256, public_secret)
           VALUES (:video, :video, 1, 'ready', 'a.mov', 'mov', 'k', 1, 's', 'x')"""
    )
    await made.sql(
        """INSERT INTO media.caption_drafts (id, video_id, version_id, language, state, requested_by)
           VALUES (:draft, :video, :video, 'en', 'preparing', 'me')"""
    )
    yield made
    await made.sql("DELETE FROM transcoding.transcriptions")
    await made.sql("DELETE FROM media.caption_drafts")
    await database.close()


async def test_taken_over_twice_a_draft_is_there_once(film: Film) -> None:
    await film.transcribed("done", SAID)
    await film.drafts.take_over(film.draft_id)
    await film.drafts.take_over(film.draft_id)
    await film.drafts.take_over()
    [track] = await film.tracks()
    assert (track["state"], track["source"], track["text"]) == ("draft", "transcription", "Hello")
    assert await film.wishes() == []


async def test_a_draft_that_comes_late_writes_over_nothing(film: Film) -> None:
    async with film.database.session_scope() as session:
        track = EmbeddedTrack(language="en", text=SAID.replace("00:01", "01:41").replace("00:02", "01:42"))
        await take_embedded(session, film.video_id, EmbeddedCaptions(tracks=(track,)))
    await film.transcribed("done", SAID.replace("Hello", "Other"))
    await film.drafts.take_over()
    assert [(one["text"], one["start_ms"], one["source"]) for one in await film.tracks()] == [
        ("Hello", 1000, "embedded")
    ]
    assert await film.wishes() == []


async def test_what_went_wrong_is_told_once(film: Film) -> None:
    await film.transcribed("failed", code="transcription_failed")
    await film.drafts.take_over()
    await film.drafts.take_over()
    assert await film.wishes() == [{"state": "failed", "error_code": "transcription_failed"}]
    assert await film.tracks() == []


async def test_what_is_no_captions_is_a_failure_and_no_fault(film: Film) -> None:
    await film.transcribed("done", "nothing but words")
    await film.drafts.take_over()
    assert await film.wishes() == [{"state": "failed", "error_code": "transcription_unreadable"}]


async def test_a_lost_ring_is_rung_again_until_it_is_heard(film: Film) -> None:
    for _ in range(2):
        await film.drafts.reconcile()
    assert film.bell.rung == [DraftCaptions(draft_id=film.draft_id)] * 2
    await film.transcribed("waiting")
    await film.drafts.reconcile()
    assert len(film.bell.rung) == 2


async def test_embedded_tracks_are_taken_over_once_a_language(film: Film) -> None:
    def late(word: str) -> str:
        return f"WEBVTT\n\n01:39.500 --> 01:41.000\n{word}\n\n01:38.000 --> 01:39.000\nbefore the film\n"

    found = EmbeddedCaptions(
        tracks=(
            EmbeddedTrack(language="en", text="broken"),
            EmbeddedTrack(language="en", title="English", text=late("first")),
            EmbeddedTrack(language="en", text=late("second")),
            EmbeddedTrack(language="ka", title="ქართული (ყრუთათვის)", tells_sounds=True, text=late("მესამე")),
            EmbeddedTrack(language=None, text=late("unknown")),
        )
    )
    for _ in range(2):
        async with film.database.session_scope() as session:
            await take_embedded(session, film.video_id, found)
    assert [(one["language"], one["label"], one["text"], one["start_ms"]) for one in await film.tracks()] == [
        ("en", "English", "first", 0),
        ("ka", "ქართული (ყრუთათვის)", "მესამე", 0),
        ("und", "Subtitles", "unknown", 0),
    ]
