"""The keys of films: when they are rotated, and by which master key their secrets are wrapped."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.media.keys import errors, repository
from services.media.keys.content_keys import new_content_key
from services.media.keys.periods import Periods
from services.media.keys.schemas import KeyList, RewrapAnswer, RotateAnswer, RotateRequest, RotationAnswer
from services.media.videos import errors as video_errors
from services.media.videos import repository as videos
from shared.contracts.jobs import RotateKeys
from shared.crypto import KeyRing
from shared.crypto.keyring import secret_context
from shared.db import Database, Session
from shared.db.models.media import ContentKey, KeyRotation
from shared.jobs import Doorbell

AT_A_TIME = 20
MOST_BEGUN = 10_000
REWRAP_AT_ONCE = 500


class KeyService:
    """``media`` is the doorbell of media's queue."""

    def __init__(self, database: Database, keyring: KeyRing, media: Doorbell, periods: Periods) -> None:
        self._database = database
        self._keyring = keyring
        self._media = media
        self._periods = periods

    async def rotate(self, wanted: RotateRequest) -> RotateAnswer:
        """Begin rotations by an admin's command: of one film, of everything, or of what is due."""
        if wanted.video_id is not None:
            async with self._database.session_scope() as session:
                if await videos.live_video(session, wanted.video_id) is None:
                    raise video_errors.video_not_found(wanted.video_id)
        named = wanted.everything or wanted.video_id is not None
        begun, moved = await self._begin("command", wanted.video_id, everything=named, limit=MOST_BEGUN)
        if wanted.video_id is not None and not begun + moved:
            raise errors.not_ready()
        return RotateAnswer(begun=begun, moved_on=moved)

    async def rotate_due(self) -> None:
        """Begin the rotations that are due; asked by the clock."""
        if self._periods.rotate_after is not None:
            await self._begin("schedule", None, everything=False, limit=AT_A_TIME)

    async def _begin(self, reason: str, video_id: UUID | None, *, everything: bool, limit: int) -> tuple[int, int]:
        async with self._database.session_scope() as session:
            found = await repository.rotatable(session, video_id, everything=everything, limit=limit)
        begun = moved = 0
        for version_id in found:
            async with self._database.session_scope() as session:
                done = await self._begin_one(session, version_id, reason, always=everything)
            begun, moved = begun + (done is True), moved + (done is False)
        return begun, moved

    async def _begin_one(self, session: Session, version_id: UUID, reason: str, *, always: bool) -> bool | None:
        """True: begun; False: only moved on, as nobody fetched a key; None: it may not be rotated any more."""
        found = await repository.lock_rotatable(session, version_id)
        if found is None:
            return None
        if not found.is_watched and not always:
            await repository.move_on(session, version_id, found.key_epoch, self._periods.next)
            return False
        epoch = found.last_epoch + 1
        session.add(new_content_key(self._keyring, version_id, epoch, self._periods.next))
        session.add(KeyRotation(version_id=version_id, epoch=epoch, state="running", reason=reason))
        session.ring_after_commit(lambda: self._media.ring(RotateKeys(version_id=version_id)))
        return True

    async def forget(self) -> None:
        """Remove the secrets of epochs that nobody can ask for any more."""
        async with self._database.session_scope() as session:
            await repository.forget(session, self._periods.retired)

    async def rewrap(self) -> RewrapAnswer:
        """Wrap every content secret by the first master key, so that the others can leave the ring."""
        done, first = 0, self._keyring.first
        while True:
            async with self._database.session_scope() as session:
                rows = await repository.wrapped_otherwise(session, first, REWRAP_AT_ONCE)
                self._wrap_anew(rows)
            done += len(rows)
            if len(rows) < REWRAP_AT_ONCE:
                return RewrapAnswer(rewrapped=done, master_key=first)

    def _wrap_anew(self, rows: Sequence[ContentKey]) -> None:
        for row in rows:
            if row.kid not in self._keyring:
                raise errors.master_key_missing(row.kid)
            wrapped = self._keyring.wrap(self._keyring.open(row), secret_context(str(row.version_id), row.epoch))
            row.kid, row.nonce, row.wrapped = wrapped.kid, wrapped.nonce, wrapped.ciphertext

    async def overview(self, limit: int) -> KeyList:
        async with self._database.session_scope() as session:
            counts = await repository.wrapped_by(session)
            due, running = await repository.standing(session)
            rows = await repository.log(session, limit)
        after = self._periods.rotate_after
        return KeyList(
            master_key=self._keyring.first,
            wrapped_by=counts,
            rotation_days=after / timedelta(days=1) if after else None,
            due=due,
            running=running,
            rotations=[RotationAnswer(**{**row, "video_id": str(row["video_id"])}) for row in rows],
        )
