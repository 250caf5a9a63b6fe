"""What the transcoder's ledger says of a version. Read here, never written; each question is one small query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from shared.contracts.captions import EmbeddedCaptions
from shared.contracts.outline import Images, Outline
from shared.db import Session
from shared.db.models.transcoding import Chunk, ProcessingJob

AUDIO_WEIGHT = 0.05
"""What a second of sound costs to encode, a second of all rungs being one; for a percentage that moves evenly."""


@dataclass(frozen=True)
class Share:
    """How far the chunks that make the same renditions are. Seconds of film; ``speed`` is of those in hand now."""

    kind: str
    renditions: tuple[str, ...]
    whole: float
    made: float
    speed: float
    in_hand: int


@dataclass(frozen=True)
class Ledger:
    """The transcoder's view of one version."""

    job_id: UUID
    state: str
    run: int
    paused: bool
    error_code: str | None
    error_message: str | None
    error_detail: str | None
    outline: Outline | None
    shares: Sequence[Share]

    @property
    def percent(self) -> float:
        """Per cent of the work that is done, weighed by its cost. A hundred is said of a ready film only."""
        names = max(1, len({name for share in self.shares if share.kind == "video" for name in share.renditions}))
        done = whole = 0.0
        for share in self.shares:
            weight = len(share.renditions) * (1 / names if share.kind == "video" else AUDIO_WEIGHT)
            done += weight * share.made
            whole += weight * share.whole
        return _percent(done, whole)

    def rendition_percent(self, name: str) -> float:
        """Per cent of one rendition's seconds that are encoded; a hundred where all of it is in storage."""
        own = [share for share in self.shares if name in share.renditions]
        done, whole = sum(share.made for share in own), sum(share.whole for share in own)
        return 100.0 if whole and done >= whole else _percent(done, whole)

    @property
    def speed(self) -> float | None:
        """Seconds of film encoded a second, by all workers that have some of it in hand."""
        speeds = sum(share.speed for share in self.shares if share.kind == self._slow_kind)
        return round(speeds, 2) if speeds > 0 else None

    @property
    def eta(self) -> float | None:
        """Seconds until it is ready if it goes on like this; None where nobody works on it this moment."""
        speed = self.speed
        if speed is None or self.paused:
            return None
        left = sum(share.whole - share.made for share in self.shares if share.kind == self._slow_kind)
        return round(left / speed, 1)

    @property
    def stage(self) -> str:
        """What is being done: waiting, examining, encoding, paused, finishing."""
        if self.paused and self.state in ("planning", "encoding"):
            return "paused"
        if self.state == "planning":
            return "examining"
        if self.state == "encoding":
            return "encoding" if any(share.in_hand or share.made for share in self.shares) else "waiting"
        return "finishing"

    @property
    def _slow_kind(self) -> str:
        return "video" if any(share.kind == "video" for share in self.shares) else "audio"


def _percent(done: float, whole: float) -> float:
    return min(99.9, round(100 * done / whole, 1)) if whole else 0.0


async def read(session: Session, version_id: UUID) -> Ledger | None:
    query = select(
        ProcessingJob.id,
        ProcessingJob.state,
        ProcessingJob.run,
        ProcessingJob.paused,
        ProcessingJob.error_code,
        ProcessingJob.error_message,
        ProcessingJob.error_detail,
        ProcessingJob.outline,
    ).where(ProcessingJob.version_id == version_id)
    row = (await session.execute(query)).mappings().first()
    if row is None:
        return None
    shares = await session.execute(
        text("""
        SELECT kind, renditions, sum(seconds) AS whole,
               sum(CASE WHEN state = 'done' THEN seconds ELSE encoded_seconds END) AS made,
               coalesce(sum(speed) FILTER (WHERE state = 'active'), 0) AS speed,
               count(*) FILTER (WHERE state = 'active') AS in_hand
        FROM transcoding.chunks WHERE job_id = :job AND NOT on_demand AND kind <> 'thumbnails'
        GROUP BY kind, renditions
        """),
        {"job": row["id"]},
    )
    named: dict[str, Any] = dict(row)
    return Ledger(
        job_id=named.pop("id"),
        outline=Outline.model_validate(row["outline"]) if row["outline"] else None,
        shares=[Share(**{**one, "renditions": tuple(one["renditions"])}) for one in shares.mappings()],
        **{name: named[name] for name in named if name != "outline"},
    )


