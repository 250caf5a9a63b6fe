"""Taking over what the transcoder's ledger says: the one way in which a version's status moves on.

The transcoder never writes a video, and media never writes the ledger. A ring says that the ledger moved; this reads
it and brings the version up to it. It is a function of what stands in the ledger, so it may run late, twice, or at
the same time as itself, and the reconciler may run it whenever it likes.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.media.captions.embedded import take_embedded
from services.media.videos import ledger as ledgers
from services.media.videos import repository
from services.media.videos.ledger import Ledger
from services.media.videos.outbox import Outbox
from services.media.videos.retiring import retire
from shared.contracts.jobs import PlanVersion
from shared.contracts.video import images_prefix, public_prefix
from shared.db import Database, Session
from shared.db.models.media import Video, VideoVersion
from shared.jobs import Doorbell

START_SEGMENTS = 2
"""A film is playable when this many segments from its start are there."""


class Takeover:
    """``keep``: for so long a replaced version stays in storage, to be played to its end or brought back."""

    def __init__(self, database: Database, transcoder: Doorbell, outbox: Outbox, keep: timedelta) -> None:
        self._database = database
        self._transcoder = transcoder
        self._outbox = outbox
        self._keep = keep

    async def sync(self, version_id: UUID) -> None:
        """Bring one version up to the ledger."""
        async with self._database.session_scope() as session:
            version = await repository.lock_with_video(session, version_id)
            ledger = await ledgers.read(session, version_id) if version is not None else None
            if version is None or ledger is None:
                return
            if ledger.run > version.run and version.status == "failed":
                await _revive(session, version, ledger)
            if version.status in ("ready", "failed"):
                return
            if ledger.state == "failed":
                await self._failed(session, version, ledger)
                return
            if ledger.outline is None:
                return
            version.duration = ledger.outline.duration
            version.width, version.height = ledger.outline.width, ledger.outline.height
            version.fps = ledger.outline.fps
            version.percent = max(version.percent, ledger.percent)
            await repository.write_renditions(session, version_id, ledger.outline)
            await _take_images(session, version, ledger)
            if version.status == "processing" and await ledgers.start_is_there(
                session, ledger.job_id, ledger.outline, START_SEGMENTS
            ):
                version.status = "playable"
                if video := await self._publish(session, version, first_only=True):
                    self._outbox.playable(session, video, version)
            if ledger.state == "done":
                await _measure(session, version, ledger)
                version.status = "ready"
                version.percent = 100.0
                version.ready_at = datetime.now(UTC)
                await self._ready(session, version)
            await _take_captions(session, version, ledger)

    async def _failed(self, session: Session, version: VideoVersion, ledger: Ledger) -> None:
        version.status = "failed"
        version.error_code = ledger.error_code
        version.error_message = ledger.error_message
        video = await repository.live_video(session, version.video_id, lock=True)
        if video is not None:
            self._outbox.failed(session, video, version)
        if video is not None and video.current_version_id == version.id:
            # It was playable for a while. Viewers are told that it is not there, instead of meeting holes in it.
            video.current_version_id, video.pending_version_id = None, version.id
        # The source stays, for a retry; what was published of it goes. Only that: the retry's place stands beside it.
        ids = str(version.video_id), str(version.id)
        for prefix in (
            public_prefix(*ids, version.key_epoch, version.public_secret),
            images_prefix(*ids, version.public_secret),
        ):
            await repository.bury(session, "public", f"{prefix}/", "processing failed")

    async def _ready(self, session: Session, version: VideoVersion) -> None:
        video = await repository.live_video(session, version.video_id, lock=True)
        if video is None:
            return
        self._outbox.ready(session, video, version)
        before = video.current_version_id
        if await self._publish(session, version) and before is not None:
            self._outbox.replaced(session, video, version, before)

    async def _publish(self, session: Session, version: VideoVersion, *, first_only: bool = False) -> Video | None:
        """Make this version the one that viewers get; the one before is kept for a while and then leaves storage.

        The video, where viewers get it from now on; None where they do not, or had it already.

        ``first_only``: only where viewers have nothing yet. A replacement waits until it is whole, because until then
        it may still fail, and a good film must not give way to a broken one.
        """
        video = await repository.live_video(session, version.video_id, lock=True)
        if video is None or video.pending_version_id != version.id:
            return None
        if first_only and video.current_version_id is not None:
            return None
        before, video.current_version_id, video.pending_version_id = video.current_version_id, version.id, None
        replaced = await repository.version(session, before, lock=True) if before else None
        if replaced is not None:
            await retire(session, replaced, "version replaced", datetime.now(UTC) + self._keep)
        return video

    async def reconcile(self) -> None:
        """Bring every unfinished version up to the ledger; ring anew for those whose first ring was lost."""
        async with self._database.session_scope() as session:
            waiting = await repository.unfinished(session)
        for version_id, known in waiting:
            if known:
                await self.sync(version_id)
            else:
                await self._transcoder.ring(PlanVersion(version_id=version_id))


async def _revive(session: Session, version: VideoVersion, ledger: Ledger) -> None:
    """A failed version whose job was begun anew. What it publishes now stands in a new place.

    The old place is being emptied, and what is in it must never come back under the same name.
    """
    version.run = ledger.run
    version.status = "processing"
    version.percent = 0.0
    version.error_code = version.error_message = version.poster_key = version.chosen_poster_key = None
    version.public_secret = secrets.token_hex(16)
    await repository.forget_made(session, version.id)


async def _take_images(session: Session, version: VideoVersion, ledger: Ledger) -> None:
    for images in await ledgers.images(session, ledger.job_id):
        version.poster_key = images.poster_key or version.poster_key
        await repository.write_stills(session, version.id, images.thumbnails)
        await repository.write_sheets(session, version.id, images.sheets)


async def _take_captions(session: Session, version: VideoVersion, ledger: Ledger) -> None:
    """The source's own captions, once, when viewers get this version: until then they have those of the one before."""
    if version.captions_taken_at is not None:
        return
    video = await repository.live_video(session, version.video_id, lock=True)
    if video is None or video.current_version_id != version.id:
        return
    found = await ledgers.embedded_captions(session, ledger.job_id)
    if found is not None:
        await take_embedded(session, video.id, found)
        version.captions_taken_at = datetime.now(UTC)


async def _measure(session: Session, version: VideoVersion, ledger: Ledger) -> None:
    """Replace the planned caps by what the segments really weigh."""
    weighed = await ledgers.sizes(session, ledger.job_id)
    for rendition in await repository.renditions(session, version.id):
        sizes = weighed[rendition.name]
        durations = rendition.segment_durations
        await repository.measure_rendition(
            session,
            version.id,
            rendition.name,
            bandwidth=peak_rate(sizes, durations),
            average=round(8 * sum(sizes) / sum(durations)),
            size=sum(sizes),
        )


def peak_rate(sizes: Sequence[int], durations: Sequence[float]) -> int:
    """BANDWIDTH of RFC 8216, 4.3.4.2: the most bits a second of any run of segments of 0.5 to 1.5 target durations.

    ``sizes`` in bytes, ``durations`` in seconds. Where no run is as long, the whole is the run.
    """
    target = max(durations)
    least, most = 0.5 * target, 1.5 * target + 1e-6
    peak = 0.0
    for first in range(len(sizes)):
        size = length = 0.0
        for index in range(first, len(sizes)):
            size, length = size + sizes[index], length + durations[index]
            if length > most:
                break
            if length >= least:
                peak = max(peak, 8 * size / length)
    return max(1, round(peak or 8 * sum(sizes) / sum(durations)))
