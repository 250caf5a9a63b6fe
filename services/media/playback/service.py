"""Playlists of a version, and the segments that are still being made."""

import asyncio
from uuid import UUID

from services.media.playback import errors
from services.media.playback.playlists import Variant, master_playlist, media_playlist
from services.media.videos import repository
from shared.contracts.video import VideoStatus, public_prefix, segment_key
from shared.crypto import KeyRing, Wrapped, segment_iv
from shared.crypto.keyring import secret_context
from shared.db import Database, Session
from shared.db.models.media import Rendition, VideoVersion

SEGMENT_WAIT = 7.0
"""Seconds a request for a segment not made yet is held; players give up after 9 or 10."""
POLL = 0.25


class PlaybackService:
    """``public_base_url`` is where browsers find objects of the public store: storage, a CDN, or the gateway."""

    def __init__(self, database: Database, keyring: KeyRing, public_base_url: str) -> None:
        self._database = database
        self._keyring = keyring
        self._public_base_url = public_base_url.rstrip("/")

    async def master(self, version_id: UUID, only: str | None = None, prefix: str = "") -> str:
        """The master playlist; of one quality where ``only`` names its rendition."""
        async with self._database.session_scope() as session:
            await self._version(session, version_id)
            renditions = await repository.renditions(session, version_id)
        wanted = [item for item in renditions if only is None or item.name == only or item.kind == "audio"]
        if only is not None and all(item.name != only for item in wanted):
            raise errors.rendition_not_found(only)
        return master_playlist([_variant(item) for item in wanted], prefix)

    async def media(self, version_id: UUID, name: str) -> tuple[str, bool]:
        """The media playlist of one rendition, and whether it is final: until ``ready`` its addresses may change."""
        async with self._database.session_scope() as session:
            version = await self._version(session, version_id)
            rendition = await self._rendition(session, version_id, name)
            secret = await self._secret(session, version)
            final = version.status == VideoStatus.READY
            made = set[int]()
            if not final:
                ledger = await repository.ledger(session, version_id)
                made = ledger.made(rendition.kind) if ledger else set()

        def address(index: int) -> str:
            if final or index in made:
                return self._address(version, name, index)
            return f"segment/{name}/{index}.ts"

        playlist = media_playlist(
            rendition.segment_durations,
            key_epoch=version.key_epoch,
            address=address,
            iv=lambda index: segment_iv(secret, name, index),
        )
        return playlist, final

    async def segment(self, version_id: UUID, name: str, index: int) -> str:
        """Where a segment is, as soon as it is made; waits a while for one that is not."""
        deadline = asyncio.get_running_loop().time() + SEGMENT_WAIT
        while True:
            async with self._database.session_scope() as session:
                version = await self._version(session, version_id)
                rendition = await self._rendition(session, version_id, name)
                if index >= len(rendition.segment_durations):
                    raise errors.segment_not_found(index)
                ledger = await repository.ledger(session, version_id)
            if version.status == VideoStatus.READY or (ledger and index in ledger.made(rendition.kind)):
                return self._address(version, name, index)
            if asyncio.get_running_loop().time() + POLL > deadline:
                raise errors.segment_not_ready()
            await asyncio.sleep(POLL)

    def _address(self, version: VideoVersion, name: str, index: int) -> str:
        prefix = public_prefix(str(version.video_id), str(version.id), version.key_epoch, version.public_secret)
        return f"{self._public_base_url}/{segment_key(prefix, name, index)}"

    async def _version(self, session: Session, version_id: UUID) -> VideoVersion:
        version = await repository.version(session, version_id)
        if version is None or not VideoStatus(version.status).can_be_watched:
            raise errors.not_playable()
        return version

    async def _rendition(self, session: Session, version_id: UUID, name: str) -> Rendition:
        for rendition in await repository.renditions(session, version_id):
            if rendition.name == name:
                return rendition
        raise errors.rendition_not_found(name)

    async def _secret(self, session: Session, version: VideoVersion) -> bytes:
        row = await repository.content_key(session, version.id, version.key_epoch)
        assert row is not None, "every version has a content key of its epoch"
        context = secret_context(str(version.id), version.key_epoch)
        return self._keyring.unwrap(Wrapped(row.kid, row.nonce, row.wrapped), context)


def _variant(rendition: Rendition) -> Variant:
    return Variant(
        name=rendition.name,
        kind=rendition.kind,
        codecs=rendition.codecs,
        bandwidth=rendition.bandwidth,
        average_bandwidth=rendition.average_bandwidth,
        width=rendition.width,
        height=rendition.height,
        frame_rate=rendition.frame_rate,
    )
