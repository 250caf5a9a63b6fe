"""The ledger against a real Postgres: leases, attempts, and results that are taken once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.transcoder.ladder.model import AudioStream, Probe
from services.transcoder.ladder.plan import make_plan
from services.transcoder.pipeline import repository, upkeep, wishes
from services.transcoder.pipeline.encoding import Encoder, missing_part
from services.transcoder.pipeline.planning import Planner, outline
from services.transcoder.pipeline.sources import ROOM_WAIT, NoRoom
from services.transcoder.worker import WorkerProcess
from shared.db import Database, new_id
from shared.storage import StorageUnavailable

PROBE = Probe(
    container="mov",
    duration=400.0,
    audio=(AudioStream(index=0, codec="pcm_s16le", channels=2, sample_rate=48_000, duration=400.0),),
)
PLAN = make_plan(PROBE)
OUTLINE = outline(PLAN, PROBE).model_dump(mode="json")


@dataclass(frozen=True)
class Film:
    video_id: UUID
    version_id: UUID


@pytest_asyncio.fixture
async def film(owner: Database) -> AsyncIterator[Film]:
    """A version that was uploaded; the ledger is empty but for it."""
    made = Film(new_id(), new_id())
    async with owner.session_scope() as session:
        await session.execute(text("DELETE FROM transcoding.video_processing_jobs"))
        await session.execute(
            text("""INSERT INTO media.videos (id, course_id, chapter_id, pending_version_id, created_by)
                    VALUES (:video, 'c', :chapter, :version, 'me')"""),
            {"video": made.video_id, "version": made.version_id, "chapter": str(made.video_id)},
        )
        await session.execute(
            text("""INSERT INTO media.video_versions (id, video_id, number, status, original_name, container,
                        source_key, source_bytes, source_sha256, public_secret)
                    VALUES (:version, :video, 1, 'processing', 'a.mov', 'mov', 'k', 1, 's', 'p')"""),
            {"video": made.video_id, "version": made.version_id},
        )
    yield made
    async with owner.session_scope() as session:
        await session.execute(text("DELETE FROM transcoding.video_processing_jobs"))


async def planned(owner: Database, film: Film) -> None:
    async with owner.session_scope() as session:
        assert await repository.enter(session, film.version_id)
    async with owner.session_scope() as session:
        claim = await repository.claim_plan(session, "planner")
        assert claim is not None
        assert await repository.write_plan(session, claim, PLAN, OUTLINE)


async def claim(owner: Database, worker: str) -> repository.ChunkClaim | None:
    async with owner.session_scope() as session:
        return await repository.claim_chunk(session, worker)


async def finish(owner: Database, chunk: repository.ChunkClaim) -> bool:
    async with owner.session_scope() as session:
        done = await repository.finish_chunk(session, chunk, None, 1.0)
    async with owner.session_scope() as session:
        await repository.finalise(session, chunk.job_id)
    return done


async def expire_leases(owner: Database) -> None:
    async with owner.session_scope() as session:
        await session.execute(text("UPDATE transcoding.chunks SET lease_until = now() - interval '1 second'"))


async def job_state(owner: Database, film: Film) -> tuple[str, str | None]:
    async with owner.session_scope() as session:
        job = await repository.job_of(session, film.version_id)
        assert job is not None
        return job.state, job.error_code


async def test_a_ring_that_comes_twice_enters_once(owner: Database, film: Film) -> None:
    async with owner.session_scope() as session:
        assert await repository.enter(session, film.version_id)
    async with owner.session_scope() as session:
        assert not await repository.enter(session, film.version_id)
        assert not await repository.enter(session, new_id())


async def test_workers_never_hold_the_same_chunk_and_the_start_comes_first(owner: Database, film: Film) -> None:
    await planned(owner, film)
    claims = await asyncio.gather(*(claim(owner, f"w{number}") for number in range(12)))
    held = [one.id for one in claims if one is not None]
    assert len(held) == len(set(held)) == len(PLAN.chunks)
    async with owner.session_scope() as session:
        await session.execute(text("UPDATE transcoding.chunks SET state = 'waiting', lease_owner = NULL"))
    first = await claim(owner, "w")
    assert first is not None and first.chunk == PLAN.chunks[0]


async def test_only_the_holder_of_the_lease_may_bring_a_result(owner: Database, film: Film) -> None:
    await planned(owner, film)
    first = await claim(owner, "one")
    assert first is not None
    await expire_leases(owner)
    # The same worker, in another of its slots: a lease is a claim's, not a process'.
    second = await claim(owner, "one")
    assert second is not None and second.id == first.id and second.attempts == 2
    async with owner.session_scope() as session:
        assert not await repository.heartbeat_chunk(session, first, 1.0)
        await repository.release_failed(session, first)
        await repository.return_unspent(session, first)
    assert not await finish(owner, first)
    assert await finish(owner, second)
    assert not await finish(owner, second)


async def test_a_heartbeat_says_when_nobody_wants_the_work(owner: Database, film: Film) -> None:
    await planned(owner, film)
    held = await claim(owner, "one")
    assert held is not None
    async with owner.session_scope() as session:
        assert await repository.heartbeat_chunk(session, held, 10.0)
        assert not await repository.heartbeat_chunk(session, replace(held, owner="two"), 10.0)
    async with owner.session_scope() as session:
        await session.execute(text("UPDATE media.videos SET deleted_at = now() WHERE id = :id"), {"id": film.video_id})
        [unwanted] = await upkeep.unwanted_jobs(session)
        await repository.fail_job(session, unwanted, "cancelled", "The film is not wanted any more.")
    async with owner.session_scope() as session:
        assert not await repository.heartbeat_chunk(session, held, 20.0)
    assert not await finish(owner, held)
    assert await claim(owner, "two") is None
    assert await job_state(owner, film) == ("failed", "cancelled")


async def test_the_last_two_chunks_at_once_end_the_job(owner: Database, film: Film) -> None:
    await planned(owner, film)
    claims = [await claim(owner, "w") for _ in PLAN.chunks]
    held = [one for one in claims if one is not None]
    for one in held[:-2]:
        assert await finish(owner, one)
    assert await asyncio.gather(*(finish(owner, one) for one in held[-2:])) == [True, True]
    assert await job_state(owner, film) == ("done", None)


async def test_a_chunk_put_back_waits_and_one_returned_costs_no_attempt(owner: Database, film: Film) -> None:
    await planned(owner, film)
    held = await claim(owner, "w")
    assert held is not None
    async with owner.session_scope() as session:
        await repository.put_back(session, held, "storage_unavailable", "away", wait=600)
    following = await claim(owner, "w")
    assert following is not None and following.id != held.id
    async with owner.session_scope() as session:
        await repository.return_unspent(session, following)
    again = await claim(owner, "w")
    assert again is not None and (again.id, again.attempts) == (following.id, 1)


async def test_the_first_reason_of_a_failure_stands(owner: Database, film: Film) -> None:
    await planned(owner, film)
    async with owner.session_scope() as session:
        job = await repository.job_of(session, film.version_id)
        assert job is not None
        assert await repository.fail_job(session, job.id, "truncated", "It ends early.")
    async with owner.session_scope() as session:
        assert not await repository.fail_job(session, job.id, "cancelled", "Later.")
    assert await job_state(owner, film) == ("failed", "truncated")


async def test_many_wishes_for_one_segment_are_one_chunk_and_it_goes_first(owner: Database, film: Film) -> None:
    await planned(owner, film)

    async def wish(index: int) -> bool:
        async with owner.session_scope() as session:
            return await wishes.wish(session, film.version_id, "audio", index)

    assert (await asyncio.gather(*(wish(40) for _ in range(8)))).count(True) == 1
    first = await claim(owner, "w")
    assert first is not None and first.on_demand and first.chunk.segments == range(40, 41)
    assert not await wish(40), "somebody has it in hand"
    async with owner.session_scope() as session:
        await repository.record_segment(session, first, "audio", 40, 100)
    assert await finish(owner, first)
    assert not await wish(40), "it is made"
    # Who goes on from there gets more at once, up to what is made already.
    async with owner.session_scope() as session:
        await repository.record_segment(session, first, "audio", 42, 100)
    assert await wish(41)
    second = await claim(owner, "w")
    assert second is not None and second.chunk.segments == range(41, 42)
    assert not await wish(10_000)
    async with owner.session_scope() as session:
        assert not await wishes.wish(session, film.version_id, "1080p", 0)


async def test_an_attempt_goes_on_where_the_one_before_was_cut_off(owner: Database, film: Film) -> None:
    await planned(owner, film)
    chunks = [await claim(owner, "w") for _ in PLAN.chunks]
    large = next(one for one in chunks if one and one.chunk.kind == "audio" and one.chunk.segment_count > 10)
    first = large.chunk.first_segment
    async with owner.session_scope() as session:
        for index in range(first, first + 3):
            await repository.record_segment(session, large, "audio", index, 10)
        await repository.heartbeat_chunk(session, large, 17.5)
    await expire_leases(owner)
    again = await claim(owner, "other")
    while again is not None and again.id != large.id:
        again = await claim(owner, "other")
    assert again is not None
    async with owner.session_scope() as session:
        made = await repository.made_segments(session, again)
        assert await repository.heartbeat_chunk(session, again, 0.0)
        told = await session.execute(
            text("SELECT encoded_seconds FROM transcoding.chunks WHERE id = :id"), {"id": large.id}
        )
    assert told.scalar() == 17.5, "what was said to be done never becomes less"
    rest = missing_part(again, made)
    assert rest is not None and rest.segments == range(first + 3, large.chunk.segments.stop)
    made["audio"] |= set(large.chunk.segments)
    assert missing_part(again, made) is None


async def test_a_paused_job_is_nobodys_and_a_run_of_the_past_writes_nothing(owner: Database, film: Film) -> None:
    await planned(owner, film)
    held = await claim(owner, "w")
    assert held is not None
    async with owner.session_scope() as session:
        await session.execute(text("UPDATE transcoding.video_processing_jobs SET paused = true"))
    assert await claim(owner, "w") is None
    async with owner.session_scope() as session:
        assert not await repository.heartbeat_chunk(session, held, 1.0)
        await session.execute(text("UPDATE transcoding.video_processing_jobs SET paused = false, run = run + 1"))
    async with owner.session_scope() as session:
        await repository.record_segment(session, held, "audio", 0, 10)
        assert await repository.made_segments(session, held) == {"audio": set()}
    assert not await finish(owner, held)


class Failing:
    """Sources of which none can be read."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def reading(self, source: repository.Source, *, in_part: bool = False) -> Any:
        raise self._error


