"""Choosing a film's poster.

A picture of the film itself belongs to the version it is of: it goes when another file takes the place of that, and comes
back with a rollback. Any other picture belongs to the film, stays through replacements, and goes before the first.
"""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from services.media.catalog.staff import require_staff
from services.media.library import repository as library
from services.media.library.schemas import Poster
from services.media.library.service import poster_of
from services.media.posters import errors
from services.media.videos import errors as video_errors
from services.media.videos import repository
from shared.contracts.access import Actor
from shared.contracts.jobs import SweepStorage
from shared.contracts.video import IMAGE_CACHE_CONTROL, images_prefix
from shared.db import Database, Session
from shared.db.models.media import Video, VideoVersion
from shared.jobs import Doorbell
from shared.storage import Store

_GIVEN_UP = timedelta(hours=1)
_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8\xff", b"\xff\xd9"


class PosterService:
    """Each call answers Problem ``video_not_found`` or ``not_your_course`` where there is nothing to choose."""

    def __init__(self, database: Database, public: Store, media: Doorbell, public_base_url: str) -> None:
        self._database = database
        self._public = public
        self._media = media
        self._public_base_url = public_base_url

    async def choose(self, video_id: UUID, time: float, actor: Actor) -> Poster:
        """The thumbnail nearest to ``time``; Problem ``no_picture`` where there are none."""
        async with self._database.session_scope() as session:
            video, version = await self._locked(session, video_id, actor)
            stills = await repository.thumbnails(session, version.id) if version else []
            if version is None or not stills:
                raise errors.no_picture()
            await self._take_away(session, video, version)
            version.chosen_poster_key = min(stills, key=lambda still: abs(still.time - time)).key
            return await self._answer(session, video_id)

    async def upload(self, video_id: UUID, picture: bytes, actor: Actor, *, of_film: bool) -> Poster:
        """A JPEG. ``of_film``: it is a picture of the film as it is now, and belongs to its version.

        Problems ``not_a_picture``, and ``video_not_playable`` for a picture of a film that shows nothing yet.
        """
        if not picture.startswith(_JPEG_BEGINS) or _JPEG_ENDS not in picture[-64:]:
            raise errors.not_a_picture()
        async with self._database.session_scope() as session:
            video = await repository.live_video(session, video_id)
            if video is None:
                raise video_errors.video_not_found(video_id)
            await require_staff(session, video.course_id, actor)
            shown = await repository.version(session, video.current_version_id) if video.current_version_id else None
            key = _key(video_id, shown, of_film=of_film)
            # Whatever happens until a row names it: then it leaves storage again.
            await repository.bury(session, "public", key, "no poster after all", datetime.now(UTC) + _GIVEN_UP)
        await self._public.put(key, picture, content_type="image/jpeg", cache_control=IMAGE_CACHE_CONTROL)
        async with self._database.session_scope() as session:
            video, version = await self._locked(session, video_id, actor)
            if of_film and (version is None or shown is None or version.id != shown.id):
                raise errors.video_not_playable()
            await self._take_away(session, video, version)
            await repository.unbury_object(session, "public", key)
            if of_film and version is not None:
                version.chosen_poster_key = key
            else:
                video.poster_key = key
            return await self._answer(session, video_id)

    async def reset(self, video_id: UUID, actor: Actor) -> Poster:
        """Back to the one that was found."""
        async with self._database.session_scope() as session:
            await self._take_away(session, *await self._locked(session, video_id, actor))
            return await self._answer(session, video_id)

    async def _locked(self, session: Session, video_id: UUID, actor: Actor) -> tuple[Video, VideoVersion | None]:
        video = await repository.live_video(session, video_id, lock=True)
        if video is None:
            raise video_errors.video_not_found(video_id)
        await require_staff(session, video.course_id, actor)
        shown = video.current_version_id
        return video, await repository.version(session, shown, lock=True) if shown else None

    async def _take_away(self, session: Session, video: Video, version: VideoVersion | None) -> None:
        """Let go of what was chosen before; a thumbnail stays what it is."""
        old = {video.poster_key}
        video.poster_key = None
        if version is not None:
            stills = {still.key for still in await repository.thumbnails(session, version.id)}
            old |= {version.chosen_poster_key} - stills
            version.chosen_poster_key = None
        for key in old - {None}:
            await repository.bury(session, "public", str(key), "another poster was chosen")
        session.ring_after_commit(lambda: self._media.ring(SweepStorage(), defer_by=1))

    async def _answer(self, session: Session, video_id: UUID) -> Poster:
        await session.flush()
        row: RowMapping | None = await library.film(session, video_id)
        if row is None:
            raise video_errors.video_not_found(video_id)
        return poster_of(row, self._public_base_url)


def _key(video_id: UUID, shown: VideoVersion | None, *, of_film: bool) -> str:
    """Unlike any before it, since what stands under a name is kept by browsers for a month, and cannot be guessed."""
    name = f"poster-{secrets.token_hex(16)}.jpg"
    if not of_film:
        return f"{video_id}/{name}"
    if shown is None:
        raise errors.video_not_playable()
    return f"{images_prefix(str(video_id), str(shown.id), shown.public_secret)}/{name}"
