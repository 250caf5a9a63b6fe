"""Taking over what the transcoder's ledger says: the one way in which a version's status moves on.

The transcoder never writes a video, and media never writes the ledger. A ring says that the ledger moved; this reads
it and brings the version up to it. It is a function of what stands in the ledger, so it may run late, twice, or at
the same time as itself, and the reconciler may run it whenever it likes.
"""

from datetime import UTC, datetime
from uuid import UUID

from services.media.videos import repository
from services.media.videos.service import LONGEST_SESSION
from shared.contracts.jobs import PlanVersion
from shared.db import Database, Session
from shared.db.models.media import Rendition, VideoVersion
from shared.jobs import Doorbell
from shared.storage import Store

START_SEGMENTS = 2
"""A film is playable when this many segments from its start are there."""


class Takeover:
    def __init__(self, database: Database, transcoder: Doorbell) -> None:
        self._database = database
        self._transcoder = transcoder

    async def sync(self, version_id: UUID) -> None:
        """Bring one version up to the ledger."""
        async with self._database.session_scope() as session:
            version = await repository.version(session, version_id, lock=True)
            if version is None or version.status in ("ready", "failed"):
                return
            ledger = await repository.ledger(session, version_id)
            if ledger is None:
                return
            if ledger.job.state == "failed":
                await self._failed(session, version, ledger)
                return
            if ledger.outline is None:
                return
            version.duration = ledger.outline.duration
            version.width, version.height = ledger.outline.width, ledger.outline.height
            version.fps = ledger.outline.fps
            version.percent = ledger.percent()
            await repository.write_renditions(session, version_id, ledger.outline)
            await _take_images(session, version, ledger)
            if version.status == "processing" and _start_is_there(ledger):
                version.status = "playable"
                await self._publish(session, version, first_only=True)
            if ledger.job.state == "done":
                await _measure(session, version, ledger)
                version.status = "ready"
                version.percent = 100.0
                version.ready_at = datetime.now(UTC)
                await self._publish(session, version)

    async def _failed(self, session: Session, version: VideoVersion, ledger: repository.Ledger) -> None:
        version.status = "failed"
        version.error_code = ledger.job.error_code
        version.error_message = ledger.job.error_message
        video = await repository.live_video(session, version.video_id, lock=True)
        if video is not None and video.current_version_id == version.id:
            # It was playable for a while. Viewers are told that it is not there, instead of meeting holes in it.
            video.current_version_id, video.pending_version_id = None, version.id
        # The source stays, for a retry; what was published of it goes.
        await repository.bury(session, "public", f"{version.video_id}/{version.id}/", "processing failed")

    async def _publish(self, session: Session, version: VideoVersion, *, first_only: bool = False) -> None:
        """Make this version the one that viewers get; the one before leaves storage after the longest session.

        ``first_only``: only where viewers have nothing yet. A replacement waits until it is whole, because until then
        it may still fail, and a good film must not give way to a broken one.
        """
        video = await repository.live_video(session, version.video_id, lock=True)
        if video is None or video.pending_version_id != version.id:
            return
        if first_only and video.current_version_id is not None:
            return
        before, video.current_version_id, video.pending_version_id = video.current_version_id, version.id, None
        if before is not None:
            for store in ("private", "public"):
                when = datetime.now(UTC) + LONGEST_SESSION
                await repository.bury(session, store, f"{video.id}/{before}/", "version replaced", when)

    async def reconcile(self) -> None:
        """Bring every unfinished version up to the ledger; ring anew for those whose first ring was lost."""
        async with self._database.session_scope() as session:
            waiting = await repository.unfinished(session)
        for version_id, known in waiting:
            if known:
                await self.sync(version_id)
            else:
                await self._transcoder.ring(PlanVersion(version_id=version_id))


class Sweeper:
    """Empties the outbox of removals."""

    def __init__(self, database: Database, private: Store, public: Store) -> None:
        self._database = database
        self._stores = {"private": private, "public": public}

    async def sweep(self) -> int:
        """Remove what is due; answers how many tombstones are done. What fails, or may still be written, waits."""
        done = 0
        async with self._database.session_scope() as session:
            for tombstone in await repository.due_tombstones(session):
                tombstone.attempts += 1
                try:
                    await self._stores[tombstone.store].delete_prefix(tombstone.prefix)
                except Exception as error:
                    tombstone.last_error = f"{type(error).__name__}: {error}"[:500]
                    continue
                if await self._may_still_be_written(session, tombstone.prefix):
                    continue
                tombstone.done_at = datetime.now(UTC)
                done += 1
        return done

    async def _may_still_be_written(self, session: Session, prefix: str) -> bool:
        parts = [part for part in prefix.split("/") if part]
        if len(parts) > 1:
            return await repository.work_in_hand(session, UUID(parts[1]))
        versions = await repository.versions_of(session, UUID(parts[0]))
        return any([await repository.work_in_hand(session, version_id) for version_id in versions])


def _start_is_there(ledger: repository.Ledger) -> bool:
    assert ledger.outline is not None
    for rendition in ledger.outline.renditions:
        wanted = range(min(START_SEGMENTS, len(rendition.segment_durations)))
        if not ledger.made(rendition.kind).issuperset(wanted):
            return False
    return True


async def _take_images(session: Session, version: VideoVersion, ledger: repository.Ledger) -> None:
    for chunk in ledger.chunks:
        for image in chunk.images or []:
            if image["time"] is None:
                version.poster_key = image["key"]
            else:
                await repository.write_thumbnail(
                    session, version.id, image["time"], image["key"], image["width"], image["height"]
                )


async def _measure(session: Session, version: VideoVersion, ledger: repository.Ledger) -> None:
    """Replace the planned caps by what the segments really weigh."""
    for rendition in await repository.renditions(session, version.id):
        sizes = _sizes(rendition, ledger)
        durations = rendition.segment_durations
        # RFC 8216 4.3.4.2: BANDWIDTH is the peak over any contiguous run of 0.5 to 1.5 target durations. A short last
        # segment is such a run only together with the one before it.
        target = max(durations)
        peak = max(
            8 * sum(sizes[first:after]) / sum(durations[first:after])
            for first in range(len(sizes))
            for after in (first + 1, first + 2)
            if after <= len(sizes) and (0.5 * target <= sum(durations[first:after]) <= 1.5 * target or len(sizes) == 1)
        )
        average = 8 * sum(sizes) / sum(durations)
        await repository.measure_rendition(
            session, version.id, rendition.name, bandwidth=max(1, round(peak)), average=round(average), size=sum(sizes)
        )


def _sizes(rendition: Rendition, ledger: repository.Ledger) -> list[int]:
    sizes = [0] * len(rendition.segment_durations)
    for chunk in ledger.chunks:
        if chunk.kind == rendition.kind and chunk.segments is not None:
            made = chunk.segments[rendition.name]
            sizes[chunk.first_segment : chunk.first_segment + len(made)] = made
    return sizes