async def try_to_plan(owner: Database, error: Exception) -> float | None:
    """One attempt that meets ``error``; seconds until the next one, None where there will be none."""
    async with owner.session_scope() as session:
        await session.execute(text("UPDATE transcoding.video_processing_jobs SET not_before = NULL"))
        held = await repository.claim_plan(session, "planner")
    assert held is not None
    assert not await Planner(owner, Failing(error)).plan(held)  # type: ignore[arg-type]
    async with owner.session_scope() as session:
        assert await repository.claim_plan(session, "somebody else") is None
        query = "SELECT extract(epoch FROM not_before - now())::float FROM transcoding.video_processing_jobs WHERE state = 'planning'"
        waits: float | None = await session.scalar(text(query))
    return waits


async def test_a_store_that_is_away_costs_a_film_that_is_examined_five_attempts_and_more_time_each(
    owner: Database, film: Film
) -> None:
    async with owner.session_scope() as session:
        assert await repository.enter(session, film.version_id)
    for _ in range(3):
        # The sources in use leave no room: the film waits, and that costs nothing.
        assert 0 < (await try_to_plan(owner, NoRoom("film")) or 0) <= ROOM_WAIT
    waits = [await try_to_plan(owner, StorageUnavailable("503")) for _ in range(repository.MOST_ATTEMPTS)]
    assert waits[-1] is None
    assert waits[:-1] == sorted(waits[:-1], key=lambda one: one or 0.0)
    assert (waits[0] or 0) > 2
    assert await job_state(owner, film) == ("failed", "storage_unavailable")
    async with owner.session_scope() as session:
        job = await repository.job_of(session, film.version_id)
        assert job is not None and "503" in (job.error_detail or "")
        told = (
            await session.execute(
                text("SELECT event, attempt FROM transcoding.job_events WHERE job_id = :job ORDER BY id"),
                {"job": job.id},
            )
        ).all()
    again = [("to be tried again", number) for number in range(1, repository.MOST_ATTEMPTS)]
    assert [tuple(line) for line in told] == [("entered", None), *again, ("failed", None)]