async def made(session: Session, version_id: UUID, rendition: str) -> set[int]:
    """Indexes of the segments of a rendition that are in storage."""
    rows = await session.execute(
        text("""
        SELECT s.index FROM transcoding.segments s JOIN transcoding.video_processing_jobs j ON j.id = s.job_id
        WHERE j.version_id = :version AND s.rendition = :rendition
        """),
        {"version": version_id, "rendition": rendition},
    )
    return {row[0] for row in rows}


async def is_made(session: Session, version_id: UUID, rendition: str, index: int) -> bool:
    rows = await session.execute(
        text("""
        SELECT 1 FROM transcoding.segments s JOIN transcoding.video_processing_jobs j ON j.id = s.job_id
        WHERE j.version_id = :version AND s.rendition = :rendition AND s.index = :index
        """),
        {"version": version_id, "rendition": rendition, "index": index},
    )
    return rows.first() is not None


async def made_runs(session: Session, version_id: UUID) -> dict[str, list[tuple[int, int]]]:
    """Rendition -> [first, after) of each run of segments in storage, in order."""
    rows = await session.execute(
        text("""
        SELECT rendition, min(index) AS first, max(index) + 1 AS after FROM (
            SELECT s.rendition, s.index, s.index - row_number() OVER (PARTITION BY s.rendition ORDER BY s.index) AS run
            FROM transcoding.segments s JOIN transcoding.video_processing_jobs j ON j.id = s.job_id
            WHERE j.version_id = :version) numbered
        GROUP BY rendition, run ORDER BY rendition, first
        """),
        {"version": version_id},
    )
    ranges: dict[str, list[tuple[int, int]]] = {}
    for name, first, after in rows:
        ranges.setdefault(name, []).append((first, after))
    return ranges


async def start_is_there(session: Session, job_id: UUID, outline: Outline, segments: int) -> bool:
    """Whether the first ``segments`` of what a film can be watched with are in storage."""
    wanted = {
        rendition.name: min(segments, len(rendition.segment_durations))
        for rendition in outline.renditions
        if rendition.name in outline.starting
    }
    rows = await session.execute(
        text("""
        SELECT count(*) FROM transcoding.segments WHERE job_id = :job AND rendition = ANY(:names) AND index < :segments
        """),
        {"job": job_id, "names": list(wanted), "segments": segments},
    )
    return bool(rows.scalar() == sum(wanted.values()))


async def sizes(session: Session, job_id: UUID) -> Mapping[str, list[int]]:
    """Rendition -> bytes of each segment, by index."""
    rows = await session.execute(
        text("""
        SELECT rendition, array_agg(bytes ORDER BY index) FROM transcoding.segments WHERE job_id = :job
        GROUP BY rendition
        """),
        {"job": job_id},
    )
    return {name: list(found) for name, found in rows}


async def embedded_captions(session: Session, job_id: UUID) -> EmbeddedCaptions | None:
    """The source's own text tracks; None while they are not looked for yet."""
    query = select(Chunk.captions).where(Chunk.job_id == job_id, Chunk.captions.is_not(None), Chunk.state == "done")
    found = (await session.scalars(query)).first()
    return None if found is None else EmbeddedCaptions.model_validate(found)


async def images(session: Session, job_id: UUID) -> Sequence[Images]:
    """What the chunks made of pictures."""
    query = select(Chunk.images).where(Chunk.job_id == job_id, Chunk.images.is_not(None), Chunk.state == "done")
    return [Images.model_validate(found) for found in (await session.scalars(query)).all()]
