"""Playlists of a version, and the segments that are still being made."""

from collections.abc import Sequence
from itertools import accumulate
from uuid import UUID

from services.media.playback import errors
from services.media.playback.playlists import Variant, master_playlist, media_playlist
from services.media.playback.schemas import Availability
from services.media.playback.subtitles import renditions as subtitle_renditions
from services.media.playback.subtitles import subtitle_playlist, subtitle_segment
from services.media.playback.wanted import WantedSegments
from services.media.videos import ledger as ledgers
from services.media.videos import repository
from shared.contracts.video import SUBTITLES_PREFIX, VideoStatus, public_prefix, segment_key
from shared.crypto import KeyRing, segment_iv
from shared.db import Database, Session
from shared.db.models.media import Rendition, VideoVersion


class PlaybackService:
    """``public_base_url`` is where browsers find objects of the public store: storage, a CDN, or the gateway."""

    def __init__(self, database: Database, keyring: KeyRing, wanted: WantedSegments, public_base_url: str) -> None:
        self._database = database
        self._keyring = keyring
        self._wanted = wanted
        self._public_base_url = public_base_url.rstrip("/")

    async def master(self, version_id: UUID, only: str | None = None, prefix: str = "") -> str:
        """The master playlist; of one quality where ``only`` names its rendition."""
        async with self._database.session_scope() as session:
            version = await self._version(session, version_id)
            renditions = await repository.renditions(session, version_id)
            subtitles = await subtitle_renditions(session, version.video_id)
        wanted = [item for item in renditions if only is None or item.name == only or item.kind == "audio"]
        if only is not None and all(item.name != only for item in wanted):
            raise errors.rendition_not_found(only)
        return master_playlist([_variant(item) for item in wanted], prefix, subtitles)

    async def media(
        self, version_id: UUID, name: str, windows: int | None = None, prefix: str = "", epoch: int | None = None
    ) -> tuple[str, bool]:
        """The media playlist of one rendition, and whether it is final: until ``ready`` its addresses may change.

        ``epoch`` is the one the session was opened in: a playlist that is read again names the same segments and keys,
        though the film's keys were rotated meanwhile. ``windows`` shows the segments of so many key windows only, as a playlist that grows; ``prefix`` leads from
        where the playlist is read to what stands beside it.
        """
        async with self._database.session_scope() as session:
            version = await self._version(session, version_id)
            if name.startswith(SUBTITLES_PREFIX):
                # Never final: captions may be deleted at any time.
                return await subtitle_playlist(session, version.video_id, version_id, name, windows, prefix), False
            rendition = await self._rendition(session, version_id, name)
            epoch = epoch or version.key_epoch
            secret = await self._secret(session, version, epoch)
            final = version.status == VideoStatus.READY
            made = set[int]()
            if not final:
                made = await ledgers.made(session, version_id, name)

        def address(index: int) -> str:
            if final or index in made:
                return self._address(version, epoch, name, index)
            return f"{prefix}segment/{name}/{index}.ts"

        playlist = media_playlist(
            rendition.segment_durations,
            key_epoch=epoch,
            address=address,
            iv=lambda index: segment_iv(secret, name, index),
            windows=windows,
            prefix=prefix,
        )
        return playlist, final

    async def segment(self, version_id: UUID, name: str, index: int, epoch: int | None = None) -> str:
        """Where a segment is, as soon as it is made; one that is not is asked for and waited for."""
        async with self._database.session_scope() as session:
            version = await self._version(session, version_id)
            rendition = await self._rendition(session, version_id, name)
            if index >= len(rendition.segment_durations):
                raise errors.segment_not_found(index)
            made = version.status == VideoStatus.READY or await ledgers.is_made(session, version_id, name, index)
        if not made and not await self._wanted.wait(version_id, name, index):
            raise errors.segment_not_ready()
        return self._address(version, epoch or version.key_epoch, name, index)

    async def subtitle_segment(self, version_id: UUID, language: str, index: int) -> str:
        """WebVTT of one language for one segment of the film."""
        async with self._database.session_scope() as session:
            version = await self._version(session, version_id)
            return await subtitle_segment(session, version.video_id, version_id, language, index)

    async def availability(self, version_id: UUID) -> Availability:
        """Which stretches are there, for players that choose among renditions."""
        async with self._database.session_scope() as session:
            version = await self._version(session, version_id)
            if version.status == VideoStatus.READY:
                return Availability(is_complete=True, renditions={})
            runs = await ledgers.made_runs(session, version_id)
            renditions = await repository.renditions(session, version_id)
        stretches = {item.name: _stretches(item.segment_durations, runs.get(item.name, [])) for item in renditions}
        return Availability(is_complete=False, renditions=stretches)

    def _address(self, version: VideoVersion, epoch: int, name: str, index: int) -> str:
        prefix = public_prefix(str(version.video_id), str(version.id), epoch, version.public_secret)
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

    async def _secret(self, session: Session, version: VideoVersion, epoch: int) -> bytes:
        row = await repository.content_key(session, version.id, epoch)
        if row is None:
            raise errors.epoch_ended()
        return self._keyring.open(row)


def _stretches(durations: Sequence[float], runs: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Runs of segments as seconds of the film."""
    borders = [0.0, *accumulate(durations)]
    return [(round(borders[first], 3), round(borders[after], 3)) for first, after in runs]


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
        language=rendition.language,
        label=rendition.label,
        is_default=rendition.is_default,
    )