async def test_a_worker_that_dies_while_it_examines_is_told(owner: Database, film: Film) -> None:
    async with owner.session_scope() as session:
        assert await repository.enter(session, film.version_id)
    async with owner.session_scope() as session:
        assert await repository.claim_plan(session, "dies") is not None
        await session.execute(text("UPDATE transcoding.video_processing_jobs SET lease_until = now() - interval '1 s'"))
    async with owner.session_scope() as session:
        assert await repository.claim_plan(session, "lives") is not None
        said = await session.scalar(
            text("SELECT message FROM transcoding.job_events WHERE event = 'lease expired' ORDER BY id DESC")
        )
    assert "dies" in str(said)


async def test_a_film_whose_stills_cannot_be_made_does_without(owner: Database, film: Film) -> None:
    await planned(owner, film)
    while (held := await claim(owner, "w")) is not None:
        if held.chunk.kind == "thumbnails":
            shop: Any = SimpleNamespace(database=owner, name="w")
            await Encoder(shop).encode(replace(held, attempts=repository.MOST_ATTEMPTS + 1))
        else:
            assert await finish(owner, held)
    assert await job_state(owner, film) == ("done", None)


async def test_films_that_are_slow_to_examine_leave_a_slot_to_viewers(owner: Database, film: Film) -> None:
    await planned(owner, film)
    begun: asyncio.Queue[str] = asyncio.Queue()

    class Slow:
        async def plan(self, held: repository.PlanClaim) -> bool:
            await begun.put("plan")
            await asyncio.Event().wait()
            return False

        async def encode(self, held: repository.ChunkClaim) -> None:
            await begun.put("wanted" if held.on_demand else "ordinary")
            await asyncio.Event().wait()

    async with owner.session_scope() as session:
        await session.execute(text("UPDATE transcoding.chunks SET lane = 1"))
        for _ in range(6):
            copied = """INSERT INTO transcoding.video_processing_jobs (id, version_id, video_id, state)
                        VALUES (:id, :id, :id, 'planning')"""
            await session.execute(text(copied), {"id": new_id()})
    slow: Any = Slow()
    nobody: Any = None
    process = WorkerProcess(owner, slow, slow, slow, nobody, "w", {})
    running = [asyncio.create_task(slot) for slot in process.slots(ordinary=1)]
    try:
        assert [await begun.get() for _ in range(3)] == ["plan"] * 3
        async with owner.session_scope() as session:
            await wishes.wish(session, film.version_id, PLAN.rendition_names[0], 40)
        assert await asyncio.wait_for(begun.get(), 60) == "wanted"
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@pytest.mark.parametrize("rendition", PLAN.rendition_names)
def test_the_outline_promises_what_the_plan_has(rendition: str) -> None:
    promised = next(one for one in OUTLINE["renditions"] if one["name"] == rendition)
    assert promised["segment_durations"] == pytest.approx(PLAN.segment_durations(rendition))
