"""Planning: probe a source once, compute its ladder and grid, and write the chunks into the ledger."""

import asyncio
import logging
from fractions import Fraction

from services.transcoder.ffmpeg.probe import PROBE_LIMITS, probe
from services.transcoder.ladder.model import Probe, Refused
from services.transcoder.ladder.plan import make_plan
from services.transcoder.ladder.schema import Plan
from services.transcoder.pipeline import repository
from services.transcoder.pipeline.faults import STORAGE_UNAVAILABLE, code_of, wait_after
from services.transcoder.pipeline.lease import LeaseLost, under_lease
from services.transcoder.pipeline.repository import PlanClaim, Source
from services.transcoder.pipeline.sources import ROOM_WAIT, NoRoom, Sources
from shared.contracts.outline import Outline, RenditionOutline
from shared.db import Database, Session

log = logging.getLogger(__name__)


class Planner:
    def __init__(self, database: Database, sources: Sources) -> None:
        self._database = database
        self._sources = sources

    async def plan(self, claim: PlanClaim) -> bool:
        """Plan what was claimed; True when its chunks now stand in the ledger."""
        async with self._database.session_scope() as session:
            source = await repository.wanted_source(session, claim.version_id)
            if source is None:
                await repository.fail_job(session, claim.job_id, "cancelled", "The film is not wanted any more.")
                return False
            if claim.attempts > repository.MOST_ATTEMPTS:
                # Its workers died without a word, time and again: whatever this file does to them, it has done enough.
                await self._give_up(session, claim, "processing_failed", "The worker died in every attempt.")
                return False

        try:
            return await self._planned(claim, source)
        except LeaseLost:
            pass
        except NoRoom:
            await self._return(claim, ROOM_WAIT)
        except asyncio.CancelledError:
            await self._return(claim)
            raise
        except Refused as refusal:
            async with self._database.session_scope() as session:
                await repository.fail_job(session, claim.job_id, refusal.code, refusal.message)
        except Exception as error:
            log.warning("the film %s could not be examined", claim.version_id, exc_info=True)
            await self._put_back(claim, code_of(error), f"{type(error).__name__}: {error}")
        return False

    async def _planned(self, claim: PlanClaim, source: Source) -> bool:
        async def renew() -> bool:
            async with self._database.session_scope() as session:
                return await repository.heartbeat_plan(session, claim)

        examined, plan = await under_lease(self._examined(source), renew, repository.HEARTBEAT_SECONDS)
        async with self._database.session_scope() as session:
            return await repository.write_plan(session, claim, plan, outline(plan, examined).model_dump(mode="json"))

    async def _put_back(self, claim: PlanClaim, code: str, why: str) -> None:
        async with self._database.session_scope() as session:
            if claim.attempts >= repository.MOST_ATTEMPTS:
                await self._give_up(session, claim, code, why)
                return
            wait = wait_after(code, claim.attempts)
            await repository.put_plan_back(session, claim, code, why, wait)

    async def _give_up(self, session: Session, claim: PlanClaim, code: str, why: str) -> None:
        by = repository.worker_of(claim.owner)
        if code == STORAGE_UNAVAILABLE:
            sentence = "Storage could not be reached in five attempts, and the file waits there. Retry it later."
        else:
            sentence = (
                "The file could not be examined in five attempts. Retry it, or convert it to MP4 and upload that."
            )
        await repository.fail_job(session, claim.job_id, code, sentence, why, by=by)

    async def _return(self, claim: PlanClaim, wait: float = 0.0) -> None:
        async with self._database.session_scope() as session:
            await repository.return_plan(session, claim, wait)

    async def _examined(self, source: Source) -> tuple[Probe, Plan]:
        # In part: the index comes first, and of a file that is refused nothing more.
        async with self._sources.reading(source, in_part=True) as film:
            examined = await probe(film.path, container=source.container, limits=film.limits(PROBE_LIMITS))
        return examined, make_plan(examined)


def outline(plan: Plan, examined: Probe) -> Outline:
    """What the plan promises, in the words media knows."""
    renditions: list[RenditionOutline] = []
    if plan.video is not None:
        frame_rate = float(Fraction(plan.video.fps))
        renditions += [
            RenditionOutline(
                name=rung.name,
                kind="video",
                codecs=rung.codecs,
                bandwidth=rung.bandwidth,
                width=rung.width,
                height=rung.height,
                frame_rate=frame_rate,
                segment_durations=tuple(plan.segment_durations(rung.name)),
            )
            for rung in plan.video.renditions
        ]
    renditions += [
        RenditionOutline(
            name=audio.name,
            kind="audio",
            codecs=audio.codecs,
            bandwidth=audio.bandwidth,
            segment_durations=tuple(plan.segment_durations(audio.name)),
            language=audio.language,
            label=audio.label,
            is_default=audio.is_default,
        )
        for audio in plan.audio
    ]
    width, height = _upright_size(examined)
    return Outline(
        duration=plan.duration,
        width=width,
        height=height,
        fps=float(Fraction(plan.video.fps)) if plan.video else None,
        renditions=tuple(renditions),
    )


def _upright_size(examined: Probe) -> tuple[int | None, int | None]:
    """The source's own size in pixels, as a person holding it upright would say it."""
    video = examined.video
    if video is None:
        return None, None
    return (video.height, video.width) if video.rotation in (90, 270) else (video.width, video.height)
