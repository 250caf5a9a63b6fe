"""A rotation in hand: the segments of a film written again under new keys, and the turn into the new epoch.

A rotation is a row with a lease, begun by the clock or by an admin. Whoever has it in hand writes the segments beside
the old ones; then one transaction turns the version to the new epoch. Sessions keep to the epoch they were opened in, so
the old ciphertext and its secret stay until the longest of them has ended.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.media.keys import repository
from services.media.keys.periods import Periods
from services.media.keys.reencryption import Epoch, NotReadable, reencrypt
from services.media.videos import repository as videos
from shared.contracts.jobs import RotateKeys
from shared.contracts.video import public_prefix
from shared.crypto import KeyRing
from shared.db import Database, Session, new_id
from shared.db.models.media import KeyRotation, VideoVersion
from shared.jobs import Doorbell
from shared.storage import Store

log = logging.getLogger(__name__)

MOST_FAILURES = 5
WAIT_AFTER_FAILURE = 30.0
WORK_SECONDS = 240.0
"""A job gives its rotation back after so long and another goes on with it: arq ends a job after 300 s."""
IN_HAND = 2
"""Rotations one worker has in hand at once: films that are being made do not wait for more."""
LAST_WRITES = timedelta(minutes=5)
"""What a rotation that is given up wrote is removed after so long: a second worker may still be writing."""
SOON = timedelta(hours=1)


class LeaseLost(Exception):
    """Somebody else has the rotation in hand, or viewers do not get this version any more."""


class Rotation:
    """``media`` is the doorbell of media's queue."""

    def __init__(self, database: Database, keyring: KeyRing, public: Store, media: Doorbell, periods: Periods) -> None:
        self._database = database
        self._keyring = keyring
        self._public = public
        self._media = media
        self._periods = periods
        self._in_hand = 0

    async def ring_waiting(self) -> None:
        """Ring for a few rotations that nobody has in hand: their ring was lost, or their worker."""
        async with self._database.session_scope() as session:
            found = await repository.waiting(session, IN_HAND)
        for version_id in found:
            await self._media.ring(RotateKeys(version_id=version_id))

    async def work(self, version_id: UUID) -> None:
        """Go on with the rotation of a version, until it is done or time is up. Twice at once, or again: no matter."""
        if self._in_hand >= IN_HAND:
            return
        self._in_hand += 1
        try:
            await self._work(version_id, str(new_id()))
        finally:
            self._in_hand -= 1

    async def _work(self, version_id: UUID, owner: str) -> None:
        async with self._database.session_scope() as session:
            claimed = await repository.claim(session, version_id, owner)
        if claimed is None:
            return
        epoch, since = claimed
        try:
            async with asyncio.timeout(WORK_SECONDS):
                await self._reencrypt(version_id, epoch, owner)
            await self._switch(version_id, epoch, since)
        except LeaseLost:
            await self._give_up(version_id, epoch, "The film was deleted or replaced meanwhile.", if_wanted=False)
        except TimeoutError:
            await self._release(version_id, owner)
        except asyncio.CancelledError:
            await asyncio.shield(self._release(version_id, owner))
            raise
        except Exception as error:
            await self._failed(version_id, epoch, owner, error)

    async def _reencrypt(self, version_id: UUID, epoch: int, owner: str) -> None:
        async def written(size: int | None) -> None:
            async with self._database.session_scope() as session:
                count = 0 if size is None else 1
                if not await repository.renew(session, version_id, epoch, owner, count, size or 0):
                    raise LeaseLost

        await written(None)
        async with self._database.session_scope() as session:
            version = await videos.version(session, version_id)
            renditions = await videos.renditions(session, version_id)
            if version is None:
                raise LeaseLost
            old, new = [await self._epoch(session, version, one) for one in (version.key_epoch, epoch)]
        segments = [(one.name, index) for one in renditions for index in range(len(one.segment_durations))]
        try:
            await reencrypt(self._public, old, new, segments, written)
        except* LeaseLost:
            raise LeaseLost from None
        except* NotReadable as group:
            raise NotReadable(str(group.exceptions[0])) from None

    async def _epoch(self, session: Session, version: VideoVersion, epoch: int) -> Epoch:
        row = await videos.content_key(session, version.id, epoch)
        if row is None:
            raise LeaseLost
        return Epoch(_prefix(version, epoch), self._keyring.open(row))

    async def _switch(self, version_id: UUID, epoch: int, since: datetime) -> None:
        """From here on new sessions get the new epoch; the old one leaves when nobody can be playing it."""
        async with self._database.session_scope() as session:
            version = await videos.version(session, version_id, lock=True)
            rotation = await repository.rotation(session, version_id, epoch)
            if version is None or rotation is None or rotation.state != "running":
                return
            if not await repository.is_unchanged(session, version_id, since):
                await self._end(session, version, rotation, "A part of the film was made again meanwhile.", SOON)
                return
            old, version.key_epoch = version.key_epoch, epoch
            await _retire(session, version, old, self._periods.retired)
            rotation.state, rotation.finished_at = "done", datetime.now(UTC)
            rotation.lease_owner = rotation.lease_until = rotation.last_error = None
            await repository.move_on(session, version_id, epoch, self._periods.next)

    async def _give_up(self, version_id: UUID, epoch: int, why: str, *, if_wanted: bool = True) -> None:
        async with self._database.session_scope() as session:
            version = await videos.version(session, version_id, lock=True)
            rotation = await repository.rotation(session, version_id, epoch)
            if version is None or rotation is None or rotation.state != "running":
                return
            video = await videos.live_video(session, version.video_id)
            if not if_wanted and video is not None and video.current_version_id == version_id:
                # The lease was lost to somebody, who goes on.
                return
            await self._end(session, version, rotation, why)

    async def _end(
        self, session: Session, version: VideoVersion, rotation: KeyRotation, why: str, again: timedelta | None = None
    ) -> None:
        """Without the turn: what was written goes, and the film is looked at again ``again`` or when it is due."""
        rotation.state, rotation.last_error, rotation.finished_at = "given_up", why, datetime.now(UTC)
        rotation.lease_owner = rotation.lease_until = None
        await _retire(session, version, rotation.epoch, LAST_WRITES)
        when = datetime.now(UTC) + again if again else self._periods.next
        await repository.move_on(session, version.id, version.key_epoch, when)

    async def _failed(self, version_id: UUID, epoch: int, owner: str, error: Exception) -> None:
        told = f"{type(error).__name__}: {error}"[:500]
        log.warning("rotating the keys of %s failed: %s", version_id, told)
        async with self._database.session_scope() as session:
            failures = await repository.release(session, version_id, owner, WAIT_AFTER_FAILURE, told)
        if failures >= MOST_FAILURES:
            await self._give_up(version_id, epoch, told)

    async def _release(self, version_id: UUID, owner: str) -> None:
        async with self._database.session_scope() as session:
            await repository.release(session, version_id, owner, 0.0)
            session.ring_after_commit(lambda: self._media.ring(RotateKeys(version_id=version_id)))


async def _retire(session: Session, version: VideoVersion, epoch: int, after: timedelta) -> None:
    row = await videos.content_key(session, version.id, epoch)
    if row is not None:
        row.retired_at = datetime.now(UTC)
    await videos.bury(session, "public", f"{_prefix(version, epoch)}/", "keys rotated", datetime.now(UTC) + after)


def _prefix(version: VideoVersion, epoch: int) -> str:
    return public_prefix(str(version.video_id), str(version.id), epoch, version.public_secret)
