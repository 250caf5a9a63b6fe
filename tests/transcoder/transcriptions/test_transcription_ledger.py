"""The ledger of drafts against a real Postgres, as the role of the transcoder: entered twice, held by one, forgotten."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.transcoder.transcriptions import repository
from services.transcoder.transcriptions.command import CommandFailed, TranscribeCommand
from services.transcoder.transcriptions.repository import TranscriptionClaim
from shared.db import Database, new_id
from tests.conftest import TestDatabase


@dataclass
class Draft:
    id: UUID
    version_id: UUID
    owner: Database
    database: Database

    async def sql(self, query: str, **values: Any) -> Any:
        async with self.owner.session_scope() as session:
            result = await session.execute(text(query), values)
            return result.mappings().all() if result.returns_rows else None

    async def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.sql("SELECT * FROM transcoding.transcriptions")]

    async def claim(self, worker: str) -> TranscriptionClaim | None:
        async with self.database.session_scope() as session:
            return await repository.claim(session, worker)


@pytest_asyncio.fixture
async def draft(postgres: TestDatabase, owner: Database) -> AsyncIterator[Draft]:
    database = Database(postgres.services["transcoder"], application="tests", pool_size=3)
    made, video = Draft(new_id(), new_id(), owner, database), new_id()
    await made.sql(
        """INSERT INTO media.videos (id, course_id, chapter_id, current_version_id, created_by)
           VALUES (:video, 'c', :chapter, :version, 'me')""",
        video=video,
        chapter=str(video),
        version=made.version_id,
    )
    await made.sql(
        """INSERT INTO media.video_versions (id, video_id, number, status, original_name, container, source_key,
                                             source_bytes, source_sha256, public_secret)
           VALUES (:version, :video, 1, 'ready', 'a.mov', 'mov', 'k', 1, 's', 'x')""",
        version=made.version_id,
        video=video,
    )
    await made.sql(
        """INSERT INTO transcoding.video_processing_jobs (id, version_id, video_id, state)
           VALUES (:id, :version, :video, 'done')""",
        id=new_id(),
        version=made.version_id,
        video=video,
    )
    await made.sql(
        """INSERT INTO media.caption_drafts (id, video_id, version_id, language, state, requested_by)
           VALUES (:id, :video, :version, 'ka', 'preparing', 'me')""",
        id=made.id,
        video=video,
        version=made.version_id,
    )
    yield made
    for table in ("media.caption_drafts", "transcoding.transcriptions", "transcoding.video_processing_jobs"):
        await made.sql(f"DELETE FROM {table}")
    await database.close()


async def test_a_ring_that_comes_twice_enters_once(draft: Draft) -> None:
    for _ in range(2):
        async with draft.database.session_scope() as session:
            await repository.enter(session, draft.id)
            await repository.enter(session)
    [row] = await draft.rows()
    assert (row["id"], row["state"], row["attempts"]) == (draft.id, "waiting", 0)


async def test_a_result_is_taken_only_from_who_holds_the_lease(draft: Draft) -> None:
    async with draft.database.session_scope() as session:
        await repository.enter(session)
    first = await draft.claim("first")
    assert first is not None and await draft.claim("second") is None
    await draft.sql("UPDATE transcoding.transcriptions SET lease_until = now() - interval '1 s'")
    second = await draft.claim("second")
    assert second is not None and second.attempts == 2
    async with draft.database.session_scope() as session:
        assert not await repository.heartbeat(session, first)
        assert not await repository.finish(session, first, "late")
        assert await repository.finish(session, second, "good")
        assert not await repository.finish(session, second, "again")
    [row] = await draft.rows()
    assert (row["state"], row["text"], row["lease_owner"]) == ("done", "good", None)


async def test_a_film_of_which_a_part_is_made_again_waits(draft: Draft) -> None:
    await draft.sql("UPDATE transcoding.video_processing_jobs SET state = 'encoding'")
    async with draft.database.session_scope() as session:
        await repository.enter(session)
    assert await draft.claim("w") is None


async def test_what_nobody_wants_is_let_go(draft: Draft) -> None:
    async with draft.database.session_scope() as session:
        await repository.enter(session)
    held = await draft.claim("w")
    assert held is not None
    await draft.sql("DELETE FROM media.caption_drafts")
    async with draft.database.session_scope() as session:
        assert not await repository.heartbeat(session, held)
        await repository.forget_unwanted(session)
    assert await draft.rows() == []


@pytest.mark.parametrize(
    "template", ["", "whisper", "whisper {audio}", "whisper {output}", "'unclosed {audio} {output}"]
)
def test_what_cannot_be_a_command_is_said_at_the_start(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TranscribeCommand.checked(template, 1.0)
    if template:
        with pytest.raises(SystemExit, match="TRANSCRIBE_COMMAND"):
            TranscribeCommand.set_by(template, 1.0)
    else:
        assert TranscribeCommand.set_by(template, 1.0) is None


async def test_a_command_gets_its_words_as_they_are_and_no_shell(tmp_path: Path) -> None:
    script = tmp_path / "say.sh"
    script.write_text('#!/bin/sh\nprintf "%s" "$2" > "$1"\n')
    script.chmod(0o755)
    command = TranscribeCommand.checked(f"{script} {{output}} 'a; rm -rf {{audio}} $HOME {{language}}'", 60)
    said = await command.run(tmp_path / "x.wav", tmp_path / "out.vtt", "ka")
    assert said == f"a; rm -rf {tmp_path}/x.wav $HOME ka"


async def test_a_command_that_takes_too_long_or_writes_nothing_fails(tmp_path: Path) -> None:
    slow = TranscribeCommand("sleep 600", 0.2)
    with pytest.raises(CommandFailed, match="transcription_timeout"):
        await slow.run(tmp_path / "a", tmp_path / "b", "ka")
    for template in ("true", "false", "/nowhere/at/all"):
        with pytest.raises(CommandFailed, match="transcription_failed"):
            await TranscribeCommand(template, 60).run(tmp_path / "a", tmp_path / "b", "ka")
    (tmp_path / "b").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CommandFailed, match="UTF-8"):
        await TranscribeCommand("true", 60).run(tmp_path / "a", tmp_path / "b", "ka")
