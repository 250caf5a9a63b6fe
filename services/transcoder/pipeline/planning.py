"""Planning: probe a source once, compute its ladder and grid, and write the chunks into the ledger."""

from fractions import Fraction

from services.transcoder.ffmpeg.probe import PROBE_LIMITS, probe
from services.transcoder.ladder.model import Probe, Refused
from services.transcoder.ladder.plan import make_plan
from services.transcoder.ladder.schema import Plan
from services.transcoder.pipeline import repository
from services.transcoder.pipeline.lease import LeaseLost, under_lease
from services.transcoder.pipeline.repository import PlanClaim, Source
from services.transcoder.pipeline.sources import Sources
from shared.contracts.outline import Outline, RenditionOutline
from shared.db import Database

MOST_PLAN_ATTEMPTS = 3


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
            if claim.attempts > MOST_PLAN_ATTEMPTS:
                await repository.fail_job(
                    session,
                    claim.job_id,
                    "processing_failed",
                    "The file could not be examined in three attempts. Upload it again, or convert it to MP4 first.",
                )
                return False

        async def renew() -> bool:
            async with self._database.session_scope() as session:
                return await repository.heartbeat_plan(session, claim)

        try:
            examined, plan = await under_lease(self._examined(source), renew, repository.HEARTBEAT_SECONDS)
        except LeaseLost:
            return False
        except Refused as refusal:
            async with self._database.session_scope() as session:
                await repository.fail_job(session, claim.job_id, refusal.code, refusal.message)
            return False
        async with self._database.session_scope() as session:
            return await repository.write_plan(session, claim, plan, outline(plan, examined).model_dump(mode="json"))

    async def _examined(self, source: Source) -> tuple[Probe, Plan]:
        async with self._sources.reading(source) as film:
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
